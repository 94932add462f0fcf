// The rules of VaultOptions.
#ifndef FIELDKMS_KMS_ROOT_VAULT_CHECK_H_
#define FIELDKMS_KMS_ROOT_VAULT_CHECK_H_

#include "absl/status/status.h"
#include "kms/root/vault_options.h"

namespace fieldkms {

// CheckVaultOptions: kInvalidArgument, reason kConfigInvalid, naming the option and its
// rule. Files are not looked at.
absl::Status CheckVaultOptions(const VaultOptions& options);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_VAULT_CHECK_H_
