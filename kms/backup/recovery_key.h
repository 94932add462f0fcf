// Recovery keys: RSA key pairs that open backups. The public half lies where backups are
// taken; the private half, under a passphrase, where they are restored, and nowhere else.
#ifndef FIELDKMS_KMS_BACKUP_RECOVERY_KEY_H_
#define FIELDKMS_KMS_BACKUP_RECOVERY_KEY_H_

#include <string>

#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

// MakeRecoveryKey makes a pair and writes the private half to a new file of mode 0600:
//   "fieldkms-recovery-1 " ‖ base64url of crypto/passphrase_seal.h of the PKCS#8 DER, bound
//   to "fieldkms/recovery/1" ‖ line feed.
// Returns the public half, PEM. Errors: kAlreadyExists; those of WriteKeyFile.
absl::StatusOr<std::string> MakeRecoveryKey(const std::string& private_path,
                                            const SecretBytes& passphrase);

// ReadRecoveryKey returns the private half, PKCS#8 DER. Errors: those of ReadPrivateFile;
// kInvalidArgument, kConfigInvalid, for a file that is none; kFailedPrecondition,
// kRootDenied, for a wrong passphrase or an altered file.
absl::StatusOr<SecretBytes> ReadRecoveryKey(const std::string& private_path,
                                            const SecretBytes& passphrase);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_RECOVERY_KEY_H_
