// What the replies of Vault mean to us.
#ifndef FIELDKMS_KMS_ROOT_VAULT_ERROR_H_
#define FIELDKMS_KMS_ROOT_VAULT_ERROR_H_

#include <string_view>

#include "absl/status/status.h"
#include "kms/root/vault_api.h"

namespace fieldkms {

enum class VaultStep { kLogin, kToken, kEncrypt, kDecrypt };

// IsTransient: whether another try may help: 307 and 308 (a standby that names its
// leader), 412, 429, 472 and 473 (standbys), and all of 5xx (503 is "sealed").
bool IsTransient(int status);

// VaultError returns the error of a reply that is not ok:
//   transient      kUnavailable, reason kRootUnavailable
//   403, a refused login   kFailedPrecondition, reason kRootDenied; names the path
//   404, "encryption key not found"   kFailedPrecondition, reason kConfigInvalid
//   400 of kDecrypt   kFailedPrecondition, reason kRootWrongKey where the ciphertext is
//                  at fault
//   anything else  kFailedPrecondition, reason kConfigInvalid
// No word of the reply goes into the message.
absl::Status VaultError(const VaultReply& reply, VaultStep step, std::string_view path);

// For a reply of 200 that lacks what Vault would have sent.
absl::Status NotVaultsAnswer(std::string_view path);

// kFailedPrecondition, reason kRootWrongKey.
absl::Status VaultWrongKey();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_VAULT_ERROR_H_
