// Rotations: jobs, on the store. It reads, applies a rule (job_rules.h, job_reports.h,
// write_barrier.h) and writes if nobody has written in between, else tries again.
#ifndef FIELDKMS_KMS_ROTATIONS_ROTATIONS_H_
#define FIELDKMS_KMS_ROTATIONS_ROTATIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "kms/clock.h"
#include "kms/rotations/job_reports.h"
#include "kms/rotations/job_rules.h"
#include "kms/rotations/rotation_job.h"
#include "kms/rotations/write_barrier.h"
#include "kms/store/store.h"

namespace fieldkms {

struct JobRef {
  std::string_view tenant;
  std::string_view job_id;
};

struct NewRotation {
  std::string_view tenant;
  v1::RotationSpec spec;
  bool start = false;
  std::string_view request_id;  // unique within the tenant
  std::string schedule_id = {};
};

// Safe for concurrent use. Neither is owned. What changes a job is durable when it returns OK, and
// may be repeated: after kUnavailable nobody knows whether it happened. Errors beside those of the
// rules and the store: kRotationNotFound; kEtagMismatch (kAborted) where others change the job all
// the time.
class Rotations {
 public:
  Rotations(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // CheckNew: whether a job's form is right. Error: kInvalidField.
  static absl::Status CheckNew(const NewRotation& job);
  // Create makes a job, or finds the one that an earlier attempt of the request made, as it is by
  // now. Errors: those of CheckNew; kRequestIdReused; as Start, also where it is not started yet.
  absl::StatusOr<RotationJob> Create(const NewRotation& wanted, Deadline deadline);

  // Start reads the keys of the job. Errors: kTenantNotFound, kKeyNotFound, kKeyPurpose, kKeyState,
  // naming "spec.key" or "spec.destination_key"; kInvalidField where both are the same key.
  absl::StatusOr<RotationJob> Start(const JobRef& ref, Deadline deadline);
  absl::StatusOr<RotationJob> Pause(const JobRef& ref, Deadline deadline);
  absl::StatusOr<RotationJob> Resume(const JobRef& ref, Deadline deadline);
  absl::StatusOr<RotationJob> Cancel(const JobRef& ref, Deadline deadline);
  absl::StatusOr<RotationJob> UpdateLimits(const JobRef& ref, const v1::RotationLimits& limits,
                                           uint64_t edition, Deadline deadline);
  absl::StatusOr<RotationJob> ReportProgress(const JobRef& ref, const RotationReport& report,
                                             Deadline deadline);
  absl::StatusOr<RotationJob> Finish(const JobRef& ref, const RotationEnd& end, Deadline deadline);

  // Barrier looks whether the write barrier of a job is passed, and keeps it if so. Error:
  // kFailedPrecondition, kRotationState, for a job that was not started, or has ended before.
  absl::StatusOr<BarrierView> Barrier(const JobRef& ref, Deadline deadline);

  absl::StatusOr<RotationJob> Get(const JobRef& ref, Deadline deadline);
  // Newest first, as RotationStore::ListRotationJobs.
  absl::StatusOr<std::vector<RotationJob>> List(std::string_view tenant,
                                                const RotationJobFilter& filter, size_t limit,
                                                Deadline deadline);

 private:
  using Rule = std::function<absl::StatusOr<bool>(RotationJob*)>;
  absl::StatusOr<RotationJob> Change(const JobRef& ref, const Rule& rule, Deadline deadline);
  absl::StatusOr<RotationJob> Put(RotationJob job, Deadline deadline);
  absl::StatusOr<std::optional<RotationJob>> Find(const RotationJob& wanted, Deadline deadline);
  absl::StatusOr<std::optional<WallTime>> LastLease(const RotationJob& job, Deadline deadline);

  Store& store_;
  const Clock& clock_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROTATIONS_ROTATIONS_H_
