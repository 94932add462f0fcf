// What holding leases needs of the world, so that tests need not wait.
#ifndef FIELDKMS_CLIENTS_CPP_LEASE_ENVIRONMENT_H_
#define FIELDKMS_CLIENTS_CPP_LEASE_ENVIRONMENT_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace fieldkms {

// LeaseClock: the time since the machine was started, CLOCK_BOOTTIME. No step of a wall
// clock touches it, and unlike std::chrono::steady_clock it counts while the machine is
// suspended: a lease goes on ending then. A type of its own, so that the two do not mix. (A
// virtual machine that is stopped from outside counts what its kernel is told of; of the
// rest nobody inside can know.)
struct LeaseClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<LeaseClock>;
  static constexpr bool is_steady = true;
  static time_point now();
};
using LeaseTime = LeaseClock::time_point;

// Thread-safe.
class LeaseEnvironment {
 public:
  virtual ~LeaseEnvironment() = default;
  virtual LeaseTime Now() = 0;
  // Uniform in [0, 1).
  virtual double Jitter() = 0;
  // Wait returns when `woken` is notified or Now() is `until`, perhaps earlier; where the
  // machine was suspended meanwhile, perhaps ten seconds after it is back, since nothing
  // wakes a thread by LeaseClock. `lock` is held at the call and at the return, as with
  // std::condition_variable::wait.
  virtual void Wait(std::condition_variable& woken, std::unique_lock<std::mutex>& lock,
                    LeaseTime until) = 0;

  // The machine's, by LeaseClock; lives as long as the process.
  static LeaseEnvironment& Real();
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_LEASE_ENVIRONMENT_H_
