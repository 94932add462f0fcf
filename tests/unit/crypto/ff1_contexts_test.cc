#include "crypto/ff1_contexts.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "crypto/xaes_gcm.h"
#include "tests/support/hex.h"

namespace fieldkms {
namespace {

// Seen from inside by giving one id to two keys, which Ff1Key never does: what comes out tells
// which key was at hand.
class Ff1ContextsTest : public ::testing::Test {
 protected:
  static std::string Block(uint64_t id, const std::vector<uint8_t>& key) {
    std::array<uint8_t, kAesBlockSize> block = {};
    AesEcb* const aes = Ff1Contexts::OfThread().For(id, key);
    EXPECT_TRUE(aes != nullptr && aes->Encrypt(block, block));
    return ToHex(block);
  }

  void SetUp() override { ForgetDerivedKeys(); }

  const uint64_t id_ = uint64_t{1} << 60;  // no key of this process has it
  const std::vector<uint8_t> one_ = std::vector<uint8_t>(32, 1);
  const std::vector<uint8_t> two_ = std::vector<uint8_t>(32, 2);
};

TEST_F(Ff1ContextsTest, KeysAreKept) {
  const std::string block = Block(id_, one_);
  EXPECT_EQ(Block(id_, two_), block);
  EXPECT_NE(Block(id_ + 1, two_), block);
  EXPECT_EQ(Block(id_, two_), block);
}

TEST_F(Ff1ContextsTest, AnotherKeyInItsPlaceDropsAKey) {
  const std::string block = Block(id_, one_);
  EXPECT_NE(Block(id_ + 16, two_), block);
  EXPECT_NE(Block(id_, two_), block);
}

TEST_F(Ff1ContextsTest, ForgetDropsKeys) {
  const std::string block = Block(id_, one_);
  ForgetDerivedKeys();
  EXPECT_NE(Block(id_, two_), block);
}

// FIPS 197, appendix C, of each key size in one context.
TEST_F(Ff1ContextsTest, AKeyOfAnotherSizeTakesAnotherAlgorithm) {
  const std::pair<const char*, const char*> vectors[] = {
      {"000102030405060708090a0b0c0d0e0f", "69c4e0d86a7b0430d8cdb78070b4c55a"},
      {"000102030405060708090a0b0c0d0e0f1011121314151617", "dda97ca4864cdfe06eaf70a0ec0d7191"},
      {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
       "8ea2b7ca516745bfeafc49904b496089"},
  };
  uint64_t id = id_;
  for (int i = 0; i < 2; ++i) {
    for (const auto& [key, expected] : vectors) {
      std::vector<uint8_t> block = FromHex("00112233445566778899aabbccddeeff");
      AesEcb* const aes = Ff1Contexts::OfThread().For(id += 16, FromHex(key));
      ASSERT_TRUE(aes != nullptr && aes->Encrypt(block, block));
      EXPECT_EQ(ToHex(block), expected);
    }
  }
}

}  // namespace
}  // namespace fieldkms
