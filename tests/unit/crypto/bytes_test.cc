#include "crypto/bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "crypto/wiping_allocator.h"
#include "tests/support/hex.h"

namespace fieldkms {
namespace {

TEST(BytesTest, ConstantTimeEqualComparesEveryByte) {
  std::vector<uint8_t> a(100, 7);
  std::vector<uint8_t> b = a;
  EXPECT_TRUE(ConstantTimeEqual(a, b));
  for (size_t i = 0; i < b.size(); ++i) {
    b[i] ^= 0x80;
    EXPECT_FALSE(ConstantTimeEqual(a, b)) << i;
    b[i] ^= 0x80;
  }
  EXPECT_FALSE(ConstantTimeEqual(a, ByteView(b).first(99)));
  EXPECT_FALSE(ConstantTimeEqual(a, {}));
  EXPECT_TRUE(ConstantTimeEqual({}, {}));
}

TEST(BytesTest, WipeOverwritesItsRangeOnly) {
  std::array<uint8_t, 8> bytes;
  bytes.fill(0xaa);
  Wipe(MutableBytes(bytes).subspan(2, 4));
  EXPECT_EQ(ToHex(bytes), "aaaa00000000aaaa");
  Wipe({});
}

TEST(BytesTest, IntegersAreBigEndian) {
  std::array<uint8_t, 8> bytes = {};
  PutU64(bytes.data(), 0x0102030405060708);
  EXPECT_EQ(ToHex(bytes), "0102030405060708");
  EXPECT_EQ(GetU64(bytes.data()), 0x0102030405060708u);
  EXPECT_EQ(GetU32(bytes.data()), 0x01020304u);
  EXPECT_EQ(GetU16(bytes.data()), 0x0102u);
  PutU64(bytes.data(), 0xfffefdfcfbfaf9f8);
  EXPECT_EQ(GetU64(bytes.data()), 0xfffefdfcfbfaf9f8u);
  PutU32(bytes.data(), 0xdeadbeef);
  EXPECT_EQ(GetU32(bytes.data()), 0xdeadbeefu);
  PutU16(bytes.data(), 0x8001);
  EXPECT_EQ(GetU16(bytes.data()), 0x8001u);
}

TEST(BytesTest, TextAndBytesAreViewsOfTheSame) {
  const std::string text("a\0\xff", 3);
  EXPECT_EQ(ToHex(AsBytes(text)), "6100ff");
  EXPECT_EQ(AsText(AsBytes(text)).data(), text.data());
  EXPECT_EQ(AsText(AsBytes(text)).size(), 3u);
}

TEST(WipedBufferTest, IsAnOrdinaryVectorOtherwise) {
  WipedBuffer buffer(3, 0x41);
  buffer.push_back(0x42);
  WipedBuffer moved = std::move(buffer);
  EXPECT_EQ(AsText(moved), "AAAB");
  EXPECT_EQ(WipedBuffer(moved), moved);
}

TEST(BytesTest, WipeStringLeavesZeros) {
  std::string text = "4111111111111111";
  WipeString(&text);
  EXPECT_EQ(text, std::string(16, '\0'));
  std::string empty;
  WipeString(&empty);
  EXPECT_TRUE(empty.empty());
}

}  // namespace
}  // namespace fieldkms
