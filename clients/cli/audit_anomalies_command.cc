// fieldkms audit anomalies: what looked suspicious, or would have by other thresholds.
#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/audit_args.h"
#include "clients/cli/audit_calls.h"
#include "clients/cli/audit_commands.h"
#include "clients/cli/audit_records_view.h"
#include "crypto/status.h"
#include "kms/audit/trail_reader.h"
#include "kms/server/config.h"
#include "kms/watch/activity_watch.h"
#include "kms/watch/alarm.h"
#include "kms/watch/watched_line.h"

namespace fieldkms {
namespace {

struct AnomalyArguments {
  TrailArguments trail;
  RecordFilter filter;  // its times
  size_t limit = 100;
  std::string page_token;
  bool replay = false;
  std::string config;
};

absl::StatusOr<ExitCode> ListAlarms(Session* session, const AnomalyArguments& arguments) {
  RecordFilter filter = arguments.filter;
  filter.kind = "alarm";
  const std::string& trail = arguments.trail.trail;
  const auto told = trail.empty()
                        ? ListByService(session, filter, arguments.limit, arguments.page_token)
                        : ListFiles(trail, filter, arguments.limit, arguments.page_token);
  FIELDKMS_RETURN_IF_ERROR(told.status());
  return ShowRecords(session, *told);
}

// What is shown of a replay, which goes over the whole trail.
struct Replayed {
  Json alarms = Json::array();
  std::string text;
  uint64_t records = 0;
  uint64_t found = 0;  // alarms, also those that are not shown
};

void AddAlarm(const AnomalyArguments& arguments, const Alarm& alarm, Replayed* out) {
  const std::string line = JsonOf(alarm);
  Json json = Json::parse(line);
  if (json["time"].get_ref<const std::string&>() < arguments.filter.since) return;
  if (++out->found > arguments.limit) return;
  out->text += line + "\n";
  out->alarms.push_back(std::move(json));
}

// From the beginning, whatever is shown: what is unusual depends on what was before.
absl::StatusOr<Replayed> RunRules(const AnomalyArguments& arguments, WatchRules rules) {
  RecordFilter filter;
  filter.until = arguments.filter.until;
  FIELDKMS_RETURN_IF_ERROR(CheckFilter(arguments.filter));
  ActivityWatch watch(std::move(rules));
  WatchedLine line;
  std::vector<Alarm> alarms;
  Replayed replayed;
  std::optional<TrailPosition> from;
  for (bool end = false; !end;) {
    FIELDKMS_ASSIGN_OR_RETURN(const TrailPage page,
                              ReadPage(arguments.trail.trail, from, filter, {.records = 4'096}));
    for (const FoundRecord& found : page.records) {
      ++replayed.records;
      if (!line.Read(found.line)) continue;
      alarms.clear();
      watch.Take(line.record(), line.time(), &alarms);
      for (const Alarm& alarm : alarms) AddAlarm(arguments, alarm, &replayed);
    }
    from = page.next;
    end = page.end;
  }
  return replayed;
}

absl::StatusOr<ExitCode> Replay(Session* session, const AnomalyArguments& arguments) {
  if (arguments.trail.trail.empty()) return InvalidField("trail", "--replay reads a trail's files");
  WatchRules rules;
  if (!arguments.config.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(Config config, LoadConfig(arguments.config));
    rules = std::move(config.watch.rules);
  }
  FIELDKMS_ASSIGN_OR_RETURN(Replayed replayed, RunRules(arguments, std::move(rules)));
  replayed.text += std::to_string(replayed.found) + " alarms of " +
                   std::to_string(replayed.records) + " records";
  if (replayed.found > arguments.limit) {
    replayed.text += "; the first " + std::to_string(arguments.limit) + " are shown (--limit)";
  }
  return session->Show({{"alarms", std::move(replayed.alarms)},
                        {"found", replayed.found},
                        {"records", replayed.records}},
                       replayed.text + "\n");
}

absl::StatusOr<ExitCode> Run(Session* session, AnomalyArguments arguments) {
  DropZone(&arguments.filter.since);
  DropZone(&arguments.filter.until);
  return arguments.replay ? Replay(session, arguments) : ListAlarms(session, arguments);
}

}  // namespace

void AddAuditAnomaliesCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<AnomalyArguments>();
  CLI::App* const command = group->add_subcommand(
      "anomalies", "List the alarms that the service raised over its trail, the oldest first");
  AddOptionalTrailOption(command, &arguments->trail);
  command
      ->add_option("--since", arguments->filter.since,
                   "Not before: 2026-11-27T14:00:00Z, or less of it")
      ->type_name("TIME");
  command->add_option("--until", arguments->filter.until, "Before")->type_name("TIME");
  command->add_option("--limit", arguments->limit, "How many at most")
      ->check(CLI::Range(size_t{1}, size_t{100'000}))
      ->capture_default_str();
  CLI::Option* const token = command
                                 ->add_option("--page-token", arguments->page_token,
                                              "Read on from where another list ended")
                                 ->type_name("TOKEN");
  CLI::Option* const replay =
      command->add_flag("--replay", arguments->replay,
                        "Those that the rules would have raised over the whole trail, instead");
  replay->excludes(token);
  command
      ->add_option("--config", arguments->config,
                   "The service's configuration, whose section watch has the thresholds; the "
                   "default ones without")
      ->type_name("FILE")
      ->needs(replay);
  session->Bind(command, [session, arguments] { return Run(session, *arguments); });
}

}  // namespace fieldkms
