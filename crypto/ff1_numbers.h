// The two halves that FF1 works on, as numbers: in machine words where they fit. Internal to
// crypto/. Not in constant time.
//
// The halves of SP 800-38G swap places in each round. Here the first stays the first: it
// changes in even rounds and the second in odd ones, which is the same.
#ifndef FIELDKMS_CRYPTO_FF1_NUMBERS_H_
#define FIELDKMS_CRYPTO_FF1_NUMBERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "crypto/bytes.h"

namespace fieldkms {

using Uint128 = unsigned __int128;

// radix^count, or nothing if it is 2^128 or more.
inline std::optional<Uint128> Power(uint32_t radix, size_t count) {
  Uint128 power = 1;
  for (; count > 0; --count) {
    if (__builtin_mul_overflow(power, Uint128{radix}, &power)) return std::nullopt;
  }
  return power;
}

// How many bytes a number below `modulus` (2 or more) takes.
inline size_t BytesBelow(Uint128 modulus) {
  size_t bytes = 0;
  for (Uint128 most = modulus - 1; most > 0; most >>= 8) ++bytes;
  return bytes;
}

// S of a round modulo a power of the radix. A power of at most 4 bytes has an S of 8.
inline uint64_t Reduce(ByteView s, uint64_t modulus) { return GetU64(s.data()) % modulus; }

// A power of at most 16 bytes has an S of at most 20.
inline Uint128 Reduce(ByteView s, Uint128 modulus) {
  Uint128 number = 0;
  size_t at = 0;
  for (; at < s.size() && at < sizeof number; at += 4) number = (number << 32) | GetU32(&s[at]);
  number %= modulus;
  for (; at < s.size(); ++at) {  // bit by bit, since more would not fit
    for (int bit = 7; bit >= 0; --bit) {
      const bool carry = (number >> 127) != 0;
      number = (number << 1) | static_cast<Uint128>((s[at] >> bit) & 1);
      if (carry || number >= modulus) number -= modulus;
    }
  }
  return number;
}

// Word: uint64_t where half of the numerals are a number of at most 4 bytes, Uint128 where
// Power knows it.
template <class Word>
class WordHalves {
 public:
  WordHalves(uint32_t radix, std::span<const uint16_t> numerals) : radix_(radix) {
    const size_t u = numerals.size() / 2;
    Load(numerals.first(u), 0);
    Load(numerals.subspan(u), 1);
  }
  ~WordHalves() { Wipe({reinterpret_cast<uint8_t*>(half_.data()), sizeof half_}); }
  WordHalves(const WordHalves&) = delete;
  WordHalves& operator=(const WordHalves&) = delete;

  // Writes a half into all of `number`, big-endian. False never: words have no failures.
  bool Write(size_t half, MutableBytes number) const {
    Word rest = half_[half];
    for (size_t i = number.size(); i-- > 0; rest >>= 8) number[i] = static_cast<uint8_t>(rest);
    return true;
  }
  bool Add(size_t half, ByteView s) {
    const Word y = Reduce(s, modulus_[half]);
    const Word room = modulus_[half] - y;
    half_[half] = half_[half] >= room ? half_[half] - room : half_[half] + y;
    return true;
  }
  bool Subtract(size_t half, ByteView s) {
    const Word y = Reduce(s, modulus_[half]);
    half_[half] = half_[half] >= y ? half_[half] - y : half_[half] + (modulus_[half] - y);
    return true;
  }
  // Writes the numerals of both halves.
  bool Store(std::span<uint16_t> numerals) const {
    const size_t u = numerals.size() / 2;
    for (size_t half = 0; half < 2; ++half) {
      const auto part = half == 0 ? numerals.first(u) : numerals.subspan(u);
      Word rest = half_[half];
      for (size_t i = part.size(); i-- > 0;) {
        const Word quotient = rest / radix_;  // one division a numeral
        part[i] = static_cast<uint16_t>(rest - quotient * radix_);
        rest = quotient;
      }
    }
    return true;
  }

 private:
  void Load(std::span<const uint16_t> numerals, size_t half) {
    Word number = 0;
    Word power = 1;
    for (const uint16_t numeral : numerals) {
      number = number * radix_ + numeral;
      power *= radix_;
    }
    half_[half] = number;
    modulus_[half] = power;
  }

  const Word radix_;
  std::array<Word, 2> half_;
  std::array<Word, 2> modulus_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FF1_NUMBERS_H_
