// fieldkms rotation serve: carries out what is asked for in SQL (kms.requests), and works on jobs.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/database_option.h"
#include "clients/cli/job_loop.h"
#include "clients/cli/output.h"
#include "clients/cli/rotation_args.h"
#include "clients/cli/source_keys_option.h"
#include "clients/cli/stop_signals.h"
#include "clients/cli/worker_pool.h"
#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/postgres/conninfo.h"
#include "kms/printable.h"
#include "rotation/registry.h"
#include "rotation/request_beat.h"
#include "rotation/request_server.h"
#include "rotation/status_facts.h"

namespace fieldkms {
namespace {

using Clock = std::chrono::steady_clock;
using rotation::Database;

constexpr std::chrono::milliseconds kIdle{200};
constexpr std::chrono::seconds kAfterAnError{2};
constexpr std::chrono::minutes kFactsEvery{1};
constexpr std::chrono::hours kSamplesEvery{1};
constexpr char kApplication[] = "fieldkms-serve";

struct ServeArguments {
  std::string tenant;
  std::string data_source;
  std::string conninfo_file;
  std::vector<std::string> allow = rotation::DefaultKinds();
  uint32_t workers = 1;
  std::string name;
  std::string source_keys;
};

// Waits for signals, and remembers that there was one.
class Stopping {
 public:
  bool Wait(std::chrono::milliseconds longest) {
    if (!stopped_) stopped_ = signals_.Wait(longest);
    return stopped_;
  }
  bool stopped() const { return stopped_; }

 private:
  StopSignals signals_;
  bool stopped_ = false;
};

class Log {
 public:
  explicit Log(bool json) : json_(json) {}
  void Say(const std::string& text) const {
    if (json_) return;
    // A terminal that is gone is no reason to stop working.
    (void)WriteAll(STDERR_FILENO, AsBytes("fieldkms: " + Printable(text) + "\n"));
  }
  // What goes on is said once.
  void Trouble(const absl::Status& status) {
    const std::string text = status.ok() ? "" : std::string(MessageOf(status));
    if (text == trouble_) return;
    trouble_ = text;
    Say(text.empty() ? "all is in reach again" : "trying again: " + text);
  }

 private:
  const bool json_;
  std::string trouble_;
};

// Facts and samples for kms.encryption_status, when it is time.
class StatusKeeper {
 public:
  StatusKeeper(Database& database, Client& client, std::string tenant)
      : database_(database), client_(client), tenant_(std::move(tenant)) {}

  absl::Status Step() {
    const auto now = Clock::now();
    if (now >= facts_at_) {
      facts_at_ = now + kFactsEvery;
      FIELDKMS_RETURN_IF_ERROR(rotation::RefreshKeyFacts(database_, client_, tenant_));
    }
    if (now < samples_at_) return absl::OkStatus();
    samples_at_ = now + kSamplesEvery;
    return rotation::RefreshSamples(database_);
  }
  // Something was done: what is known is old.
  void Hurry() { facts_at_ = samples_at_ = Clock::time_point(); }

 private:
  Database& database_;
  Client& client_;
  const std::string tenant_;
  Clock::time_point facts_at_;
  Clock::time_point samples_at_;
};

// Until somebody wants it to stop. What cannot be reached is tried again.
absl::Status Loop(rotation::RequestServer* server, JobLoop* jobs, StatusKeeper* keeper,
                  Stopping* stopping, Log* log) {
  while (!stopping->stopped()) {
    const absl::StatusOr<bool> carried = server->Step();
    absl::Status trouble = carried.status();
    const absl::StatusOr<bool> ended = jobs->Step();
    if (trouble.ok()) trouble = ended.status();
    if ((carried.ok() && *carried) || (ended.ok() && *ended)) keeper->Hurry();
    if (trouble.ok() && !*carried) trouble = keeper->Step();
    if (stopping->stopped()) break;
    log->Trouble(trouble);
    if (trouble.ok() && *carried) continue;
    stopping->Wait(trouble.ok() ? kIdle : std::chrono::milliseconds(kAfterAnError));
  }
  return server->GiveBack();
}

absl::StatusOr<ExitCode> Work(Session* session, const ServeArguments& arguments,
                              const std::string& conninfo, std::vector<std::string> names,
                              Stopping* stopping) {
  Log log(session->options.json);
  FIELDKMS_ASSIGN_OR_RETURN(const auto source_keys, SourceKeysOf(arguments.source_keys));
  const auto say = [&log](const std::string& text) { log.Say(text); };
  FIELDKMS_ASSIGN_OR_RETURN(const std::shared_ptr<Client> client, session->ConnectShared());
  FIELDKMS_ASSIGN_OR_RETURN(const auto database, Database::Connect(conninfo, kApplication));
  FIELDKMS_RETURN_IF_ERROR(rotation::CheckTargetSchema(*database));
  FIELDKMS_ASSIGN_OR_RETURN(auto beating, Database::Connect(conninfo, kApplication));
  const std::string worker = names.back();
  names.pop_back();
  const rotation::RequestBeat beat(
      std::move(beating), {worker, arguments.tenant, arguments.data_source, arguments.allow});
  rotation::RequestServer server(
      *database, *client,
      {.scope = {.tenant = arguments.tenant,
                 .data_source = arguments.data_source,
                 .allows = {arguments.allow.begin(), arguments.allow.end()},
                 .source_keys = source_keys.get()},
       .worker = worker,
       .wait = [stopping](std::chrono::milliseconds longest) { return stopping->Wait(longest); },
       .say = say});
  rotation::WorkerOptions options;
  options.conninfo = conninfo;
  options.tenant = arguments.tenant;
  options.source_keys = source_keys;
  const rotation::ServiceCalls calls = rotation::CallsOf(*client);
  JobLoop jobs(*client, calls, options, arguments.data_source, std::move(names), say);
  StatusKeeper keeper(*database, *client, arguments.tenant);
  log.Say("serves requests as " + worker);
  FIELDKMS_RETURN_IF_ERROR(Loop(&server, &jobs, &keeper, stopping, &log));
  return session->Show({{"stopped", true}}, "stopped; the next worker goes on\n");
}

absl::StatusOr<ExitCode> Serve(Session* session, const ServeArguments& arguments) {
  Stopping stopping;  // before the client and its threads
  FIELDKMS_ASSIGN_OR_RETURN(const std::string conninfo, ReadConninfoFile(arguments.conninfo_file));
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<std::string> names,
                            WorkerNames(arguments.name, arguments.workers + 1));
  return Work(session, arguments, conninfo, std::move(names), &stopping);
}

}  // namespace

void AddRotationServeCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<ServeArguments>();
  CLI::App* const command = group->add_subcommand(
      "serve", "Carry out what DBAs ask for in SQL, and work on jobs, until it is stopped");
  AddDataSourceOption(command, &arguments->data_source)->required();
  AddTenantOption(command, &arguments->tenant);
  AddConninfoFileOption(command, &arguments->conninfo_file)->required();
  command
      ->add_option(
          "--allow", arguments->allow,
          "What may be asked for: convert and rotate by default; migrate, which opens what other "
          "tools have encrypted; unprotect, which decrypts what whoever may ask wants decrypted; "
          "create-key. Repeatable")
      ->type_name("KIND")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(rotation::AllowedKinds()));
  AddSourceKeysOption(command, &arguments->source_keys);
  AddWorkerOptions(command, &arguments->workers, &arguments->name);
  session->Bind(command, [session, arguments] { return Serve(session, *arguments); });
}

}  // namespace fieldkms
