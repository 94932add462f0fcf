// The round function of FF1 (SP 800-38G, algorithm 7, steps 4 to 6 iii). Internal to crypto/.
//
// What is the same in all ten rounds is encrypted once for a call: the block P, and the blocks
// of Q that hold nothing but tweak and padding.
#ifndef FIELDKMS_CRYPTO_FF1_ROUND_H_
#define FIELDKMS_CRYPTO_FF1_ROUND_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "crypto/aes_ecb.h"
#include "crypto/bytes.h"
#include "crypto/ff1.h"

namespace fieldkms {

// What rounds work on: numerals of a base, and the bytes that the number of half of them (the
// longer half, where they differ) takes: b of the standard.
struct Ff1Shape {
  uint32_t radix;
  size_t numerals;
  size_t number_bytes;
};

// Ff1Round is of one call and one thread. Its destruction wipes it.
class Ff1Round {
 public:
  // `aes` is keyed, and outlives this object. Shapes are within the bounds of crypto/ff1.h.
  Ff1Round(AesEcb& aes, const Ff1Shape& shape);
  ~Ff1Round();
  Ff1Round(const Ff1Round&) = delete;
  Ff1Round& operator=(const Ff1Round&) = delete;

  // To be called first. False if OpenSSL fails.
  bool Start(ByteView tweak);

  // Where the number of the half that stays is to be written before Run: big-endian.
  MutableBytes number() {
    return {tail_.data() + (tail_size_ - shape_.number_bytes), shape_.number_bytes};
  }

  // S of a round, valid until the next: d bytes of the standard, 8 to 260. Empty if OpenSSL
  // fails.
  ByteView Run(uint8_t round);

 private:
  // Of numbers of kFf1MostNumerals / 2 numerals of 16 bits: 256 bytes, and the round before
  // them, in whole blocks. S has no more blocks.
  static constexpr size_t kMostBytes = kFf1MostNumerals + kAesBlockSize;

  AesEcb& aes_;
  const Ff1Shape shape_;
  const size_t tail_size_;                     // of the blocks that differ between rounds
  const size_t output_size_;                   // d
  std::array<uint8_t, kAesBlockSize> common_;  // the CBC-MAC of all before them
  std::array<uint8_t, kMostBytes> tail_;
  std::array<uint8_t, kMostBytes> output_;  // begins with R
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FF1_ROUND_H_
