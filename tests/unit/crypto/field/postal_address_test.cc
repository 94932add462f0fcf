#include <gtest/gtest.h>
#include <unicode/uloc.h>

#include <set>
#include <string>

#include "crypto/field/postal_codes.h"
#include "tests/support/paths.h"
#include "tests/support/text_formats.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

constexpr TextFormat kAddress = kTextFormats[5];

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

const PostalCodes* Find(std::string_view country) {
  for (const PostalCodes& known : KnownPostalCodes()) {
    if (known.country == country) return &known;
  }
  return nullptr;
}

TEST(CountryCodeTest, AreThoseOfIcuButForThreeThatIsoOnlyReserves) {
  std::set<std::string> expected;
  for (const char* const* code = uloc_getISOCountries(); *code != nullptr; ++code) {
    expected.insert(Lower(*code));
  }
  ASSERT_GT(expected.size(), 240u);
  for (const char* reserved : {"dg", "ea", "ic"}) EXPECT_EQ(expected.erase(reserved), 1u);
  std::set<std::string> ours;
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) {
      const std::string code = {a, b};
      if (IsCountryCode(code)) ours.insert(code);
    }
  }
  EXPECT_EQ(ours, expected);
}

TEST(CountryCodeTest, NothingElseIsOne) {
  for (const char* text : {"", "g", "gbr", "GB", "  ", "b ", " b", "d a", "uk", "eu", "zz"}) {
    EXPECT_FALSE(IsCountryCode(text)) << text;
  }
}

TEST(PostalCodesTest, AreOfCountriesInOrderAndOfAllOfTheEu) {
  std::string before;
  for (const PostalCodes& known : KnownPostalCodes()) {
    EXPECT_TRUE(IsCountryCode(known.country)) << known.country;
    EXPECT_LT(before, known.country);
    EXPECT_EQ(known.patterns.find_first_not_of("#PABCDE_~-|0123456789abcdefghijklmnopqrstuvwxyz"),
              std::string_view::npos);
    before = known.country;
  }
  for (const char* country :
       {"at", "be", "bg", "cy", "cz", "de", "dk", "ee", "es", "fi", "fr", "gr", "hr", "hu",
        "ie", "it", "lt", "lu", "lv", "mt", "nl", "pl", "pt", "ro", "se", "si", "sk",  // EU
        "gb", "us", "ca", "ch", "no", "au", "jp", "br", "in"}) {
    EXPECT_NE(Find(country), nullptr) << country;
  }
}

TEST(PostalCodesTest, ExamplesOfEachCountryAreFoundAndLongerOnesAreNot) {
  const nlohmann::json examples = ReadJson(testing::VectorsDir() + "/postcodes.json");
  EXPECT_EQ(examples.size(), KnownPostalCodes().size());
  for (const auto& [country, postcodes] : examples.items()) {
    const PostalCodes* known = Find(Lower(country));
    ASSERT_NE(known, nullptr) << country;
    for (const std::string postcode : postcodes) {
      const std::string lower = Lower(postcode);
      for (const std::string& place : {lower, "town " + lower, lower + " town", "\u3012" + lower}) {
        EXPECT_TRUE(ContainsPostalCode(*known, place)) << country << ": " << place;
      }
      for (const std::string& place : {"0" + lower, lower + "x", lower + "-"}) {
        EXPECT_FALSE(ContainsPostalCode(*known, place)) << country << ": " << place;
      }
      if (country == "GB") continue;  // where a letter more or less may be another postcode
      for (const std::string& place : {"x" + lower, lower.substr(1), lower + "0"}) {
        EXPECT_FALSE(ContainsPostalCode(*known, place)) << country << ": " << place;
      }
    }
  }
}

// The shapes of Royal Mail, and twins that no postcode has.
TEST(PostalCodesTest, LettersOfBritishCanadianAndIrishPostcodes) {
  const struct {
    const char* country;
    const char* postcode;
    bool is;
  } cases[] = {
      {"gb", "m1 1ae", true},     {"gb", "b33 8th", true},    {"gb", "cr2 6xh", true},
      {"gb", "dn55 1pt", true},   {"gb", "w1a 0ax", true},    {"gb", "ec1a 1bb", true},
      {"gb", "ec1a1bb", true},    {"gb", "gir 0aa", true},    {"gb", "bfpo 801", true},
      {"gb", "ec1a  1bb", false}, {"gb", "ec1a 1bk", false},  {"gb", "ec1a 1ib", false},
      {"gb", "e 1bb", false},     {"gb", "ecx1 1bb", false},  {"gb", "gir 0ab", false},
      {"ca", "k1a 0b1", true},    {"ca", "k1a0b1", true},     {"ca", "d1a 0b1", false},
      {"ca", "k1a 0i1", false},   {"ca", "w1a 0b1", false},   {"ca", "k1w 0b1", true},
      {"ie", "d6w xk00", true},   {"ie", "a65f4e2", true},    {"ie", "a65 f4b2", false},
      {"nl", "1012 ab", true},    {"nl", "0012 ab", false},   {"in", "110 001", true},
      {"in", "010001", false},    {"li", "9490", true},       {"li", "9480", true},
      {"li", "9470", false},      {"br", "40301110", true},   {"jp", "1540023", true},
      {"us", "95014 1234", true}, {"us", "95014-123", false}, {"pt", "2725", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ContainsPostalCode(*Find(c.country), c.postcode), c.is) << c.country << c.postcode;
  }
}

TEST(PostalAddressTest, APostcodeIsSoughtBeforeTheCountryOnly) {
  EXPECT_EQ(BrokenRule(kAddress, "Vaduz, LI"), "postal_address.postcode");
  EXPECT_EQ(BrokenRule(kAddress, "9490 Vaduz, LI"), "");
  EXPECT_EQ(BrokenRule(kAddress, "Vaduz, 9490, LI"), "");
  // One that two parts have between them is none.
  EXPECT_EQ(BrokenRule(kAddress, "Hus 123, 45 Stockholm, SE"), "postal_address.postcode");
  EXPECT_EQ(BrokenRule(kAddress, "123 45 Stockholm, SE"), "");
}

}  // namespace
}  // namespace fieldkms
