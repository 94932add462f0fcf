// BoundedWorkers runs calls into code that may hang, such as the module of a hardware
// token, so that a caller waits no longer than its deadline.
#ifndef FIELDKMS_KMS_ROOT_BOUNDED_WORKERS_H_
#define FIELDKMS_KMS_ROOT_BOUNDED_WORKERS_H_

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "kms/clock.h"

namespace fieldkms {

// A fixed number of threads. A job that does not return in time keeps its thread and
// what it captured, and its caller goes on; the thread serves again once the job
// returns. Threads are never killed: what hangs may hold locks of the library.
// Thread-safe.
class BoundedWorkers {
 public:
  // A job is given the number of its worker (0 to threads - 1), which runs one job at
  // a time. It may outlive its caller, so it owns or shares all that it touches.
  using Job = std::function<void(size_t worker)>;

  // `at_exit` runs on each worker as its last job; it is dropped after the last.
  BoundedWorkers(size_t threads, Job at_exit);
  // No Run may be under way. Waits for the workers that do not hang to end, for
  // `kExitWait` at most, and leaves the others behind.
  ~BoundedWorkers();
  BoundedWorkers(const BoundedWorkers&) = delete;
  BoundedWorkers& operator=(const BoundedWorkers&) = delete;

  // Run returns OK after `job` has run. kDeadlineExceeded, reason kDeadlineExceeded,
  // when `deadline` passes first: then the job runs on if it was started, and never
  // runs if not. kUnavailable, reason kRootUnavailable, at once where every worker
  // hangs in a job that its caller gave up, and in the child of a fork, which has no
  // workers.
  absl::Status Run(Job job, Deadline deadline);

  static constexpr std::chrono::seconds kExitWait{5};

 private:
  struct State;
  static void Work(const std::shared_ptr<State>& state, size_t worker, Job at_exit);

  const std::shared_ptr<State> state_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_BOUNDED_WORKERS_H_
