// The rules of the life of a rotation job, as pure functions of the job, of what is asked for and
// of the time.
//
//   PLANNED → RUNNING by starting;  RUNNING ⇄ PAUSED;  RUNNING → DONE or FAILED by finishing
//   FAILED → RUNNING by starting anew;  all but DONE → CANCELLED
//
// Each returns whether the job was changed: one that is what is asked for already is left as it
// is. Errors: kFailedPrecondition, kRotationState, where the job's state forbids it.
#ifndef FIELDKMS_KMS_ROTATIONS_JOB_RULES_H_
#define FIELDKMS_KMS_ROTATIONS_JOB_RULES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "kms/clock.h"
#include "kms/rotations/rotation_job.h"

namespace fieldkms {

// From what a job starts: the versions of its keys at a moment, and a change of the store at which
// they were these.
struct RotationStart {
  v1::RotationTarget target;
  uint64_t change = 0;
};

// How a job ends: with what it came to, or with an error.
struct RotationEnd {
  std::string error;  // "": it is done
  v1::RotationOutcome outcome;
  v1::RotationProgress progress;
  // The start that it is the end of; none: whichever.
  std::optional<WallTime> start = std::nullopt;
};

absl::StatusOr<bool> StartJob(RotationJob* job, const RotationStart& start, WallTime now);
absl::StatusOr<bool> PauseJob(RotationJob* job, WallTime now);
absl::StatusOr<bool> ResumeJob(RotationJob* job, WallTime now);
absl::StatusOr<bool> CancelJob(RotationJob* job, WallTime now);
// `limits` are checked. Error: kAborted, kEtagMismatch, where the job's edition is not `edition`
// any more (0: whatever it is).
absl::StatusOr<bool> SetLimits(RotationJob* job, const v1::RotationLimits& limits, uint64_t edition,
                               WallTime now);
// FinishJob takes the outcome's counts and passes; its times are set here. What cannot be done
// before the write barrier was passed: kRotationState.
absl::StatusOr<bool> FinishJob(RotationJob* job, const RotationEnd& end, WallTime now);

// Whether StartJob would start it, before its keys are looked at. Errors: as StartJob.
absl::StatusOr<bool> MayStart(const RotationJob& job);

// Error: kInvalidField, for an error of more than kMaxRotationError bytes, or one that comes with
// an outcome.
absl::Status CheckEnd(const RotationEnd& end);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROTATIONS_JOB_RULES_H_
