// Names of tables and columns in a database, as people write and read them: as in SQL, but that
// nothing is guessed.
//
// A name is [a-z_][a-z0-9_$]*, or anything in double quotes, where a double quote stands twice; 1
// to 63 bytes. PostgreSQL would make Cards cards; here it is refused, since a shell may have taken
// the quotes away. Errors: InvalidField for the option, without the name.
#ifndef FIELDKMS_CLIENTS_CLI_TABLE_NAMES_H_
#define FIELDKMS_CLIENTS_CLI_TABLE_NAMES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/table_plan.h"

namespace fieldkms {

absl::StatusOr<std::string> ParseColumnName(std::string_view text, std::string_view option);
// "schema.table"
absl::StatusOr<rotation::TableName> ParseTableName(std::string_view text, std::string_view option);
// "schema.table" or "schema.table:column,column".
absl::StatusOr<v1::RotationTable> ParseTableColumns(std::string_view text, std::string_view option);
// "column,column"
absl::StatusOr<std::vector<std::string>> ParseColumnList(std::string_view text,
                                                         std::string_view option);

// The inverse, for people: quoted where it must be; what a terminal would take for a command is
// shown instead of done.
std::string ColumnText(std::string_view name);
std::string TableText(std::string_view schema, std::string_view table);
std::string TableText(const rotation::TableName& table);
std::string ColumnListText(const std::vector<std::string>& names);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_TABLE_NAMES_H_
