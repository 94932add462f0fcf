// The text of a local root key file, encrypted under a passphrase: one line,
//
//   fieldkms-root-2 scrypt n=N r=R p=P SALT SEALED
//
// SALT is 16 random bytes, SEALED is nonce(24) ‖ XAES-256-GCM of the text that
// kms/root/key_text.h describes, with all that stands before SEALED as AAD and a key of
// 32 bytes by scrypt (RFC 7914) of passphrase, SALT, N, R and P. Both are in base64url
// without padding. Each writing has a salt and a nonce of its own.
#ifndef FIELDKMS_KMS_ROOT_KEY_SEAL_H_
#define FIELDKMS_KMS_ROOT_KEY_SEAL_H_

#include <string>

#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

// Whether a file is of this form.
bool IsSealedKeyText(ByteView content);

// SealKeyText takes up to 2 KiB of text and writes N = 2^17, R = 8, P = 1: about half a
// second and 128 MiB.
absl::StatusOr<SecretBytes> SealKeyText(ByteView text, const SecretBytes& passphrase);

// OpenKeyText is the inverse. It takes N from 2^14 to 2^20, R to 16 and P to 16, as far
// as they need 1 GiB of memory at most. Errors: NoKeyFile for what is not of the form;
// kFailedPrecondition, reason kRootDenied, if the passphrase is wrong or the file was
// altered, which nobody without the passphrase can tell apart.
absl::StatusOr<SecretBytes> OpenKeyText(ByteView content, const SecretBytes& passphrase,
                                        const std::string& path);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_KEY_SEAL_H_
