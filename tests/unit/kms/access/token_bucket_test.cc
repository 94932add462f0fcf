#include "kms/access/token_bucket.h"

#include <gtest/gtest.h>

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

class TokenBucketTest : public ::testing::Test {
 protected:
  const Rate rate_{10, 5};  // one token each 100 ms
  TokenBucket bucket_;
  TokenBucket::TimePoint now_{std::chrono::hours(1)};
};

TEST_F(TokenBucketTest, StartsFullAndRefusesBeyondTheBurst) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(bucket_.Take(rate_, 1, now_), nanoseconds(0)) << i;
  EXPECT_EQ(bucket_.Take(rate_, 1, now_), milliseconds(100));
}

TEST_F(TokenBucketTest, RefusalTakesNothing) {
  EXPECT_EQ(bucket_.Take(rate_, 5, now_), nanoseconds(0));
  for (int i = 0; i < 100; ++i) EXPECT_GT(bucket_.Take(rate_, 1, now_), nanoseconds(0));
  EXPECT_EQ(bucket_.Take(rate_, 1, now_ + milliseconds(100)), nanoseconds(0));
}

TEST_F(TokenBucketTest, RefillsToTheBurstAndNoFurther) {
  EXPECT_EQ(bucket_.Take(rate_, 5, now_), nanoseconds(0));
  now_ += std::chrono::hours(1);
  EXPECT_EQ(bucket_.Take(rate_, 5, now_), nanoseconds(0));
  EXPECT_GT(bucket_.Take(rate_, 1, now_), nanoseconds(0));
}

TEST_F(TokenBucketTest, TakeBeyondTheBurstCountsAsTheBurst) {
  EXPECT_EQ(bucket_.Take(rate_, 1000, now_), nanoseconds(0));
  EXPECT_EQ(bucket_.Take(rate_, 1000, now_), milliseconds(500));
}

TEST_F(TokenBucketTest, ZeroRateIsNoLimit) {
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(bucket_.Take(Rate{}, 1e9, now_), nanoseconds(0));
}

TEST_F(TokenBucketTest, ResetFills) {
  EXPECT_EQ(bucket_.Take(rate_, 5, now_), nanoseconds(0));
  bucket_.Reset();
  EXPECT_EQ(bucket_.Take(rate_, 5, now_), nanoseconds(0));
}

}  // namespace
}  // namespace fieldkms
