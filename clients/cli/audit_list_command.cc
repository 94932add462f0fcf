// fieldkms audit list|watch: the records of a trail that a filter takes.
#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>
#include <memory>
#include <string>

#include "clients/cli/audit_args.h"
#include "clients/cli/audit_calls.h"
#include "clients/cli/audit_commands.h"
#include "clients/cli/audit_records_view.h"
#include "crypto/status.h"
#include "kms/audit/trail_reader.h"

namespace fieldkms {
namespace {

struct ListArguments {
  TrailArguments trail;
  RecordFilter filter;
  size_t limit = 100;
  std::string page_token;
};

absl::StatusOr<ExitCode> List(Session* session, ListArguments arguments) {
  DropZone(&arguments.filter.since);
  DropZone(&arguments.filter.until);
  const auto told =
      arguments.trail.trail.empty()
          ? ListByService(session, arguments.filter, arguments.limit, arguments.page_token)
          : ListFiles(arguments.trail.trail, arguments.filter, arguments.limit,
                      arguments.page_token);
  FIELDKMS_RETURN_IF_ERROR(told.status());
  return ShowRecords(session, *told);
}

struct WatchArguments {
  RecordFilter filter;
  size_t count = 0;  // 0: for ever
};

absl::StatusOr<ExitCode> Watch(Session* session, const WatchArguments& arguments) {
  size_t shown = 0;
  absl::Status printed;
  FIELDKMS_RETURN_IF_ERROR(WatchByService(session, arguments.filter, [&](const FoundRecord& found) {
    printed = session->Show(RecordJson(found), found.line + "\n").status();
    return printed.ok() && ++shown != arguments.count;
  }));
  FIELDKMS_RETURN_IF_ERROR(printed);
  return ExitCode::kOk;
}

void AddText(CLI::App* command, const char* option, std::string* out, const char* description,
             const char* type) {
  command->add_option(option, *out, description)->type_name(type);
}

void AddFilterOptions(CLI::App* command, RecordFilter* filter) {
  AddText(command, "--principal", &filter->principal, "Of this principal", "NAME");
  AddText(command, "--tenant", &filter->tenant, "About this tenant", "ID");
  AddText(command, "--method", &filter->method, "Of this method: CryptoService.Decrypt", "METHOD");
  AddText(command, "--key", &filter->key, "That name this key", "NAME");
  AddText(command, "--field", &filter->field, "That name this field", "NAME");
  AddText(command, "--code", &filter->code, "With this outcome: OK, PERMISSION_DENIED", "CODE");
  AddText(command, "--kind", &filter->kind, "Of this kind: intent, outcome, refusal, start",
          "KIND");
}

}  // namespace

void AddAuditListCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<ListArguments>();
  CLI::App* const command = group->add_subcommand("list", "List records, the oldest first");
  AddOptionalTrailOption(command, &arguments->trail);
  AddFilterOptions(command, &arguments->filter);
  AddText(command, "--since", &arguments->filter.since,
          "Not before: 2026-11-27T14:00:00Z, or less of it", "TIME");
  AddText(command, "--until", &arguments->filter.until, "Before", "TIME");
  command->add_option("--limit", arguments->limit, "How many at most")
      ->check(CLI::Range(size_t{1}, size_t{100'000}))
      ->capture_default_str();
  AddText(command, "--page-token", &arguments->page_token, "Read on from where another list ended",
          "TOKEN");
  session->Bind(command, [session, arguments] { return List(session, *arguments); });
}

void AddAuditWatchCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<WatchArguments>();
  CLI::App* const command =
      group->add_subcommand("watch", "Show records of the service as they come, a line each");
  AddFilterOptions(command, &arguments->filter);
  command->add_option("-n,--count", arguments->count, "End after so many; 0: never")
      ->capture_default_str();
  session->Bind(command, [session, arguments] { return Watch(session, *arguments); });
}

}  // namespace fieldkms
