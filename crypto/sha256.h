// SHA-256 (FIPS 180-4).
#ifndef FIELDKMS_CRYPTO_SHA256_H_
#define FIELDKMS_CRYPTO_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "crypto/bytes.h"

namespace fieldkms {

inline constexpr size_t kSha256Size = 32;

// Sha256 returns the digest of `data`. Error: kInternal, reason kCryptoFailure,
// if OpenSSL fails. Thread-safe.
absl::StatusOr<std::array<uint8_t, kSha256Size>> Sha256(ByteView data);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_SHA256_H_
