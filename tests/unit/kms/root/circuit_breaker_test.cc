#include "kms/root/circuit_breaker.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeClock;
using Verdict = CircuitBreaker::Verdict;

class CircuitBreakerTest : public ::testing::Test {
 protected:
  void Call(Verdict verdict) {
    ASSERT_TRUE(breaker_.Admits());
    breaker_.End(breaker_.Start(), verdict, Reason::kRootUnavailable);
  }
  void Call(Verdict verdict, int times) {
    for (int i = 0; i < times; ++i) Call(verdict);
  }
  BreakerState state() const { return breaker_.state(); }
  // Fails calls until it opens, and waits out the backoff.
  void ReachTheNextAttempt() {
    if (state() == BreakerState::kClosed) Call(Verdict::kFailed, 5);
    ASSERT_EQ(state(), BreakerState::kOpen);
    clock_.now = breaker_.retry_at();
  }

  double jitter_ = 1;
  FakeClock clock_;
  CircuitBreaker breaker_{{.jitter = [this] { return jitter_; }}, clock_};
};

TEST_F(CircuitBreakerTest, StartsClosed) {
  EXPECT_EQ(state(), BreakerState::kClosed);
  EXPECT_TRUE(breaker_.Admits());
  EXPECT_EQ(breaker_.health().last_error, Reason::kUnspecified);
}

TEST_F(CircuitBreakerTest, FiveFailuresInARowOpenIt) {
  Call(Verdict::kFailed, 4);
  Call(Verdict::kAnswered);
  Call(Verdict::kFailed, 4);
  EXPECT_EQ(state(), BreakerState::kClosed);
  EXPECT_EQ(breaker_.health().consecutive_failures, 4);
  Call(Verdict::kFailed);
  EXPECT_EQ(state(), BreakerState::kOpen);
  EXPECT_FALSE(breaker_.Admits());
  EXPECT_EQ(breaker_.health().consecutive_failures, 5);
  EXPECT_EQ(breaker_.health().calls, 10u);
  EXPECT_EQ(breaker_.health().failures, 9u);
  EXPECT_EQ(breaker_.health().last_error, Reason::kRootUnavailable);
}

TEST_F(CircuitBreakerTest, HalfOfTheLastTwentyOpensIt) {
  // Not of fewer: one failure of two calls is no evidence.
  for (int i = 0; i < 9; ++i) {
    Call(Verdict::kFailed);
    Call(Verdict::kAnswered);
  }
  Call(Verdict::kAnswered, 2);
  EXPECT_EQ(state(), BreakerState::kClosed);
  // The first failure leaves the window as this one enters it: 9 of 20 still.
  Call(Verdict::kFailed);
  EXPECT_EQ(state(), BreakerState::kClosed);
  // Here an answer leaves it.
  Call(Verdict::kFailed);
  EXPECT_EQ(state(), BreakerState::kOpen);
}

TEST_F(CircuitBreakerTest, WhatSaysNothingOfTheRootDoesNotCount) {
  Call(Verdict::kFailed, 4);
  Call(Verdict::kNoVerdict, 100);
  EXPECT_EQ(state(), BreakerState::kClosed);
  EXPECT_EQ(breaker_.health().failures, 4u);
  Call(Verdict::kFailed);
  EXPECT_EQ(state(), BreakerState::kOpen);
}

TEST_F(CircuitBreakerTest, OpenUntilItsBackoffIsOver) {
  Call(Verdict::kFailed, 5);
  EXPECT_EQ(breaker_.retry_at(), clock_.now + seconds(1));
  clock_.now += milliseconds(999);
  EXPECT_FALSE(breaker_.Admits());
  clock_.now += milliseconds(1);
  EXPECT_TRUE(breaker_.Admits());
  EXPECT_EQ(state(), BreakerState::kOpen);
}

