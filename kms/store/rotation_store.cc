#include "kms/store/rotation_store.h"

#include <array>
#include <cstdint>

#include "crypto/hex.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::Status CheckId(std::string_view field, std::string_view id) {
  std::array<uint8_t, 16> bytes;
  if (!DecodeHex(id, bytes)) return InvalidField(field, "is not 32 lower-case hex digits");
  return absl::OkStatus();
}

absl::Status CheckSpec(std::string_view spec) {
  if (spec.size() > kMaxRotationSpec) return InvalidField("spec", "is above 256 KiB");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRotationJob(const RotationJobRecord& job) {
  FIELDKMS_RETURN_IF_ERROR(CheckId("job_id", job.job_id));
  if (job.data_source.empty()) return InvalidField("data_source", "is empty");
  FIELDKMS_RETURN_IF_ERROR(CheckSpec(job.spec));
  if (job.progress.size() > kMaxRotationProgress) {
    return InvalidField("progress", "is above 1 MiB");
  }
  if (job.error.size() > kMaxRotationError) return InvalidField("error", "is above 4 KiB");
  return absl::OkStatus();
}

absl::Status CheckRotationSchedule(const RotationScheduleRecord& schedule) {
  FIELDKMS_RETURN_IF_ERROR(CheckId("schedule_id", schedule.schedule_id));
  return CheckSpec(schedule.spec);
}

absl::Status CheckReplica(const ReplicaRecord& replica) {
  FIELDKMS_RETURN_IF_ERROR(CheckId("replica_id", replica.replica_id));
  if (replica.stale_limit < std::chrono::seconds(0)) {
    return InvalidField("stale_limit", "is negative");
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
