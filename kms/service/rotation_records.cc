#include "kms/service/rotation_records.h"

#include "kms/proto/times.h"
#include "kms/rotations/job_reports.h"
#include "kms/service/records.h"

namespace fieldkms {
namespace {

v1::RotationState ToProto(RotationState state) {
  switch (state) {
    case RotationState::kPlanned:
      return v1::ROTATION_STATE_PLANNED;
    case RotationState::kRunning:
      return v1::ROTATION_STATE_RUNNING;
    case RotationState::kPaused:
      return v1::ROTATION_STATE_PAUSED;
    case RotationState::kDone:
      return v1::ROTATION_STATE_DONE;
    case RotationState::kFailed:
      return v1::ROTATION_STATE_FAILED;
    case RotationState::kCancelled:
      return v1::ROTATION_STATE_CANCELLED;
  }
  return v1::ROTATION_STATE_UNSPECIFIED;
}

}  // namespace

void ToProto(const RotationJob& job, WallTime now, v1::RotationJob* out) {
  const RotationJobRecord& record = job.record;
  const rotations::JobDetails& details = job.details;
  out->set_job_id(record.job_id);
  out->set_tenant(record.tenant);
  *out->mutable_spec() = details.spec();
  out->set_state(ToProto(record.state));
  if (details.has_target()) *out->mutable_target() = details.target();
  *out->mutable_progress() = WithoutGoneWorkers(job.progress, now);
  if (details.has_outcome()) *out->mutable_outcome() = details.outcome();
  out->set_error(record.error);
  ToProto(record.create_time, out->mutable_create_time());
  if (details.has_start_time()) *out->mutable_start_time() = details.start_time();
  if (details.has_end_time()) *out->mutable_end_time() = details.end_time();
  out->set_schedule_id(details.schedule_id());
  out->set_etag(Etag(details.edition()));
}

void ToProto(const RotationSchedule& schedule, v1::RotationSchedule* out) {
  const RotationScheduleRecord& record = schedule.record;
  const rotations::ScheduleDetails& details = schedule.details;
  out->set_schedule_id(record.schedule_id);
  out->set_tenant(record.tenant);
  *out->mutable_spec() = details.spec();
  out->set_cron(details.cron());
  if (details.has_rotate_after()) *out->mutable_rotate_after() = details.rotate_after();
  if (details.has_within()) *out->mutable_within() = details.within();
  out->set_suspended(details.suspended());
  if (record.next_run) ToProto(*record.next_run, out->mutable_next_run());
  out->set_last_job_id(details.last_job_id());
  out->set_last_error(details.last_error());
  out->set_etag(Etag(details.edition()));
}

}  // namespace fieldkms
