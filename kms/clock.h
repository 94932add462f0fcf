// Time, as a parameter.
#ifndef FIELDKMS_KMS_CLOCK_H_
#define FIELDKMS_KMS_CLOCK_H_

#include <chrono>

namespace fieldkms {

// UTC wall time in microseconds: what records and audit lines carry.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
// Monotonic time: what deadlines and limits are measured in.
using Deadline = std::chrono::steady_clock::time_point;
inline constexpr Deadline kNoDeadline = Deadline::max();

// Clock is the one source of both, so that tests can bend it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Now() const = 0;
  virtual std::chrono::steady_clock::time_point Steady() const = 0;
};

// The machine's clocks; lives as long as the process.
const Clock& SystemClock();

// WakeTime translates a deadline on `clock` to the machine's steady clock, for
// waits on a std::condition_variable, which knows no other clock.
Deadline WakeTime(const Clock& clock, Deadline deadline);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_CLOCK_H_
