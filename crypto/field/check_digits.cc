#include "crypto/field/check_digits.h"

#include <array>
#include <cstddef>
#include <limits>

#include "crypto/field/number_text.h"

namespace fieldkms {

uint64_t NumberOf(std::string_view digits) {
  uint64_t number = 0;
  for (const char digit : digits) number = number * 10 + DigitValue(digit);
  return number;
}

namespace {

// Every second digit counts double, the first of all if `doubled`.
unsigned LuhnSum(std::string_view digits, bool doubled) {
  // What a digit that counts double adds.
  static constexpr std::array<uint8_t, 10> kDoubled = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
  unsigned sum = 0;
  for (const char digit : digits) {
    sum += doubled ? kDoubled[DigitValue(digit)] : DigitValue(digit);
    doubled = !doubled;
  }
  return sum;
}

}  // namespace

unsigned LuhnRemainder(std::string_view digits) {
  return LuhnSum(digits, digits.size() % 2 == 0) % 10;
}

unsigned LuhnCheckDigit(std::string_view digits) {
  return (10 - LuhnSum(digits, digits.size() % 2 == 1) % 10) % 10;
}

bool Mod11And10Holds(std::string_view digits) {
  unsigned product = 10;
  for (const char digit : digits.substr(0, digits.size() - 1)) {
    const unsigned sum = (product + DigitValue(digit)) % 10;
    product = (sum == 0 ? 10 : sum) * 2 % 11;
  }
  return (product + DigitValue(digits.back())) % 10 == 1;
}

unsigned Mod97(std::string_view text, unsigned before) {
  // Divided seldom: as long as two more digits fit, only the last division counts.
  constexpr uint64_t kRoom = std::numeric_limits<uint64_t>::max() / 100 - 1;
  uint64_t remainder = before;
  for (const char c : text) {
    if (remainder > kRoom) remainder %= 97;
    remainder = IsAsciiDigit(c) ? remainder * 10 + DigitValue(c)
                                : remainder * 100 + static_cast<unsigned>(c - 'A') + 10;
  }
  return static_cast<unsigned>(remainder % 97);
}

unsigned WeightedSum(std::string_view digits, std::initializer_list<unsigned> weights) {
  unsigned sum = 0;
  size_t at = 0;
  for (const unsigned weight : weights) sum += weight * DigitValue(digits[at++]);
  return sum;
}

}  // namespace fieldkms
