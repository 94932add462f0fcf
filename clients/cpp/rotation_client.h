// RotationClient: the calls of RotationService through a Client: jobs that bring rows of
// application databases to new key versions, and the schedules that make them.
//
//   fieldkms::RotationClient rotations(*client);
//   fieldkms::v1::CreateJobRequest request;
//   request.set_tenant("acme");
//   request.mutable_spec()->set_data_source("shop");
//   request.mutable_spec()->set_key("customers.card_number");
//   request.set_start(true);
//   auto job = rotations.CreateJob(request);
#ifndef FIELDKMS_CLIENTS_CPP_ROTATION_CLIENT_H_
#define FIELDKMS_CLIENTS_CPP_ROTATION_CLIENT_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "fieldkms/v1/rotation_service.pb.h"

namespace fieldkms {

// Whether a job has come to an end: DONE, FAILED or CANCELLED.
bool HasEnded(const v1::RotationJob& job);

// A view of a client, which must outlive it; cheap to make, safe for concurrent use. Deadlines,
// retries and errors are as Client says. No message has a value in it.
class RotationClient {
 public:
  explicit RotationClient(Client& client) : client_(client) {}

  absl::StatusOr<v1::RotationJob> CreateJob(const v1::CreateJobRequest& request);
  // These may be repeated at will: a job that is what is asked for stays as it is.
  absl::StatusOr<v1::RotationJob> StartJob(const v1::StartJobRequest& request);
  absl::StatusOr<v1::RotationJob> PauseJob(const v1::PauseJobRequest& request);
  absl::StatusOr<v1::RotationJob> ResumeJob(const v1::ResumeJobRequest& request);
  absl::StatusOr<v1::RotationJob> CancelJob(const v1::CancelJobRequest& request);
  // With an etag it is retried only where the service said that it did nothing: the second attempt
  // would find the etag of the first one.
  absl::StatusOr<v1::RotationJob> UpdateJobLimits(const v1::UpdateJobLimitsRequest& request);

  absl::StatusOr<v1::RotationJob> GetJob(const v1::GetJobRequest& request);
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request);
  // One call, which may take `wait` longer than the client's timeout.
  absl::StatusOr<v1::WatchJobResponse> WatchJob(const v1::WatchJobRequest& request);
  // As many as it takes: calls `on_job` with the job at once, and again whenever it has changed,
  // until that returns false or the job has ended. `seen` and `wait` of the request are not used.
  // Error: that of a call that failed after its retries.
  absl::Status WatchJob(const v1::WatchJobRequest& request,
                        const std::function<bool(const v1::RotationJob&)>& on_job);

  // What workers call.
  absl::StatusOr<v1::RotationJob> ReportJob(const v1::ReportJobRequest& request);
  absl::StatusOr<v1::RotationJob> FinishJob(const v1::FinishJobRequest& request);
  absl::StatusOr<v1::GetWriteBarrierResponse> GetWriteBarrier(
      const v1::GetWriteBarrierRequest& request);

  // Schedules. DeleteSchedule: kScheduleNotFound for one that is gone, also by a first attempt
  // whose answer was lost.
  absl::StatusOr<v1::RotationSchedule> CreateSchedule(const v1::CreateScheduleRequest& request);
  absl::StatusOr<v1::ListSchedulesResponse> ListSchedules(const v1::ListSchedulesRequest& request);
  absl::StatusOr<v1::RotationSchedule> SuspendSchedule(const v1::SuspendScheduleRequest& request);
  absl::Status DeleteSchedule(const v1::DeleteScheduleRequest& request);

 private:
  Client::Impl& impl() const { return *client_.impl_; }

  Client& client_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_ROTATION_CLIENT_H_
