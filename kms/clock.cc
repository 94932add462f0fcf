#include "kms/clock.h"

namespace fieldkms {
namespace {

class MachineClock final : public Clock {
 public:
  WallTime Now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
  }
  std::chrono::steady_clock::time_point Steady() const override {
    return std::chrono::steady_clock::now();
  }
};

}  // namespace

const Clock& SystemClock() {
  static const MachineClock clock;
  return clock;
}

Deadline WakeTime(const Clock& clock, Deadline deadline) {
  // Ten years stand for "never": condition variables convert to other clocks and
  // types, and the largest time point overflows there.
  constexpr std::chrono::hours kNever{10 * 365 * 24};
  // In this order, so that a wait ends no earlier than the deadline.
  const Deadline clock_now = clock.Steady();
  const Deadline now = std::chrono::steady_clock::now();
  if (deadline <= clock_now) return now;
  if (deadline >= clock_now + kNever) return now + kNever;
  return now + (deadline - clock_now);
}

}  // namespace fieldkms
