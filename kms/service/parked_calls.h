// ParkedCalls: calls that wait until something has changed in the store, and hold no thread
// meanwhile.
#ifndef FIELDKMS_KMS_SERVICE_PARKED_CALLS_H_
#define FIELDKMS_KMS_SERVICE_PARKED_CALLS_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "kms/clock.h"
#include "kms/service/executor.h"

namespace fieldkms {

// Until the store has had a change after `change`, or it is `until`.
struct Wait {
  uint64_t change = 0;
  Deadline until;
};

// Thread-safe.
class ParkedCalls {
 public:
  static constexpr size_t kMost = 64;
  // How often it is looked whether the store has changed: a call that waits runs no more often.
  static constexpr std::chrono::milliseconds kLook{500};

  // `newest`: the newest change that this replica knows of; it must not block. Nothing is owned;
  // all of it outlives this.
  ParkedCalls(Executor& executor, const Clock& clock, std::function<uint64_t()> newest);
  // Nothing may be parked any more.
  ~ParkedCalls();

  // Park has `task` run on the executor when its wait is over, perhaps before Park returns. Errors,
  // after which it is not parked: kResourceExhausted, kOverloaded, where kMost are; kUnavailable,
  // kDraining, after Close.
  absl::Status Park(Task* task, const Wait& wait);

  // Close ends all waits. Nothing is parked after it.
  void Close();

 private:
  struct Parked {
    Task* task;
    Wait wait;
  };
  void Work();
  void RunThoseDue();
  Deadline NextTime() const;

  Executor& executor_;
  const Clock& clock_;
  const std::function<uint64_t()> newest_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Parked> parked_;
  Deadline look_at_;  // when the newest change is asked for next
  bool closed_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_PARKED_CALLS_H_
