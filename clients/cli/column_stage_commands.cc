// fieldkms column close|reopen|switch|abandon: the stages of a conversion (rotation/conversion.h).
#include <memory>
#include <string>
#include <string_view>

#include "clients/cli/column_arguments.h"
#include "clients/cli/column_report.h"
#include "clients/cli/commands.h"
#include "clients/cli/table_names.h"
#include "clients/cli/usage_error.h"
#include "crypto/status.h"
#include "rotation/conversion.h"

namespace fieldkms {
namespace {

using rotation::Database;
using rotation::ProtectedColumn;
using rotation::TableName;

struct StageArguments {
  ColumnArguments column;
  std::string as;
  bool keep_names = false;
};

absl::StatusOr<ExitCode> ShowStage(Session* session,
                                   const absl::StatusOr<ProtectedColumn>& column) {
  if (!column.ok()) {
    return FieldOf(column.status()) == "leader" ? WithField(column.status(), "as")
                                                : column.status();
  }
  return session->Show(ColumnJson(*column),
                       Properties(ColumnRows(*column)) + "\n" + StageHelp(*column));
}

using Change = absl::StatusOr<ProtectedColumn> (*)(Database&, const TableName&, std::string_view,
                                                   rotation::StepRun);

absl::StatusOr<ExitCode> RunChange(Session* session, const ColumnArguments& arguments,
                                   Change change) {
  FIELDKMS_ASSIGN_OR_RETURN(const OpenedColumn at, OpenColumn(arguments));
  return ShowStage(session, change(*at.database, at.table, at.column, rotation::StepRun::kForGood));
}

absl::StatusOr<ExitCode> Switch(Session* session, const StageArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const OpenedColumn at, OpenColumn(arguments.column));
  rotation::SwitchNames names = {.rename = !arguments.keep_names};
  if (!arguments.as.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(names.leader, ParseColumnName(arguments.as, "as"));
  }
  return ShowStage(session, rotation::SwitchConversion(*at.database, at.table, at.column, names));
}

absl::StatusOr<ExitCode> Abandon(Session* session, const ColumnArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const OpenedColumn at, OpenColumn(arguments));
  FIELDKMS_RETURN_IF_ERROR(rotation::AbandonConversion(*at.database, at.table, at.column));
  return session->Show({{"schema", at.table.schema},
                        {"table", at.table.table},
                        {"column", at.column},
                        {"abandoned", true}},
                       "The conversion is taken back, and what it had made is gone.\n");
}

CLI::App* AddStage(CLI::App* group, const char* name, const char* description,
                   ColumnArguments* arguments) {
  CLI::App* const command = group->add_subcommand(name, description);
  AddColumnPlace(command, arguments, "The column that is being converted, by either name");
  return command;
}

void AddChange(CLI::App* group, Session* session, const char* name, const char* description,
               Change change) {
  auto arguments = std::make_shared<ColumnArguments>();
  CLI::App* const command = AddStage(group, name, description, arguments.get());
  session->Bind(command,
                [session, arguments, change] { return RunChange(session, *arguments, change); });
}

}  // namespace

void AddColumnStageCommands(CLI::App* group, Session* session) {
  AddChange(group, session, "close",
            "Refuse rows that have the one column of a conversion and not the other",
            &rotation::CloseConversion);
  AddChange(group, session, "reopen", "Let them in again, for a job to fill",
            &rotation::ReopenConversion);

  auto arguments = std::make_shared<StageArguments>();
  CLI::App* const change =
      AddStage(group, "switch", "Give the name to the column that was filled: no row is touched",
               &arguments->column);
  change
      ->add_option("--as", arguments->as,
                   "What the other one is called then; by default its name and _plain, or "
                   "_protected")
      ->type_name("NAME");
  change->add_flag("--keep-names", arguments->keep_names, "Rename nothing")
      ->excludes(change->get_option("--as"));
  session->Bind(change, [session, arguments] { return Switch(session, *arguments); });

  auto abandoned = std::make_shared<ColumnArguments>();
  CLI::App* const abandon =
      AddStage(group, "abandon",
               "Take a conversion back, before the switch: drop the column that it has made",
               abandoned.get());
  session->Bind(abandon, [session, abandoned] { return Abandon(session, *abandoned); });
}

}  // namespace fieldkms
