#include "kms/root/key_text.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "crypto/base64.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kPrefix = "fieldkms-root-1 ";
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr size_t kEncodedSize = Base64Size(Base64::kUrl, kRootKeySize);
static_assert(MaxBase64Bytes(kEncodedSize) == kRootKeySize);
constexpr size_t kIdTextSize = 2 * kRootKeyIdSize + 1;  // with a blank
constexpr size_t kShortLine = kPrefix.size() + kEncodedSize + 1;
constexpr size_t kLongLine = kShortLine + kIdTextSize;

// Takes an id and the blank behind it.
std::optional<RootKeyId> ParseId(std::string_view text) {
  RootKeyId id;
  for (size_t i = 0; i < id.size(); ++i) {
    const size_t high = kHexDigits.find(text[2 * i]);
    const size_t low = kHexDigits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    id[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return text.back() == ' ' ? std::optional(id) : std::nullopt;
}

// Takes a line with its end.
absl::StatusOr<LocalRootKey> ParseLine(ByteView line, const std::string& path) {
  const bool has_id = line.size() == kLongLine;
  if ((!has_id && line.size() != kShortLine) || !AsText(line).starts_with(kPrefix)) {
    return NoKeyFile(path);
  }
  LocalRootKey key;
  ByteView rest = line.subspan(kPrefix.size());
  if (has_id) {
    key.id = ParseId(AsText(rest.first(kIdTextSize)));
    if (!key.id) return NoKeyFile(path);
    rest = rest.subspan(kIdTextSize);
  }
  FIELDKMS_ASSIGN_OR_RETURN(key.key, SecretBytes::Allocate(kRootKeySize));
  if (!DecodeBase64(Base64::kUrl, rest.first(kEncodedSize), key.key.ExposeMutable())) {
    return NoKeyFile(path);
  }
  return key;
}

// Writes a line and returns what is left of `out`.
MutableBytes FormatLine(const LocalRootKey& key, MutableBytes out) {
  std::copy(kPrefix.begin(), kPrefix.end(), out.begin());
  out = out.subspan(kPrefix.size());
  if (key.id) {
    for (size_t i = 0; i < kRootKeyIdSize; ++i) {
      out[2 * i] = static_cast<uint8_t>(kHexDigits[(*key.id)[i] >> 4]);
      out[2 * i + 1] = static_cast<uint8_t>(kHexDigits[(*key.id)[i] & 15]);
    }
    out[kIdTextSize - 1] = ' ';
    out = out.subspan(kIdTextSize);
  }
  EncodeBase64(Base64::kUrl, key.key.Expose(), out.first(kEncodedSize));
  out[kEncodedSize] = '\n';
  return out.subspan(kEncodedSize + 1);
}

}  // namespace

absl::Status NoKeyFile(const std::string& path) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
               path + " is not a FieldKMS root key file");
}

absl::StatusOr<std::vector<LocalRootKey>> ParseKeyText(ByteView text, const std::string& path) {
  std::vector<LocalRootKey> keys;
  while (!text.empty() && keys.size() < kMaxRootKeys) {
    const size_t end = AsText(text).find('\n');
    if (end == std::string_view::npos) return NoKeyFile(path);
    FIELDKMS_ASSIGN_OR_RETURN(LocalRootKey key, ParseLine(text.first(end + 1), path));
    const auto same = [&](const LocalRootKey& other) { return other.id == key.id; };
    if (std::any_of(keys.begin(), keys.end(), same)) return NoKeyFile(path);
    keys.push_back(std::move(key));
    text = text.subspan(end + 1);
  }
  if (keys.empty() || !text.empty()) return NoKeyFile(path);
  return keys;
}

absl::StatusOr<SecretBytes> FormatKeyText(std::span<const LocalRootKey> keys) {
  size_t size = 0;
  for (const LocalRootKey& key : keys) size += key.id ? kLongLine : kShortLine;
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes text, SecretBytes::Allocate(size));
  MutableBytes out = text.ExposeMutable();
  for (const LocalRootKey& key : keys) out = FormatLine(key, out);
  return text;
}

}  // namespace fieldkms
