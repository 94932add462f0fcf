// The fourth vector of RFC 7914: a gigabyte, and seconds.
#include <gtest/gtest.h>

#include "crypto/scrypt.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

TEST(ScryptSoakTest, MatchesTheVectorOfAGigabyte) {
  constexpr uint64_t kMemory = uint64_t{1025} << 20;
  ASSERT_OK_AND_ASSIGN(
      const SecretBytes out,
      Scrypt(AsBytes("pleaseletmein"), AsBytes("SodiumChloride"), {1 << 20, 8, 1, kMemory}, 64));
  EXPECT_EQ(ToHex(out.Expose()),
            "2101cb9b6a511aaeaddbbe09cf70f881ec568d574a2ffd4dabe5ee9820adaa47"
            "8e56fd8f4ba5d09ffa1c6d927c40f4c337304049e8a952fbcbf45c6fa77a41a4");
}

}  // namespace
}  // namespace fieldkms
