// fieldkms column add
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clients/cli/column_report.h"
#include "clients/cli/commands.h"
#include "clients/cli/database_option.h"
#include "clients/cli/key_lookup.h"
#include "clients/cli/table_names.h"
#include "clients/cli/usage_error.h"
#include "clients/cpp/field_client.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "rotation/column_shape.h"
#include "rotation/registry.h"

namespace fieldkms {
namespace {

using rotation::Database;
using rotation::ProtectedColumn;

struct AddArguments {
  std::string conninfo_file;
  std::string tenant;
  std::string table;
  std::string column;
  std::string key;
  std::string field;
  bool unchecked = false;
  std::string row_key;
  bool no_row_key = false;
  std::vector<std::string> context;  // NAME=COLUMN
  std::string index_column;
  std::string shape;
  std::string binding_id;
};

absl::StatusOr<std::string> BytesOfHex(std::string_view hex, size_t size, std::string_view option) {
  std::string bytes(size, '\0');
  if (DecodeHex(hex, AsMutableBytes(bytes))) return bytes;
  return InvalidField(option, "must be " + std::to_string(2 * size) + " lower-case hex digits");
}

absl::Status PutRowKey(const AddArguments& arguments, ProtectedColumn* column) {
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

absl::Status PutContext(const AddArguments& arguments, ProtectedColumn* column) {
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

// All that the command line says by itself.
absl::StatusOr<ProtectedColumn> ColumnOf(const AddArguments& arguments) {
  ProtectedColumn column;
  FIELDKMS_ASSIGN_OR_RETURN(column.table, ParseTableName(arguments.table, "table"));
  FIELDKMS_ASSIGN_OR_RETURN(column.column, ParseColumnName(arguments.column, "column"));
  column.tenant = arguments.tenant;
  FIELDKMS_RETURN_IF_ERROR(PutRowKey(arguments, &column));
  FIELDKMS_RETURN_IF_ERROR(PutContext(arguments, &column));
  if (!arguments.index_column.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(column.index_column,
                              ParseColumnName(arguments.index_column, "index-column"));
  }
  if (!arguments.binding_id.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(
        column.binding_id,
        BytesOfHex(arguments.binding_id, rotation::kBindingIdSize, "binding-id"));
  }
  if (!arguments.shape.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(column.shape, rotation::ParseShape(arguments.shape));
  }
  return column;
}

absl::StatusOr<v1::Field> FindField(Client* client, const AddArguments& arguments) {
  v1::GetFieldRequest request;
  request.set_tenant(arguments.tenant);
  request.set_name(arguments.field);
  absl::StatusOr<v1::Field> field = FieldClient(*client).GetField(request);
  if (field.ok() || FieldOf(field.status()) != "name") return field;
  return WithField(field.status(), "field");
}

// The key by its own name, which jobs look for.
absl::Status PutKey(Session* session, const AddArguments& arguments, ProtectedColumn* column) {
  if (arguments.key.empty() == arguments.field.empty()) {
    return InvalidField("key", "or --field is needed, and not both");
  }
  if (arguments.unchecked) {
    column->key = arguments.key;
    return absl::OkStatus();
  }
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  if (arguments.field.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::Key key,
                              FindKey(client, arguments.tenant, arguments.key, "key"));
    column->key = key.name();
    if (key.purpose() == v1::KEY_PURPOSE_ENCRYPT) return absl::OkStatus();
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyPurpose,
                 "the key's purpose is not ENCRYPT", "key");
  }
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Field field, FindField(client, arguments));
  if (field.key().empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kFieldPolicy,
                 "the field makes no ciphertexts: it has no ENCRYPT key", "field");
  }
  column->key = field.key();
  column->field = field.name();
  FIELDKMS_ASSIGN_OR_RETURN(column->field_id,
                            BytesOfHex(field.field_id(), rotation::kFieldIdSize, "field"));
  return absl::OkStatus();
}

// The registry's error, with the option that is at fault: "key_columns[0]" is --row-key.
absl::Status AboutOption(const absl::Status& status) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kOptions = {
      {{"key_columns", "row-key"},
       {"context_names", "context"},
       {"context_columns", "context"},
       {"index_column", "index-column"},
       {"binding_id", "binding-id"}}};
  const std::string field = FieldOf(status);
  for (const auto& [member, option] : kOptions) {
    if (field.starts_with(member)) return WithField(status, option);
  }
  return status;
}

absl::StatusOr<ExitCode> Add(Session* session, const AddArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(ProtectedColumn column, ColumnOf(arguments));
  FIELDKMS_RETURN_IF_ERROR(PutKey(session, arguments, &column));
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            ConnectTo(arguments.conninfo_file));
  FIELDKMS_RETURN_IF_ERROR(rotation::CheckTargetSchema(*database));
  if (arguments.shape.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(column.shape,
                              rotation::ShapeOfColumn(*database, column.table, column.column));
  }
  const absl::StatusOr<ProtectedColumn> added =
      rotation::AddProtectedColumn(*database, std::move(column));
  if (!added.ok()) return AboutOption(added.status());
  return session->Show(ColumnJson(*added),
                       Properties(ColumnRows(*added)) + "\n" + ContextHelp(*added));
}

void AddKeyOptions(CLI::App* command, AddArguments* arguments) {
  CLI::Option* const key =
      AddKeyOption(command, &arguments->key, "The key that seals it, by name or alias");
  CLI::Option* const field =
      command
          ->add_option("--field", arguments->field,
                       "The field that it holds values of: its key, and its id in the context")
          ->type_name("NAME")
          ->excludes(key);
  command
      ->add_flag("--unchecked", arguments->unchecked,
                 "Take the key's own name as given: do not ask the service")
      ->excludes(field);
}

void AddContextOptions(CLI::App* command, AddArguments* arguments) {
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
}

}  // namespace

void AddColumnAddCommand(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<AddArguments>();
  CLI::App* const command = group->add_subcommand(
      "add", "Register a column: under which key its values are, and what they are bound to");
  command->add_option("table", arguments->table, "schema.table, or the root of partitions")
      ->type_name("TABLE")
      ->required();
  command->add_option("column", arguments->column, "The column")->type_name("COLUMN")->required();
  AddTenantOption(command, &arguments->tenant);
  AddKeyOptions(command, arguments.get());
  AddContextOptions(command, arguments.get());
  command
      ->add_option("--index-column", arguments->index_column,
                   "The column of blind indexes that goes with it")
      ->type_name("COLUMN");
  command
      ->add_option("--shape", arguments->shape,
                   "How values stand in it: bytea, text, bytea[], text[], json, jsonb; what its "
                   "type says by default")
      ->type_name("SHAPE");
  AddConninfoFileOption(command, &arguments->conninfo_file)->required();
  session->Bind(command, [session, arguments] { return Add(session, *arguments); });
}

}  // namespace fieldkms
