// A secret encrypted under a passphrase:
//
//   log2 N (1) ‖ R (1) ‖ P (1) ‖ salt (16) ‖ nonce (24) ‖ XAES-256-GCM of the secret
//
// with all that stands before the nonce, and what the caller binds it to, as AAD (the
// latter first), under a key of 32 bytes by scrypt (RFC 7914) of passphrase, salt, N, R, P.
#ifndef FIELDKMS_CRYPTO_PASSPHRASE_SEAL_H_
#define FIELDKMS_CRYPTO_PASSPHRASE_SEAL_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

// What a sealed secret is longer than the secret.
inline constexpr size_t kPassphraseSealOverhead = 3 + 16 + 24 + 16;

// SealUnderPassphrase takes 1 to 4,096 bytes and writes N = 2^17, R = 8, P = 1: about half
// a second and 128 MiB. `binding` is not stored; its length must be fixed, or part of it.
absl::StatusOr<std::string> SealUnderPassphrase(const SecretBytes& passphrase,
                                                std::string_view binding,
                                                const SecretBytes& secret);

// OpenUnderPassphrase is the inverse. It takes N from 2^14 to 2^20, R and P to 16, as far
// as they need 1 GiB of memory at most. Error: KeyUnwrapFailed() (crypto/kwp.h) for a wrong
// passphrase, another binding and whatever else it did not write.
absl::StatusOr<SecretBytes> OpenUnderPassphrase(const SecretBytes& passphrase,
                                                std::string_view binding, ByteView sealed);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_PASSPHRASE_SEAL_H_
