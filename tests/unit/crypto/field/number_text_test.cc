#include "crypto/field/number_text.h"

#include <gtest/gtest.h>

#include <string>

namespace fieldkms {
namespace {

constexpr NumberAlphabet kDigitsOnly(kAsciiDigits, " -");
constexpr NumberAlphabet kLetters(kAsciiLettersAndDigits, " ");

// "none" where the value is none of the alphabet's.
std::string Read(std::string_view value, const NumberAlphabet& alphabet) {
  std::string canonical;
  const std::string number(AppendNumber(value, alphabet, &canonical));
  EXPECT_TRUE(number.empty() || number == canonical);
  return number.empty() ? "none" : number;
}

TEST(NumberTextTest, SeparatorsStandAloneBetweenCharacters) {
  EXPECT_EQ(Read("1 2-3", kDigitsOnly), "123");
  for (const std::string_view value : {"", " ", "-", "1 ", " 1", "1  2", "1 -2", "1-"}) {
    EXPECT_EQ(Read(value, kDigitsOnly), "none") << value;
  }
}

TEST(NumberTextTest, TakesNoOtherByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string value = std::string("1") + static_cast<char>(byte) + "2";
    const bool digit = byte >= '0' && byte <= '9';
    const std::string expected = byte == ' ' || byte == '-' ? "12" : digit ? value : "none";
    EXPECT_EQ(Read(value, kDigitsOnly), expected) << byte;
  }
}

TEST(NumberTextTest, LettersBecomeUpperCaseWhereThereAreAny) {
  EXPECT_EQ(Read("ab Zz 09", kLetters), "ABZZ09");
  EXPECT_EQ(Read("a1", kDigitsOnly), "none");
}

// Room for all before the first character: a string that grows leaves its text behind.
TEST(NumberTextTest, ReservesRoomFirst) {
  std::string canonical;
  const std::string value(60, '7');
  canonical.reserve(value.size());
  const char* const data = canonical.data();
  EXPECT_EQ(AppendNumber(value, kDigitsOnly, &canonical).data(), data);
  EXPECT_TRUE(AllDigits(canonical));
  EXPECT_FALSE(AllDigits(""));
  EXPECT_FALSE(AllDigits("12a"));
}

}  // namespace
}  // namespace fieldkms
