// ScheduleRunner has schedules make their jobs when they are due.
//
// Every replica has one. Who claims a schedule, by a compare-and-swap, is at it; the job that it
// makes has an id that is made of the schedule and the time, or the key version, that it is for. So
// a job is made once, also where a replica dies in between and another goes on, or two are at it.
#ifndef FIELDKMS_KMS_ROTATIONS_SCHEDULE_RUNNER_H_
#define FIELDKMS_KMS_ROTATIONS_SCHEDULE_RUNNER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/keyring/keyring.h"
#include "kms/rotations/rotations.h"
#include "kms/rotations/schedules.h"
#include "kms/store/store.h"

namespace fieldkms {

// One thing that a runner did, or could not do. Views that live during the call.
struct ScheduleEvent {
  enum class Kind : uint8_t {
    kJobMade,
    kKeyRotated,  // first, since its version was too old
    kNoJob,       // made, when one should have been; `status` says why
    kOverdue,     // `job_id`, the last one; said once
    kFailed,      // and is tried again
  };
  Kind kind = Kind::kFailed;
  std::string_view tenant = {};
  std::string_view schedule_id = {};
  std::string_view job_id = {};
  std::string_view key = {};
  uint32_t version = 0;  // of the key: the new primary, or what rows are brought to
  absl::Status status = {};
};

// How often a runner did what, since it was made.
struct ScheduleCounts {
  uint64_t jobs_made = 0;
  uint64_t jobs_not_made = 0;  // kNoJob
  uint64_t jobs_overdue = 0;
};

// Used by one thread, but for Counts.
class ScheduleRunner {
 public:
  using OnEvent = std::function<void(const ScheduleEvent&)>;

  // Neither the store, the keyring nor the clock is owned; `on_event` is called before the next
  // step, and may write an audit record.
  ScheduleRunner(Store& store, Keyring& keyring, const Clock& clock, OnEvent on_event);

  // One round: all that is due, of all tenants, until `stop`. Returns the first error; everything
  // is tried.
  absl::Status RunOnce(const std::atomic<bool>& stop);

  ScheduleCounts Counts() const { return {made_.load(), not_made_.load(), overdue_.load()}; }

 private:
  absl::Status RunDue(RotationScheduleRecord record);
  absl::StatusOr<ScheduleRun> Look(const RotationSchedule& schedule, Deadline deadline);
  absl::StatusOr<ScheduleRun> MakeJob(const RotationSchedule& schedule, const ScheduleKey& key,
                                      Deadline deadline);
  absl::Status RotateOld(const RotationSchedule& schedule, Deadline deadline);
  absl::StatusOr<bool> LastIsOpen(const RotationSchedule& schedule, ScheduleRun* run,
                                  Deadline deadline);
  void SayWhatIsNew(const RotationSchedule& schedule, const ScheduleRun& run,
                    const absl::Status& status);
  void Say(ScheduleEvent event, const RotationSchedule& schedule);

  Store& store_;
  KeyAdmin& admin_;
  const Clock& clock_;
  const OnEvent on_event_;
  Rotations rotations_;
  Schedules schedules_;
  std::atomic<uint64_t> made_{0}, not_made_{0}, overdue_{0};
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROTATIONS_SCHEDULE_RUNNER_H_
