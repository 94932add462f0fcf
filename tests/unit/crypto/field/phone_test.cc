#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/paths.h"
#include "tests/support/text_formats.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

constexpr TextFormat kPhone = kTextFormats[1];

struct Example {
  std::string country_code;
  std::string e164;
  std::string written;
};

std::vector<Example> Examples() {
  std::vector<Example> examples;
  std::ifstream file = OpenFile(testing::VectorsDir() + "/phone_examples.txt");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream parts(line);
    Example& example = examples.emplace_back();
    std::getline(parts, example.country_code, ';');
    std::getline(parts, example.e164, ';');
    std::getline(parts, example.written);
  }
  return examples;
}

TEST(PhoneTest, ExampleNumbersOfAllCountriesAreLegalHoweverWritten) {
  size_t refused = 0;
  for (const Example& example : Examples()) {
    EXPECT_EQ(Canonical(kPhone, example.e164), example.e164);
    if (example.written.find('/') != std::string::npos) {  // as some write them in Slovakia
      EXPECT_EQ(BrokenRule(kPhone, example.written), "phone.characters");
      ++refused;
      continue;
    }
    EXPECT_EQ(Canonical(kPhone, example.written), example.e164) << example.written;
  }
  EXPECT_EQ(refused, 1u);
}

TEST(PhoneTest, TheMaskShowsTheCountryCodeAndHidesFourDigitsAtLeast) {
  for (const Example& example : Examples()) {
    const std::string mask = Mask(kPhone, {example.e164, example.e164});
    ASSERT_EQ(mask.size(), example.e164.size());
    const std::string code = "+" + example.country_code;
    EXPECT_EQ(mask.substr(0, code.size() + 1), code + "*") << example.e164;
    const std::string shown = mask.substr(mask.find_last_of('*') + 1);
    EXPECT_LE(shown.size(), 3u);
    EXPECT_EQ(shown, example.e164.substr(example.e164.size() - shown.size()));
    const size_t hidden = mask.size() - code.size() - shown.size();
    EXPECT_GE(hidden, 4u);
    EXPECT_EQ(mask.substr(code.size(), hidden), std::string(hidden, '*'));
  }
}

// The list of ITU-T against libphonenumber's: one that no number has, 379, is assigned to the
// Vatican, which uses Italy's.
TEST(PhoneTest, CountryCodesAreThoseThatLibphonenumberKnowsAnd379) {
  std::set<std::string> known = {"379"};
  for (const Example& example : Examples()) known.insert(example.country_code);
  for (int prefix = 0; prefix < 1000; ++prefix) {
    std::string digits = std::to_string(1000 + prefix).substr(1);
    const bool assigned =
        known.count(digits) + known.count(digits.substr(0, 2)) + known.count(digits.substr(0, 1)) >
        0;
    EXPECT_EQ(BrokenRule(kPhone, "+" + digits + "5550100"), assigned ? "" : "phone.country_code")
        << digits;
  }
}

}  // namespace
}  // namespace fieldkms
