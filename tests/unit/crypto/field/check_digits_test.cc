#include "crypto/field/check_digits.h"

#include <gtest/gtest.h>

#include <string>

namespace fieldkms {
namespace {

TEST(CheckDigitsTest, Luhn) {
  // ISO/IEC 7812-1, annex B; and the number of Luhn's article, by Wikipedia.
  for (const char* digits : {"4992739871", "7992739871", "1789372997", "0"}) {
    const std::string whole = std::string(digits) + std::to_string(LuhnCheckDigit(digits));
    EXPECT_EQ(LuhnRemainder(whole), 0u) << whole;
    for (unsigned more = 1; more < 10; ++more) {
      std::string wrong = whole;
      wrong.back() = static_cast<char>('0' + (LuhnCheckDigit(digits) + more) % 10);
      EXPECT_EQ(LuhnRemainder(wrong), more) << wrong;
    }
  }
  EXPECT_EQ(LuhnCheckDigit("7992739871"), 3u);
  EXPECT_EQ(LuhnCheckDigit("4992739871"), 6u);
  EXPECT_EQ(LuhnRemainder("4111111111111111"), 0u);
}

TEST(CheckDigitsTest, Iso7064Mod11And10) {
  // ISO/IEC 7064:2003, clause 9: 0794 with check digit 5; BZSt's example of a German number.
  EXPECT_TRUE(Mod11And10Holds("07945"));
  EXPECT_TRUE(Mod11And10Holds("136695976"));
  for (const char check : std::string("012346789")) {
    EXPECT_FALSE(Mod11And10Holds(std::string("0794") + check)) << check;
  }
}

TEST(CheckDigitsTest, Iso7064Mod97And10) {
  // ISO/IEC 7064:2003: 794 with check digits 44.
  EXPECT_EQ(Mod97("79444"), 1u);
  EXPECT_EQ(Mod97("44", Mod97("794")), 1u);
  EXPECT_EQ(Mod97("WEST12345698765432GB82"), 1u);
  EXPECT_EQ(Mod97("A"), 10u);
  EXPECT_EQ(Mod97("Z"), 35u);
  EXPECT_EQ(Mod97(""), 0u);
  // As long as it may be: as if a character came after another.
  const std::string all = "9Z99ZZ1A0ZZZZZZZZZZZZZZZZZZZZZZZZZ99999999999999999999999999999999999";
  unsigned stepwise = 0;
  for (size_t length = 1; length <= all.size(); ++length) {
    stepwise = Mod97(all.substr(length - 1, 1), stepwise);
    EXPECT_EQ(Mod97(all.substr(0, length)), stepwise) << length;
  }
}

TEST(CheckDigitsTest, SumsAndNumbers) {
  EXPECT_EQ(WeightedSum("1234", {8, 7, 6}), 8u + 14u + 18u);
  EXPECT_EQ(NumberOf("000123456789012345"), 123456789012345u);
  EXPECT_EQ(NumberOf(""), 0u);
}

}  // namespace
}  // namespace fieldkms
