#include "kms/rotations/rotations.h"

#include <utility>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/keyring/fingerprint.h"
#include "kms/rotations/lease_ends.h"
#include "kms/rotations/rotation_keys.h"
#include "kms/rotations/rotation_spec.h"

namespace fieldkms {
namespace {

constexpr size_t kIdBytes = 16;
// How often a change tries again where others change the job at the same time: each round one of
// them succeeds, and workers are few.
constexpr int kAttempts = 16;

absl::Status Busy() {
  return Error(absl::StatusCode::kAborted, Reason::kEtagMismatch,
               "others are changing the job all the time");
}

// Whether what the caller wants is what the record's maker wanted.
absl::Status CheckSame(const RotationJob& job, const std::string& fingerprint) {
  if (job.details.fingerprint() == fingerprint) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRequestIdReused,
               "the request id was used for another job", "request_id");
}

// A job as it is when it is made. Its id is made of the request, so that a repeat finds it.
absl::StatusOr<RotationJob> NewJob(const NewRotation& wanted, WallTime now) {
  RotationJob job;
  FIELDKMS_ASSIGN_OR_RETURN(const std::string id,
                            FingerprintOf({"rotation job", wanted.tenant, wanted.request_id}));
  job.record.job_id = EncodeHex(AsBytes(id).first(kIdBytes));
  job.record.tenant = wanted.tenant;
  job.record.data_source = wanted.spec.data_source();
  job.record.create_time = job.record.update_time = now;
  *job.details.mutable_spec() = WithDefaults(wanted.spec);
  job.details.set_schedule_id(wanted.schedule_id);
  job.details.set_edition(1);
  FIELDKMS_ASSIGN_OR_RETURN(
      *job.details.mutable_fingerprint(),
      FingerprintOf({"CreateJob", wanted.tenant, job.details.spec().SerializeAsString(),
                     wanted.start ? "start" : "", wanted.schedule_id}));
  return job;
}

}  // namespace

absl::Status Rotations::CheckNew(const NewRotation& job) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(job.tenant));
  return CheckRotationSpec(job.spec, "spec");
}

absl::StatusOr<RotationJob> Rotations::Create(const NewRotation& wanted, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckNew(wanted));
  FIELDKMS_ASSIGN_OR_RETURN(RotationJob job, NewJob(wanted, clock_.Now()));
  FIELDKMS_ASSIGN_OR_RETURN(std::optional<RotationJob> before, Find(job, deadline));
  if (before) return *std::move(before);
  FIELDKMS_ASSIGN_OR_RETURN(
      const RotationStart start,
      ReadRotationStart(store_, wanted.tenant, job.details.spec(), "spec", deadline));
  const std::string fingerprint = job.details.fingerprint();
  const JobRef ref{wanted.tenant, job.record.job_id};
  if (wanted.start) FIELDKMS_RETURN_IF_ERROR(StartJob(&job, start, clock_.Now()).status());
  absl::StatusOr<RotationJob> put = Put(job, deadline);
  if (ReasonOf(put.status()) != Reason::kEtagMismatch) return put;
  // Another attempt of the request was quicker.
  FIELDKMS_ASSIGN_OR_RETURN(RotationJob made, Get(ref, deadline));
  FIELDKMS_RETURN_IF_ERROR(CheckSame(made, fingerprint));
  return made;
}

absl::StatusOr<std::optional<RotationJob>> Rotations::Find(const RotationJob& wanted,
                                                           Deadline deadline) {
  absl::StatusOr<RotationJob> job = Get({wanted.record.tenant, wanted.record.job_id}, deadline);
  if (ReasonOf(job.status()) == Reason::kRotationNotFound) return std::optional<RotationJob>();
  FIELDKMS_RETURN_IF_ERROR(job.status());
  FIELDKMS_RETURN_IF_ERROR(CheckSame(*job, wanted.details.fingerprint()));
  return std::optional<RotationJob>(*std::move(job));
}

absl::StatusOr<RotationJob> Rotations::Start(const JobRef& ref, Deadline deadline) {
  return Change(
      ref,
      [&](RotationJob* job) -> absl::StatusOr<bool> {
        FIELDKMS_ASSIGN_OR_RETURN(const bool may, MayStart(*job));
        if (!may) return false;
        FIELDKMS_ASSIGN_OR_RETURN(
            const RotationStart start,
            ReadRotationStart(store_, ref.tenant, job->details.spec(), "spec", deadline));
        return StartJob(job, start, clock_.Now());
      },
      deadline);
}

