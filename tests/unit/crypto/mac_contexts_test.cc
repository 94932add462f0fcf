#include "crypto/mac_contexts.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "crypto/xaes_gcm.h"
#include "tests/support/hex.h"

namespace fieldkms {
namespace {

// Seen from inside by giving one id to two keys, which MacKey never does: what comes out
// tells which key was at hand.
class MacContextsTest : public ::testing::Test {
 protected:
  static std::string Mac(uint64_t id, std::string_view key) {
    std::array<uint8_t, kHmacSize> mac;
    EXPECT_TRUE(MacContexts::OfThread().Compute(id, AsBytes(key), {AsBytes("data")}, mac));
    return ToHex(mac);
  }

  void SetUp() override { ForgetDerivedKeys(); }

  const uint64_t id_ = uint64_t{1} << 60;  // no MacKey of this process has it
};

TEST_F(MacContextsTest, KeysAreKept) {
  const std::string mac = Mac(id_, "one");
  EXPECT_EQ(Mac(id_, "two"), mac);
  EXPECT_NE(Mac(id_ + 1, "two"), mac);
  EXPECT_EQ(Mac(id_, "two"), mac);
}

TEST_F(MacContextsTest, AnotherKeyInItsPlaceDropsAKey) {
  const std::string mac = Mac(id_, "one");
  EXPECT_NE(Mac(id_ + 16, "two"), mac);
  EXPECT_NE(Mac(id_, "two"), mac);
}

TEST_F(MacContextsTest, ForgetDropsKeys) {
  const std::string mac = Mac(id_, "one");
  ForgetDerivedKeys();
  EXPECT_NE(Mac(id_, "two"), mac);
}

}  // namespace
}  // namespace fieldkms
