// States whose VAT numbers are of several kinds: of companies, of persons, of their time.
#include <array>
#include <cstddef>

#include "crypto/field/check_digits.h"
#include "crypto/field/eu_vat_checks.h"
#include "crypto/field/number_text.h"

namespace fieldkms {
namespace {

constexpr bool IsDay(unsigned year, unsigned month, unsigned day) {
  constexpr std::array<unsigned, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= kDays[month - 1] + (leap && month == 2 ? 1u : 0u);
}

unsigned TwoDigits(std::string_view number, size_t at) {
  return DigitValue(number[at]) * 10 + DigitValue(number[at + 1]);
}

// --- Bulgaria: 9 digits of companies, 10 of persons.

bool BgCompanyHolds(std::string_view number) {
  unsigned check = WeightedSum(number, {1, 2, 3, 4, 5, 6, 7, 8}) % 11;
  if (check == 10) check = WeightedSum(number, {3, 4, 5, 6, 7, 8, 9, 10}) % 11;
  return check % 10 == DigitValue(number[8]);
}

// EGN, of citizens: YYMMDD, where 20 more in MM is of the 1800s and 40 more of the 2000s.
bool BgCitizenHolds(std::string_view number) {
  unsigned year = 1900 + TwoDigits(number, 0);
  unsigned month = TwoDigits(number, 2);
  if (month > 40) {
    month -= 40;
    year += 100;
  } else if (month > 20) {
    month -= 20;
    year -= 100;
  }
  const unsigned sum = WeightedSum(number, {2, 4, 8, 5, 10, 9, 7, 3, 6});
  return IsDay(year, month, TwoDigits(number, 4)) && sum % 11 % 10 == DigitValue(number[9]);
}

bool BgForeignerHolds(std::string_view number) {
  return WeightedSum(number, {21, 19, 17, 13, 11, 9, 7, 3, 1}) % 10 == DigitValue(number[9]);
}

bool BgOtherHolds(std::string_view number) {
  return WeightedSum(number, {4, 3, 2, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0;
}

// --- Czechia

// 9 digits that begin with 6: of persons without a birth number.
bool CzSpecialHolds(std::string_view number) {
  const unsigned rest = 11 - WeightedSum(number.substr(1), {8, 7, 6, 5, 4, 3, 2}) % 11;
  return (19 - rest) % 10 == DigitValue(number[8]);
}

// Birth numbers: YYMMDD and a serial number; MM is 50 more for women and, since 2004, may be 20
// more for either. 9 digits without a check digit until 1953, 10 digits since.
VatFlaw CheckCzBirthNumber(std::string_view number) {
  const bool has_check_digit = number.size() == 10;
  const unsigned two = TwoDigits(number, 0);
  unsigned year = (two < 54 ? 2000 : 1900) + two;
  if (!has_check_digit) {
    if (two >= 54 && two < 80) return VatFlaw::kParts;
    year = (two < 54 ? 1900 : 1800) + two;
  }
  unsigned month = TwoDigits(number, 2);
  if (month > 50) month -= 50;
  if (month > 20 && year >= 2004) month -= 20;
  if (!IsDay(year, month, TwoDigits(number, 4))) return VatFlaw::kParts;
  if (!has_check_digit) return VatFlaw::kNone;
  // Before 1985 a 0 could stand for a remainder of 10.
  const auto remainder = static_cast<unsigned>(NumberOf(number.substr(0, 9)) % 11);
  const unsigned check = remainder == 10 && year < 1985 ? 0 : remainder;
  return FlawUnless(check == DigitValue(number[9]));
}

// --- Spain

constexpr std::string_view kEsPersonLetters = "TRWAGMYFPDXBNJZSQVHLCKE";
constexpr std::string_view kEsCompanyLetters = "JABCDEFGHI";

// Of persons the last character is a letter by the number; X, Y and Z of foreigners are 0, 1 and
// 2 of it, and K, L and M count nothing.
VatFlaw CheckEsPerson(std::string_view number) {
  uint64_t value = NumberOf(number.substr(1, 7));
  if (IsAsciiDigit(number[0])) value += DigitValue(number[0]) * uint64_t{10000000};
  if (number[0] == 'Y') value += 10000000;
  if (number[0] == 'Z') value += 20000000;
  return FlawUnless(number[8] == kEsPersonLetters[value % 23]);
}

// Of companies it is the Luhn check digit, or a letter in its place, by the kind of company.
VatFlaw CheckEsCompany(std::string_view number) {
  const bool digit = IsAsciiDigit(number[8]);
  const std::string_view kinds = digit ? "ABCDEFGHJUV" : "ABCDEFGHNPQRSW";
  if (kinds.find(number[0]) == std::string_view::npos) return VatFlaw::kParts;
  const size_t check = digit ? DigitValue(number[8]) : kEsCompanyLetters.find(number[8]);
  if (check == std::string_view::npos) return VatFlaw::kCheckDigit;
  return FlawUnless(LuhnCheckDigit(number.substr(1, 7)) == check);
}

// --- Ireland

constexpr std::string_view kIeLetters = "WABCDEFGHIJKLMNOPQRSTUV";

bool IeLetterHolds(char letter, unsigned sum) { return letter == kIeLetters[sum % 23]; }

// --- Netherlands: the 11-test of RSIN and BSN.
bool NlElevenTestHolds(std::string_view number) {
  return WeightedSum(number, {9, 8, 7, 6, 5, 4, 3, 2, 10}) % 11 == 0;  // the last counts -1
}

}  // namespace

VatFlaw CheckBgVat(std::string_view number) {
  if (number.size() == 9) return FlawUnless(BgCompanyHolds(number));
  return FlawUnless(BgCitizenHolds(number) || BgForeignerHolds(number) || BgOtherHolds(number));
}

// 8 digits of companies, 9 or 10 of persons.
VatFlaw CheckCzVat(std::string_view number) {
  if (number.size() == 8) {
    if (number[0] == '9') return VatFlaw::kParts;
    const unsigned rest = 11 - WeightedSum(number, {8, 7, 6, 5, 4, 3, 2}) % 11;
    return FlawUnless(rest % 10 == DigitValue(number[7]));
  }
  if (number.size() == 9 && number[0] == '6') return FlawUnless(CzSpecialHolds(number));
  return CheckCzBirthNumber(number);
}

VatFlaw CheckEsVat(std::string_view number) {
  const bool person =
      std::string_view("0123456789KLMXYZ").find(number[0]) != std::string_view::npos;
  return person ? CheckEsPerson(number) : CheckEsCompany(number);
}

// A key of two characters, and the SIREN. (Monaco's begin with 000 and have no check digit.)
VatFlaw CheckFrVat(std::string_view number) {
  static constexpr std::string_view kKeys = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";  // no I, no O
  const size_t first = kKeys.find(number[0]);
  const size_t second = kKeys.find(number[1]);
  if (first == std::string_view::npos || second == std::string_view::npos) return VatFlaw::kParts;
  const std::string_view siren = number.substr(2);
  if (siren.substr(0, 3) != "000" && LuhnRemainder(siren) != 0) return VatFlaw::kCheckDigit;
  const uint64_t value = NumberOf(siren);
  if (first < 10 && second < 10) return FlawUnless((value * 100 + 12) % 97 == first * 10 + second);
  const size_t key = first < 10 ? first * 24 + second - 10 : first * 34 + second - 100;
  return FlawUnless((value + key / 11 + 1) % 11 == key % 11);
}

// 7 digits and a check letter, since 2013 one more letter; or, of old, a letter or sign in the
// place of the second digit.
VatFlaw CheckIeVat(std::string_view number) {
  if (!IsAsciiDigit(number[1])) {
    const unsigned sum = WeightedSum(number.substr(2), {7, 6, 5, 4, 3}) + 2 * DigitValue(number[0]);
    return FlawUnless(IeLetterHolds(number[7], sum));
  }
  unsigned sum = WeightedSum(number, {8, 7, 6, 5, 4, 3, 2});
  if (number.size() == 9) {
    const size_t last = std::string_view("WABCDEFGHI").find(number[8]);
    if (last == std::string_view::npos) return VatFlaw::kParts;
    sum += 9 * static_cast<unsigned>(last);
  }
  return FlawUnless(IeLetterHolds(number[7], sum));
}

// Companies' begin with 4 and more. Persons' are their personal codes: DDMMYY and the century
// until 2017, random digits behind 32 to 39 since. Latvia has published no check digit of these.
VatFlaw CheckLvVat(std::string_view number) {
  if (number[0] > '3') {
    return FlawUnless(WeightedSum(number, {9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1}) % 11 == 3);
  }
  const unsigned day = TwoDigits(number, 0);
  if (day >= 32) return VatFlaw::kNone;
  const unsigned century = DigitValue(number[6]);
  const unsigned year = 1800 + century * 100 + TwoDigits(number, 4);
  const bool is_day = century <= 2 && IsDay(year, TwoDigits(number, 2), day);
  return is_day ? VatFlaw::kNone : VatFlaw::kParts;
}

// A company's number holds its RSIN, with the 11-test. Those of persons, since 2020, hold no
// number of theirs: only the whole has a check, MOD 97-10.
VatFlaw CheckNlVat(std::string_view number) {
  if (number.substr(0, 9) == "000000000" || number.substr(10) == "00") return VatFlaw::kParts;
  return FlawUnless(NlElevenTestHolds(number) || Mod97(number, Mod97("NL")) == 1);
}

// 9 digits, of branches with 3 more; since 2010 from 100 on with a second remainder ("9755").
// Government departments and health authorities have no check digit.
VatFlaw CheckXiVat(std::string_view number) {
  if (number[0] == 'G') return number[2] < '5' ? VatFlaw::kNone : VatFlaw::kParts;
  if (number[0] == 'H') return number[2] >= '5' ? VatFlaw::kNone : VatFlaw::kParts;
  const unsigned sum = WeightedSum(number, {8, 7, 6, 5, 4, 3, 2, 10, 1}) % 97;
  const bool computed = TwoDigits(number, 7) <= 97;  // 98 and 99 would be as right as 01 and 02
  return FlawUnless(computed && (sum == 0 || (sum == 42 && number[0] != '0')));
}

}  // namespace fieldkms
