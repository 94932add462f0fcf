// A rotation job as its rules see it, and as the store keeps it.
#ifndef FIELDKMS_KMS_ROTATIONS_ROTATION_JOB_H_
#define FIELDKMS_KMS_ROTATIONS_ROTATION_JOB_H_

#include "absl/status/statusor.h"
#include "fieldkms/rotations/records.pb.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "kms/clock.h"
#include "kms/store/rotation_store.h"

namespace fieldkms {

struct RotationJob {
  // Its `spec` and `progress` are empty: they are what follows.
  RotationJobRecord record;
  rotations::JobDetails details;
  // With workers that may have gone since; see WithoutGoneWorkers in job_reports.h.
  v1::RotationProgress progress;
};

// Error: kDataLoss, kStoreCorrupt, for a record that JobToRecord did not make.
absl::StatusOr<RotationJob> JobFromRecord(RotationJobRecord record);
RotationJobRecord JobToRecord(const RotationJob& job);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROTATIONS_ROTATION_JOB_H_
