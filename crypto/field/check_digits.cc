#include "crypto/field/check_digits.h"

#include "crypto/field/characters.h"

namespace fieldkms {

bool LuhnValid(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (auto c = digits.rbegin(); c != digits.rend(); ++c) {
    const int digit = twice ? 2 * DigitOf(*c) : DigitOf(*c);
    sum += digit > 9 ? digit - 9 : digit;
    twice = !twice;
  }
  return digits.size() > 1 && sum % 10 == 0;
}

int Mod97(std::string_view text, int start) {
  int remainder = start;
  for (const char c : text) {
    remainder =
        IsDigit(c) ? (remainder * 10 + DigitOf(c)) % 97 : (remainder * 100 + (c - 'A' + 10)) % 97;
  }
  return remainder;
}

bool Mod11_10Valid(std::string_view digits) {
  if (digits.size() < 2) return false;
  int product = 10;
  for (const char c : digits.substr(0, digits.size() - 1)) {
    const int sum = (DigitOf(c) + product) % 10;
    product = (sum == 0 ? 10 : sum) * 2 % 11;
  }
  return (product + DigitOf(digits.back())) % 10 == 1;
}

int WeightedSum(std::string_view digits, std::initializer_list<int> weights) {
  int sum = 0;
  size_t i = 0;
  for (const int weight : weights) sum += weight * DigitOf(digits[i++]);
  return sum;
}

}  // namespace fieldkms
