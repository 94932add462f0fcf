// fieldkms rotation report
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/database_option.h"
#include "clients/cli/job_report.h"
#include "clients/cli/output.h"
#include "clients/cli/rotation_args.h"
#include "clients/cpp/rotation_client.h"
#include "crypto/status.h"
#include "kms/clock.h"
#include "kms/postgres/value.h"
#include "rotation/checkpoints.h"
#include "rotation/report.h"

namespace fieldkms {
namespace {

using rotation::QuarantinedValue;

// More are counted, but not listed.
constexpr size_t kMostListed = 10'000;

struct ReportArguments {
  v1::GetJobRequest request;
  std::string html;
  bool force = false;
  std::string conninfo_file;
  bool show_rows = false;
};

absl::StatusOr<std::vector<QuarantinedValue>> ReadQuarantine(const ReportArguments& arguments) {
  std::vector<QuarantinedValue> values;
  if (arguments.conninfo_file.empty()) return values;
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<rotation::Database> database,
                            ConnectTo(arguments.conninfo_file));
  rotation::Checkpoints checkpoints(*database, arguments.request.job_id(), /*worker=*/"",
                                    std::chrono::milliseconds(0));
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<rotation::QuarantinedCell> cells,
                            checkpoints.ListQuarantine(kMostListed));
  for (rotation::QuarantinedCell& cell : cells) {
    values.push_back({.table = std::move(cell.leaf),
                      .column = std::move(cell.column),
                      .row_key = std::move(cell.row),
                      .reason = std::move(cell.reason),
                      .found_time = ParseTimestamp(cell.time)});
  }
  return values;
}

// Rows only where they were asked for: keys of rows may be personal data.
Json QuarantineJson(const std::vector<QuarantinedValue>& values, bool show_rows) {
  Json json = Json::array();
  for (const QuarantinedValue& value : values) {
    json.push_back({{"schema", value.table.schema},
                    {"table", value.table.table},
                    {"column", value.column},
                    {"row_key", show_rows ? Json(value.row_key) : Json(nullptr)},
                    {"reason", value.reason}});
  }
  return json;
}

absl::Status WriteHtml(const ReportArguments& arguments, const std::string& html) {
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments.html, arguments.force));
  FIELDKMS_RETURN_IF_ERROR(output.Write(html));
  return output.Commit();
}

absl::StatusOr<ExitCode> Report(Session* session, const ReportArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob job,
                            RotationClient(*client).GetJob(arguments.request));
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<QuarantinedValue> values, ReadQuarantine(arguments));
  const rotation::ReportOptions options{.now = SystemClock().Now(),
                                        .show_row_keys = arguments.show_rows};
  Json json = {{"job", JobJson(job)},
               {"quarantined", QuarantineJson(values, arguments.show_rows)},
               {"html_file", arguments.html.empty() ? Json(nullptr) : Json(arguments.html)}};
  if (arguments.html.empty()) {
    return session->Show(json, rotation::TextReport(job, values, options));
  }
  FIELDKMS_RETURN_IF_ERROR(WriteHtml(arguments, rotation::HtmlReport(job, values, options)));
  return session->Show(json, Properties({{"job", job.job_id()},
                                         {"state", JobStateName(job.state())},
                                         {"report", arguments.html}}));
}

}  // namespace

void AddRotationReportCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<ReportArguments>();
  CLI::App* const command = group->add_subcommand(
      "report", "Say what a job did, how that was verified, and when older versions may go");
  AddJobArgument(command, arguments->request.mutable_job_id())->required();
  AddTenantOption(command, arguments->request.mutable_tenant());
  CLI::Option* const html =
      command
          ->add_option("--html", arguments->html,
                       "Write a page to this file (mode 0600, whole or not at all) instead")
          ->type_name("FILE");
  command->add_flag("--force", arguments->force, "Replace the file of --html if it exists")
      ->needs(html);
  CLI::Option* const conninfo = AddConninfoFileOption(command, &arguments->conninfo_file);
  command
      ->add_flag("--show-rows", arguments->show_rows,
                 "Name the rows of quarantined values by their keys, which may be personal data")
      ->needs(conninfo);
  session->Bind(command, [session, arguments] { return Report(session, *arguments); });
}

}  // namespace fieldkms
