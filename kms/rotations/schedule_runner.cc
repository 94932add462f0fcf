#include "kms/rotations/schedule_runner.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/rotations/rotation_keys.h"

namespace fieldkms {
namespace {

using Kind = ScheduleEvent::Kind;
using std::chrono::seconds;

constexpr size_t kDueAtOnce = 100;
constexpr seconds kPatience{8};  // for one schedule; less than a shutdown may take
constexpr char kStillOpen[] = "the last job is still open";
constexpr char kIsOverdue[] = "the last job is overdue";

// What may be other at the next attempt; the rest is what the schedule asks for.
bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kInternal:
      return true;
    default:
      return false;
  }
}

ScheduleRef RefOf(const RotationSchedule& schedule) {
  return {schedule.record.tenant, schedule.record.schedule_id};
}

}  // namespace

ScheduleRunner::ScheduleRunner(Store& store, Keyring& keyring, const Clock& clock, OnEvent on_event)
    : store_(store),
      admin_(keyring.admin()),
      clock_(clock),
      on_event_(std::move(on_event)),
      rotations_(store, clock),
      schedules_(store, clock) {}

absl::Status ScheduleRunner::RunOnce(const std::atomic<bool>& stop) {
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<RotationScheduleRecord> due,
                            store_.rotations().ListDueRotationSchedules(
                                clock_.Now(), kDueAtOnce, clock_.Steady() + kPatience));
  absl::Status first;
  for (RotationScheduleRecord& record : due) {
    if (stop.load()) break;
    const absl::Status status = RunDue(std::move(record));
    if (first.ok()) first = status;
  }
  return first;
}

absl::Status ScheduleRunner::RunDue(RotationScheduleRecord record) {
  FIELDKMS_ASSIGN_OR_RETURN(RotationSchedule schedule, ScheduleFromRecord(std::move(record)));
  if (!Claim(&schedule, clock_.Now())) return absl::OkStatus();
  const Deadline deadline = clock_.Steady() + kPatience;
  const auto claimed = store_.rotations().PutRotationSchedule(ScheduleToRecord(schedule), deadline);
  if (ReasonOf(claimed.status()) == Reason::kEtagMismatch) return absl::OkStatus();
  FIELDKMS_RETURN_IF_ERROR(claimed.status());
  absl::StatusOr<ScheduleRun> run = Look(schedule, deadline);
  const absl::Status looked = run.status();
  if (!looked.ok() && IsTransient(looked)) {
    Say({.kind = Kind::kFailed, .status = looked}, schedule);
    return looked;
  }
  if (!looked.ok()) run = ScheduleRun{.error = std::string(MessageOf(looked))};
  SayWhatIsNew(schedule, *run, looked);
  const auto conclude = [&](RotationSchedule* now) -> absl::StatusOr<bool> {
    FIELDKMS_RETURN_IF_ERROR(Conclude(now, *run, clock_.Now()));
    return true;
  };
  const auto concluded = schedules_.Change(RefOf(schedule), conclude, deadline);
  // Deleted meanwhile.
  if (ReasonOf(concluded.status()) == Reason::kScheduleNotFound) return absl::OkStatus();
  return concluded.status();
}

