#include "rotation/eta.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace fieldkms::rotation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class EtaTest : public ::testing::Test {
 protected:
  // Goes on for some seconds at a rate.
  void Work(int for_seconds, uint64_t rows_a_second) {
    for (int i = 0; i < for_seconds; ++i) {
      now_ += seconds(1);
      eta_.Observe(rows_ += rows_a_second, now_);
    }
  }
  Eta::Time now_{hours(1)};
  uint64_t rows_ = 0;
  Eta eta_{0, now_};
};

constexpr RowEstimate kRows{90'000, 110'000};

TEST_F(EtaTest, StatisticsAreRightToATenth) {
  EXPECT_EQ(EstimateRows(100'000).low, 90'000u);
  EXPECT_EQ(EstimateRows(100'000).high, 110'000u);
  EXPECT_EQ(EstimateRows(5).low, 5u);
  EXPECT_EQ(EstimateRows(0).high, 0u);
  EXPECT_EQ(EstimateRows(UINT64_MAX).high, UINT64_MAX);
}

TEST_F(EtaTest, UnknownUntilEnoughWasSeen) {
  EXPECT_EQ(eta_.rate(), 0);
  EXPECT_FALSE(eta_.Left(kRows));
  Work(9, 1'000);
  EXPECT_FALSE(eta_.Left(kRows));
  Work(1, 1'000);
  EXPECT_TRUE(eta_.Left(kRows));
  eta_ = Eta(0, now_);
  rows_ = 0;
  Work(99, 10);
  EXPECT_FALSE(eta_.Left(kRows));
  Work(1, 10);
  EXPECT_TRUE(eta_.Left(kRows));
}

TEST_F(EtaTest, ARangeByTheUncertaintyOfRows) {
  Work(50, 1'000);
  const auto left = eta_.Left(kRows);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->soonest, seconds(40));
  EXPECT_EQ(left->latest, seconds(60));
}

TEST_F(EtaTest, AndByTheChangeOfTheRate) {
  Work(30, 2'000);  // 60,000
  Work(300, 10);    // 3,000: nothing but the last half minute counts, nearly
  const auto left = eta_.Left(kRows);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->soonest, seconds(142));  // 27,000 at the mean of 63,000 in 330 s
  EXPECT_GT(left->latest, seconds(4'600));
  EXPECT_LT(left->latest, seconds(4'700));
}

TEST_F(EtaTest, TheWeightOfASecondFallsToAThirdInHalfAMinute) {
  Work(1'000, 100);
  EXPECT_NEAR(eta_.rate(), 100, 1e-9);
  Work(1, 0);
  EXPECT_NEAR(eta_.rate(), 100 * std::exp(-1.0 / 30), 1e-9);
  Work(29, 0);
  EXPECT_NEAR(eta_.rate(), 100 * std::exp(-1.0), 1e-9);
}

TEST_F(EtaTest, TheFirstRateIsTheFirstObservations) {
  Work(1, 700);
  EXPECT_NEAR(eta_.rate(), 700, 1e-9);
  Work(1, 100);
  EXPECT_NEAR(eta_.rate(), 400, 6);
}

TEST_F(EtaTest, HowOftenItIsToldDoesNotMatter) {
  Work(20, 500);
  Eta seldom(0, Eta::Time(hours(1)));
  seldom.Observe(rows_, now_);
  EXPECT_NEAR(seldom.rate(), eta_.rate(), 1e-6);
}

TEST_F(EtaTest, APassThatOthersBegan) {
  rows_ = 40'000;
  eta_ = Eta(rows_, now_);
  Work(10, 1'000);
  const auto left = eta_.Left(kRows);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->soonest, seconds(40));
  EXPECT_EQ(left->latest, seconds(60));
}

TEST_F(EtaTest, BetweenTheEstimatesItMayEndAtOnce) {
  Work(100, 1'000);
  const auto left = eta_.Left(kRows);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->soonest, seconds(0));
  EXPECT_EQ(left->latest, seconds(10));
}

TEST_F(EtaTest, MoreRowsThanThereShouldBeTellNothing) {
  Work(111, 1'000);
  EXPECT_FALSE(eta_.Left(kRows));
}

TEST_F(EtaTest, UnknownWhereNothingMoves) {
  Work(20, 1'000);
  Work(1'000, 0);
  EXPECT_FALSE(eta_.Left(kRows));
}

TEST_F(EtaTest, WhatGoesBackwardsIsPassedOver) {
  Work(10, 1'000);
  eta_.Observe(5, now_ + seconds(1));
  eta_.Observe(20'000, now_);
  eta_.Observe(20'000, now_ - seconds(1));
  EXPECT_NEAR(eta_.rate(), 1'000, 1e-9);
}

// Whatever was observed.
RC_GTEST_PROP(EtaProperty, IsARange, (uint64_t statistics)) {
  const RowEstimate all = EstimateRows(statistics);
  RC_ASSERT(all.low <= all.high);
  Eta::Time now{hours(1)};
  Eta eta(0, now);
  uint64_t rows = 0;
  for (const auto& [more, ms] : *rc::gen::container<std::vector<std::pair<uint32_t, int>>>(
           rc::gen::pair(rc::gen::arbitrary<uint32_t>(), rc::gen::inRange(1, 100'000)))) {
    eta.Observe(rows += more, now += milliseconds(ms));
    if (const auto left = eta.Left(all)) {
      RC_ASSERT(left->soonest <= left->latest);
      RC_ASSERT(left->soonest >= seconds(0));
    }
  }
}

}  // namespace
}  // namespace fieldkms::rotation
