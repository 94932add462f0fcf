#include "crypto/hex.h"

#include <gtest/gtest.h>

#include <array>

namespace fieldkms {
namespace {

TEST(HexTest, BothWays) {
  const std::array<uint8_t, 4> bytes = {0x00, 0x1f, 0xa0, 0xff};
  EXPECT_EQ(EncodeHex(bytes), "001fa0ff");
  EXPECT_EQ(EncodeHex({}), "");
  std::array<uint8_t, 4> decoded{};
  EXPECT_TRUE(DecodeHex("001fa0ff", decoded));
  EXPECT_EQ(decoded, bytes);
}

TEST(HexTest, NothingElseIsTaken) {
  std::array<uint8_t, 4> out{};
  for (const char* text :
       {"", "001fa0f", "001fa0ff0", "001fa0fF", "001fa0fg", "001fa0f ", "0x1fa0ff"}) {
    EXPECT_FALSE(DecodeHex(text, out)) << text;
  }
}

}  // namespace
}  // namespace fieldkms
