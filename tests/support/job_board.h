// JobBoard is a service's list of one job, in memory: for tests of workers that need to see or to
// cut what these ask, where the real service is not the matter. What rewraps is a real client.
#ifndef FIELDKMS_TESTS_SUPPORT_JOB_BOARD_H_
#define FIELDKMS_TESTS_SUPPORT_JOB_BOARD_H_

#include <functional>
#include <mutex>

#include "clients/cpp/client.h"
#include "rotation/service_calls.h"
#include "rotation/table_sql.h"

namespace fieldkms::testing {

// Thread-safe.
class JobBoard {
 public:
  // A job in state RUNNING, of `tenant` and key `key`.
  JobBoard(Client& client, const std::string& tenant, const std::string& key,
           const rotation::Target& target);

  rotation::ServiceCalls Calls();

  v1::RotationJob job() const;
  void SetState(v1::RotationState state);
  // Changes the job as `change` does.
  void Change(const std::function<void(v1::RotationJob*)>& change);
  void SetBarrier(bool passed);
  // Called before each Rewrap; an error is its outcome.
  void BeforeRewrap(std::function<absl::Status()> hook);

 private:
  absl::StatusOr<v1::RotationJob> Finish(const v1::FinishJobRequest& request);
  absl::StatusOr<v1::BatchRewrapResponse> Rewrap(const v1::BatchRewrapRequest& request);

  Client& client_;
  mutable std::mutex mutex_;
  v1::RotationJob job_;
  bool barrier_passed_ = true;
  std::function<absl::Status()> before_rewrap_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_JOB_BOARD_H_
