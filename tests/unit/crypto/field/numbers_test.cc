// Properties of card numbers, IBANs and their like.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

#include "crypto/field/check_digits.h"
#include "crypto/field/format.h"
#include "crypto/field/iban_registry.h"
#include "crypto/field/mask.h"
#include "crypto/field/pan.h"

namespace fieldkms {
namespace {

constexpr FormatContext kToday = {{2026, 1, 1}};

const FieldRule* Check(FieldFormat format, const std::string& value, std::string* canonical) {
  return CanonicaliseField(*FindFormat(format), value, kToday, canonical);
}

std::string RandomDigits(size_t count) {
  std::string digits;
  for (size_t i = 0; i < count; ++i) {
    digits.push_back(static_cast<char>('0' + *rc::gen::inRange(0, 10)));
  }
  return digits;
}

// Of a prefix that no scheme has.
std::string RandomPan() {
  std::string pan = "9" + RandomDigits(*rc::gen::inRange<size_t>(8, 17));
  for (char check = '0'; check <= '9'; ++check) {
    if (LuhnValid(pan + check)) return pan + check;
  }
  return "";
}

RC_GTEST_PROP(PanProperty, OneWrongDigitIsFound, ()) {
  std::string pan = RandomPan(), canonical;
  RC_ASSERT(Check(FieldFormat::kPan, pan, &canonical) == nullptr);
  const size_t at = *rc::gen::inRange<size_t>(1, pan.size());
  const char wrong = static_cast<char>('0' + *rc::gen::inRange(0, 10));
  RC_PRE(pan[at] != wrong);
  pan[at] = wrong;
  RC_ASSERT(Check(FieldFormat::kPan, pan, &canonical) != nullptr);
}

// Whatever the template: what is not hidden is BIN and last four at most.
RC_GTEST_PROP(PanProperty, NoMaskShowsMoreThanBinAndLastFour, ()) {
  const std::string pan = RandomPan();
  MaskTemplate mask;
  mask.keep_first = *rc::gen::inRange<uint32_t>(0, 65);
  mask.keep_last = *rc::gen::inRange<uint32_t>(0, 65);
  mask.fixed_length = *rc::gen::inRange<uint32_t>(0, 8);
  std::string shown;
  MaskValue(mask, FieldFormat::kPan, {pan, pan}, &shown);
  const auto digits = static_cast<size_t>(
      std::count_if(shown.begin(), shown.end(), [](char c) { return c != '*'; }));
  RC_ASSERT(digits <= PanBinLength(pan.size()) + 4);
  RC_ASSERT(digits + PanHiddenAtLeast(pan.size()) <= pan.size());
  for (const MaskLevel level : {MaskLevel::kMasked, MaskLevel::kBinLast4}) {
    MaskAtLevel(*FindFormat(FieldFormat::kPan), level, {pan, pan}, &shown);
    const auto kept = static_cast<size_t>(
        std::count_if(shown.begin(), shown.end(), [](char c) { return c != '*'; }));
    RC_ASSERT(kept + PanHiddenAtLeast(pan.size()) <= pan.size());
    RC_ASSERT(kept <= PanBinLength(pan.size()) + 4);
  }
}

RC_GTEST_PROP(IbanProperty, OneWrongCharacterIsFound, ()) {
  const auto countries = IbanCountries();
  const IbanCountry& country = countries[*rc::gen::inRange<size_t>(0, countries.size())];
  std::string account = RandomDigits(country.length() - 4);
  // Letters where the country has them.
  for (char& c : account) {
    if (country.Fits(account)) break;
    c = 'A';
  }
  RC_PRE(country.Fits(account));
  std::string iban;
  for (int check = 2; check <= 98; ++check) {
    iban = std::string(country.code) + std::to_string(100 + check).substr(1) + account;
    if (Mod97(iban.substr(4) + iban.substr(0, 4)) == 1) break;
  }
  std::string canonical;
  RC_ASSERT(Check(FieldFormat::kIban, iban, &canonical) == nullptr);
  const size_t at = *rc::gen::inRange<size_t>(2, iban.size());
  const char wrong = static_cast<char>('0' + *rc::gen::inRange(0, 10));
  RC_PRE(iban[at] != wrong);
  iban[at] = wrong;
  RC_ASSERT(Check(FieldFormat::kIban, iban, &canonical) != nullptr);
}

TEST(IbanRegistryTest, StandsInTheOrderOfItsCodes) {
  const auto countries = IbanCountries();
  EXPECT_GT(countries.size(), 80u);
  EXPECT_TRUE(
      std::is_sorted(countries.begin(), countries.end(),
                     [](const IbanCountry& a, const IbanCountry& b) { return a.code < b.code; }));
  for (const IbanCountry& country : countries) {
    EXPECT_EQ(FindIbanCountry(country.code), &country);
    EXPECT_GE(country.length(), 15u);
    EXPECT_LE(country.length(), 34u);
  }
  EXPECT_EQ(FindIbanCountry("US"), nullptr);
  EXPECT_EQ(FindIbanCountry(""), nullptr);
}

}  // namespace
}  // namespace fieldkms
