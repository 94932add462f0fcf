#include "clients/cpp/lease_environment.h"

#include <algorithm>
#include <ctime>

#include "clients/cpp/retry.h"

namespace fieldkms {
namespace {

// Waits are by the steady clock, which stands still while the machine is suspended: after a
// longer one the thread would wipe what has ended later by as much.
constexpr std::chrono::seconds kLongestWait{10};

class RealEnvironment final : public LeaseEnvironment {
 public:
  RealEnvironment() : retry_(RetryEnvironment::Real()) {}

  LeaseTime Now() override { return LeaseClock::now(); }
  double Jitter() override { return retry_.jitter(); }
  void Wait(std::condition_variable& woken, std::unique_lock<std::mutex>& lock,
            LeaseTime until) override {
    woken.wait_for(lock, std::min<LeaseClock::duration>(until - Now(), kLongestWait));
  }

 private:
  const RetryEnvironment retry_;
};

}  // namespace

LeaseTime LeaseClock::now() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);  // fails for clocks that are unknown only
  return LeaseTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

LeaseEnvironment& LeaseEnvironment::Real() {
  static LeaseEnvironment& real = *new RealEnvironment;
  return real;
}

}  // namespace fieldkms
