#include "crypto/random_id.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

TEST(RandomIdTest, HasThirtyTwoDigitsAndIsNotDrawnTwice) {
  ASSERT_OK_AND_ASSIGN(const std::string one, RandomId());
  ASSERT_OK_AND_ASSIGN(const std::string other, RandomId());
  EXPECT_THAT(one, ::testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace fieldkms
