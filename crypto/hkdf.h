// HKDF with SHA-256 (RFC 5869).
#ifndef FIELDKMS_CRYPTO_HKDF_H_
#define FIELDKMS_CRYPTO_HKDF_H_

#include "absl/status/status.h"
#include "crypto/bytes.h"

namespace fieldkms {

// HkdfSha256 fills `out` (1 to 8,160 bytes) with extract-and-expand of `ikm`
// under `salt` and `info`, each of any length. Error: kInvalidArgument for an
// `out` of another length. Thread-safe.
absl::Status HkdfSha256(ByteView ikm, ByteView salt, ByteView info, MutableBytes out);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_HKDF_H_
