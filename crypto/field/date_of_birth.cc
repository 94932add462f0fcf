// Dates of birth.
#include <array>
#include <charconv>
#include <tuple>

#include "crypto/field/formats.h"
#include "crypto/field/wiped_text.h"

namespace fieldkms {
namespace {

enum Rule : size_t { kForm, kCalendar, kNotFuture, kAge };
constexpr std::array<FieldRule, 4> kRules = {{
    {"date_of_birth.form", "a date is four digits, a hyphen, two digits, a hyphen, two digits",
     "ISO 8601-1:2019, 5.2.2.1 (extended format)"},
    {"date_of_birth.calendar", "a date is a day of the Gregorian calendar, however early",
     "ISO 8601-1:2019, 4.2.1"},
    {"date_of_birth.not_future", "a date of birth is not after today (UTC)", "FieldKMS"},
    {"date_of_birth.age", "a person is at most 130 years old", "FieldKMS"},
}};

constexpr int kMostYears = 130;

bool HasForm(std::string_view value) {
  constexpr std::string_view kPattern = "####-##-##";
  if (value.size() != kPattern.size()) return false;
  for (size_t i = 0; i < value.size(); ++i) {
    const bool digit = value[i] >= '0' && value[i] <= '9';
    if (kPattern[i] == '#' ? !digit : value[i] != '-') return false;
  }
  return true;
}

int Number(std::string_view digits) {
  int number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

int DaysOf(int year, int month) {
  constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[static_cast<size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

bool IsBefore(const CivilDay& a, const CivilDay& b) {
  return std::tie(a.year, a.month, a.day) < std::tie(b.year, b.month, b.day);
}

// In full years. Who was born on 29 February has the birthday on 1 March in other years.
int Age(const CivilDay& born, const CivilDay& today) {
  const bool before_birthday = std::tie(today.month, today.day) < std::tie(born.month, born.day);
  return today.year - born.year - (before_birthday ? 1 : 0);
}

}  // namespace

std::span<const FieldRule> DateOfBirthRules() { return kRules; }

const FieldRule* CanonicaliseDateOfBirth(std::string_view value, const FormatContext& context,
                                         std::string* canonical) {
  if (!HasForm(value)) return &kRules[kForm];
  const CivilDay born = {Number(value.substr(0, 4)), Number(value.substr(5, 2)),
                         Number(value.substr(8, 2))};
  const bool month = born.month >= 1 && born.month <= 12;
  if (!month || born.day < 1 || born.day > DaysOf(born.year, born.month)) {
    return &kRules[kCalendar];
  }
  if (IsBefore(context.today, born)) return &kRules[kNotFuture];
  if (Age(born, context.today) > kMostYears) return &kRules[kAge];
  AppendText(value, canonical);
  return nullptr;
}

void MaskDateOfBirth(const FieldValue& value, std::string* masked) {
  AppendText(value.canonical.substr(0, 4), masked);
  AppendText("-**-**", masked);
}

}  // namespace fieldkms
