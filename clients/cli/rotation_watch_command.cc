// fieldkms rotation watch
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "clients/cli/commands.h"
#include "clients/cli/job_display.h"
#include "clients/cli/rotation_args.h"
#include "clients/cpp/rotation_client.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kAskEvery{2};

// Shows a job with all that becomes of it.
class Watch {
 public:
  Watch(Session* session, Client* client) : rotations_(*client), display_(session) {}

  absl::StatusOr<ExitCode> Run(const v1::WatchJobRequest& request) {
    const absl::Status watched =
        rotations_.WatchJob(request, [this](const v1::RotationJob& job) { return Take(job); });
    // The service lets few in to wait, and others ask now and then.
    if (watched.code() == absl::StatusCode::kResourceExhausted) {
      FIELDKMS_RETURN_IF_ERROR(Ask(request));
    } else {
      FIELDKMS_RETURN_IF_ERROR(watched);
    }
    FIELDKMS_RETURN_IF_ERROR(failure_);
    return display_.Finish(job_);
  }

 private:
  bool Take(const v1::RotationJob& job) {
    job_ = job;
    failure_ = display_.Update(job);
    return failure_.ok();
  }

  absl::Status Ask(const v1::WatchJobRequest& request) {
    v1::GetJobRequest get;
    get.set_tenant(request.tenant());
    get.set_job_id(request.job_id());
    while (true) {
      FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob job, rotations_.GetJob(get));
      if (!Take(job) || HasEnded(job)) return absl::OkStatus();
      std::this_thread::sleep_for(kAskEvery);
    }
  }

  RotationClient rotations_;
  JobDisplay display_;
  v1::RotationJob job_;
  absl::Status failure_;
};

}  // namespace

void AddRotationWatchCommand(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::WatchJobRequest>();
  CLI::App* const command =
      group->add_subcommand("watch", "Show how a job goes on until it has ended");
  AddJobArgument(command, request->mutable_job_id())->required();
  AddTenantOption(command, request->mutable_tenant());
  session->Bind(command, [session, request]() -> absl::StatusOr<ExitCode> {
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    return Watch(session, client).Run(*request);
  });
}

}  // namespace fieldkms
