// The schema of a SQLite store, as numbered migrations.
#ifndef FIELDKMS_KMS_STORE_SQLITE_MIGRATIONS_H_
#define FIELDKMS_KMS_STORE_SQLITE_MIGRATIONS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kms/store/sqlite_connection.h"

namespace fieldkms {

// PRAGMA application_id of every store: "FKMS".
inline constexpr int64_t kStoreApplicationId = 0x464b4d53;

// PRAGMA user_version after the last migration.
int64_t NewestSchema();

// CheckIdentity judges the application id and schema number of a file. Errors:
// kDataLoss, reason kStoreCorrupt, for a file of another application;
// kFailedPrecondition, reason kStoreTooNew, naming both schema numbers.
absl::Status CheckIdentity(int64_t application_id, int64_t schema);

// CheckStore reads through SQLite: CheckIdentity, and quick_check. Changes
// nothing.
absl::Status CheckStore(SqliteConnection& connection);

// Migrate applies the migrations that the store lacks, each in one transaction
// with its number. A new database gets them all.
absl::Status Migrate(SqliteConnection& connection);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_MIGRATIONS_H_