absl::StatusOr<RotationJob> Rotations::Pause(const JobRef& ref, Deadline deadline) {
  return Change(
      ref, [&](RotationJob* job) { return PauseJob(job, clock_.Now()); }, deadline);
}

absl::StatusOr<RotationJob> Rotations::Resume(const JobRef& ref, Deadline deadline) {
  return Change(
      ref, [&](RotationJob* job) { return ResumeJob(job, clock_.Now()); }, deadline);
}

absl::StatusOr<RotationJob> Rotations::Cancel(const JobRef& ref, Deadline deadline) {
  return Change(
      ref, [&](RotationJob* job) { return CancelJob(job, clock_.Now()); }, deadline);
}

absl::StatusOr<RotationJob> Rotations::UpdateLimits(const JobRef& ref,
                                                    const v1::RotationLimits& limits,
                                                    uint64_t edition, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckRotationLimits(limits, "limits"));
  return Change(
      ref, [&](RotationJob* job) { return SetLimits(job, limits, edition, clock_.Now()); },
      deadline);
}

absl::StatusOr<RotationJob> Rotations::ReportProgress(const JobRef& ref,
                                                      const RotationReport& report,
                                                      Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckReport(report));
  return Change(
      ref, [&](RotationJob* job) { return Report(job, report, clock_.Now()); }, deadline);
}

absl::StatusOr<RotationJob> Rotations::Finish(const JobRef& ref, const RotationEnd& end,
                                              Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckEnd(end));
  return Change(
      ref, [&](RotationJob* job) { return FinishJob(job, end, clock_.Now()); }, deadline);
}

absl::StatusOr<BarrierView> Rotations::Barrier(const JobRef& ref, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const RotationJob job, Get(ref, deadline));
  const rotations::BarrierDetails& barrier = job.details.barrier();
  const RotationState state = job.record.state;
  const bool waits = state == RotationState::kRunning || state == RotationState::kPaused;
  if (!waits && !barrier.has_pass_time()) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kRotationState,
                 "only a job that is RUNNING or PAUSED comes to its write barrier");
  }
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<ReplicaRecord> replicas,
                            store_.rotations().ListReplicas(deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<WallTime> lease_end, LastLease(job, deadline));
  const BarrierView view = LookAtBarrier(job, replicas, lease_end, clock_.Now());
  const Rule note = [&](RotationJob* now) {
    return NoteBarrier(now, view, barrier.change(), clock_.Now());
  };
  FIELDKMS_RETURN_IF_ERROR(Change(ref, note, deadline).status());
  return view;
}

absl::StatusOr<std::optional<WallTime>> Rotations::LastLease(const RotationJob& job,
                                                             Deadline deadline) {
  return LastOldLeaseEnd(store_, job.record.tenant, job.details.target(),
                         clock_.Now() - kLeaseClocks, deadline);
}

absl::StatusOr<RotationJob> Rotations::Get(const JobRef& ref, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(RotationJobRecord record,
                            store_.rotations().GetRotationJob(ref.tenant, ref.job_id, deadline));
  return JobFromRecord(std::move(record));
}

absl::StatusOr<std::vector<RotationJob>> Rotations::List(std::string_view tenant,
                                                         const RotationJobFilter& filter,
                                                         size_t limit, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<RotationJobRecord> records,
                            store_.rotations().ListRotationJobs(tenant, filter, limit, deadline));
  std::vector<RotationJob> jobs;
  jobs.reserve(records.size());
  for (RotationJobRecord& record : records) {
    FIELDKMS_ASSIGN_OR_RETURN(RotationJob job, JobFromRecord(std::move(record)));
    jobs.push_back(std::move(job));
  }
  return jobs;
}

absl::StatusOr<RotationJob> Rotations::Change(const JobRef& ref, const Rule& rule,
                                              Deadline deadline) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    FIELDKMS_ASSIGN_OR_RETURN(RotationJob job, Get(ref, deadline));
    FIELDKMS_ASSIGN_OR_RETURN(const bool changed, rule(&job));
    if (!changed) return job;
    absl::StatusOr<RotationJob> put = Put(std::move(job), deadline);
    if (ReasonOf(put.status()) != Reason::kEtagMismatch) return put;
  }
  return Busy();
}

absl::StatusOr<RotationJob> Rotations::Put(RotationJob job, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const RotationJobRecord put,
                            store_.rotations().PutRotationJob(JobToRecord(job), deadline));
  job.record.change = put.change;
  job.record.create_time = put.create_time;
  return job;
}

}  // namespace fieldkms
