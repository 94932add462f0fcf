// The schema around the registry (rotation/registry.h), and how it comes into a database.
#include <cstddef>
#include <pqxx/result>

#include "crypto/status.h"
#include "rotation/registry.h"
#include "rotation/registry_rows.h"
#include "rotation/target_schema.h"

namespace fieldkms::rotation {
namespace {

// Any number that nobody else locks: "fkrotate" in ASCII.
constexpr char kLock[] = "SELECT pg_advisory_xact_lock(7380118237396169829)";

// The comment of a schema is its owner's, who may not be who runs this. CREATE SCHEMA IF NOT
// EXISTS takes the right to create one also where it is there.
constexpr char kSchema[] = R"sql(
DO $fieldkms$
BEGIN
  IF to_regnamespace('kms') IS NULL THEN
    CREATE SCHEMA kms;
    COMMENT ON SCHEMA kms IS 'FieldKMS: which columns are encrypted, and jobs that re-encrypt them.';
  END IF;
END $fieldkms$;
CREATE TABLE IF NOT EXISTS kms.schema_version (
  version int4 PRIMARY KEY CHECK (version > 0),
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  applied_by name NOT NULL DEFAULT session_user);
COMMENT ON TABLE kms.schema_version IS 'Which versions of schema kms were applied here.';
)sql";

int Newest() { return static_cast<int>(TargetSchema().size()); }

std::string MigrationSql(int version) {
  const EmbeddedSql& migration = TargetSchema()[static_cast<size_t>(version - 1)];
  const std::string number = std::to_string(version);
  return "DO $fieldkms$\nBEGIN\n"
         "IF NOT EXISTS (SELECT FROM kms.schema_version WHERE version = " +
         number + ") THEN\nEXECUTE $migration$\n" + std::string(migration.text) +
         "$migration$;\nINSERT INTO kms.schema_version (version, name) VALUES (" + number + ", '" +
         std::string(migration.name) + "');\nEND IF;\nEND $fieldkms$;\n";
}

std::string Statements() {
  std::string sql = kSchema;
  for (int version = 1; version <= Newest(); ++version) sql += MigrationSql(version);
  return sql;
}

// 0: there is none.
int ReadVersion(Transaction& transaction) {
  const auto there = transaction.Run("SELECT to_regclass('kms.schema_version') IS NOT NULL");
  if (!there[0][0].as<bool>()) return 0;
  const auto newest = transaction.Run("SELECT coalesce(max(version), 0) FROM kms.schema_version");
  return newest[0][0].as<int>();
}

absl::Status CheckNotNewer(int version) {
  if (version <= Newest()) return absl::OkStatus();
  return DatabaseRefused("schema kms has version " + std::to_string(version) +
                         ", and this release knows up to " + std::to_string(Newest()) +
                         ": run the release that installed it, or a newer one");
}

}  // namespace

std::string TargetSchemaSql() {
  return std::string("BEGIN;\nSET LOCAL search_path = pg_catalog;\n") + kLock + ";\n" +
         Statements() + "COMMIT;\n";
}

absl::Status InstallTargetSchema(Database& database) {
  return database.Write([](Transaction& transaction) -> absl::Status {
    // Who waits for another installation waits as long as a statement may take. What reacts to a
    // change of the schema (event triggers) finds row security as in any other session.
    transaction.RunOnce("SET LOCAL lock_timeout = 0; SET LOCAL row_security = on");
    transaction.RunOnce(kLock);
    const int version = ReadVersion(transaction);
    FIELDKMS_RETURN_IF_ERROR(CheckNotNewer(version));
    if (version < Newest()) transaction.RunOnce(Statements());
    RefreshRegistry(transaction);
    return absl::OkStatus();
  });
}

absl::Status CheckTargetSchema(Database& database) {
  int version = 0;
  FIELDKMS_RETURN_IF_ERROR(database.Read([&](Transaction& transaction) {
    version = ReadVersion(transaction);
    return absl::OkStatus();
  }));
  FIELDKMS_RETURN_IF_ERROR(CheckNotNewer(version));
  if (version == Newest()) return absl::OkStatus();
  return DatabaseRefused(version == 0
                             ? "there is no schema kms: run fieldkms column init"
                             : "schema kms is older than this release: run fieldkms rotation "
                               "install");
}

}  // namespace fieldkms::rotation
