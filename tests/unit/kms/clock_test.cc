#include "kms/clock.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::steady_clock;

// A clock that stands still, far from the machine's.
class StoppedClock final : public Clock {
 public:
  WallTime Now() const override { return {}; }
  steady_clock::time_point Steady() const override { return time_; }

 private:
  const steady_clock::time_point time_{hours(1)};
};

TEST(SystemClock, TellsTheMachinesTime) {
  const auto wall = std::chrono::system_clock::now();
  const WallTime now = SystemClock().Now();
  EXPECT_GE(now + std::chrono::microseconds(1), wall);
  const auto steady = steady_clock::now();
  EXPECT_GE(SystemClock().Steady(), steady);
  EXPECT_EQ(&SystemClock(), &SystemClock());
}

TEST(WakeTime, IsNotBeforeTheDeadline) {
  for (int i = 0; i < 1000; ++i) {
    const Deadline deadline = steady_clock::now() + seconds(i);
    ASSERT_GE(WakeTime(SystemClock(), deadline), deadline);
  }
}

TEST(WakeTime, TranslatesBetweenClocks) {
  const StoppedClock clock;
  const auto before = steady_clock::now();
  const Deadline wake = WakeTime(clock, clock.Steady() + seconds(5));
  EXPECT_GE(wake, before + seconds(5));
  EXPECT_LE(wake, steady_clock::now() + seconds(5));
  for (const Deadline passed : {clock.Steady(), clock.Steady() - seconds(1), Deadline::min()}) {
    const Deadline at_once = WakeTime(clock, passed);
    EXPECT_LE(at_once, steady_clock::now());
  }
}

TEST(WakeTime, NeverIsFarButCanBeWaitedFor) {
  for (const Deadline never : {kNoDeadline, kNoDeadline - seconds(1)}) {
    const Deadline wake = WakeTime(SystemClock(), never);
    EXPECT_GT(wake, steady_clock::now() + hours(24 * 365));
    EXPECT_LT(wake, kNoDeadline - hours(24 * 365));
  }
}

}  // namespace
}  // namespace fieldkms
