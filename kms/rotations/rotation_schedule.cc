#include "kms/rotations/rotation_schedule.h"

#include <algorithm>
#include <utility>

#include "crypto/status.h"
#include "kms/keyring/lifecycle.h"
#include "kms/proto/times.h"
#include "kms/rotations/cron.h"
#include "kms/rotations/rotation_spec.h"

namespace fieldkms {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kShortestWithin{1};
constexpr days kLongestWithin{3'650};
constexpr char kCronField[] = "schedule.cron";

absl::Status CheckCron(const v1::RotationSchedule& schedule) {
  if (!schedule.cron().empty()) return Cron::Parse(schedule.cron(), kCronField).status();
  if (FollowsVersions(schedule.spec().transform())) return absl::OkStatus();
  return InvalidField(kCronField,
                      "is missing: new versions of a key call for no ENCRYPT and no DECRYPT");
}

absl::Status CheckRotateAfter(const v1::RotationSchedule& schedule) {
  constexpr char kField[] = "schedule.rotate_after";
  if (!schedule.has_rotate_after()) return absl::OkStatus();
  const v1::RotationTransform transform = schedule.spec().transform();
  if (transform == v1::ROTATION_TRANSFORM_REKEY || !FollowsVersions(transform)) {
    return InvalidField(kField, "is for REENCRYPT, REINDEX and RETOKENIZE only");
  }
  FIELDKMS_ASSIGN_OR_RETURN(const seconds after, WholeSeconds(schedule.rotate_after(), kField));
  const bool in_range = after >= kMinRotationPeriod && after <= kMaxRotationPeriod;
  return in_range ? absl::OkStatus() : InvalidField(kField, "is not an hour to 3,650 days");
}

absl::Status CheckWithin(const v1::RotationSchedule& schedule) {
  constexpr char kField[] = "schedule.within";
  if (!schedule.has_within()) return absl::OkStatus();
  FIELDKMS_ASSIGN_OR_RETURN(const seconds within, WholeSeconds(schedule.within(), kField));
  const bool in_range = within >= kShortestWithin && within <= kLongestWithin;
  return in_range ? absl::OkStatus() : InvalidField(kField, "is not a minute to 3,650 days");
}

// Sets when the schedule fires next, if it goes by times, and looks next.
absl::Status PlanNext(RotationSchedule* schedule, WallTime now) {
  rotations::ScheduleDetails& details = schedule->details;
  if (details.cron().empty()) {
    schedule->record.next_run = now + kScheduleLook;
    return absl::OkStatus();
  }
  FIELDKMS_ASSIGN_OR_RETURN(const Cron cron, Cron::Parse(details.cron(), kCronField));
  schedule->record.next_run = cron.Next(now);
  ToProto(*schedule->record.next_run, details.mutable_next_fire());
  return absl::OkStatus();
}

void CountEdition(RotationSchedule* schedule, WallTime now) {
  schedule->details.set_edition(schedule->details.edition() + 1);
  schedule->record.update_time = now;
}

// Whether anything that callers see, but for the next look, has changed by the run.
bool Keep(const ScheduleRun& run, rotations::ScheduleDetails* details) {
  if (!run.job_id.empty()) {
    details->set_last_job_id(run.job_id);
    details->set_last_key_id(run.key.key_id);
    details->set_last_key_version(run.key.version);
    details->clear_last_error();
    details->clear_said_overdue();
    return true;
  }
  details->set_said_overdue(details->said_overdue() || run.overdue);
  // One that goes by times looks in between only for what is overdue.
  if (run.error.empty() && !details->cron().empty()) return false;
  if (run.error == details->last_error()) return false;
  details->set_last_error(run.error);
  return true;
}

}  // namespace

absl::StatusOr<RotationSchedule> ScheduleFromRecord(RotationScheduleRecord record) {
  RotationSchedule schedule;
  if (!schedule.details.ParseFromString(record.spec)) {
    return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
                 "a rotation schedule of the store cannot be read");
  }
  schedule.record = std::move(record);
  schedule.record.spec.clear();
  return schedule;
}

RotationScheduleRecord ScheduleToRecord(const RotationSchedule& schedule) {
  RotationScheduleRecord record = schedule.record;
  record.spec = schedule.details.SerializeAsString();
  return record;
}

absl::Status CheckSchedule(const v1::RotationSchedule& schedule) {
  FIELDKMS_RETURN_IF_ERROR(CheckRotationSpec(schedule.spec(), "schedule.spec"));
  FIELDKMS_RETURN_IF_ERROR(CheckCron(schedule));
  FIELDKMS_RETURN_IF_ERROR(CheckRotateAfter(schedule));
  return CheckWithin(schedule);
}

absl::StatusOr<RotationSchedule> NewSchedule(const v1::RotationSchedule& wanted,
                                             const ScheduleKey& key, WallTime now) {
  RotationSchedule schedule;
  schedule.record.create_time = schedule.record.update_time = now;
  rotations::ScheduleDetails& details = schedule.details;
  *details.mutable_spec() = WithDefaults(wanted.spec());
  details.set_cron(wanted.cron());
  if (wanted.has_rotate_after()) *details.mutable_rotate_after() = wanted.rotate_after();
  if (wanted.has_within()) *details.mutable_within() = wanted.within();
  details.set_edition(1);
  details.set_last_key_id(key.key_id);
  details.set_last_key_version(key.version);
  FIELDKMS_RETURN_IF_ERROR(PlanNext(&schedule, now));
  return schedule;
}

absl::StatusOr<bool> SetSuspended(RotationSchedule* schedule, bool suspended, WallTime now) {
  if (schedule->details.suspended() == suspended) return false;
  schedule->details.set_suspended(suspended);
  CountEdition(schedule, now);
  if (suspended) {
    schedule->record.next_run.reset();
  } else {
    FIELDKMS_RETURN_IF_ERROR(PlanNext(schedule, now));
  }
  return true;
}

bool Claim(RotationSchedule* schedule, WallTime now) {
  std::optional<WallTime>& next_run = schedule->record.next_run;
  if (!next_run || *next_run > now) return false;
  next_run = now + kScheduleClaim;
  return true;
}

bool Fires(const RotationSchedule& schedule, const ScheduleKey& key, WallTime now) {
  const rotations::ScheduleDetails& details = schedule.details;
  if (!details.cron().empty()) return FromProto(details.next_fire()) <= now;
  return key.key_id != details.last_key_id() || key.version != details.last_key_version();
}

std::string FireName(const RotationSchedule& schedule, const ScheduleKey& key) {
  const rotations::ScheduleDetails& details = schedule.details;
  const std::string what = details.cron().empty() ? key.key_id + ":" + std::to_string(key.version)
                                                  : std::to_string(details.next_fire().seconds());
  // No caller can take it for a request id: theirs have no colon.
  return "schedule:" + schedule.record.schedule_id + ":" + what;
}

absl::Status Conclude(RotationSchedule* schedule, const ScheduleRun& run, WallTime now) {
  rotations::ScheduleDetails& details = schedule->details;
  if (Keep(run, &details)) CountEdition(schedule, now);
  if (details.suspended()) return absl::OkStatus();
  const bool waits = !details.cron().empty() && FromProto(details.next_fire()) > now;
  if (waits) {
    schedule->record.next_run = FromProto(details.next_fire());
  } else {
    FIELDKMS_RETURN_IF_ERROR(PlanNext(schedule, now));
  }
  if (run.look_at && *run.look_at > now) {
    schedule->record.next_run = std::min(*schedule->record.next_run, *run.look_at);
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
