#include "clients/cli/column_arguments.h"

#include <array>
#include <string_view>
#include <utility>

#include "clients/cli/commands.h"
#include "clients/cli/database_option.h"
#include "clients/cli/table_names.h"
#include "clients/cli/usage_error.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "rotation/column_keys.h"

namespace fieldkms {
namespace {

using rotation::ProtectedColumn;
using rotation::Shape;

absl::StatusOr<std::string> BytesOfHex(std::string_view hex, size_t size, std::string_view option) {
  std::string bytes(size, '\0');
  if (DecodeHex(hex, AsMutableBytes(bytes))) return bytes;
  return InvalidField(option, "must be " + std::to_string(2 * size) + " lower-case hex digits");
}

absl::Status PutRowKey(const ColumnArguments& arguments, ProtectedColumn* column) {
  if (arguments.no_row_key) return absl::OkStatus();
  // What is registered must be what applications seal with, so it is not guessed.
  if (arguments.row_key.empty()) {
    return InvalidField("row-key",
                        "is needed: the columns that `pk` of the context is made of; or "
                        "--no-row-key, where it has none");
  }
  FIELDKMS_ASSIGN_OR_RETURN(column->key_columns, ParseColumnList(arguments.row_key, "row-key"));
  return absl::OkStatus();
}

absl::Status PutContext(const ColumnArguments& arguments, ProtectedColumn* column) {
  for (const std::string& entry : arguments.context) {
    const size_t equals = entry.find('=');
    if (equals == std::string::npos) return InvalidField("context", "must be NAME=COLUMN");
    column->context_names.push_back(entry.substr(0, equals));
    FIELDKMS_ASSIGN_OR_RETURN(std::string name,
                              ParseColumnName(entry.substr(equals + 1), "context"));
    column->context_columns.push_back(std::move(name));
  }
  return absl::OkStatus();
}

absl::Status PutCompanions(const ColumnArguments& arguments, ProtectedColumn* column) {
  if (!arguments.index_column.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(column->index_column,
                              ParseColumnName(arguments.index_column, "index-column"));
  }
  if (!arguments.version_column.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(column->version_column,
                              ParseColumnName(arguments.version_column, "version-column"));
    column->shape = Shape::kFpe;
  }
  if (!arguments.shape.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(column->shape, rotation::ParseShape(arguments.shape));
  }
  if (arguments.index_key.empty() || column->index_column) return absl::OkStatus();
  return InvalidField("index-key", "is for a column of blind indexes: --index-column names it");
}

absl::Status PutAsGiven(const ColumnArguments& arguments, ProtectedColumn* column) {
  column->key = arguments.key;
  if (!arguments.index_key.empty()) column->index_key = arguments.index_key;
  return absl::OkStatus();
}

}  // namespace

void AddColumnPlace(CLI::App* command, ColumnArguments* arguments, const char* column_help) {
  command->add_option("table", arguments->table, "schema.table, or the root of partitions")
      ->type_name("TABLE")
      ->required();
  command->add_option("column", arguments->column, column_help)->type_name("COLUMN")->required();
  AddConninfoFileOption(command, &arguments->conninfo_file)->required();
}

void AddColumnOptions(CLI::App* command, ColumnArguments* arguments) {
  AddTenantOption(command, &arguments->tenant);
  CLI::Option* const key =
      AddKeyOption(command, &arguments->key, "The key that seals it, by name or alias");
  command
      ->add_option("--field", arguments->field,
                   "The field that it holds values of: its keys, and its id in the context")
      ->type_name("NAME")
      ->excludes(key);
  CLI::Option* const row_key =
      command
          ->add_option("--row-key", arguments->row_key,
                       "The columns that `pk` of the context is made of, in its order: a,b")
          ->type_name("COLUMNS");
  command->add_flag("--no-row-key", arguments->no_row_key, "The context has no `pk`")
      ->excludes(row_key);
  command
      ->add_option("--context", arguments->context,
                   "An entry of the context whose value is a column's, NAME=COLUMN; repeatable")
      ->type_name("ENTRY")
      ->allow_extra_args(false);
  command
      ->add_option("--binding-id", arguments->binding_id,
                   "`b` of the context of values that exist, in hex; a random one by default")
      ->type_name("HEX");
  command
      ->add_option("--index-column", arguments->index_column,
                   "The column of blind indexes that goes with it")
      ->type_name("COLUMN");
  command
      ->add_option("--index-key", arguments->index_key,
                   "The BLIND_INDEX key of that column, by name or alias; that of the field by "
                   "default")
      ->type_name("NAME");
}

void AddUncheckedOption(CLI::App* command, ColumnArguments* arguments) {
  command
      ->add_flag("--unchecked", arguments->unchecked,
                 "Take the keys' own names as given: do not ask the service")
      ->excludes(command->get_option("--field"));
}

absl::StatusOr<OpenedColumn> OpenColumn(const ColumnArguments& arguments) {
  OpenedColumn opened;
  FIELDKMS_ASSIGN_OR_RETURN(opened.table, ParseTableName(arguments.table, "table"));
  FIELDKMS_ASSIGN_OR_RETURN(opened.column, ParseColumnName(arguments.column, "column"));
  FIELDKMS_ASSIGN_OR_RETURN(opened.database, ConnectTo(arguments.conninfo_file));
  FIELDKMS_RETURN_IF_ERROR(rotation::CheckTargetSchema(*opened.database));
  return opened;
}

absl::StatusOr<ProtectedColumn> ColumnOf(const ColumnArguments& arguments) {
  ProtectedColumn column;
  FIELDKMS_ASSIGN_OR_RETURN(column.table, ParseTableName(arguments.table, "table"));
  FIELDKMS_ASSIGN_OR_RETURN(column.column, ParseColumnName(arguments.column, "column"));
  column.tenant = arguments.tenant;
  FIELDKMS_RETURN_IF_ERROR(PutRowKey(arguments, &column));
  FIELDKMS_RETURN_IF_ERROR(PutContext(arguments, &column));
  FIELDKMS_RETURN_IF_ERROR(PutCompanions(arguments, &column));
  if (arguments.binding_id.empty()) return column;
  FIELDKMS_ASSIGN_OR_RETURN(
      column.binding_id, BytesOfHex(arguments.binding_id, rotation::kBindingIdSize, "binding-id"));
  return column;
}

absl::Status PutKeys(Session* session, const ColumnArguments& arguments, ProtectedColumn* column) {
  if (arguments.key.empty() == arguments.field.empty()) {
    return InvalidField("key", "or --field is needed, and not both");
  }
  if (arguments.unchecked) return PutAsGiven(arguments, column);
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  return AboutOption(rotation::PutKeys(
      *client, {arguments.tenant, arguments.key, arguments.field, arguments.index_key}, column));
}

absl::Status AboutOption(const absl::Status& status) {
  if (status.ok()) return status;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOptions = {
      {{"key_columns", "row-key"},
       {"context_names", "context"},
       {"context_columns", "context"},
       {"index_column", "index-column"},
       {"index_key", "index-key"},
       {"version_column", "version-column"},
       {"binding_id", "binding-id"}}};
  const std::string field = FieldOf(status);
  for (const auto& [member, option] : kOptions) {
    if (field.starts_with(member)) return WithField(status, option);
  }
  return status;
}

}  // namespace fieldkms
