// scrypt (RFC 7914): a key out of a password, at a price in time and memory.
#ifndef FIELDKMS_CRYPTO_SCRYPT_H_
#define FIELDKMS_CRYPTO_SCRYPT_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

// The price: time grows with n * r * p, memory is 128 * r * (n + p + 2) bytes.
struct ScryptParameters {
  uint64_t n = 0;           // a power of two above 1 and below 2^(16 r)
  uint32_t r = 0;           // at least 1
  uint32_t p = 0;           // at least 1; r * p below 2^30
  uint64_t max_memory = 0;  // bytes that it may take at most
};

// Scrypt returns `size` bytes (1 to 4,096). Passwords and salts may have any length;
// zero bytes at the end of a password do not count (HMAC pads with them).
// Error: InvalidField("n", "r", "p" or "size") for what is out of its bounds, which a
// reader of stored parameters has from here; "n" for what would take more than
// max_memory. The memory is OpenSSL's heap, wiped after use. Thread-safe.
absl::StatusOr<SecretBytes> Scrypt(ByteView password, ByteView salt,
                                   const ScryptParameters& parameters, size_t size);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_SCRYPT_H_
