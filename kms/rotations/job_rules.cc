#include "kms/rotations/job_rules.h"

#include <algorithm>
#include <chrono>

#include "crypto/status.h"
#include "kms/proto/times.h"
#include "kms/rotations/job_reports.h"
#include "kms/rotations/rotation_spec.h"

namespace fieldkms {
namespace {

using State = RotationState;

absl::Status Forbidden(std::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRotationState, message);
}

std::string_view NameOf(State state) {
  switch (state) {
    case State::kPlanned:
      return "PLANNED";
    case State::kRunning:
      return "RUNNING";
    case State::kPaused:
      return "PAUSED";
    case State::kDone:
      return "DONE";
    case State::kFailed:
      return "FAILED";
    case State::kCancelled:
      return "CANCELLED";
  }
  return "of an unknown state";
}

absl::Status NotFrom(const RotationJob& job, std::string_view what) {
  return Forbidden("a job that is " + std::string(NameOf(job.record.state)) + " cannot be " +
                   std::string(what));
}

// What every decision leaves behind.
void Decide(RotationJob* job, State state, WallTime now) {
  job->record.state = state;
  job->record.update_time = now;
  job->details.set_edition(job->details.edition() + 1);
}

// What was reckoned of a job that goes on holds no more.
void ForgetTimeLeft(RotationJob* job) {
  job->progress.clear_soonest();
  job->progress.clear_latest();
}

void End(RotationJob* job, State state, WallTime now) {
  Decide(job, state, now);
  job->progress.clear_workers();
  ForgetTimeLeft(job);
  ToProto(now, job->details.mutable_end_time());
}

// From `from` to `to`; one that is there already stays.
absl::StatusOr<bool> Move(RotationJob* job, State from, State to, std::string_view what,
                          WallTime now) {
  if (job->record.state == to) return false;
  if (job->record.state != from) return NotFrom(*job, what);
  Decide(job, to, now);
  return true;
}

// When it is started at `now`. Workers tell starts by it, so it never goes back, whatever clocks
// do.
WallTime NextStart(const RotationJob& job, WallTime now) {
  if (!job.details.has_start_time()) return now;
  return std::max(now, FromProto(job.details.start_time()) + std::chrono::microseconds(1));
}

// Whether the job has ended as `end` says.
bool HasEndedSo(const RotationJob& job, const RotationEnd& end) {
  if (!end.error.empty()) {
    return job.record.state == State::kFailed && job.record.error == end.error;
  }
  const v1::RotationOutcome& outcome = job.details.outcome();
  return job.record.state == State::kDone && outcome.passes() == end.outcome.passes() &&
         outcome.counts().SerializeAsString() == end.outcome.counts().SerializeAsString();
}

void SetOutcome(RotationJob* job, const v1::RotationOutcome& said, WallTime now) {
  v1::RotationOutcome* const outcome = job->details.mutable_outcome();
  *outcome->mutable_counts() = said.counts();
  outcome->mutable_counts()->DiscardUnknownFields();
  outcome->set_passes(said.passes());
  *outcome->mutable_barrier_time() = job->details.barrier().pass_time();
  ToProto(now, outcome->mutable_verify_time());
  const v1::RotationSpec& spec = job->details.spec();
  // Quarantined rows still need the older versions.
  if (said.counts().quarantined() != 0 || !FollowsVersions(spec.transform())) return;
  const std::chrono::seconds horizon(spec.backup_horizon().seconds());
  ToProto(now + horizon, outcome->mutable_retire_after());
}

}  // namespace

absl::StatusOr<bool> MayStart(const RotationJob& job) {
  switch (job.record.state) {
    case State::kPlanned:
    case State::kFailed:
      return true;
    case State::kRunning:
      return false;
    case State::kPaused:
      return Forbidden("a job that is PAUSED is resumed, not started");
    case State::kDone:
    case State::kCancelled:
      break;
  }
  return NotFrom(job, "started");
}

absl::StatusOr<bool> StartJob(RotationJob* job, const RotationStart& start, WallTime now) {
  FIELDKMS_ASSIGN_OR_RETURN(const bool may, MayStart(*job));
  if (!may) return false;
  Decide(job, State::kRunning, now);
  // The versions may be others than at the last start, so what was reached then says nothing: the
  // barrier is waited for anew, and workers count anew.
  job->record.error.clear();
  job->progress.Clear();
  *job->details.mutable_target() = start.target;
  ToProto(NextStart(*job, now), job->details.mutable_start_time());
  job->details.clear_end_time();
  rotations::BarrierDetails* const barrier = job->details.mutable_barrier();
  barrier->Clear();
  barrier->set_change(start.change);
  ToProto(now, barrier->mutable_begin_time());
  return true;
}

absl::StatusOr<bool> PauseJob(RotationJob* job, WallTime now) {
  FIELDKMS_ASSIGN_OR_RETURN(const bool moved,
                            Move(job, State::kRunning, State::kPaused, "paused", now));
  if (moved) ForgetTimeLeft(job);
  return moved;
}

absl::StatusOr<bool> ResumeJob(RotationJob* job, WallTime now) {
  return Move(job, State::kPaused, State::kRunning, "resumed", now);
}

absl::StatusOr<bool> CancelJob(RotationJob* job, WallTime now) {
  if (job->record.state == State::kCancelled) return false;
  if (job->record.state == State::kDone) return NotFrom(*job, "cancelled");
  End(job, State::kCancelled, now);
  return true;
}

absl::StatusOr<bool> SetLimits(RotationJob* job, const v1::RotationLimits& limits, uint64_t edition,
                               WallTime now) {
  if (edition != 0 && edition != job->details.edition()) {
    return Error(absl::StatusCode::kAborted, Reason::kEtagMismatch,
                 "the job has changed since it was read", "etag");
  }
  if (!IsOpen(job->record.state) && job->record.state != State::kFailed) {
    return NotFrom(*job, "given other limits");
  }
  *job->details.mutable_spec()->mutable_limits() = limits;
  job->details.mutable_spec()->mutable_limits()->DiscardUnknownFields();
  Decide(job, job->record.state, now);
  return true;
}

absl::StatusOr<bool> FinishJob(RotationJob* job, const RotationEnd& end, WallTime now) {
  if (end.start && *end.start != FromProto(job->details.start_time())) {
    return Forbidden("the job was started anew since");
  }
  if (HasEndedSo(*job, end)) return false;
  if (job->record.state != State::kRunning) return NotFrom(*job, "finished");
  const bool done = end.error.empty();
  if (done && !job->details.barrier().has_pass_time()) {
    return Forbidden("the job's write barrier was not passed: see GetWriteBarrier");
  }
  MergeProgress(end.progress, &job->progress);
  if (done) {
    job->progress.set_phase(v1::ROTATION_PHASE_COMPLETE);
    SetOutcome(job, end.outcome, now);
  }
  job->record.error = end.error;
  End(job, done ? State::kDone : State::kFailed, now);
  return true;
}

absl::Status CheckEnd(const RotationEnd& end) {
  if (end.error.size() > kMaxRotationError) {
    return InvalidField("error", "is longer than 4,096 bytes");
  }
  if (!end.error.empty() && end.outcome.ByteSizeLong() != 0) {
    return InvalidField("outcome", "is for a job that is done, without an error");
  }
  return CheckProgress(end.progress);
}

}  // namespace fieldkms
