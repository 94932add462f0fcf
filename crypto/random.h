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

// FillNonce fills `out` (24 bytes, the size XAES-256-GCM takes) with fresh
// random bytes from a pool of the calling thread (RAND_bytes for 24 bytes costs
// more than sealing a field). A byte of the pool is used once and wiped; the
// pool is dropped in the child of a fork and refilled after one second, so that
// a cloned virtual machine repeats at most what it had in hand.
absl::Status FillNonce(std::span<uint8_t, 24> out);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_RANDOM_H_
