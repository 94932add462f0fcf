#include "clients/cpp/retry.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

AttemptResult Ok() { return {absl::OkStatus(), std::nullopt}; }
AttemptResult Unavailable(std::optional<milliseconds> retry_after = std::nullopt) {
  return {Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable, "down"), retry_after};
}
AttemptResult RateLimited(std::optional<milliseconds> retry_after) {
  return {Error(absl::StatusCode::kResourceExhausted, Reason::kRateLimited, "slow down"),
          retry_after};
}

// A world whose time passes only by sleeping.
class FakeWorld {
 public:
  RetryEnvironment Environment() {
    return {.now = [this] { return now_; },
            .sleep =
                [this](milliseconds time) {
                  now_ += time;
                  sleeps.push_back(time);
                },
            .jitter = [this] { return jitter; }};
  }
  void Pass(milliseconds time) { now_ += time; }

  double jitter = 0.5;
  std::vector<milliseconds> sleeps;

 private:
  TimePoint now_{};
};

class RetrierTest : public ::testing::Test {
 protected:
  // Runs one call whose attempts come to `script` in turn, the last one for ever.
  absl::Status Run(Retrier& retrier, const std::vector<AttemptResult>& script,
                   milliseconds timeout = milliseconds(10'000)) {
    attempts_ = 0;
    return retrier.Run(timeout, [&](TimePoint) {
      const size_t index = std::min(attempts_++, script.size() - 1);
      return script[index];
    });
  }

  FakeWorld world_;
  size_t attempts_ = 0;
};

TEST_F(RetrierTest, RetriesUnavailableUntilItSucceeds) {
  Retrier retrier({.max_attempts = 4}, 100, world_.Environment());
  EXPECT_OK(Run(retrier, {Unavailable(), Unavailable(), Ok()}));
  EXPECT_EQ(attempts_, 3u);
  EXPECT_THAT(world_.sleeps, ElementsAre(milliseconds(25), milliseconds(50)));
}

TEST_F(RetrierTest, GivesUpAfterItsAttemptsWithTheLastError) {
  Retrier retrier({.max_attempts = 3}, 100, world_.Environment());
  EXPECT_THAT(Run(retrier, {Unavailable(), Unavailable(), RateLimited(milliseconds(1)), Ok()}),
              StatusIs(absl::StatusCode::kResourceExhausted, Reason::kRateLimited));
  EXPECT_EQ(attempts_, 3u);
}

// A call that must not act twice is repeated only where it has not acted.
TEST_F(RetrierTest, RetriesWhatWasNotBegunWhereTheRuleSaysSo) {
  const AttemptResult draining = {
      Error(absl::StatusCode::kUnavailable, Reason::kDraining, "going down"), std::nullopt};
  const AttemptResult lost = {
      Error(absl::StatusCode::kUnavailable, Reason::kUnspecified, "the connection broke"),
      std::nullopt};
  EXPECT_TRUE(WasNotBegun(draining));
  EXPECT_TRUE(WasNotBegun(RateLimited(milliseconds(1))));
  EXPECT_FALSE(WasNotBegun(RateLimited(std::nullopt)));
  EXPECT_FALSE(WasNotBegun(Unavailable(milliseconds(1))));
  EXPECT_FALSE(WasNotBegun(lost));
  EXPECT_FALSE(WasNotBegun(Ok()));
  Retrier retrier({.max_attempts = 4}, 100, world_.Environment());
  const AttemptResult script[] = {draining, lost, Ok()};
  EXPECT_THAT(
      retrier.Run(
          milliseconds(10'000), [&](TimePoint) { return script[attempts_++]; }, WasNotBegun),
      StatusIs(absl::StatusCode::kUnavailable, Reason::kUnspecified));
  EXPECT_EQ(attempts_, 2u);
}

TEST_F(RetrierTest, LeavesOtherFailuresAlone) {
  Retrier retrier({}, 100, world_.Environment());
  for (const absl::StatusCode code :
       {absl::StatusCode::kInvalidArgument, absl::StatusCode::kNotFound,
        absl::StatusCode::kAlreadyExists, absl::StatusCode::kPermissionDenied,
        absl::StatusCode::kAborted, absl::StatusCode::kFailedPrecondition,
        absl::StatusCode::kDeadlineExceeded, absl::StatusCode::kInternal,
        absl::StatusCode::kCancelled, absl::StatusCode::kUnauthenticated}) {
    EXPECT_EQ(Run(retrier, {{Error(code, Reason::kInternal, "no"), milliseconds(1)}, Ok()}).code(),
              code);
    EXPECT_EQ(attempts_, 1u) << absl::StatusCodeToString(code);
  }
  EXPECT_THAT(world_.sleeps, IsEmpty());
}

TEST_F(RetrierTest, RetriesResourceExhaustedOnlyWhereTheServerSaysWhen) {
  Retrier retrier({}, 100, world_.Environment());
  EXPECT_THAT(Run(retrier, {RateLimited(std::nullopt), Ok()}), StatusIs(Reason::kRateLimited));
  EXPECT_EQ(attempts_, 1u);
  EXPECT_OK(Run(retrier, {RateLimited(milliseconds(700)), Ok()}));
  EXPECT_THAT(world_.sleeps, ElementsAre(milliseconds(725)));
}

TEST_F(RetrierTest, DoesNotBeginAWaitThatOutlastsTheDeadline) {
  Retrier retrier({}, 100, world_.Environment());
  EXPECT_THAT(Run(retrier, {Unavailable(milliseconds(300)), Ok()}, milliseconds(200)),
              StatusIs(Reason::kStoreUnavailable));
  EXPECT_EQ(attempts_, 1u);
  EXPECT_THAT(world_.sleeps, IsEmpty());
}

TEST_F(RetrierTest, AllAttemptsShareOneDeadline) {
  Retrier retrier({.max_attempts = 3}, 100, world_.Environment());
  std::vector<TimePoint> deadlines;
  const absl::Status status = retrier.Run(milliseconds(1'000), [&](TimePoint deadline) {
    deadlines.push_back(deadline);
    world_.Pass(milliseconds(100));
    return Unavailable();
  });
  EXPECT_FALSE(status.ok());
  const TimePoint expected = TimePoint() + milliseconds(1'000);
  EXPECT_THAT(deadlines, ElementsAre(expected, expected, expected));
}

TEST_F(RetrierTest, AnEmptyBudgetEndsRetriesForAllCalls) {
  Retrier retrier({.max_attempts = 10}, 3, world_.Environment());
  EXPECT_FALSE(Run(retrier, {Unavailable()}).ok());
  EXPECT_EQ(attempts_, 4u);  // three tokens
  EXPECT_FALSE(Run(retrier, {Unavailable()}).ok());
  EXPECT_EQ(attempts_, 1u);
}

TEST(RetryBudgetTest, TenGoodCallsPayForOneRetry) {
  RetryBudget budget(1);
  EXPECT_TRUE(budget.Take());
  for (int i = 0; i < 9; ++i) {
    budget.Refill();
    EXPECT_FALSE(budget.Take());
  }
  budget.Refill();
  EXPECT_TRUE(budget.Take());
}

TEST(RetryBudgetTest, NeverHoldsMoreThanItsCapacity) {
  RetryBudget budget(2);
  for (int i = 0; i < 1'000; ++i) budget.Refill();
  EXPECT_TRUE(budget.Take());
  EXPECT_TRUE(budget.Take());
  EXPECT_FALSE(budget.Take());
}

RC_GTEST_PROP(BackoffProperty, StaysWithinItsBounds, ()) {
  const int attempt = *rc::gen::inRange(2, 2'000);
  const RetryPolicy policy{.max_attempts = 2'000,
                           .backoff_base = milliseconds(*rc::gen::inRange(1, 1'000)),
                           .backoff_cap = milliseconds(*rc::gen::inRange(1, 60'000))};
  const double jitter = *rc::gen::inRange(0, 1'000) / 1'000.0;
  const auto asked = milliseconds(*rc::gen::inRange(0, 10'000));
  const bool with_info = *rc::gen::arbitrary<bool>();
  const AttemptResult last = with_info ? Unavailable(asked) : Unavailable();
  const milliseconds lower = with_info ? asked : milliseconds(0);

  const milliseconds wait = BackoffBefore(attempt, policy, last, jitter);
  RC_ASSERT(wait >= lower);
  RC_ASSERT(wait <= lower + policy.backoff_cap);
  if (attempt == 2) RC_ASSERT(wait <= lower + policy.backoff_base);
}

TEST(RetryEnvironmentTest, RealJitterIsAFractionAndVaries) {
  const RetryEnvironment real = RetryEnvironment::Real();
  bool varies = false;
  const double first = real.jitter();
  for (int i = 0; i < 100; ++i) {
    const double next = real.jitter();
    EXPECT_GE(next, 0.0);
    EXPECT_LT(next, 1.0);
    varies = varies || next != first;
  }
  EXPECT_TRUE(varies);
}

}  // namespace
}  // namespace fieldkms
