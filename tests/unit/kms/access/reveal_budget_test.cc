#include "kms/access/reveal_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;

constexpr nanoseconds kNone{0};

class RevealBudgetsTest : public ::testing::Test {
 protected:
  RevealBudgetsTest() {
    budgets_.Add("clerk", {60, /*stop=*/true});
    budgets_.Add("support", {60, /*stop=*/false});
    budgets_.Add("shop", {});
  }
  nanoseconds Take(const char* principal, uint32_t values) {
    return budgets_.Take({principal}, values, now_);
  }
  uint64_t Excess() {
    uint64_t values = 0;
    for (const auto& excess : budgets_.TakeExcesses()) values += excess.values;
    return values;
  }

  RevealBudgets budgets_;
  std::chrono::steady_clock::time_point now_{hours(1'000)};
};

TEST_F(RevealBudgetsTest, WhoIsToStopIsToldHowLong) {
  EXPECT_EQ(Take("clerk", 60), kNone);
  EXPECT_EQ(Excess(), 0u);
  EXPECT_EQ(Take("clerk", 2), minutes(2)) << "a value a minute comes back";
  EXPECT_EQ(Excess(), 2u);
  EXPECT_EQ(Excess(), 0u) << "told once";
  now_ += minutes(2);
  EXPECT_EQ(Take("clerk", 2), kNone);
  EXPECT_NE(Take("clerk", 1), kNone);
  now_ += hours(1);
  EXPECT_EQ(Take("clerk", 60), kNone) << "full again, and no fuller";
  EXPECT_NE(Take("clerk", 1), kNone);
}

TEST_F(RevealBudgetsTest, WhoIsNotGoesOnAndIsTold) {
  EXPECT_EQ(Take("support", 60), kNone);
  EXPECT_EQ(Take("support", 5), kNone);
  const auto excesses = budgets_.TakeExcesses();
  ASSERT_EQ(excesses.size(), 1u);
  EXPECT_EQ(excesses[0].principal, "support");
  EXPECT_EQ(excesses[0].values, 5u);
  EXPECT_EQ(excesses[0].per_hour, 60);
}

TEST_F(RevealBudgetsTest, WhoHasNoneIsNotCounted) {
  for (const char* const name : {"shop", "anybody"}) EXPECT_EQ(Take(name, 1'000'000), kNone);
  EXPECT_EQ(Excess(), 0u);
}

TEST_F(RevealBudgetsTest, ABatchBeyondTheHourIsTheHour) {
  EXPECT_EQ(Take("clerk", 1'000), kNone);
  EXPECT_NE(Take("clerk", 1), kNone);
}

TEST_F(RevealBudgetsTest, ManyThreadsGetNoMoreThanThereIs) {
  std::atomic<int> shown = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, &shown] {
      for (int n = 0; n < 100; ++n) shown += Take("clerk", 1) == kNone ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shown, 60);
  EXPECT_EQ(Excess(), 340u);
}

}  // namespace
}  // namespace fieldkms
