// A clock that stands until the test moves it.
#ifndef FIELDKMS_TESTS_SUPPORT_FAKE_CLOCK_H_
#define FIELDKMS_TESTS_SUPPORT_FAKE_CLOCK_H_

#include "kms/clock.h"

namespace fieldkms::testing {

// FakeClock is for tests of one thread.
class FakeClock final : public Clock {
 public:
  WallTime Now() const override { return {}; }
  std::chrono::steady_clock::time_point Steady() const override { return now; }
  std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_FAKE_CLOCK_H_
