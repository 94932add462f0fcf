// What workers say of a job: which reports are kept, and how they join what is there.
#ifndef FIELDKMS_KMS_ROTATIONS_JOB_REPORTS_H_
#define FIELDKMS_KMS_ROTATIONS_JOB_REPORTS_H_

#include <chrono>
#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "kms/clock.h"
#include "kms/rotations/rotation_job.h"

namespace fieldkms {

// A worker that was not heard for so long is gone.
inline constexpr std::chrono::seconds kWorkerSilence{60};
// Of more workers than these, those heard last are kept.
inline constexpr size_t kMaxRotationWorkers = 256;

struct RotationReport {
  v1::RotationWorker worker;
  v1::RotationProgress progress;
  bool leaving = false;
  // The start that the worker works on; none: whichever.
  std::optional<WallTime> start = std::nullopt;
};

// Errors: kInvalidField, naming the field of the request: "worker.worker",
// "progress.tables[3].table".
absl::Status CheckReport(const RotationReport& report);
absl::Status CheckProgress(const v1::RotationProgress& progress);

// Report keeps a worker's beat and, unless it is behind, the progress: of a job that is PLANNED or
// PAUSED only the beat, so that it can be seen who waits; of one that has ended, or was started
// anew since, nothing. Returns whether there is something to write. Unlike decisions (job_rules.h)
// it leaves the job's edition as it is.
absl::StatusOr<bool> Report(RotationJob* job, const RotationReport& report, WallTime now);

// MergeProgress takes `said` instead of `kept`, but for the workers, unless it is behind: by pass,
// then by phase, then by how many rows were counted. Several workers report what one database
// counts, and their reports may overtake each other.
void MergeProgress(const v1::RotationProgress& said, v1::RotationProgress* kept);

// `progress` with only those workers that were heard within kWorkerSilence.
v1::RotationProgress WithoutGoneWorkers(v1::RotationProgress progress, WallTime now);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROTATIONS_JOB_REPORTS_H_
