#include "crypto/ff1_big_numbers.h"

namespace fieldkms {

bool BigHalves::Load(uint32_t radix, std::span<const uint16_t> numerals) {
  radix_ = radix;
  scratch_.reset(BN_CTX_new());
  y_.reset(BN_new());
  const size_t u = numerals.size() / 2;
  return scratch_ != nullptr && y_ != nullptr && LoadHalf(numerals.first(u), 0) &&
         LoadHalf(numerals.subspan(u), 1);
}

bool BigHalves::LoadHalf(std::span<const uint16_t> numerals, size_t half) {
  Number& number = half_[half];
  Number& power = modulus_[half];
  number.reset(BN_new());
  power.reset(BN_new());
  if (number == nullptr || power == nullptr || BN_one(power.get()) != 1) return false;
  for (const uint16_t numeral : numerals) {
    if (BN_mul_word(number.get(), radix_) != 1 || BN_add_word(number.get(), numeral) != 1 ||
        BN_mul_word(power.get(), radix_) != 1) {
      return false;
    }
  }
  return true;
}

size_t BigHalves::number_bytes() const {
  // Of the power less one: a power of two has a bit more than the numbers below it.
  const int bits = BN_num_bits(modulus_[1].get());
  const bool power_of_two = (radix_ & (radix_ - 1)) == 0;
  return static_cast<size_t>(bits - (power_of_two ? 1 : 0) + 7) / 8;
}

bool BigHalves::Write(size_t half, MutableBytes number) const {
  const int size = static_cast<int>(number.size());
  return BN_bn2binpad(half_[half].get(), number.data(), size) == size;
}

bool BigHalves::Add(size_t half, ByteView s) {
  BIGNUM* const number = half_[half].get();
  return BN_bin2bn(s.data(), static_cast<int>(s.size()), y_.get()) != nullptr &&
         BN_add(y_.get(), y_.get(), number) == 1 &&
         BN_nnmod(number, y_.get(), modulus_[half].get(), scratch_.get()) == 1;
}

bool BigHalves::Subtract(size_t half, ByteView s) {
  BIGNUM* const number = half_[half].get();
  return BN_bin2bn(s.data(), static_cast<int>(s.size()), y_.get()) != nullptr &&
         BN_sub(y_.get(), number, y_.get()) == 1 &&
         BN_nnmod(number, y_.get(), modulus_[half].get(), scratch_.get()) == 1;
}

bool BigHalves::Store(std::span<uint16_t> numerals) {
  const size_t u = numerals.size() / 2;
  return StoreHalf(0, numerals.first(u)) && StoreHalf(1, numerals.subspan(u));
}

bool BigHalves::StoreHalf(size_t half, std::span<uint16_t> numerals) {
  for (size_t i = numerals.size(); i-- > 0;) {
    const BN_ULONG numeral = BN_div_word(half_[half].get(), radix_);
    if (numeral == static_cast<BN_ULONG>(-1)) return false;
    numerals[i] = static_cast<uint16_t>(numeral);
  }
  return true;
}

}  // namespace fieldkms
