// fieldkms column init|list|remove, and the group of them: the registry of protected columns in an
// application's database.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/column_report.h"
#include "clients/cli/commands.h"
#include "clients/cli/database_option.h"
#include "clients/cli/table_names.h"
#include "crypto/status.h"
#include "kms/printable.h"
#include "rotation/conversion.h"
#include "rotation/registry.h"

namespace fieldkms {
namespace {

using rotation::Database;
using rotation::ProtectedColumn;
using rotation::TableName;

struct RegistryArguments {
  std::string conninfo_file;
  bool print = false;
  std::string tenant;
  std::string table;
  std::string column;
  bool count = false;
};

absl::StatusOr<ExitCode> Init(Session* session, const RegistryArguments& arguments) {
  if (arguments.print) {
    const std::string sql = rotation::TargetSchemaSql();
    return session->Show({{"sql", sql}}, sql);
  }
  if (arguments.conninfo_file.empty()) {
    return InvalidField("conninfo-file", "is needed, or --print");
  }
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            ConnectTo(arguments.conninfo_file));
  FIELDKMS_RETURN_IF_ERROR(rotation::InstallTargetSchema(*database));
  return session->Show({{"installed", true}}, "schema kms is there, of this release\n");
}

// Of columns that jobs fill.
absl::StatusOr<std::vector<std::optional<uint64_t>>> CountEach(
    Database& database, const std::vector<ProtectedColumn>& columns) {
  std::vector<std::optional<uint64_t>> unfilled(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!rotation::IsFilling(columns[i].conversion)) continue;
    FIELDKMS_ASSIGN_OR_RETURN(unfilled[i], rotation::CountUnfilled(database, columns[i]));
  }
  return unfilled;
}

absl::StatusOr<ExitCode> List(Session* session, const RegistryArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            ConnectTo(arguments.conninfo_file));
  FIELDKMS_RETURN_IF_ERROR(rotation::CheckTargetSchema(*database));
  std::vector<std::string> orphans;
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<ProtectedColumn> columns,
                            rotation::ListProtectedColumns(*database, arguments.tenant, &orphans));
  std::vector<std::optional<uint64_t>> unfilled;
  if (arguments.count) {
    FIELDKMS_ASSIGN_OR_RETURN(unfilled, CountEach(*database, columns));
  }
  Json json = Json::array();
  for (size_t i = 0; i < columns.size(); ++i) {
    json.push_back(ColumnJson(columns[i]));
    if (arguments.count)
      json.back()["unfilled_rows"] = unfilled[i] ? Json(*unfilled[i]) : Json(nullptr);
  }
  std::string text = ColumnTable(columns, unfilled).Render();
  for (const std::string& orphan : orphans) {
    text += "gone: " + Printable(orphan) + "; `fieldkms column remove` takes it off the list\n";
  }
  return session->Show({{"columns", std::move(json)}, {"orphans", orphans}}, text);
}

// A table that is gone goes by its number.
absl::StatusOr<TableName> TableOrNumber(const std::string& text) {
  const bool is_number = !text.empty() && std::all_of(text.begin(), text.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
  if (is_number) return TableName{"", text};
  return ParseTableName(text, "table");
}

absl::StatusOr<ExitCode> Remove(Session* session, const RegistryArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const TableName table, TableOrNumber(arguments.table));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string name, ParseColumnName(arguments.column, "column"));
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            ConnectTo(arguments.conninfo_file));
  FIELDKMS_RETURN_IF_ERROR(rotation::CheckTargetSchema(*database));
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<ProtectedColumn> columns,
                            rotation::ListProtectedColumns(*database, ""));
  FIELDKMS_RETURN_IF_ERROR(rotation::RemoveProtectedColumn(*database, table, name));
  const auto removed =
      std::find_if(columns.begin(), columns.end(), [&](const ProtectedColumn& column) {
        return column.table == table && column.column == name;
      });
  if (removed == columns.end()) {  // it was gone
    return session->Show({{"table", table.table}, {"column", name}, {"removed", true}},
                         "removed\n");
  }
  Json json = ColumnJson(*removed);
  json["removed"] = true;
  return session->Show(json,
                       Properties(ColumnRows(*removed)) +
                           "\nRemoved; its values stay. To read them later, keep the binding id: "
                           "`fieldkms column add --binding-id` takes it.\n");
}

CLI::App* AddColumnCommand(CLI::App* group, const char* name, const char* description,
                           RegistryArguments* arguments) {
  CLI::App* const command = group->add_subcommand(name, description);
  AddConninfoFileOption(command, &arguments->conninfo_file)->required();
  return command;
}

}  // namespace

void AddColumnCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand(
      "column", "Register the columns of an application's database that hold ciphertexts");
  group->require_subcommand(1, 1);
  auto arguments = std::make_shared<RegistryArguments>();

  CLI::App* const init = group->add_subcommand(
      "init", "Make schema kms in the database, or bring it up to this release");
  AddConninfoFileOption(init, &arguments->conninfo_file);
  init->add_flag("--print", arguments->print, "Print the SQL for somebody else to run, instead");
  session->Bind(init, [session, arguments] { return Init(session, *arguments); });

  AddColumnAddCommand(group, session);
  AddColumnBeginCommands(group, session);
  AddColumnStageCommands(group, session);
  AddColumnDropCommands(group, session);

  CLI::App* const list =
      AddColumnCommand(group, "list", "List the registered columns", arguments.get());
  AddTenantOption(list, &arguments->tenant)
      ->description("Only those of this tenant")
      ->required(false);
  list->add_flag("--count", arguments->count,
                 "Count rows that a conversion has yet to fill: it reads whole tables");
  session->Bind(list, [session, arguments] { return List(session, *arguments); });

  CLI::App* const remove = AddColumnCommand(
      group, "remove", "Take a column off the registry; its values stay", arguments.get());
  remove->add_option("table", arguments->table, "schema.table; of one that is gone, its number")
      ->type_name("TABLE")
      ->required();
  remove->add_option("column", arguments->column, "The column")->type_name("COLUMN")->required();
  session->Bind(remove, [session, arguments] { return Remove(session, *arguments); });
}

}  // namespace fieldkms
