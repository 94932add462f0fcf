// The halves of crypto/ff1_numbers.h where no machine word holds them. Internal to crypto/.
// Not in constant time.
#ifndef FIELDKMS_CRYPTO_FF1_BIG_NUMBERS_H_
#define FIELDKMS_CRYPTO_FF1_BIG_NUMBERS_H_

#include <openssl/bn.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "crypto/bytes.h"

namespace fieldkms {

// As WordHalves; each function is false if OpenSSL fails, which is for want of memory alone.
// Numbers are wiped as they are freed.
class BigHalves {
 public:
  // To be called first.
  bool Load(uint32_t radix, std::span<const uint16_t> numerals);
  // How many bytes a number of the second half takes, which is never the shorter.
  size_t number_bytes() const;

  bool Write(size_t half, MutableBytes number) const;
  bool Add(size_t half, ByteView s);
  bool Subtract(size_t half, ByteView s);
  bool Store(std::span<uint16_t> numerals);

 private:
  struct Free {
    void operator()(BIGNUM* number) const { BN_clear_free(number); }
    void operator()(BN_CTX* scratch) const { BN_CTX_free(scratch); }  // wipes, too
  };
  using Number = std::unique_ptr<BIGNUM, Free>;

  bool LoadHalf(std::span<const uint16_t> numerals, size_t half);
  bool StoreHalf(size_t half, std::span<uint16_t> numerals);

  uint32_t radix_ = 0;
  std::unique_ptr<BN_CTX, Free> scratch_;
  std::array<Number, 2> half_;
  std::array<Number, 2> modulus_;
  Number y_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FF1_BIG_NUMBERS_H_
