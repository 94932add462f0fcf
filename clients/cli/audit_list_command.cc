// fieldkms audit list: the records of a trail that a filter takes.
#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "clients/cli/audit_args.h"
#include "clients/cli/audit_commands.h"
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

// A trail's times have no zone but UTC.
void DropZone(std::string* time) {
  if (!time->empty() && time->back() == 'Z') time->pop_back();
}

absl::StatusOr<ExitCode> List(Session* session, ListArguments arguments) {
  DropZone(&arguments.filter.since);
  DropZone(&arguments.filter.until);
  std::optional<TrailPosition> from;
  if (!arguments.page_token.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(from, ParsePosition(arguments.page_token));
  }
  FIELDKMS_ASSIGN_OR_RETURN(const TrailPage page,
                            ReadPage(arguments.trail.trail, from, arguments.filter,
                                     {.records = arguments.limit}));
  Json records = Json::array();
  std::string text;
  for (const FoundRecord& found : page.records) {
    Json record = Json::parse(found.line, nullptr, /*allow_exceptions=*/false);
    records.push_back({{"index", found.index},
                       {"record", record.is_discarded() ? Json(found.line) : std::move(record)}});
    text += found.line + "\n";
  }
  const std::string next = FormatPosition(page.next);
  if (!page.end) text += "There is more: --page-token " + next + "\n";
  return session->Show(
      {{"records", std::move(records)}, {"next_page_token", next}, {"end", page.end}}, text);
}

void AddText(CLI::App* command, const char* option, std::string* out, const char* description,
             const char* type) {
  command->add_option(option, *out, description)->type_name(type);
}

}  // namespace

void AddAuditListCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<ListArguments>();
  RecordFilter& filter = arguments->filter;
  CLI::App* const command = group->add_subcommand("list", "List records, the oldest first");
  AddTrailOption(command, &arguments->trail);
  AddText(command, "--since", &filter.since, "Not before: 2026-11-27T14:00:00Z, or less of it",
          "TIME");
  AddText(command, "--until", &filter.until, "Before", "TIME");
  AddText(command, "--principal", &filter.principal, "Of this principal", "NAME");
  AddText(command, "--tenant", &filter.tenant, "About this tenant", "ID");
  AddText(command, "--method", &filter.method, "Of this method: CryptoService.Decrypt", "METHOD");
  AddText(command, "--key", &filter.key, "That name this key", "NAME");
  AddText(command, "--field", &filter.field, "That name this field", "NAME");
  AddText(command, "--code", &filter.code, "With this outcome: OK, PERMISSION_DENIED", "CODE");
  AddText(command, "--kind", &filter.kind, "Of this kind: intent, outcome, refusal, start", "KIND");
  command->add_option("--limit", arguments->limit, "How many at most")
      ->check(CLI::Range(size_t{1}, size_t{100'000}))
      ->capture_default_str();
  AddText(command, "--page-token", &arguments->page_token, "Read on from where another list ended",
          "TOKEN");
  session->Bind(command, [session, arguments] { return List(session, *arguments); });
}

}  // namespace fieldkms
