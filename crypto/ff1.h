// FF1 format-preserving encryption: NIST SP 800-38G (2016), with the domain of at least
// 1,000,000 that its Revision 1 (second draft, 2025) demands. FF3 and FF3-1 are withdrawn and
// not here.
//
// FF1 authenticates nothing: any numerals decrypt, under any key and tweak, to something that
// looks as good. So which key version applies must be known, never tried out.
//
// Time: AES is OpenSSL's, whose time does not depend on key or data where the processor has AES
// instructions (and, bit- or vector-sliced, where it has SSSE3). The arithmetic on numerals
// (division, comparison) is not in constant time: how long a call takes depends on radix, lengths
// and, in some nanoseconds, on the numerals and on what the rounds make of them.
#ifndef FIELDKMS_CRYPTO_FF1_H_
#define FIELDKMS_CRYPTO_FF1_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/cached_key.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

inline constexpr uint32_t kFf1MostRadix = 65'536;
inline constexpr uint64_t kFf1LeastDomain = 1'000'000;
// Our bound on the length: FF1's cost grows faster than the length (2^19 numerals: 34 s).
inline constexpr size_t kFf1MostNumerals = 256;
inline constexpr size_t kFf1MostTweak = 4096;

// How many numerals of base `radix` (2 to 65,536) make kFf1LeastDomain: 6 of base 10.
constexpr size_t Ff1LeastNumerals(uint32_t radix) {
  size_t numerals = 1;
  for (uint64_t domain = radix; domain < kFf1LeastDomain; domain *= radix) ++numerals;
  return numerals;
}

// Ff1Key: an AES key for FF1. Immutable, move-only, safe for concurrent use. Each thread keeps a
// few keys in OpenSSL contexts of its own, on OpenSSL's heap, which ForgetDerivedKeys
// (crypto/xaes_gcm.h) and the end of the thread wipe.
class Ff1Key {
 public:
  // Takes 16, 24 or 32 bytes; the service makes keys of 32. Error: kInvalidArgument for
  // another size.
  static absl::StatusOr<Ff1Key> Create(SecretBytes key);

  Ff1Key(Ff1Key&&) noexcept = default;
  Ff1Key& operator=(Ff1Key&&) noexcept = default;

  // Encrypt and Decrypt work in place on numerals of base `radix` (2 to 65,536), each below
  // it, most significant first. Errors, kInvalidArgument, kInvalidField, naming `radix`,
  // `numerals` or `tweak`: what is out of bounds; on Encrypt alone radix^length below
  // kFf1LeastDomain. Decrypt takes any length from 2 (SP 800-38G: what was once encrypted under a
  // lower bound still has to be read). A failure leaves `numerals` wiped.
  absl::Status Encrypt(uint32_t radix, ByteView tweak, std::span<uint16_t> numerals) const;
  absl::Status Decrypt(uint32_t radix, ByteView tweak, std::span<uint16_t> numerals) const;

 private:
  explicit Ff1Key(CachedKey key) : key_(std::move(key)) {}
  absl::Status Run(bool encrypt, uint32_t radix, ByteView tweak,
                   std::span<uint16_t> numerals) const;

  CachedKey key_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FF1_H_
