// The registry of protected columns in an application's database, and the schema around it
// (sql/target).
#ifndef FIELDKMS_ROTATION_REGISTRY_H_
#define FIELDKMS_ROTATION_REGISTRY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rotation/database.h"
#include "rotation/source/source_opener.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

// InstallTargetSchema makes schema kms with its tables, or brings it up to this release; what is
// there stays, but for names in the registry that are no longer what columns are called. It takes
// the right to create a schema, or schema kms and its ownership, and grants nothing to others.
// Concurrent calls wait for each other. Errors: of Database; kDatabaseRefused for a schema of a
// newer release.
absl::Status InstallTargetSchema(Database& database);
// CheckTargetSchema: kDatabaseRefused, saying what to run, where it is not there or is too old.
absl::Status CheckTargetSchema(Database& database);
// The statements of InstallTargetSchema, for who runs them by hand: in one transaction, and
// harmless where some or all of it is there.
std::string TargetSchemaSql();

// Where a column is on its way from plaintext to ciphertext or back (rotation/conversion.h).
enum class Conversion : uint8_t {
  kNone,             // there is no column of plaintext
  kProtect,          // jobs encrypt; what is written as plaintext makes the ciphertext NULL
  kProtectClosed,    // plaintext without its ciphertext is refused
  kProtected,        // the ciphertext counts; plaintext waits to be dropped
  kRewriting,        // plaintext was dropped, and files of the table still hold it
  kUnprotect,        // the same, the other way: jobs decrypt
  kUnprotectClosed,  // ciphertext without its plaintext is refused
  kUnprotected,      // the plaintext counts; ciphertext waits to be dropped
};
// Whether the columns were switched: what counted before waits to be dropped.
bool IsSwitched(Conversion conversion);
// "protect_closed"; "" of kNone.
std::string_view ConversionName(Conversion conversion);
std::optional<Conversion> ParseConversion(std::string_view name);

// One line of kms.protected_columns.
struct ProtectedColumn {
  std::string binding_id;  // 16 bytes
  TableName table;         // as it is called now
  uint32_t relation = 0;   // its OID
  // All columns as they are called now: renamed ones are found by their numbers.
  std::string column;
  std::string tenant;
  std::string key;
  std::optional<std::string> field;
  std::string field_id;  // 8 bytes; "" without a field
  Shape shape = Shape::kBytea;
  std::vector<std::string> key_columns;
  std::vector<std::string> context_names;
  std::vector<std::string> context_columns;
  std::optional<std::string> index_column;
  // The BLIND_INDEX key of index_column; none: not known, and jobs pass it over.
  std::optional<std::string> index_key = {};
  // Of kFpe, and of no other: the column with the version of the key that made the text.
  std::optional<std::string> version_column = {};
  // The same values in plaintext: with a conversion other than kRewriting, and only then.
  std::optional<std::string> plain_column = {};
  Conversion conversion = Conversion::kNone;
  // Where what stands in plain_column is no plaintext, but what another tool has encrypted: by
  // which, the name of the key that workers were given, and the columns that it needs beside it, as
  // the key says. Only of a column on its way from there, with plain_column.
  std::optional<SourceKind> source = {};
  std::optional<std::string> source_key = {};
  std::vector<std::string> source_columns = {};
};

// ListProtectedColumns returns those of a tenant ("": of all), by table and column. Rows whose
// table or column is gone are left out and named in `orphans`, as "schema.table.column", or with
// the OID of a table that is gone in the place of its name. Key, context and index columns that
// are gone keep the names that they had.
absl::StatusOr<std::vector<ProtectedColumn>> ListProtectedColumns(
    Database& database, std::string_view tenant, std::vector<std::string>* orphans = nullptr);
// The same within a transaction; throws what libpqxx throws.
std::vector<ProtectedColumn> ListProtectedColumns(Transaction& transaction, std::string_view tenant,
                                                  std::vector<std::string>* orphans);

// AddProtectedColumn writes `column` (relation is looked up by its name; binding_id is drawn if it
// is empty) and returns it as it stands. Errors: kInvalidField, naming the member, for a table or a
// column that is not there, a column whose type does not fit the shape, key columns that are no
// columns, a version column whose type is no integer, and names that break a rule; kAlreadyExists,
// kDatabaseRefused, for one that is registered.
absl::StatusOr<ProtectedColumn> AddProtectedColumn(Database& database, ProtectedColumn column);
// An orphan is named as in `orphans`: of a table that is gone, its OID, without a schema. The
// column's ciphertexts stay, and their context should be kept. Errors: kNotFound, kDatabaseRefused,
// where there is none; kFailedPrecondition, kDatabaseRefused, for one that is being converted: the
// trigger would stay (rotation/conversion.h).
absl::Status RemoveProtectedColumn(Database& database, const TableName& table,
                                   std::string_view column);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REGISTRY_H_