TEST_F(CircuitBreakerTest, HalfOpenAdmitsOneCall) {
  ReachTheNextAttempt();
  const auto probe = breaker_.Start();
  EXPECT_EQ(state(), BreakerState::kHalfOpen);
  EXPECT_FALSE(breaker_.Admits());
  breaker_.End(probe, Verdict::kAnswered, Reason::kUnspecified);
  EXPECT_EQ(state(), BreakerState::kClosed);
  EXPECT_TRUE(breaker_.Admits());
  EXPECT_EQ(breaker_.health().consecutive_failures, 0);
}

TEST_F(CircuitBreakerTest, AProbeThatTellsNothingLeavesItsTurnToTheNext) {
  ReachTheNextAttempt();
  Call(Verdict::kNoVerdict);
  EXPECT_EQ(state(), BreakerState::kHalfOpen);
  Call(Verdict::kAnswered);
  EXPECT_EQ(state(), BreakerState::kClosed);
}

TEST_F(CircuitBreakerTest, BackoffDoublesToItsLimitAndStartsAnewAfterSuccess) {
  for (const int expected : {1, 2, 4, 8, 16, 30, 30}) {
    const Deadline before = clock_.now;
    ReachTheNextAttempt();
    EXPECT_EQ(clock_.now - before, seconds(expected));
    Call(Verdict::kFailed);
  }
  EXPECT_EQ(breaker_.health().consecutive_failures, 12);
  ReachTheNextAttempt();
  Call(Verdict::kAnswered);
  Call(Verdict::kFailed, 5);
  EXPECT_EQ(breaker_.retry_at(), clock_.now + seconds(1));
}

TEST_F(CircuitBreakerTest, JitterTakesAPartOfTheBackoff) {
  jitter_ = 0.25;
  Call(Verdict::kFailed, 5);
  EXPECT_EQ(breaker_.retry_at(), clock_.now + milliseconds(250));
  ReachTheNextAttempt();
  jitter_ = 0.5;
  Call(Verdict::kFailed);
  EXPECT_EQ(breaker_.retry_at(), clock_.now + seconds(1));
}

TEST_F(CircuitBreakerTest, EndsOfCallsFromBeforeAChangeAreOnlyCounted) {
  const auto early = breaker_.Start();
  const auto other = breaker_.Start();
  Call(Verdict::kFailed, 5);
  breaker_.End(early, Verdict::kAnswered, Reason::kUnspecified);
  EXPECT_EQ(state(), BreakerState::kOpen);
  ReachTheNextAttempt();
  const auto probe = breaker_.Start();
  breaker_.End(other, Verdict::kFailed, Reason::kRootUnavailable);
  EXPECT_EQ(state(), BreakerState::kHalfOpen);
  EXPECT_FALSE(breaker_.Admits());
  EXPECT_EQ(breaker_.health().failures, 6u);
  breaker_.End(probe, Verdict::kAnswered, Reason::kUnspecified);
  EXPECT_EQ(state(), BreakerState::kClosed);
}

TEST_F(CircuitBreakerTest, ClosingForgetsTheFailuresBefore) {
  ReachTheNextAttempt();
  Call(Verdict::kAnswered);
  Call(Verdict::kFailed, 4);
  EXPECT_EQ(state(), BreakerState::kClosed);
}

TEST(RandomFraction, IsAFractionAndNotTheSame) {
  bool differs = false;
  const double first = RandomFraction();
  for (int i = 0; i < 100; ++i) {
    const double next = RandomFraction();
    EXPECT_GE(next, 0);
    EXPECT_LT(next, 1);
    differs = differs || next != first;
  }
  EXPECT_TRUE(differs);
}

TEST(BreakerStateName, NamesEach) {
  EXPECT_EQ(BreakerStateName(BreakerState::kClosed), "closed");
  EXPECT_EQ(BreakerStateName(BreakerState::kOpen), "open");
  EXPECT_EQ(BreakerStateName(BreakerState::kHalfOpen), "half-open");
}

}  // namespace
}  // namespace fieldkms
