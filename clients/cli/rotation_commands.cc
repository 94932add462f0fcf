// fieldkms rotation create|start|pause|resume|cancel|limits|list|status: jobs, as the service keeps
// them.
#include <memory>
#include <string>
#include <utility>

#include "clients/cli/commands.h"
#include "clients/cli/job_report.h"
#include "clients/cli/limit_args.h"
#include "clients/cli/rotation_args.h"
#include "clients/cpp/rotation_client.h"
#include "crypto/status.h"
#include "kms/printable.h"
#include "rotation/words.h"

namespace fieldkms {
namespace {

struct CreateArguments {
  SpecArgs spec;
  v1::CreateJobRequest request;
  bool start = false;
};

absl::StatusOr<ExitCode> Create(Session* session, const CreateArguments& arguments) {
  v1::CreateJobRequest request = arguments.request;
  FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_spec(), SpecOf(arguments.spec));
  request.set_start(arguments.start);
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  return ShowJob(session, RotationClient(*client).CreateJob(request));
}

void AddCreate(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<CreateArguments>();
  CLI::App* const command =
      group->add_subcommand("create", "Make a job, which workers carry out once it is started");
  AddTenantOption(command, arguments->request.mutable_tenant());
  AddSpecOptions(command, &arguments->spec);
  command->add_flag("--start", arguments->start, "Start it at once");
  AddRequestIdOption(command, arguments->request.mutable_request_id());
  session->Bind(command, [session, arguments] { return Create(session, *arguments); });
}

// A command that brings a job into another state, and shows it.
template <class Request>
void AddChange(CLI::App* group, Session* session, const char* name, const char* description,
               absl::StatusOr<v1::RotationJob> (RotationClient::*call)(const Request&)) {
  auto request = std::make_shared<Request>();
  CLI::App* const command = group->add_subcommand(name, description);
  AddJobArgument(command, request->mutable_job_id())->required();
  AddTenantOption(command, request->mutable_tenant());
  session->Bind(command, [session, request, call]() -> absl::StatusOr<ExitCode> {
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    RotationClient rotations(*client);
    return ShowJob(session, (rotations.*call)(*request));
  });
}

// Limits change as a whole: those that are not given stay as the job has them, unless somebody else
// changes it in between.
absl::StatusOr<ExitCode> ChangeLimits(Session* session, const LimitArgs& args,
                                      v1::UpdateJobLimitsRequest request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  v1::GetJobRequest get;
  get.set_tenant(request.tenant());
  get.set_job_id(request.job_id());
  FIELDKMS_ASSIGN_OR_RETURN(v1::RotationJob job, RotationClient(*client).GetJob(get));
  if (!args.changes.empty()) {
    *request.mutable_limits() = job.spec().limits();
    if (request.etag().empty()) request.set_etag(job.etag());
    FIELDKMS_RETURN_IF_ERROR(ApplyLimitArgs(args, request.mutable_limits()));
    FIELDKMS_ASSIGN_OR_RETURN(job, RotationClient(*client).UpdateJobLimits(request));
  }
  return session->Show(
      {{"job_id", job.job_id()}, {"limits", LimitsJson(job.spec().limits())}, {"etag", job.etag()}},
      LimitsText(job.spec().limits()));
}

void AddLimits(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::UpdateJobLimitsRequest>();
  auto args = std::make_shared<LimitArgs>();
  CLI::App* const command = group->add_subcommand(
      "limits", "Show what a job may do to the database, or change it, also while it runs");
  AddJobArgument(command, request->mutable_job_id())->required();
  AddTenantOption(command, request->mutable_tenant());
  AddLimitOptions(command, args.get());
  AddEtagOption(command, request->mutable_etag());
  session->Bind(command,
                [session, args, request] { return ChangeLimits(session, *args, *request); });
}

absl::StatusOr<ExitCode> List(Session* session, v1::ListJobsRequest request) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  Json jobs = Json::array();
  Table table({"JOB", "DATA SOURCE", "KEY", "STATE", "PHASE", "ROWS", "CHANGED", "CREATED"});
  request.set_page_size(1'000);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListJobsResponse page,
                              RotationClient(*client).ListJobs(request));
    for (const v1::RotationJob& job : page.jobs()) {
      jobs.push_back(JobJson(job));
      const v1::RotationProgress& progress = job.progress();
      table.Add({job.job_id(), Printable(job.spec().data_source()), Printable(job.spec().key()),
                 JobStateName(job.state()), JobPhaseName(progress.phase()),
                 rotation::CountWords(progress.estimated_rows()),
                 rotation::CountWords(progress.counts().changed()),
                 TimeForPeople(job.create_time())});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return session->Show({{"jobs", std::move(jobs)}}, table.Render());
}

void AddList(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::ListJobsRequest>();
  auto open_only = std::make_shared<bool>(false);
  CLI::App* const command =
      group->add_subcommand("list", "List the jobs of a tenant, newest first");
  AddTenantOption(command, request->mutable_tenant());
  command->add_flag("--open", *open_only, "Only those that have not ended");
  AddDataSourceOption(command, request->mutable_data_source())
      ->description("Only those of this data source");
  session->Bind(command, [session, request, open_only] {
    request->set_open_only(*open_only);
    return List(session, *request);
  });
}

}  // namespace

void AddRotationCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand(
      "rotation", "Bring the rows of an application's database to new key versions, online");
  group->require_subcommand(1, 1);
  AddRotationPlanCommand(group, session);
  AddCreate(group, session);
  AddChange(group, session, "start", "Let workers begin, or begin again after it has failed",
            &RotationClient::StartJob);
  AddRotationRunCommand(group, session);
  AddRotationServeCommand(group, session);
  AddRotationWatchCommand(group, session);
  AddChange(group, session, "status", "Show a job and how far it is", &RotationClient::GetJob);
  AddChange(group, session, "pause", "Stop the workers of a job, wherever they are",
            &RotationClient::PauseJob);
  AddChange(group, session, "resume", "Let the workers of a paused job go on",
            &RotationClient::ResumeJob);
  AddChange(group, session, "cancel", "End a job; rows that were rewritten stay so",
            &RotationClient::CancelJob);
  AddLimits(group, session);
  AddList(group, session);
  AddRotationReportCommand(group, session);
  AddRotationScheduleCommands(group, session);
}

}  // namespace fieldkms
