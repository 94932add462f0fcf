// The strings that Vault's transit engine gives out, around our envelopes and MACs:
// "vault:v" ‖ version ‖ ":" ‖ base64. Pure functions.
#ifndef FIELDKMS_SQL_SHIM_VAULT_CIPHERTEXT_H_
#define FIELDKMS_SQL_SHIM_VAULT_CIPHERTEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fieldkms::shim {

struct VaultText {
  uint32_t version = 0;
  std::string bytes;
};

// The same, not decoded yet: a view.
struct VaultTextView {
  uint32_t version = 0;
  std::string_view base64;
};

std::string FormatVaultText(uint32_t version, std::string_view bytes);
// Error: kInvalidArgument, kInvalidField, with the words that Vault has for it.
absl::StatusOr<VaultText> ParseVaultText(std::string_view text);
// The first half of it.
absl::StatusOr<VaultTextView> SplitVaultText(std::string_view text);
// What the second half says of what is no base64.
absl::Status UndecodedVaultText();

// Standard base64 with padding, as Vault wants it. The result of decoding is the caller's to wipe.
std::string VaultBase64(std::string_view bytes);
bool DecodeVaultBase64(std::string_view text, std::string* bytes);

// "90s", "15m", "24h", "30d", or a number of seconds: false for what is no duration.
bool ParseVaultDuration(std::string_view text, int64_t* seconds);

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_VAULT_CIPHERTEXT_H_
