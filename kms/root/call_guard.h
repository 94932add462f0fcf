// CallGuard stands between callers and something that may hang or be down: no more
// calls at a time than it should bear, none longer than it should take, and none at
// all while it is down.
#ifndef FIELDKMS_KMS_ROOT_CALL_GUARD_H_
#define FIELDKMS_KMS_ROOT_CALL_GUARD_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/root/call_threads.h"
#include "kms/root/circuit_breaker.h"
#include "kms/root/root_health.h"

namespace fieldkms {

struct GuardOptions {
  int max_in_flight = 8;
  std::chrono::nanoseconds call_timeout = std::chrono::seconds(5);
  BreakerOptions breaker = {};
  // Called after each change of the state, without a lock, before the caller whose
  // call made the change has its answer. From any thread; two changes that come at
  // once may be told as one.
  std::function<void(const RootHealth&)> on_change = {};
};

// Thread-safe.
class CallGuard {
 public:
  // `name` is what errors call the thing that is called. `clock` outlives this object.
  // Starts `max_in_flight` threads.
  CallGuard(std::string name, GuardOptions options, const Clock& clock);
  // Waits for the calls in flight, even those that hang.
  ~CallGuard() = default;
  CallGuard(const CallGuard&) = delete;
  CallGuard& operator=(const CallGuard&) = delete;

  // A call, given the time by which it has to end: call_timeout from its start. That
  // is not its caller's deadline: callers in a hurry must neither make a root look
  // down nor hide that it is. It may run on after Run has returned, so it owns what it
  // uses.
  using Call = std::function<absl::Status(Deadline)>;

  // Run returns what `call` returned. Instead of it,
  // kUnavailable, reason kRootUnavailable: at once, if the breaker is not closed (the
  // message says since when, RetryAfterOf how long until the next attempt) or an attempt
  // is due and all calls in flight hang; or if `call` did not end in call_timeout.
  // kDeadlineExceeded, reason kDeadlineExceeded, at `deadline`, whether the call had
  // begun or not.
  absl::Status Run(Call call, Deadline deadline);

  RootHealth Health() const;

 private:
  // A call in flight. All but `must_end` and `began` change under mutex_.
  struct Flight {
    CircuitBreaker::Epoch began;
    Deadline must_end;
    bool counted = false;  // Its outcome is known to the breaker.
    bool ended = false;
    absl::Status status;
  };
  using FlightPtr = std::shared_ptr<Flight>;

  absl::StatusOr<FlightPtr> Begin(Deadline deadline);
  absl::Status AwaitRoom(std::unique_lock<std::mutex>& lock, Deadline deadline);
  void Fly(Flight& flight, const Call& call);
  absl::Status Await(Flight& flight, Deadline deadline);
  void TellOfChange();

  // With mutex_ held.
  bool HasRoom() const { return std::ssize(flights_) < options_.max_in_flight; }
  void CountEnd(Flight& flight, const absl::Status& status);
  void CountOverdue();
  Deadline NextOverdue() const;
  RootHealth HealthNow() const;
  absl::Status Refusal() const;

  absl::Status TimedOut() const;

  const std::string name_;
  const GuardOptions options_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  CircuitBreaker breaker_;
  CircuitBreaker::Epoch told_;
  std::vector<FlightPtr> flights_;
  int waiting_ = 0;
  CallThreads threads_;  // The last, so that it ends before what its calls use.
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_CALL_GUARD_H_
