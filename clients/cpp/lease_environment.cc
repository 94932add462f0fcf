#include "clients/cpp/lease_environment.h"

namespace fieldkms {
namespace {

class RealEnvironment final : public LeaseEnvironment {
 public:
  TimePoint Now() override { return std::chrono::steady_clock::now(); }
  double Jitter() override { return RetryEnvironment::Real().jitter(); }
  void Wait(std::condition_variable& woken, std::unique_lock<std::mutex>& lock,
            TimePoint until) override {
    woken.wait_until(lock, until);
  }
};

}  // namespace

LeaseEnvironment& LeaseEnvironment::Real() {
  static LeaseEnvironment& real = *new RealEnvironment;
  return real;
}

}  // namespace fieldkms
