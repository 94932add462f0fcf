// The schema of a PostgreSQL store, as numbered migrations (sql/schema), and how an
// operator applies them.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_MIGRATIONS_H_
#define FIELDKMS_KMS_STORE_POSTGRES_MIGRATIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

// The number of the last migration of this release.
int NewestPostgresSchema();

// The roles and the schema as a script for psql, for who has the rights and would rather
// read it first. It is what MigratePostgresStore runs.
std::string_view PostgresRolesSql();

// A migration as recorded in fieldkms_store.schema_migrations.
struct AppliedMigration {
  int number = 0;
  std::string name;
  std::string sha256;  // of its text, 64 hex digits
};

// CheckMigrations judges what is recorded, in the order of numbers, and returns how many
// of this release's are there. Errors: kFailedPrecondition, kStoreTooNew, for more than
// this release knows; kDataLoss, kStoreCorrupt, for a gap or another text.
absl::StatusOr<int> CheckMigrations(const std::vector<AppliedMigration>& applied);

// kFailedPrecondition, kStoreUnavailable: there is no schema, or an older one.
absl::Status MigrationNeeded();

struct PostgresStoreStatus {
  std::string server_version;
  bool roles_exist = false;
  int schema = 0;                    // migrations applied; 0: there is no store
  int newest = 0;                    // that this release has
  std::vector<std::string> pending;  // their names
  std::optional<uint64_t> change_number;
  // Settings of the server that durability and destruction stand on, and are not as they
  // should be; each as "name = value".
  std::vector<std::string> warnings;
};

// ReadPostgresStatus connects with a connection string as it is in
// PostgresStoreOptions, and changes nothing. Errors: as OpenPostgresStore, but for
// those of a schema that is older or not there, which is no error.
absl::StatusOr<PostgresStoreStatus> ReadPostgresStatus(const std::string& conninfo);

struct MigrateOptions {
  std::string conninfo;  // of a superuser, or a member of fieldkms_owner
  bool dry_run = false;  // only say what would be done
  // Roles to grant fieldkms_service to; they exist.
  std::vector<std::string> grant_to = {};
};

struct MigrateReport {
  bool made_roles = false;
  std::vector<std::string> applied;  // or, in a dry run, what would be
};

// MigratePostgresStore makes the roles where they are missing and may be made, and applies
// the migrations that are missing, each in one transaction with its record, all under
// an advisory lock, so that two at a time do no harm. Repeating it is harmless.
// Errors: as OpenPostgresStore; kPermissionDenied, kPermissionDenied, where the roles
// are missing and cannot be made (the operator then has PostgresRolesSql() run), or the
// login may not act as fieldkms_owner.
absl::StatusOr<MigrateReport> MigratePostgresStore(const MigrateOptions& options);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_MIGRATIONS_H_
