// What the vectors of numbers (see format_vectors_test.cc) have to hold, and where canonical forms
// and masks are written to.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "crypto/field/eu_vat_countries.h"
#include "crypto/field/format.h"
#include "crypto/field/iban_registry.h"
#include "tests/support/paths.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

constexpr std::array kNumbers = {"pan", "cvv", "ssn", "itin", "ein", "nino", "eu_vat", "iban"};

nlohmann::json CasesOf(std::string_view format) {
  return ReadJson(testing::VectorsDir() + "/field_formats/" + std::string(format) + ".json")
      .at("cases");
}

// How many values of the country `code` break `rule`; of null, are legal.
size_t CountOf(std::string_view format, const nlohmann::json& rule, std::string_view code) {
  size_t count = 0;
  for (const auto& one : CasesOf(format)) {
    const std::string value = one.at("value");
    if (one.at("rule") == rule && value.substr(0, 2) == code) ++count;
  }
  return count;
}

TEST(NumberVectorsTest, EachStateOfTheEuHasTwoNumbersAndTheirTwins) {
  EXPECT_EQ(VatCountries().size(), 28u);
  for (const VatCountry& country : VatCountries()) {
    SCOPED_TRACE(country.code);
    EXPECT_GE(CountOf("eu_vat", nullptr, country.code), 2u);
    EXPECT_GE(CountOf("eu_vat", "eu_vat.check_digit", country.code), 2u);
    EXPECT_GE(CountOf("eu_vat", "eu_vat.structure", country.code), 1u);
    EXPECT_FALSE(country.source.empty());
  }
}

TEST(NumberVectorsTest, EachCountryOfTheIbanRegistryHasANumberAndItsTwins) {
  for (const IbanCountry& country : IbanCountries()) {
    SCOPED_TRACE(country.code);
    EXPECT_GE(CountOf("iban", nullptr, country.code), 1u);
    EXPECT_GE(CountOf("iban", "iban.check_digits", country.code), 1u);
    EXPECT_GE(CountOf("iban", "iban.length", country.code), 1u);
  }
}

// A value that is refused has a twin beside it that is legal: it breaks its rule and no other.
TEST(NumberVectorsTest, TwinsAreLegal) {
  for (const char* name : kNumbers) {
    for (const auto& one : CasesOf(name)) {
      if (one.at("rule").is_null()) continue;
      std::string canonical;
      const std::string twin = one.at("twin");
      EXPECT_EQ(CanonicaliseField(*FindFormat(name), twin, {}, &canonical), nullptr) << one;
    }
  }
}

// Behind what the string holds, and within its room.
TEST(NumberVectorsTest, CanonicalFormsAndMasksAreAppended) {
  for (const char* name : kNumbers) {
    SCOPED_TRACE(name);
    const FormatInfo& format = *FindFormat(name);
    const auto legal = CasesOf(name).at(0);
    const std::string value = legal.at("value");
    const std::string expected = legal.at("canonical");
    std::string canonical = "before ";
    canonical.reserve(100);
    const char* const data = canonical.data();
    EXPECT_EQ(format.canonicalise(value, {}, &canonical), nullptr);
    EXPECT_EQ(canonical, "before " + expected);
    EXPECT_EQ(canonical.data(), data);
    std::string masked = "before ";
    format.mask({value, expected}, &masked);
    EXPECT_EQ(masked, "before " + legal.at("mask").get<std::string>());
  }
}

}  // namespace
}  // namespace fieldkms
