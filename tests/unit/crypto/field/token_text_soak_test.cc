// Ten million tokens: of 130 random bits no two are the same, in all runs that there will be.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "crypto/field/token_text.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

TEST(TokenTextSoak, TenMillionTokensAreAllDifferent) {
  using Token = std::array<char, 26>;
  std::vector<Token> tokens(10'000'000);
  std::string drawn;
  for (Token& token : tokens) {
    ASSERT_OK(DrawToken({}, "4111111111111111", &drawn));
    ASSERT_EQ(drawn.size(), token.size());
    std::copy(drawn.begin(), drawn.end(), token.begin());
  }
  std::sort(tokens.begin(), tokens.end());
  EXPECT_EQ(std::adjacent_find(tokens.begin(), tokens.end()), tokens.end());
}

}  // namespace
}  // namespace fieldkms
