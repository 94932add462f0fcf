// What the methods of RotationService share. Internal to them.
#ifndef FIELDKMS_KMS_SERVICE_ROTATION_CALLS_H_
#define FIELDKMS_KMS_SERVICE_ROTATION_CALLS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/rotations/rotations.h"
#include "kms/service/call.h"
#include "kms/service/describe.h"
#include "kms/service/rotation_records.h"

namespace fieldkms {

// A request about one job.
template <class Request>
absl::Status DescribeJob(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckRecordId(request.job_id(), "job_id"));
  FIELDKMS_RETURN_IF_ERROR(DescribeTenant(request, plan));
  plan->job = request.job_id();
  return absl::OkStatus();
}

template <class Request>
JobRef JobOf(const Request& request) {
  return {request.tenant(), request.job_id()};
}

// For the audit trail: the key by its own name, once it is known.
inline void NoteJob(RunContext& context, const RotationJob& job) {
  context.outcome.job = job.record.job_id;
  const v1::RotationTarget& target = job.details.target();
  context.outcome.keys.Note(target.source_key().empty() ? job.details.spec().key()
                                                        : target.source_key());
  if (target.key() != target.source_key()) context.outcome.destination_keys.Note(target.key());
}

// Answers with the job as it is then.
template <class Response>
absl::StatusOr<RunState> AnswerJob(RunContext& context, const absl::StatusOr<RotationJob>& job,
                                   Response* response) {
  FIELDKMS_RETURN_IF_ERROR(job.status());
  NoteJob(context, *job);
  ToProto(*job, context.service.clock.Now(), response->mutable_job());
  return RunState::kDone;
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_ROTATION_CALLS_H_
