// Schedules, on the store, as people manage them; ScheduleRunner has them make jobs.
#ifndef FIELDKMS_KMS_ROTATIONS_SCHEDULES_H_
#define FIELDKMS_KMS_ROTATIONS_SCHEDULES_H_

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "kms/clock.h"
#include "kms/rotations/rotation_schedule.h"
#include "kms/store/store.h"

namespace fieldkms {

struct ScheduleRef {
  std::string_view tenant;
  std::string_view schedule_id;
};

// Safe for concurrent use. Neither is owned. As Rotations. Errors beside those of the rules and the
// store: kScheduleNotFound; kEtagMismatch (kAborted) where others change it all the time.
class Schedules {
 public:
  Schedules(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Create makes a schedule of the spec, cron, rotate_after and within of `wanted`, or finds the
  // one that an earlier attempt of the request made, as it is by now. Errors: those of
  // CheckSchedule and, of its keys, of ReadRotationStart; kRequestIdReused.
  absl::StatusOr<RotationSchedule> Create(std::string_view tenant,
                                          const v1::RotationSchedule& wanted,
                                          std::string_view request_id, Deadline deadline);
  absl::StatusOr<RotationSchedule> Suspend(const ScheduleRef& ref, bool suspended,
                                           Deadline deadline);
  absl::Status Delete(const ScheduleRef& ref, Deadline deadline);
  absl::StatusOr<RotationSchedule> Get(const ScheduleRef& ref, Deadline deadline);
  // In the order of their ids, after `after` ("": from the first).
  absl::StatusOr<std::vector<RotationSchedule>> List(std::string_view tenant,
                                                     std::string_view after, size_t limit,
                                                     Deadline deadline);

  // Change reads, applies a rule, and writes if that returns true and nobody has written in
  // between, else tries again. For ScheduleRunner.
  using Rule = std::function<absl::StatusOr<bool>(RotationSchedule*)>;
  absl::StatusOr<RotationSchedule> Change(const ScheduleRef& ref, const Rule& rule,
                                          Deadline deadline);

 private:
  Store& store_;
  const Clock& clock_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROTATIONS_SCHEDULES_H_
