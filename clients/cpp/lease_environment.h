// What holding leases needs of the world, so that tests need not wait.
#ifndef FIELDKMS_CLIENTS_CPP_LEASE_ENVIRONMENT_H_
#define FIELDKMS_CLIENTS_CPP_LEASE_ENVIRONMENT_H_

#include <condition_variable>
#include <mutex>

#include "clients/cpp/retry.h"

namespace fieldkms {

// Thread-safe.
class LeaseEnvironment {
 public:
  virtual ~LeaseEnvironment() = default;
  // A clock that no step of a wall clock touches.
  virtual TimePoint Now() = 0;
  // Uniform in [0, 1).
  virtual double Jitter() = 0;
  // Wait returns when `woken` is notified or Now() is `until`, perhaps earlier. `lock` is
  // held at the call and at the return, as with std::condition_variable::wait.
  virtual void Wait(std::condition_variable& woken, std::unique_lock<std::mutex>& lock,
                    TimePoint until) = 0;

  // The machine's; lives as long as the process.
  static LeaseEnvironment& Real();
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_LEASE_ENVIRONMENT_H_
