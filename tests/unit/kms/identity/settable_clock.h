// A clock of which both times stand until the test moves them.
#ifndef FIELDKMS_TESTS_UNIT_KMS_IDENTITY_SETTABLE_CLOCK_H_
#define FIELDKMS_TESTS_UNIT_KMS_IDENTITY_SETTABLE_CLOCK_H_

#include "kms/clock.h"

namespace fieldkms::testing {

// For tests of one thread.
class SettableClock final : public Clock {
 public:
  WallTime Now() const override { return now; }
  std::chrono::steady_clock::time_point Steady() const override {
    return Deadline(std::chrono::hours(1)) + now.time_since_epoch();
  }
  WallTime now{std::chrono::seconds(1'800'000'000)};  // in 2027
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_IDENTITY_SETTABLE_CLOCK_H_
