#include "sql/shim/vault_ciphertext.h"

#include <charconv>
#include <optional>

#include "crypto/base64.h"
#include "crypto/status.h"

namespace fieldkms::shim {
namespace {

constexpr std::string_view kPrefix = "vault:v";

template <class Number>
bool ParseWhole(std::string_view text, Number* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

absl::Status Invalid(std::string_view message) { return InvalidField("ciphertext", message); }

}  // namespace

std::string FormatVaultText(uint32_t version, std::string_view bytes) {
  return std::string(kPrefix) + std::to_string(version) + ":" + VaultBase64(bytes);
}

absl::StatusOr<VaultTextView> SplitVaultText(std::string_view text) {
  if (!text.starts_with(kPrefix)) return Invalid("invalid ciphertext: no prefix");
  text.remove_prefix(kPrefix.size());
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return Invalid("invalid ciphertext: wrong number of fields");
  VaultTextView out;
  if (!ParseWhole(text.substr(0, colon), &out.version)) {
    return Invalid("invalid ciphertext: version number could not be decoded");
  }
  // In Vault, what was sealed before there were versions counts as of the first.
  if (out.version == 0) out.version = 1;
  out.base64 = text.substr(colon + 1);
  return out;
}

absl::Status UndecodedVaultText() { return Invalid("invalid ciphertext: could not decode base64"); }

absl::StatusOr<VaultText> ParseVaultText(std::string_view text) {
  FIELDKMS_ASSIGN_OR_RETURN(const VaultTextView view, SplitVaultText(text));
  VaultText out;
  out.version = view.version;
  if (!DecodeVaultBase64(view.base64, &out.bytes)) return UndecodedVaultText();
  return out;
}

std::string VaultBase64(std::string_view bytes) {
  std::string text(Base64Size(Base64::kPadded, bytes.size()), '\0');
  EncodeBase64(Base64::kPadded, AsBytes(bytes), AsMutableBytes(text));
  return text;
}

bool DecodeVaultBase64(std::string_view text, std::string* bytes) {
  bytes->assign(MaxBase64Bytes(text.size()), '\0');
  const std::optional<size_t> size =
      DecodeBase64(Base64::kPadded, AsBytes(text), AsMutableBytes(*bytes));
  bytes->resize(size.value_or(0));
  return size.has_value();
}

bool ParseVaultDuration(std::string_view text, int64_t* seconds) {
  int64_t unit = 1;
  if (!text.empty()) {
    switch (text.back()) {
      case 'd':
        unit = 86'400;
        break;
      case 'h':
        unit = 3'600;
        break;
      case 'm':
        unit = 60;
        break;
      default:
        break;
    }
    if (unit > 1 || text.back() == 's') text.remove_suffix(1);
  }
  int32_t count = 0;
  if (!ParseWhole(text, &count) || count < 0) return false;
  *seconds = count * unit;
  return true;
}

}  // namespace fieldkms::shim
