#include "rotation/checkpoint_share.h"

#include <gtest/gtest.h>

namespace fieldkms::rotation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class CheckpointShareTest : public ::testing::Test {
 protected:
  double At(int minute, uint64_t timed, uint64_t forced) {
    return share_.Observe(start_ + minutes(minute), timed, forced);
  }
  const CheckpointShare::Time start_{hours(1)};
  CheckpointShare share_;
};

TEST_F(CheckpointShareTest, WhatWasBeforeDoesNotCount) {
  EXPECT_EQ(At(0, 10, 90), 0);
  EXPECT_EQ(At(1, 10, 90), 0);
}

TEST_F(CheckpointShareTest, FewerThanThreeTellNothing) {
  At(0, 10, 90);
  EXPECT_EQ(At(1, 10, 91), 0);
  EXPECT_EQ(At(2, 10, 92), 0);
  EXPECT_EQ(At(3, 10, 93), 100);
}

TEST_F(CheckpointShareTest, CountsBothKinds) {
  At(0, 10, 90);
  EXPECT_EQ(At(1, 13, 90), 0);
  EXPECT_EQ(At(2, 13, 91), 25);
  EXPECT_EQ(At(2, 13, 93), 50);
}

TEST_F(CheckpointShareTest, ForgetsAfterTenMinutes) {
  At(0, 0, 0);
  EXPECT_EQ(At(1, 0, 2), 0);
  EXPECT_EQ(At(4, 0, 4), 100);
  EXPECT_EQ(At(9, 1, 4), 80);
  EXPECT_EQ(At(10, 1, 4), 80);
  // The two before minute 1 are not among the last ten minutes' any more.
  EXPECT_DOUBLE_EQ(At(11, 1, 4), 100.0 * 2 / 3);
  EXPECT_EQ(At(14, 1, 4), 0);
  EXPECT_EQ(At(100, 1, 4), 0);
  EXPECT_EQ(At(100, 1, 7), 100);
}

TEST_F(CheckpointShareTest, CountsThatWereResetAreANewBeginning) {
  At(0, 10, 90);
  EXPECT_EQ(At(1, 10, 93), 100);
  EXPECT_EQ(At(2, 0, 2), 0);
  EXPECT_EQ(At(3, 1, 4), 100.0 * 2 / 3);
}

}  // namespace
}  // namespace fieldkms::rotation
