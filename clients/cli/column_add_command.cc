// fieldkms column add
#include <memory>
#include <string>
#include <utility>

#include "clients/cli/column_arguments.h"
#include "clients/cli/column_report.h"
#include "clients/cli/commands.h"
#include "clients/cli/database_option.h"
#include "crypto/status.h"
#include "rotation/column_shape.h"
#include "rotation/registry.h"

namespace fieldkms {
namespace {

using rotation::Database;
using rotation::ProtectedColumn;

absl::StatusOr<ExitCode> Add(Session* session, const ColumnArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(ProtectedColumn column, ColumnOf(arguments));
  FIELDKMS_RETURN_IF_ERROR(PutKeys(session, arguments, &column));
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            ConnectTo(arguments.conninfo_file));
  FIELDKMS_RETURN_IF_ERROR(rotation::CheckTargetSchema(*database));
  if (arguments.shape.empty() && arguments.version_column.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(column.shape,
                              rotation::ShapeOfColumn(*database, column.table, column.column));
  }
  const absl::StatusOr<ProtectedColumn> added =
      rotation::AddProtectedColumn(*database, std::move(column));
  if (!added.ok()) return AboutOption(added.status());
  return session->Show(ColumnJson(*added),
                       Properties(ColumnRows(*added)) + "\n" + ContextHelp(*added));
}

}  // namespace

void AddColumnAddCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<ColumnArguments>();
  CLI::App* const command = group->add_subcommand(
      "add", "Register a column: under which key its values are, and what they are bound to");
  AddColumnPlace(command, arguments.get(), "The column");
  AddColumnOptions(command, arguments.get());
  AddUncheckedOption(command, arguments.get());
  command
      ->add_option("--version-column", arguments->version_column,
                   "Of text in a field's own format: the column with the version of the key that "
                   "made it")
      ->type_name("COLUMN");
  command
      ->add_option("--shape", arguments->shape,
                   "How values stand in it: bytea, text, bytea[], text[], json, jsonb, fpe; what "
                   "its type says by default")
      ->type_name("SHAPE");
  session->Bind(command, [session, arguments] { return Add(session, *arguments); });
}

}  // namespace fieldkms
