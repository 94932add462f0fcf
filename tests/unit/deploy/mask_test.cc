#include "deploy/sample/mask.h"

#include <gtest/gtest.h>

namespace fieldkms::sample {
namespace {

TEST(MaskTest, CardNumbersShowBinAndLastFourAtMost) {
  EXPECT_EQ(Mask(kCardNumber, "4111111111111111"), "411111******1111");
  EXPECT_EQ(Mask(kCardNumber, "30569309025904"), "305693****5904");
  // Too short to hide anything behind BIN and last four: hidden wholly.
  EXPECT_EQ(Mask(kCardNumber, "4111111111"), "****");
  EXPECT_EQ(Mask(kCardNumber, "41"), "****");
}

TEST(MaskTest, Identifiers) {
  EXPECT_EQ(Mask(kSsn, "912-34-5678"), "***-**-5678");
  EXPECT_EQ(Mask(kEin, "07-1234567"), "**-***4567");
  EXPECT_EQ(Mask(kIban, "DE89370400440532013000"), "DE****************3000");
  EXPECT_EQ(Mask(kSsn, "5678"), "****");
}

TEST(MaskTest, NamesByCharacterNotByByte) {
  EXPECT_EQ(Mask(kFullName, "Søren Dvořák"), "S**** D****");
  EXPECT_EQ(Mask(kFullName, "Ángel Şahin"), "Á**** Ş****");
  EXPECT_EQ(Mask(kFullName, "王秀英"), "王****");
  EXPECT_EQ(Mask(kFullName, "👩‍💻"), "👩****");
}

TEST(MaskTest, Emails) {
  EXPECT_EQ(Mask(kEmail, "customer.7@example.com"), "c****@example.com");
  EXPECT_EQ(Mask(kEmail, "王.7@example.com"), "王****@example.com");
  EXPECT_EQ(Mask(kEmail, "no address"), "****");
}

TEST(MaskTest, NotesAreHiddenAndEmptyStaysEmpty) {
  EXPECT_EQ(Mask(kNotes, "called"), "****");
  EXPECT_EQ(Mask(kCardNumber, ""), "");
}

// A mask never cuts outside a value, even where its UTF-8 is broken.
TEST(MaskTest, BrokenUtf8IsHarmless) {
  EXPECT_EQ(Mask(kFullName, "\xf0"), "\xf0****");
  EXPECT_EQ(Mask(kEmail, "@"), "@");
}

}  // namespace
}  // namespace fieldkms::sample
