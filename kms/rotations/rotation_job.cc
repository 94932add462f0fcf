#include "kms/rotations/rotation_job.h"

#include <utility>

#include "crypto/status.h"

namespace fieldkms {

absl::StatusOr<RotationJob> JobFromRecord(RotationJobRecord record) {
  RotationJob job;
  if (!job.details.ParseFromString(record.spec) || !job.progress.ParseFromString(record.progress)) {
    return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
                 "a rotation job of the store cannot be read");
  }
  job.record = std::move(record);
  job.record.spec.clear();
  job.record.progress.clear();
  return job;
}

RotationJobRecord JobToRecord(const RotationJob& job) {
  RotationJobRecord record = job.record;
  record.spec = job.details.SerializeAsString();
  record.progress = job.progress.SerializeAsString();
  return record;
}

}  // namespace fieldkms
