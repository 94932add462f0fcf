#include "kms/store/sqlite_migrations.h"

#include <array>
#include <string>

#include "crypto/status.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

// Migration N is element N - 1. What has been released is never edited: a change
// is a new migration.
//
// Times are microseconds since 1970, UTC. A key id is 64 unsigned bits, stored as
// the signed integer of the same bits: SQLite then keeps it as the row's own
// address (a blob would cost a second B-tree), and nothing orders by it.
// printf('%016x', key_id) shows it as people know it.
//
// A mutation names its outcome by number: tables only grow, so the record as it
// was then is the row with that version as its primary.
constexpr std::array kMigrations = {
    // 1: release 0.1.
    R"sql(
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
  tenant TEXT PRIMARY KEY,
  primary_kek INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  FOREIGN KEY (tenant, primary_kek) REFERENCES keks DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE keks (
  tenant TEXT NOT NULL REFERENCES tenants,
  version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
  wrapped BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  PRIMARY KEY (tenant, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
  key_id INTEGER PRIMARY KEY CHECK (key_id <> 0),
  tenant TEXT NOT NULL REFERENCES tenants,
  name TEXT NOT NULL,
  purpose INTEGER NOT NULL,
  primary_version INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  UNIQUE (tenant, name),
  FOREIGN KEY (key_id, primary_version) REFERENCES key_versions DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE key_versions (
  key_id INTEGER NOT NULL REFERENCES keys,
  version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
  state INTEGER NOT NULL,
  kek_version INTEGER NOT NULL,
  wrapped BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  PRIMARY KEY (key_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE mutations (
  tenant TEXT NOT NULL,
  request_id TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  method INTEGER NOT NULL,
  key_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (tenant, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX mutations_by_time ON mutations (time);
)sql",
};

absl::Status Apply(SqliteConnection& connection, size_t number, const char* sql) {
  SqliteTransaction transaction(connection);
  FIELDKMS_RETURN_IF_ERROR(transaction.Begin());
  FIELDKMS_RETURN_IF_ERROR(connection.Execute(sql));
  const std::string stamp = "PRAGMA application_id=" + std::to_string(kStoreApplicationId) +
                            ";PRAGMA user_version=" + std::to_string(number);
  FIELDKMS_RETURN_IF_ERROR(connection.Execute(stamp.c_str()));
  return transaction.Commit();
}

}  // namespace

int64_t NewestSchema() { return static_cast<int64_t>(kMigrations.size()); }

absl::Status CheckIdentity(int64_t application_id, int64_t schema) {
  if (application_id != kStoreApplicationId || schema < 1) {
    return StoreCorrupt("the file is not a FieldKMS store");
  }
  if (schema > NewestSchema()) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kStoreTooNew,
                 "the key store has schema " + std::to_string(schema) +
                     " and this release knows up to " + std::to_string(NewestSchema()) +
                     ": run the release that wrote it, or a newer one");
  }
  return absl::OkStatus();
}

absl::Status CheckStore(SqliteConnection& connection) {
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t id, connection.QueryInt("PRAGMA application_id"));
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t schema, connection.QueryInt("PRAGMA user_version"));
  FIELDKMS_RETURN_IF_ERROR(CheckIdentity(id, schema));
  SqliteStatement check = connection.Use("PRAGMA quick_check(1)");
  FIELDKMS_ASSIGN_OR_RETURN(const bool row, check.Step());
  // Its text may quote what a row holds.
  if (!row || check.ColumnBytes(0) != "ok") return StoreCorrupt("quick_check failed");
  return absl::OkStatus();
}

absl::Status Migrate(SqliteConnection& connection) {
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t schema, connection.QueryInt("PRAGMA user_version"));
  for (size_t number = static_cast<size_t>(schema) + 1; number <= kMigrations.size(); ++number) {
    FIELDKMS_RETURN_IF_ERROR(Apply(connection, number, kMigrations[number - 1]));
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
