#include "sql/shim/tokens.h"

#include <algorithm>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "kms/settings/config_file.h"

namespace fieldkms::shim {
namespace {

constexpr size_t kHashText = 2 * kSha256Size;

std::string_view Stripped(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t')) {
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace

bool IsTokenIdentity(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
  });
}

absl::StatusOr<std::vector<TokenEntry>> ParseTokens(std::string_view text) {
  std::vector<TokenEntry> entries;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), whole.size() + 1));
    const std::string_view line = Stripped(whole);
    if (line.empty() || line.front() == '#') continue;
    TokenEntry entry;
    if (line.size() < kHashText + 2 || line[kHashText] != ' ' ||
        !DecodeHex(line.substr(0, kHashText), entry.hash) ||
        !IsTokenIdentity(line.substr(kHashText + 1))) {
      return ConfigError("line " + std::to_string(number) +
                         ": must be the SHA-256 of a token as 64 lower-case hex digits, a blank, "
                         "and the name of an identity");
    }
    entry.identity = line.substr(kHashText + 1);
    entries.push_back(std::move(entry));
  }
  return entries;
}

absl::Status Tokens::Load(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string text, ReadTrustedFile(path));
  auto entries = ParseTokens(text);
  if (!entries.ok()) return ConfigError(path + ": " + std::string(MessageOf(entries.status())));
  auto shared = std::make_shared<const std::vector<TokenEntry>>(*std::move(entries));
  const std::lock_guard lock(mutex_);
  entries_ = std::move(shared);
  return absl::OkStatus();
}

std::string Tokens::IdentityOf(std::string_view token) const {
  const auto hash = Sha256(AsBytes(token));
  if (token.empty() || !hash.ok()) return {};
  std::shared_ptr<const std::vector<TokenEntry>> entries;
  {
    const std::lock_guard lock(mutex_);
    entries = entries_;
  }
  const TokenEntry* found = nullptr;
  for (const TokenEntry& entry : *entries) {
    if (ConstantTimeEqual(entry.hash, *hash)) found = &entry;
  }
  return found == nullptr ? std::string() : found->identity;
}

}  // namespace fieldkms::shim
