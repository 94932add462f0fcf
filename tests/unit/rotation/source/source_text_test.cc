#include "rotation/source/source_text.h"

#include <gtest/gtest.h>

namespace fieldkms::rotation {
namespace {

constexpr char kArmor[] = "-----BEGIN PGP MESSAGE-----\n\nYWJj\n=";

TEST(SourceTextTest, ReadsWhatEncodeWrites) {
  EXPECT_EQ(BytesOfText("YWJj\nZGVm\n", SourceText::kBase64), "abcdef");
  EXPECT_EQ(BytesOfText("YWI=", SourceText::kBase64), "ab");
  EXPECT_EQ(BytesOfText("6162 6A", SourceText::kHex), "abj");
  EXPECT_EQ(BytesOfText("\\x6162", SourceText::kBase64), "ab");
  EXPECT_EQ(BytesOfText("", SourceText::kBase64), "");
}

TEST(SourceTextTest, OtherTextIsNone) {
  EXPECT_EQ(BytesOfText("YWJj=", SourceText::kBase64), std::nullopt);
  EXPECT_EQ(BytesOfText("a!", SourceText::kBase64), std::nullopt);
  EXPECT_EQ(BytesOfText("616", SourceText::kHex), std::nullopt);
  EXPECT_EQ(BytesOfText("6g", SourceText::kHex), std::nullopt);
}

// The check sum of "abc" by RFC 4880's code: 0xBA1C7B.
TEST(SourceTextTest, ArmourIsTakenOff) {
  const std::string armor = std::string(kArmor) + "uhx7\n-----END PGP MESSAGE-----\n";
  EXPECT_TRUE(IsArmored("\n" + armor));
  EXPECT_EQ(BytesOfArmor(armor), "abc");
  std::string crlf;
  for (const char c : armor) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(BytesOfArmor(crlf), "abc");
  EXPECT_EQ(BytesOfArmor("-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nYWJj\n"
                         "-----END PGP MESSAGE-----"),
            "abc");
}

TEST(SourceTextTest, ArmourThatIsDamagedIsNone) {
  EXPECT_EQ(BytesOfArmor(std::string(kArmor) + "AAAA\n-----END PGP MESSAGE-----"), std::nullopt);
  EXPECT_EQ(BytesOfArmor(std::string(kArmor) + "uhx7\n"), std::nullopt);
  EXPECT_EQ(BytesOfArmor("-----BEGIN PGP MESSAGE-----"), std::nullopt);
  EXPECT_EQ(BytesOfArmor("YWJj"), std::nullopt);
  EXPECT_FALSE(IsArmored("-----BEGIN PGP PUBLIC KEY BLOCK-----"));
}

}  // namespace
}  // namespace fieldkms::rotation
