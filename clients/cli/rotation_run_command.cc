// fieldkms rotation run: workers of a job, in this process.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/database_option.h"
#include "clients/cli/job_display.h"
#include "clients/cli/job_report.h"
#include "clients/cli/rotation_args.h"
#include "clients/cli/source_keys_option.h"
#include "clients/cli/stop_signals.h"
#include "clients/cli/worker_pool.h"
#include "clients/cpp/rotation_client.h"
#include "crypto/status.h"
#include "kms/postgres/conninfo.h"
#include "rotation/leased_calls.h"
#include "rotation/open_jobs.h"

namespace fieldkms {
namespace {

constexpr std::chrono::milliseconds kLookEvery{100};

struct RunArguments {
  std::string tenant;
  std::string job_id;
  bool next = false;
  std::string data_source;
  std::string conninfo_file;
  uint32_t workers = 1;
  std::string name;
  bool no_wait = false;
  bool lease = false;
  std::string source_keys;
};

absl::Status CheckArguments(const RunArguments& arguments) {
  if (arguments.job_id.empty() != arguments.next) {
    return InvalidField("job", "or --next is needed, and not both");
  }
  if (arguments.next && arguments.data_source.empty()) {
    return InvalidField("data-source", "is needed with --next");
  }
  return absl::OkStatus();
}

bool IsRunning(const v1::RotationJob& job) { return job.state() == v1::ROTATION_STATE_RUNNING; }

// The newest job of the data source that runs, else the newest that could; "": there is none.
absl::StatusOr<std::string> NextJob(Client* client, const RunArguments& arguments) {
  std::string next;
  FIELDKMS_RETURN_IF_ERROR(rotation::ForEachOpenJob(
      *client, arguments.tenant, arguments.data_source, [&](const v1::RotationJob& job) {
        if (IsRunning(job) || next.empty()) next = job.job_id();
        return !IsRunning(job);
      }));
  return next;
}

// Until the job has ended or somebody wants the workers to stop. What is said is the display's.
absl::Status Follow(const RunArguments& arguments, StopSignals* signals, WorkerPool* pool,
                    JobDisplay* display) {
  for (PoolNews news = pool->News(); !news.ended; news = pool->News()) {
    FIELDKMS_RETURN_IF_ERROR(display->Update(news.job, news.resting));
    const bool known = !news.job.job_id().empty() && !HasEnded(news.job);
    if (arguments.no_wait && known && !IsRunning(news.job)) pool->Stop();
    if (signals->Wait(kLookEvery)) {
      display->Say("stopping after the batch; once more ends at once");
      pool->Stop();
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Work(Session* session, const RunArguments& arguments,
                              const std::string& job_id, StopSignals* signals) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::shared_ptr<Client> client, session->ConnectShared());
  rotation::WorkerOptions options;
  FIELDKMS_ASSIGN_OR_RETURN(options.conninfo, ReadConninfoFile(arguments.conninfo_file));
  options.tenant = arguments.tenant;
  options.job_id = job_id;
  FIELDKMS_ASSIGN_OR_RETURN(options.source_keys, SourceKeysOf(arguments.source_keys));
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                            WorkerNames(arguments.name, arguments.workers));
  const rotation::ServiceCalls calls =
      arguments.lease ? rotation::LeasedCallsOf(client, arguments.tenant, job_id)
                      : rotation::CallsOf(*client);
  JobDisplay display(session);
  WorkerPool pool(options, names, calls);
  FIELDKMS_RETURN_IF_ERROR(Follow(arguments, signals, &pool, &display));
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob job, pool.Result());
  if (!HasEnded(job)) {
    display.Say(IsRunning(job) || job.job_id().empty()
                    ? "stopped; the next worker goes on where this one was"
                    : "the job is " + JobStateName(job.state()) + ": nothing to do now");
  }
  return display.Finish(job);
}

absl::StatusOr<ExitCode> Run(Session* session, const RunArguments& arguments) {
  FIELDKMS_RETURN_IF_ERROR(CheckArguments(arguments));
  StopSignals signals;  // before the client and its threads
  std::string job_id = arguments.job_id;
  if (arguments.next) {
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    FIELDKMS_ASSIGN_OR_RETURN(job_id, NextJob(client, arguments));
    if (job_id.empty()) {
      return session->Show({{"job_id", nullptr}}, "the data source has no open job\n");
    }
  }
  return Work(session, arguments, job_id, &signals);
}

void AddOptions(CLI::App* command, RunArguments* arguments) {
  CLI::Option* const job = AddJobArgument(command, &arguments->job_id);
  CLI::Option* const next =
      command
          ->add_flag("--next", arguments->next,
                     "Take the newest open job of --data-source; none: there is nothing to do")
          ->excludes(job);
  AddDataSourceOption(command, &arguments->data_source)->needs(next);
  AddTenantOption(command, &arguments->tenant);
  AddConninfoFileOption(command, &arguments->conninfo_file)->required();
  AddWorkerOptions(command, &arguments->workers, &arguments->name);
  AddSourceKeysOption(command, &arguments->source_keys);
  command->add_flag("--no-wait", arguments->no_wait,
                    "End where the job is paused or was not started, instead of waiting");
  command->add_flag("--lease", arguments->lease,
                    "Rewrap with leased keys in this process, where their policies allow it; the "
                    "keys, and plaintexts, are in its memory then");
}

}  // namespace

void AddRotationRunCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* const command = group->add_subcommand(
      "run", "Work on a job until it has ended; any number of these may, anywhere");
  AddOptions(command, arguments.get());
  session->Bind(command, [session, arguments] { return Run(session, *arguments); });
}

}  // namespace fieldkms