absl::StatusOr<ScheduleRun> ScheduleRunner::Look(const RotationSchedule& schedule,
                                                 Deadline deadline) {
  ScheduleRun run;
  FIELDKMS_ASSIGN_OR_RETURN(const bool open, LastIsOpen(schedule, &run, deadline));
  const bool by_time = !schedule.details.cron().empty();
  // Perhaps it was looked for a job that is overdue.
  if (by_time && !Fires(schedule, {}, clock_.Now())) return run;
  if (!open) FIELDKMS_RETURN_IF_ERROR(RotateOld(schedule, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(
      const RotationStart start,
      ReadRotationStart(store_, schedule.record.tenant, schedule.details.spec(), "spec", deadline));
  const ScheduleKey key{start.target.key_id(), start.target.key_version()};
  if (!Fires(schedule, key, clock_.Now())) return run;
  if (!open) return MakeJob(schedule, key, deadline);
  run.error = kStillOpen;
  return run;
}

absl::StatusOr<bool> ScheduleRunner::LastIsOpen(const RotationSchedule& schedule, ScheduleRun* run,
                                                Deadline deadline) {
  const rotations::ScheduleDetails& details = schedule.details;
  if (details.last_job_id().empty()) return false;
  const auto job = rotations_.Get({schedule.record.tenant, details.last_job_id()}, deadline);
  // The store may have been restored, to before it was made.
  if (ReasonOf(job.status()) == Reason::kRotationNotFound) return false;
  FIELDKMS_RETURN_IF_ERROR(job.status());
  if (!IsOpen(job->record.state)) return false;
  if (!details.has_within()) return true;
  const WallTime due = job->record.create_time + seconds(details.within().seconds());
  run->overdue = due <= clock_.Now();
  if (run->overdue) {
    run->error = kIsOverdue;
  } else {
    run->look_at = due;
  }
  return true;
}

absl::Status ScheduleRunner::RotateOld(const RotationSchedule& schedule, Deadline deadline) {
  const rotations::ScheduleDetails& details = schedule.details;
  if (!details.has_rotate_after()) return absl::OkStatus();
  const std::string& tenant = schedule.record.tenant;
  FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key,
                            admin_.GetKey(tenant, details.spec().key(), deadline));
  const seconds after(details.rotate_after().seconds());
  if (key.primary_create_time + after > clock_.Now()) return absl::OkStatus();
  // Once for each version, whoever comes first.
  const std::string request_id = schedule.record.schedule_id + "-" + FormatKeyId(key.key_id) + "-" +
                                 std::to_string(key.primary_version);
  const auto rotated =
      admin_.RotateKey(tenant, key.name, key.primary_version, request_id, deadline);
  if (ReasonOf(rotated.status()) == Reason::kPrimaryChanged) return absl::OkStatus();
  FIELDKMS_RETURN_IF_ERROR(rotated.status());
  Say({.kind = Kind::kKeyRotated, .key = key.name, .version = rotated->primary_version}, schedule);
  return absl::OkStatus();
}

absl::StatusOr<ScheduleRun> ScheduleRunner::MakeJob(const RotationSchedule& schedule,
                                                    const ScheduleKey& key, Deadline deadline) {
  const rotations::ScheduleDetails& details = schedule.details;
  const std::string name = FireName(schedule, key);
  NewRotation wanted;
  wanted.tenant = schedule.record.tenant;
  wanted.spec = details.spec();
  wanted.start = true;
  wanted.request_id = name;
  wanted.schedule_id = schedule.record.schedule_id;
  FIELDKMS_ASSIGN_OR_RETURN(const RotationJob job, rotations_.Create(wanted, deadline));
  const v1::RotationTarget& target = job.details.target();
  ScheduleRun run;
  run.job_id = job.record.job_id;
  run.key = {target.key_id(), target.key_version()};
  if (details.has_within()) {
    run.look_at = job.record.create_time + seconds(details.within().seconds());
  }
  Say({.kind = Kind::kJobMade,
       .job_id = run.job_id,
       .key = target.source_key(),
       .version = target.key_version()},
      schedule);
  return run;
}

// What stays as it was is not said with each look.
void ScheduleRunner::SayWhatIsNew(const RotationSchedule& schedule, const ScheduleRun& run,
                                  const absl::Status& status) {
  const rotations::ScheduleDetails& details = schedule.details;
  if (run.overdue && !details.said_overdue()) {
    Say({.kind = Kind::kOverdue, .job_id = details.last_job_id()}, schedule);
  }
  if (run.error.empty() || run.error == kIsOverdue || run.error == details.last_error()) return;
  const absl::Status why = !status.ok() ? status
                                        : Error(absl::StatusCode::kFailedPrecondition,
                                                Reason::kRotationState, run.error);
  Say({.kind = Kind::kNoJob, .job_id = details.last_job_id(), .status = why}, schedule);
}

void ScheduleRunner::Say(ScheduleEvent event, const RotationSchedule& schedule) {
  if (event.kind == Kind::kJobMade) ++made_;
  if (event.kind == Kind::kNoJob) ++not_made_;
  if (event.kind == Kind::kOverdue) ++overdue_;
  if (!on_event_) return;
  event.tenant = schedule.record.tenant;
  event.schedule_id = schedule.record.schedule_id;
  on_event_(event);
}

}  // namespace fieldkms
