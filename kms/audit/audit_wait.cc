#include "kms/audit/audit_wait.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

// Told under the lock: who waits may then end at once.
class Waiter final : public AuditWaiter {
 public:
  void OnAudited(const absl::Status& status) override {
    const std::lock_guard lock(mutex_);
    status_ = DeepCopy(status);
    told_.notify_one();
  }
  absl::Status Await() {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [this] { return status_.has_value(); });
    return *std::move(status_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  std::optional<absl::Status> status_;
};

}  // namespace

absl::Status AppendAndWait(AuditSink& audit, const AuditRecord& record) {
  Waiter waiter;
  audit.Append(record, &waiter);
  return waiter.Await();
}

}  // namespace fieldkms
