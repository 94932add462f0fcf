#include "kms/root/vault_probe.h"

#include <array>
#include <string>

#include "crypto/base64.h"
#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kAad = "fieldkms/probe/1";
constexpr std::string_view kOtherAad = "fieldkms/probe/2";

// A nonce, a byte and a tag, all zero.
std::string NeverMade() {
  std::string text(Base64Size(Base64::kPadded, 29), '\0');
  const std::array<uint8_t, 29> zeros = {};
  EncodeBase64(Base64::kPadded, zeros, AsMutableBytes(text));
  return "vault:v1:" + text;
}

bool DoesNotOpen(const absl::Status& status) { return ReasonOf(status) == Reason::kRootWrongKey; }

// The key exists if it is the ciphertext that is at fault.
absl::Status CheckKeyExists(const VaultTransit& transit, Deadline deadline) {
  const auto opened = transit.Decrypt(NeverMade(), {}, deadline);
  if (DoesNotOpen(opened.status())) return absl::OkStatus();
  if (opened.ok()) return NotVaultsAnswer("decrypt");
  return opened.status();
}

}  // namespace

absl::StatusOr<bool> BindsAad(const VaultTransit& transit, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckKeyExists(transit, deadline));
  std::array<uint8_t, 16> plaintext;
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(plaintext));
  const auto sealed = transit.Encrypt(plaintext, AsBytes(kAad), deadline);
  // Refused for its type: without AAD it may do.
  if (ReasonOf(sealed.status()) == Reason::kConfigInvalid) return false;
  FIELDKMS_RETURN_IF_ERROR(sealed.status());
  const auto with_other = transit.Decrypt(*sealed, AsBytes(kOtherAad), deadline);
  if (with_other.ok()) return false;
  if (!DoesNotOpen(with_other.status())) return with_other.status();
  FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer same,
                            transit.Decrypt(*sealed, AsBytes(kAad), deadline));
  if (!ConstantTimeEqual(same, plaintext)) return NotVaultsAnswer("decrypt");
  return true;
}

}  // namespace fieldkms
