// Randomness, all of it from OpenSSL's DRBG.
#ifndef FIELDKMS_CRYPTO_RANDOM_H_
#define FIELDKMS_CRYPTO_RANDOM_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "crypto/bytes.h"

namespace fieldkms {

// RandomBytes fills `out` from RAND_bytes. Error: kInternal with reason
// kCryptoFailure if the generator fails; `out` is then wiped.
absl::Status RandomBytes(MutableBytes out);

// FillNonce fills `out` (24 bytes, the size XAES-256-GCM takes; enough for a token
// too) with fresh random bytes from a pool of the calling thread (RAND_bytes for 24 bytes costs
// more than sealing a field). A byte of the pool is used once and wiped; the
// pool is dropped in the child of a fork and not used beyond the second of the
// clock that it was filled in, when OpenSSL's generator is seeded anew too: clones of
// a virtual machine share nonces for a second at most. Error: as RandomBytes.
absl::Status FillNonce(std::span<uint8_t, 24> out);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_RANDOM_H_
