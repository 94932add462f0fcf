#include "deploy/sample/identifiers.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>

#include "crypto/field/format.h"

namespace fieldkms::sample {
namespace {

constexpr int kTries = 5'000;

TEST(LuhnTest, KnownNumbers) {
  for (const char* pan : {"4111111111111111", "378282246310005", "30569309025904",
                          "6011111111111117", "3530111333300000", "5555555555554444"}) {
    EXPECT_TRUE(LuhnValid(pan)) << pan;
  }
  EXPECT_FALSE(LuhnValid("4111111111111112"));
  EXPECT_FALSE(LuhnValid("4111111111111a11"));
  EXPECT_FALSE(LuhnValid(""));
  EXPECT_FALSE(LuhnValid("0"));
}

TEST(LuhnTest, FindsEveryWrongDigit) {
  std::string pan = "4111111111111111";
  for (char& digit : pan) {
    const char right = digit;
    for (char wrong = '0'; wrong <= '9'; ++wrong) {
      digit = wrong;
      EXPECT_EQ(LuhnValid(pan), wrong == right);
    }
    digit = right;
  }
}

TEST(IbanTest, KnownNumbers) {
  for (const char* iban : {"DE89370400440532013000", "GB82WEST12345698765432",
                           "FR1420041010050500013M02606", "MT84MALT011000012345MTLCAST001S"}) {
    EXPECT_TRUE(IbanValid(iban)) << iban;
  }
  EXPECT_FALSE(IbanValid("DE89370400440532013001"));
  EXPECT_FALSE(IbanValid("DE89 3704 0044 0532 0130 00"));
  EXPECT_FALSE(IbanValid("DE89"));
}

TEST(MakePanTest, SixBrandsAllLuhnValid) {
  const std::map<std::string, std::set<size_t>> lengths = {{"4", {16}},  {"5", {16}},  {"2", {16}},
                                                           {"37", {15}}, {"60", {16}}, {"35", {16}},
                                                           {"30", {14}}, {"38", {14}}};
  SampleRandom random(1);
  std::set<std::string> seen;
  for (int i = 0; i < kTries; ++i) {
    const std::string pan = MakePan(random);
    ASSERT_TRUE(LuhnValid(pan)) << pan;
    auto range = lengths.find(pan.substr(0, 2));
    if (range == lengths.end()) range = lengths.find(pan.substr(0, 1));
    ASSERT_NE(range, lengths.end()) << pan;
    EXPECT_TRUE(range->second.contains(pan.size())) << pan;
    seen.insert(range->first);
  }
  EXPECT_EQ(seen.size(), lengths.size());
}

// The quickstart protects them by these formats.
void ExpectLegal(FieldFormat format, const std::string& value) {
  std::string canonical;
  EXPECT_EQ(CanonicaliseField(*FindFormat(format), value, {{2026, 1, 1}}, &canonical), nullptr)
      << value;
}

TEST(MakeSsnTest, LegalNumbersOfAreasThatWereLongNotIssued) {
  const std::regex shape("(77[3-9]|7[89][0-9]|8[0-9]{2})-[0-9]{2}-[0-9]{4}");
  SampleRandom random(2);
  for (int i = 0; i < kTries; ++i) {
    const std::string ssn = MakeSsn(random);
    ASSERT_TRUE(std::regex_match(ssn, shape)) << ssn;
    ExpectLegal(FieldFormat::kSsn, ssn);
  }
}

TEST(MakeEinTest, LegalNumbers) {
  const std::regex shape("[0-9]{2}-[0-9]{7}");
  SampleRandom random(3);
  for (int i = 0; i < kTries; ++i) {
    const std::string ein = MakeEin(random);
    ASSERT_TRUE(std::regex_match(ein, shape)) << ein;
    ExpectLegal(FieldFormat::kEin, ein);
  }
}

TEST(MakeIbanTest, ElevenCountriesAllValid) {
  const std::map<std::string, size_t> lengths = {{"DE", 22}, {"FR", 27}, {"GB", 22}, {"NL", 18},
                                                 {"ES", 24}, {"CH", 21}, {"NO", 15}, {"PL", 28},
                                                 {"IT", 27}, {"SE", 24}, {"MT", 31}};
  SampleRandom random(4);
  std::set<std::string> seen;
  for (int i = 0; i < kTries; ++i) {
    const std::string iban = MakeIban(random);
    ASSERT_TRUE(IbanValid(iban)) << iban;
    ASSERT_TRUE(lengths.contains(iban.substr(0, 2))) << iban;
    EXPECT_EQ(iban.size(), lengths.at(iban.substr(0, 2))) << iban;
    seen.insert(iban.substr(0, 2));
  }
  EXPECT_EQ(seen.size(), lengths.size());
}

}  // namespace
}  // namespace fieldkms::sample
