// A schedule of rotation jobs as its rules see it, and as the store keeps it; and the rules.
#ifndef FIELDKMS_KMS_ROTATIONS_ROTATION_SCHEDULE_H_
#define FIELDKMS_KMS_ROTATIONS_ROTATION_SCHEDULE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/rotations/records.pb.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "kms/clock.h"
#include "kms/store/rotation_store.h"

namespace fieldkms {

// How often a schedule without times looks whether its key has a new version.
inline constexpr std::chrono::seconds kScheduleLook{60};
// How long a replica that is at a schedule keeps others from it. It is longer than what is done
// for it may take; and two who do it at once do it once.
inline constexpr std::chrono::seconds kScheduleClaim{60};

struct RotationSchedule {
  RotationScheduleRecord record;  // its `spec` is empty: it is `details`
  rotations::ScheduleDetails details;
};

// Error: kDataLoss, kStoreCorrupt, for a record that ScheduleToRecord did not make.
absl::StatusOr<RotationSchedule> ScheduleFromRecord(RotationScheduleRecord record);
RotationScheduleRecord ScheduleToRecord(const RotationSchedule& schedule);

// CheckSchedule: whether spec, cron, rotate_after and within are right. Error: kInvalidField,
// naming the field below "schedule".
absl::Status CheckSchedule(const v1::RotationSchedule& schedule);

// The key that a schedule's jobs seal under, as it is.
struct ScheduleKey {
  std::string key_id;
  uint32_t version = 0;
};

// What CheckSchedule let pass, as it is when it is made. One without times waits for the version
// after that of `key`.
absl::StatusOr<RotationSchedule> NewSchedule(const v1::RotationSchedule& wanted,
                                             const ScheduleKey& key, WallTime now);

// Suspends it, or lets it go on: from `now`, what was missed is not made good. Returns whether
// there is something to write.
absl::StatusOr<bool> SetSuspended(RotationSchedule* schedule, bool suspended, WallTime now);

// Claim takes a schedule that is due at `now`: it is due for nobody else for kScheduleClaim. False
// where it is not due.
bool Claim(RotationSchedule* schedule, WallTime now);

// Whether a schedule that is claimed makes a job at `now`, of a key that is as given; and what
// names that job, and no other of the schedule, whoever comes to make it.
bool Fires(const RotationSchedule& schedule, const ScheduleKey& key, WallTime now);
std::string FireName(const RotationSchedule& schedule, const ScheduleKey& key);

// What became of a claim.
struct ScheduleRun {
  std::string job_id = {};               // "": no job was made
  ScheduleKey key = {};                  // that the job is for
  std::string error = {};                // why none was made, or that the last one is overdue
  bool overdue = false;                  // the last one is
  std::optional<WallTime> look_at = {};  // when the last one will be, if it is open
};
// Conclude ends a claim. Times that were missed meanwhile are not made good.
absl::Status Conclude(RotationSchedule* schedule, const ScheduleRun& run, WallTime now);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROTATIONS_ROTATION_SCHEDULE_H_
