// What commands about one column of a registry take, and what of it the service has to say.
#ifndef FIELDKMS_CLIENTS_CLI_COLUMN_ARGUMENTS_H_
#define FIELDKMS_CLIENTS_CLI_COLUMN_ARGUMENTS_H_

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/session.h"
#include "rotation/database.h"
#include "rotation/registry.h"

namespace fieldkms {

// As it was given.
struct ColumnArguments {
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
  std::string index_key;
  std::string version_column;
  std::string shape;
  std::string binding_id;
};

// TABLE and COLUMN, and --conninfo-file.
void AddColumnPlace(CLI::App* command, ColumnArguments* arguments, const char* column_help);
// --tenant, --key or --field, --row-key, --context, --binding-id, --index-column, --index-key.
void AddColumnOptions(CLI::App* command, ColumnArguments* arguments);
// --unchecked, for who registers without a service.
void AddUncheckedOption(CLI::App* command, ColumnArguments* arguments);

// Where a column is, in a database whose schema kms is of this release.
struct OpenedColumn {
  std::unique_ptr<rotation::Database> database;
  rotation::TableName table;
  std::string column;
};
absl::StatusOr<OpenedColumn> OpenColumn(const ColumnArguments& arguments);

// All that the command line says by itself. Errors: InvalidField for the option.
absl::StatusOr<rotation::ProtectedColumn> ColumnOf(const ColumnArguments& arguments);

// Puts keys into the column, by their own names, which jobs look for, and the field's id. A field
// says the key: of shape fpe that of its FPE policy; and that of its blind index, where there is a
// column for it and no other key was given. Errors: InvalidField for the option; those of GetKey
// and GetField; kKeyPurpose, kFieldPolicy.
absl::Status PutKeys(Session* session, const ColumnArguments& arguments,
                     rotation::ProtectedColumn* column);

// The registry's error, with the option that is at fault: "key_columns[0]" is --row-key.
absl::Status AboutOption(const absl::Status& status);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_COLUMN_ARGUMENTS_H_
