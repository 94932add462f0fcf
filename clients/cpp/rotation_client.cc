#include "clients/cpp/rotation_client.h"

#include <utility>

#include "clients/cpp/client_impl.h"
#include "clients/cpp/long_poll.h"

namespace fieldkms {
namespace {

using Stub = v1::RotationService::Stub;

// The answer about one job is the job.
template <class Response>
absl::StatusOr<v1::RotationJob> JobOf(absl::StatusOr<Response> response) {
  if (!response.ok()) return std::move(response).status();
  return std::move(*response->mutable_job());
}

template <class Response>
absl::StatusOr<v1::RotationSchedule> ScheduleOf(absl::StatusOr<Response> response) {
  if (!response.ok()) return std::move(response).status();
  return std::move(*response->mutable_schedule());
}

}  // namespace

bool HasEnded(const v1::RotationJob& job) {
  switch (job.state()) {
    case v1::ROTATION_STATE_DONE:
    case v1::ROTATION_STATE_FAILED:
    case v1::ROTATION_STATE_CANCELLED:
      return true;
    default:
      return false;
  }
}

absl::StatusOr<v1::RotationJob> RotationClient::CreateJob(const v1::CreateJobRequest& request) {
  return JobOf(impl().Mutate(impl().rotations(), &Stub::CreateJob, request));
}

absl::StatusOr<v1::RotationJob> RotationClient::StartJob(const v1::StartJobRequest& request) {
  return JobOf(impl().Call(impl().rotations(), &Stub::StartJob, request));
}

absl::StatusOr<v1::RotationJob> RotationClient::PauseJob(const v1::PauseJobRequest& request) {
  return JobOf(impl().Call(impl().rotations(), &Stub::PauseJob, request));
}

absl::StatusOr<v1::RotationJob> RotationClient::ResumeJob(const v1::ResumeJobRequest& request) {
  return JobOf(impl().Call(impl().rotations(), &Stub::ResumeJob, request));
}

absl::StatusOr<v1::RotationJob> RotationClient::CancelJob(const v1::CancelJobRequest& request) {
  return JobOf(impl().Call(impl().rotations(), &Stub::CancelJob, request));
}

absl::StatusOr<v1::RotationJob> RotationClient::UpdateJobLimits(
    const v1::UpdateJobLimitsRequest& request) {
  return JobOf(impl().Call(impl().rotations(), &Stub::UpdateJobLimits, request,
                           request.etag().empty() ? IsRetryable : WasNotBegun));
}

absl::StatusOr<v1::RotationJob> RotationClient::GetJob(const v1::GetJobRequest& request) {
  return JobOf(impl().Call(impl().rotations(), &Stub::GetJob, request));
}

absl::StatusOr<v1::ListJobsResponse> RotationClient::ListJobs(const v1::ListJobsRequest& request) {
  return impl().Call(impl().rotations(), &Stub::ListJobs, request);
}

absl::StatusOr<v1::WatchJobResponse> RotationClient::WatchJob(const v1::WatchJobRequest& request) {
  return impl().Call(impl().rotations(), &Stub::WatchJob, request,
                     impl().timeout() + LongPollWait(request));
}

absl::Status RotationClient::WatchJob(const v1::WatchJobRequest& request,
                                      const std::function<bool(const v1::RotationJob&)>& on_job) {
  v1::WatchJobRequest next = request;
  next.clear_seen();
  next.clear_wait();
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::WatchJobResponse now, WatchJob(next));
    if (now.seen() == next.seen()) continue;  // the time to wait was over
    if (!on_job(now.job()) || HasEnded(now.job())) return absl::OkStatus();
    next.set_seen(now.seen());
  }
}

absl::StatusOr<v1::RotationJob> RotationClient::ReportJob(const v1::ReportJobRequest& request) {
  return JobOf(impl().Call(impl().rotations(), &Stub::ReportJob, request));
}

absl::StatusOr<v1::RotationJob> RotationClient::FinishJob(const v1::FinishJobRequest& request) {
  return JobOf(impl().Call(impl().rotations(), &Stub::FinishJob, request));
}

absl::StatusOr<v1::GetWriteBarrierResponse> RotationClient::GetWriteBarrier(
    const v1::GetWriteBarrierRequest& request) {
  return impl().Call(impl().rotations(), &Stub::GetWriteBarrier, request);
}

absl::StatusOr<v1::RotationSchedule> RotationClient::CreateSchedule(
    const v1::CreateScheduleRequest& request) {
  return ScheduleOf(impl().Mutate(impl().rotations(), &Stub::CreateSchedule, request));
}

absl::StatusOr<v1::ListSchedulesResponse> RotationClient::ListSchedules(
    const v1::ListSchedulesRequest& request) {
  return impl().Call(impl().rotations(), &Stub::ListSchedules, request);
}

absl::StatusOr<v1::RotationSchedule> RotationClient::SuspendSchedule(
    const v1::SuspendScheduleRequest& request) {
  return ScheduleOf(impl().Call(impl().rotations(), &Stub::SuspendSchedule, request));
}

absl::Status RotationClient::DeleteSchedule(const v1::DeleteScheduleRequest& request) {
  return impl().Call(impl().rotations(), &Stub::DeleteSchedule, request).status();
}

}  // namespace fieldkms
