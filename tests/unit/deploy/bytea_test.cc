#include "deploy/sample/bytea.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <stdexcept>
#include <string>

namespace fieldkms::sample {
namespace {

TEST(ByteaTest, HexForm) {
  EXPECT_EQ(EncodeBytea(std::string("\x00\xff\x41", 3)), "\\x00ff41");
  EXPECT_EQ(EncodeBytea(""), "\\x");
  EXPECT_EQ(DecodeBytea("\\x00ff41"), std::string("\x00\xff\x41", 3));
  EXPECT_EQ(DecodeBytea("\\x"), "");
}

TEST(ByteaTest, RefusesAnythingElse) {
  for (const char* text : {"", "00ff", "\\x0", "\\x0g", "\\xAB", "\\000"}) {
    EXPECT_THROW(DecodeBytea(text), std::invalid_argument) << text;
  }
}

RC_GTEST_PROP(ByteaPropertyTest, DecodeIsTheInverse, (const std::string& bytes)) {
  RC_ASSERT(DecodeBytea(EncodeBytea(bytes)) == bytes);
}

TEST(ByteaTest, VersionIsBigEndian) { EXPECT_EQ(VersionBytes(0x01020304), "\x01\x02\x03\x04"); }

}  // namespace
}  // namespace fieldkms::sample
