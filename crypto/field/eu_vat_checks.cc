// States whose VAT numbers have their check digits in one way. C1, C2 ... are the characters of
// a number, as in the Commission's rules.
#include "crypto/field/eu_vat_checks.h"

#include <array>
#include <cstddef>

#include "crypto/field/check_digits.h"

namespace fieldkms {

// U and 8 digits: the last makes up for the Luhn sum of the seven (of which the last counts
// single) and 4 more.
VatFlaw CheckAtVat(std::string_view number) {
  const unsigned sum = LuhnRemainder(number.substr(1, 7)) + 4 + DigitValue(number[8]);
  return FlawUnless(sum % 10 == 0);
}

VatFlaw CheckBeVat(std::string_view number) {
  return FlawUnless(97 - NumberOf(number.substr(0, 8)) % 97 == NumberOf(number.substr(8)));
}

// 12 at the front was never given. (Other first digits come into use from time to time.)
VatFlaw CheckCyVat(std::string_view number) {
  static constexpr std::array<unsigned, 10> kOdd = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21};
  if (number.substr(0, 2) == "12") return VatFlaw::kParts;
  unsigned sum = 0;
  for (size_t at = 0; at < 8; at += 2) {
    sum += kOdd[DigitValue(number[at])] + DigitValue(number[at + 1]);
  }
  return FlawUnless(number[8] == static_cast<char>('A' + sum % 26));
}

VatFlaw CheckDeVat(std::string_view number) { return FlawUnless(Mod11And10Holds(number)); }

VatFlaw CheckDkVat(std::string_view number) {
  return FlawUnless(WeightedSum(number, {2, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0);
}

VatFlaw CheckEeVat(std::string_view number) {
  return FlawUnless(WeightedSum(number, {3, 7, 1, 3, 7, 1, 3, 7, 1}) % 10 == 0);
}

VatFlaw CheckElVat(std::string_view number) {
  const unsigned sum = WeightedSum(number, {256, 128, 64, 32, 16, 8, 4, 2});
  return FlawUnless(sum % 11 % 10 == DigitValue(number[8]));
}

VatFlaw CheckFiVat(std::string_view number) {
  return FlawUnless(WeightedSum(number, {7, 9, 10, 5, 8, 4, 2, 1}) % 11 == 0);
}

VatFlaw CheckHrVat(std::string_view number) { return FlawUnless(Mod11And10Holds(number)); }

VatFlaw CheckHuVat(std::string_view number) {
  return FlawUnless(WeightedSum(number, {9, 7, 3, 1, 9, 7, 3, 1}) % 10 == 0);
}

// C8 to C10 are the office: a province, 120 and 121 foreigners, 888 and 999 the rest.
VatFlaw CheckItVat(std::string_view number) {
  const uint64_t office = NumberOf(number.substr(7, 3));
  const bool is_office = (office >= 1 && office <= 100) || office == 120 || office == 121 ||
                         office == 888 || office == 999;
  if (!is_office || number.substr(0, 7) == "0000000") return VatFlaw::kParts;
  return FlawUnless(LuhnRemainder(number) == 0);
}

// 9 digits, or 12 of whoever is registered for a time.
VatFlaw CheckLtVat(std::string_view number) {
  const size_t last = number.size() - 1;
  const auto remainder = [number, last](size_t first_weight) {
    size_t sum = 0;
    for (size_t at = 0; at < last; ++at) {
      sum += ((at + first_weight - 1) % 9 + 1) * DigitValue(number[at]);
    }
    return sum % 11;
  };
  size_t check = remainder(1);
  if (check == 10) check = remainder(3);
  return FlawUnless(check % 10 == DigitValue(number[last]));
}

VatFlaw CheckLuVat(std::string_view number) {
  return FlawUnless(NumberOf(number.substr(0, 6)) % 89 == NumberOf(number.substr(6)));
}

VatFlaw CheckMtVat(std::string_view number) {
  const unsigned sum = WeightedSum(number, {3, 4, 6, 7, 8, 9});
  return FlawUnless(37 - sum % 37 == NumberOf(number.substr(6)));  // 01 to 37
}

// A remainder of 10 is of no number: 10 times a digit, which is -1 times it, never makes it 0.
VatFlaw CheckPlVat(std::string_view number) {
  return FlawUnless(WeightedSum(number, {6, 5, 7, 2, 3, 4, 5, 6, 7, 10}) % 11 == 0);
}

VatFlaw CheckPtVat(std::string_view number) {
  const unsigned check = 11 - WeightedSum(number, {9, 8, 7, 6, 5, 4, 3, 2}) % 11;
  return FlawUnless((check >= 10 ? 0 : check) == DigitValue(number[8]));
}

// 2 to 10 digits: shorter ones count as with zeros before them. (VIES knows no personal numbers
// of 13 digits.)
VatFlaw CheckRoVat(std::string_view number) {
  static constexpr std::array<unsigned, 9> kWeights = {2, 3, 5, 7, 1,
                                                       2, 3, 5, 7};  // from the right
  const size_t last = number.size() - 1;
  unsigned sum = 0;
  for (size_t at = 0; at < last; ++at) sum += kWeights[last - 1 - at] * DigitValue(number[at]);
  return FlawUnless(sum * 10 % 11 % 10 == DigitValue(number[last]));
}

// 10 digits that name the holder, then 01, and up to 94 where one holder has several numbers.
VatFlaw CheckSeVat(std::string_view number) {
  const uint64_t which = NumberOf(number.substr(10));
  if (which < 1 || which > 94) return VatFlaw::kParts;
  return FlawUnless(LuhnRemainder(number.substr(0, 10)) == 0);
}

// No number has a remainder of 0.
VatFlaw CheckSiVat(std::string_view number) {
  const unsigned check = 11 - WeightedSum(number, {8, 7, 6, 5, 4, 3, 2}) % 11;
  return FlawUnless(check != 11 && check % 10 == DigitValue(number[7]));
}

// C3 keeps them apart from birth numbers.
VatFlaw CheckSkVat(std::string_view number) {
  if (std::string_view("234789").find(number[2]) == std::string_view::npos) return VatFlaw::kParts;
  return FlawUnless(NumberOf(number) % 11 == 0);
}

}  // namespace fieldkms
