#include "crypto/field/eu_vat_checks.h"

#include <array>
#include <string>

#include "crypto/field/characters.h"
#include "crypto/field/check_digits.h"

namespace fieldkms {
namespace {

int Last(std::string_view number) { return DigitOf(number.back()); }

// Fewer digits than the number has, from its left.
std::string_view AllButLast(std::string_view number) { return number.substr(0, number.size() - 1); }

int LuhnCheckDigit(std::string_view digits) {
  int sum = 0;
  bool twice = true;
  for (auto c = digits.rbegin(); c != digits.rend(); ++c, twice = !twice) {
    const int digit = twice ? 2 * DigitOf(*c) : DigitOf(*c);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return (10 - sum % 10) % 10;
}

// The remainder of a long number.
unsigned Remainder(std::string_view digits, unsigned by) {
  unsigned remainder = 0;
  for (const char c : digits) remainder = (remainder * 10 + static_cast<unsigned>(DigitOf(c))) % by;
  return remainder;
}

// The Luhn sum of digits whose last one is not doubled.
int LuhnSum(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (auto c = digits.rbegin(); c != digits.rend(); ++c, twice = !twice) {
    const int digit = twice ? 2 * DigitOf(*c) : DigitOf(*c);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum;
}

bool IsDate(unsigned year, unsigned month, unsigned day) {
  constexpr std::array<unsigned, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= kDays[month - 1] || (month == 2 && day == 29 && leap);
}

char DniLetter(std::string_view digits) { return "TRWAGMYFPDXBNJZSQVHLCKE"[Remainder(digits, 23)]; }

// Foreigners (X, Y, Z) and the persons whose number begins with another letter.
bool CheckSpanishPerson(std::string_view number) {
  std::string digits(number.substr(0, 8));
  if (!IsDigit(digits[0])) {
    const size_t place = std::string_view("XYZ").find(digits[0]);
    digits[0] = place == std::string_view::npos ? '0' : static_cast<char>('0' + place);
  }
  return DniLetter(digits) == number[8];
}

// Which kinds of companies write the check as a digit and which as a letter, is published in
// more than one way: either is taken.
bool CheckSpanishCompany(std::string_view number) {
  if (std::string_view("ABCDEFGHJNPQRSUVW").find(number[0]) == std::string_view::npos) return false;
  const int check = LuhnCheckDigit(number.substr(1, 7));
  return number[8] == '0' + check || number[8] == "JABCDEFGHI"[check];
}

// Bulgarian persons: citizens, foreigners, and others.
bool CheckBulgarianPerson(std::string_view number) {
  const unsigned month =
      NumberOf(number, 2, 2);  // 20 is added for the 19th century, 40 for the 21st
  const unsigned century = month > 40 ? 2000 : month > 20 ? 1800 : 1900;
  const bool born =
      month <= 52 && IsDate(century + NumberOf(number, 0, 2), month % 20, NumberOf(number, 4, 2));
  const int citizen = born ? WeightedSum(number, {2, 4, 8, 5, 10, 9, 7, 3, 6}) % 11 % 10 : -1;
  const int foreigner = WeightedSum(number, {21, 19, 17, 13, 11, 9, 7, 3, 1}) % 10;
  const int other = (11 - WeightedSum(number, {4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11) % 11;
  const int last = Last(number);
  return citizen == last || foreigner == last || other == last;
}

// Czech and Slovak birth numbers: 9 digits until 1953, without a check digit. To the month 50 is
// added for women and, since 2004, 20 where a day had no numbers left.
bool CheckCzechPerson(std::string_view number) {
  unsigned year = 1900 + NumberOf(number, 0, 2);
  if (number.size() == 9) {
    if (year >= 1980) year -= 100;
    if (year > 1953) return false;
  } else if (year < 1954) {
    year += 100;
  }
  unsigned month = NumberOf(number, 2, 2) % 50;
  if (month > 20 && year >= 2004) month -= 20;
  if (!IsDate(year, month, NumberOf(number, 4, 2))) return false;
  if (number.size() == 9) return true;
  // Until 1985 the remainder 10 was written as 0; since then there are no such numbers.
  const unsigned remainder = Remainder(AllButLast(number), 11);
  return (year < 1985 ? remainder % 10 : remainder) == static_cast<unsigned>(Last(number));
}

}  // namespace

bool CheckAtVat(std::string_view number) {
  const std::string_view digits = number.substr(1);  // after the U
  return (96 - LuhnSum(digits.substr(0, 7))) % 10 == Last(digits);
}

bool CheckBeVat(std::string_view number) {
  return Remainder(number.substr(0, 8), 97) + NumberOf(number, 8, 2) == 97;
}

bool CheckBgVat(std::string_view number) {
  if (number.size() == 10) return CheckBulgarianPerson(number);
  int check = WeightedSum(number, {1, 2, 3, 4, 5, 6, 7, 8}) % 11;
  if (check == 10) check = WeightedSum(number, {3, 4, 5, 6, 7, 8, 9, 10}) % 11 % 10;
  return check == Last(number);
}

bool CheckCyVat(std::string_view number) {
  constexpr std::array kOdd = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21};
  if (number.starts_with("12")) return false;
  int sum = 0;
  for (size_t i = 0; i < 8; ++i) {
    const int digit = DigitOf(number[i]);
    sum += i % 2 == 0 ? kOdd[static_cast<size_t>(digit)] : digit;
  }
  return number[8] == 'A' + sum % 26;
}

bool CheckCzVat(std::string_view number) {
  if (number.size() == 8) {
    if (number[0] == '9') return false;
    const int check = 11 - WeightedSum(number, {8, 7, 6, 5, 4, 3, 2}) % 11;
    return (check == 11 ? 1 : check % 10) == Last(number);
  }
  if (number.size() == 9 && number[0] == '6') {  // persons without a birth number
    const int sum = WeightedSum(number.substr(1), {8, 7, 6, 5, 4, 3, 2}) % 11;
    return (8 - (10 - sum + 11) % 11 + 10) % 10 == Last(number);
  }
  return CheckCzechPerson(number);
}

bool CheckDeVat(std::string_view number) { return number[0] != '0' && Mod11_10Valid(number); }

bool CheckDkVat(std::string_view number) {
  return number[0] != '0' && WeightedSum(number, {2, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0;
}

bool CheckEeVat(std::string_view number) {
  return WeightedSum(number, {3, 7, 1, 3, 7, 1, 3, 7, 1}) % 10 == 0;
}

bool CheckElVat(std::string_view number) {
  return WeightedSum(number, {256, 128, 64, 32, 16, 8, 4, 2}) % 11 % 10 == Last(number);
}

bool CheckEsVat(std::string_view number) {
  const bool person =
      IsDigit(number[0]) || std::string_view("XYZKLM").find(number[0]) != std::string_view::npos;
  return person ? CheckSpanishPerson(number) : CheckSpanishCompany(number);
}

bool CheckFiVat(std::string_view number) {
  return WeightedSum(number, {7, 9, 10, 5, 8, 4, 2, 1}) % 11 == 0;
}

bool CheckFrVat(std::string_view number) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
  const std::string_view siren = number.substr(2);
  const bool monaco = siren.starts_with("000");
  if (!monaco && !LuhnValid(siren)) return false;
  if (AllDigits(number.substr(0, 2))) {
    return Remainder(std::string(siren) + "12", 97) == NumberOf(number, 0, 2);
  }
  const auto first = static_cast<unsigned>(kAlphabet.find(number[0]));
  const auto second = static_cast<unsigned>(kAlphabet.find(number[1]));
  const unsigned key = IsDigit(number[0]) ? first * 24 + second - 10 : first * 34 + second - 100;
  return (NumberOf(siren, 0, 9) + 1 + key / 11) % 11 == key % 11;
}

bool CheckHrVat(std::string_view number) { return Mod11_10Valid(number); }

bool CheckHuVat(std::string_view number) {
  return WeightedSum(number, {9, 7, 3, 1, 9, 7, 3, 1}) % 10 == 0;
}

bool CheckIeVat(std::string_view number) {
  constexpr std::string_view kAlphabet = "WABCDEFGHIJKLMNOPQRSTUV";
  std::string digits(number.substr(0, 7));
  // Until 1992: a digit, a letter or sign, five digits.
  if (!IsDigit(digits[1])) digits = "0" + std::string(number.substr(2, 5)) + number[0];
  int sum = WeightedSum(digits, {8, 7, 6, 5, 4, 3, 2});
  if (number.size() == 9) {
    const size_t second = kAlphabet.find(number[8]);
    if (second == std::string_view::npos) return false;
    sum += 9 * static_cast<int>(second);
  }
  return kAlphabet[static_cast<size_t>(sum % 23)] == number[7];
}

bool CheckItVat(std::string_view number) {
  const unsigned office = NumberOf(number, 7, 3);
  const bool known = (office >= 1 && office <= 100) || office == 120 || office == 121 ||
                     office == 888 || office == 999;
  return known && !number.starts_with("0000000") && LuhnValid(number);
}

bool CheckLtVat(std::string_view number) {
  if (number[number.size() - 2] != '1') return false;
  int sum = 0, other = 0;
  for (size_t i = 0; i + 1 < number.size(); ++i) {
    const int digit = DigitOf(number[i]);
    sum += (1 + static_cast<int>(i) % 9) * digit;
    other += (1 + static_cast<int>(i + 2) % 9) * digit;
  }
  const int check = sum % 11 == 10 ? other % 11 % 10 : sum % 11;
  return check == Last(number);
}

bool CheckLuVat(std::string_view number) {
  return NumberOf(number, 0, 6) % 89 == NumberOf(number, 6, 2);
}

bool CheckLvVat(std::string_view number) {
  if (number[0] > '3') {
    return WeightedSum(number, {9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1}) % 11 == 3;
  }
  if (number.starts_with("32")) return true;  // persons since 2017: neither date nor check digit
  const unsigned year = 1800 + 100 * NumberOf(number, 6, 1) + NumberOf(number, 4, 2);
  if (!IsDate(year, NumberOf(number, 2, 2), NumberOf(number, 0, 2))) return false;
  return (1 + WeightedSum(number, {10, 5, 8, 4, 2, 1, 6, 3, 7, 9})) % 11 % 10 == Last(number);
}

bool CheckMtVat(std::string_view number) {
  return number[0] != '0' && WeightedSum(number, {3, 4, 6, 7, 8, 9, 10, 1}) % 37 == 0;
}

// Companies' by the test of citizens' numbers; since 2020 sole traders' by MOD 97-10.
bool CheckNlVat(std::string_view number) {
  if (number.substr(10) == "00") return false;
  const int eleven = WeightedSum(number, {9, 8, 7, 6, 5, 4, 3, 2, -1});
  if (eleven % 11 == 0 && number.substr(0, 9) != "000000000") return true;
  return Mod97(number, Mod97("NL")) == 1;
}

bool CheckPlVat(std::string_view number) {
  return WeightedSum(number, {6, 5, 7, 2, 3, 4, 5, 6, 7}) % 11 == Last(number);
}

bool CheckPtVat(std::string_view number) {
  const int check = (11 - WeightedSum(number, {9, 8, 7, 6, 5, 4, 3, 2}) % 11) % 11 % 10;
  return number[0] != '0' && check == Last(number);
}

bool CheckRoVat(std::string_view number) {
  if (number[0] == '0') return false;
  const std::string padded = std::string(10 - number.size(), '0') + std::string(number);
  return WeightedSum(padded, {7, 5, 3, 2, 1, 7, 5, 3, 2}) * 10 % 11 % 10 == Last(number);
}

bool CheckSeVat(std::string_view number) {
  return number.substr(10) == "01" && LuhnValid(number.substr(0, 10));
}

bool CheckSiVat(std::string_view number) {
  const int check = 11 - WeightedSum(number, {8, 7, 6, 5, 4, 3, 2}) % 11;
  return number[0] != '0' && check != 11 && check % 10 == Last(number);
}

bool CheckSkVat(std::string_view number) {
  const bool kind = std::string_view("234789").find(number[2]) != std::string_view::npos;
  return (number[0] != '0' && kind && Remainder(number, 11) == 0) || CheckCzechPerson(number);
}

// That of the United Kingdom's numbers: government departments and health authorities have none.
bool CheckXiVat(std::string_view number) {
  if (number.starts_with("GD")) return NumberOf(number, 2, 3) < 500;
  if (number.starts_with("HA")) return NumberOf(number, 2, 3) >= 500;
  const int remainder = WeightedSum(number, {8, 7, 6, 5, 4, 3, 2, 10, 1}) % 97;
  return remainder == 0 || (NumberOf(number, 0, 3) >= 100 && (remainder == 42 || remainder == 55));
}

}  // namespace fieldkms
