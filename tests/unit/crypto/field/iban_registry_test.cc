#include "crypto/field/iban_registry.h"

#include <gtest/gtest.h>

#include <string>

namespace fieldkms {
namespace {

TEST(IbanRegistryTest, FindsItsCountriesAndNoOther) {
  EXPECT_EQ(IbanCountries().size(), 89u);
  for (const IbanCountry& country : IbanCountries()) {
    EXPECT_EQ(FindIbanCountry(country.code), &country);
    EXPECT_GE(country.length, 15u);
    EXPECT_LE(country.length, 34u);
  }
  for (const char* code : {"", "A", "AA", "US", "ZZ", "GB2", "gb"}) {
    EXPECT_EQ(FindIbanCountry(code), nullptr) << code;
  }
}

TEST(IbanRegistryTest, ReadsItsNotation) {
  EXPECT_TRUE(HasBbanStructure("12ABC3D", "2!n3!a2!c"));
  EXPECT_TRUE(HasBbanStructure("", ""));
  for (const char* bban : {"", "12ABC3", "12ABC3DE", "1AABC3D", "121BC3D", "12ABC3d", "12ABC-D"}) {
    EXPECT_FALSE(HasBbanStructure(bban, "2!n3!a2!c")) << bban;
  }
  EXPECT_TRUE(HasBbanStructure(std::string(12, '7'), "12!n"));
  EXPECT_FALSE(HasBbanStructure(std::string(11, '7'), "12!n"));
}

}  // namespace
}  // namespace fieldkms
