#include "kms/store/postgres_migrations.h"

#include <exception>
#include <memory>
#include <pqxx/transaction>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "crypto/status.h"
#include "kms/postgres/connection.h"
#include "kms/postgres/conninfo.h"
#include "kms/postgres/sqlstate.h"
#include "kms/postgres/value.h"
#include "kms/store/postgres_error.h"
#include "kms/store/postgres_schema.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

// Made before the migrations, since they are recorded in it.
constexpr char kSchemaSql[] = R"sql(
  CREATE TABLE IF NOT EXISTS fieldkms_store.schema_migrations (
    number integer PRIMARY KEY CHECK (number > 0),
    name text NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    apply_time timestamptz NOT NULL DEFAULT now(),
    applied_by name NOT NULL DEFAULT session_user);
  COMMENT ON TABLE fieldkms_store.schema_migrations IS
    'Which files of sql/schema were applied, and the SHA-256 of their text.';
)sql";

// Any number that nobody else locks: "fieldkms" in ASCII.
constexpr int64_t kAdvisoryLock = 0x6669656c646b6d73;

std::span<const EmbeddedSql> Migrations() { return EmbeddedSchema().subspan(1); }

absl::StatusOr<std::string> HexDigest(std::string_view text) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto digest, Sha256(AsBytes(text)));
  return EncodeHex(digest);
}

bool Ask(pqxx::work& work, const std::string& question) {
  return work.exec1("SELECT " + question)[0].as<bool>();
}

bool RolesExist(pqxx::work& work) {
  return Ask(work,
             "count(*) = 2 FROM pg_roles WHERE rolname IN ('fieldkms_owner', 'fieldkms_service')");
}

absl::StatusOr<int> ReadSchema(pqxx::work& work) {
  if (!Ask(work, "to_regclass('fieldkms_store.schema_migrations') IS NOT NULL")) return 0;
  std::vector<AppliedMigration> applied;
  for (const auto& row : work.exec("SELECT number, name, sha256 "
                                   "FROM fieldkms_store.schema_migrations ORDER BY number")) {
    applied.push_back({row[0].as<int>(), TextOf(row[1]), TextOf(row[2])});
  }
  return CheckMigrations(applied);
}

// What libpq and the server say of statements of ours, which hold no secret, helps an
// operator: the first line.
absl::Status MigrationFailed(std::string_view name, const std::exception& error) {
  const std::string_view text = error.what();
  std::string message =
      "PostgreSQL: " + std::string(name) + ": " + std::string(text.substr(0, text.find('\n')));
  if (SqlStateOf(error) == "42501") {
    return Error(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied, message);
  }
  const absl::Status status = PostgresError(error);
  return Error(status.code(), ReasonOf(status), message);
}

// Runs `body(work)`, an absl::Status, in a transaction.
template <class Body>
absl::Status InTransaction(PostgresConnection& connection, std::string_view name,
                           const Body& body) {
  try {
    pqxx::work work(connection.pqxx());
    FIELDKMS_RETURN_IF_ERROR(body(work));
    work.commit();
    return absl::OkStatus();
  } catch (const std::exception& error) {
    return MigrationFailed(name, error);
  }
}

absl::StatusOr<std::unique_ptr<PostgresConnection>> Connect(const std::string& conninfo) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string complete, CompleteConninfo(conninfo, "fieldkms"));
  return PostgresConnection::Open(complete);
}

// Makes the roles, unless they are there or may not be made.
absl::Status MakeRoles(pqxx::work& work, bool dry_run, bool& made) {
  if (RolesExist(work)) return absl::OkStatus();
  if (!Ask(work, "rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")) {
    return Error(
        absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied,
        "the roles fieldkms_owner and fieldkms_service are missing, and this login may "
        "not make them: have a superuser run what fieldkms store migrate --print-roles prints");
  }
  made = true;
  if (!dry_run) work.exec(std::string(PostgresRolesSql()));
  return absl::OkStatus();
}

// One that made the role and is no superuser may grant it, and is not of it yet. From
// version 16 on, it takes an option of its own to act as a role.
void JoinOwner(pqxx::work& work) {
  const bool options = work.conn().server_version() >= 160000;
  const std::string how = options ? "SET" : "MEMBER";
  if (Ask(work, "pg_has_role(current_user, 'fieldkms_owner', '" + how + "')")) return;
  work.exec(std::string("GRANT fieldkms_owner TO CURRENT_USER") +
            (options ? " WITH SET TRUE" : ""));
}

// From here to the end of the transaction, what is made belongs to the owner.
void ActAsOwner(pqxx::work& work) {
  JoinOwner(work);
  work.exec("SET LOCAL ROLE fieldkms_owner");
}

absl::Status Prepare(PostgresConnection& connection, const MigrateOptions& options,
                     MigrateReport& report) {
  return InTransaction(connection, "roles and schema", [&](pqxx::work& work) -> absl::Status {
    FIELDKMS_RETURN_IF_ERROR(MakeRoles(work, options.dry_run, report.made_roles));
    if (options.dry_run) return absl::OkStatus();
    for (const std::string& role : options.grant_to) {
      work.exec("GRANT fieldkms_service TO " + work.quote_name(role));
    }
    if (Ask(work, "to_regclass('fieldkms_store.schema_migrations') IS NOT NULL")) {
      return absl::OkStatus();
    }
    // The owner may lack CREATE on the database: whoever migrates has it.
    if (!Ask(work, "to_regnamespace('fieldkms_store') IS NOT NULL")) {
      JoinOwner(work);
      work.exec("CREATE SCHEMA fieldkms_store AUTHORIZATION fieldkms_owner");
    }
    ActAsOwner(work);
    work.exec(kSchemaSql);
    return absl::OkStatus();
  });
}

absl::Status ApplyOne(PostgresConnection& connection, int number) {
  const EmbeddedSql& migration = Migrations()[static_cast<size_t>(number - 1)];
  return InTransaction(connection, migration.name, [&](pqxx::work& work) -> absl::Status {
    ActAsOwner(work);
    work.exec(std::string(migration.text));
    FIELDKMS_ASSIGN_OR_RETURN(const std::string digest, HexDigest(migration.text));
    work.exec_params(
        "INSERT INTO fieldkms_store.schema_migrations (number, name, sha256) VALUES ($1, $2, $3)",
        number, std::string(migration.name), digest);
    return absl::OkStatus();
  });
}

void ReadSettings(pqxx::work& work, PostgresStoreStatus& status) {
  const pqxx::result rows = work.exec(
      "SELECT name || ' = ' || setting FROM pg_settings WHERE setting = 'off' AND name IN "
      "('fsync', 'full_page_writes', 'autovacuum', 'synchronous_commit') ORDER BY name");
  for (const auto& row : rows) status.warnings.push_back(TextOf(row[0]));
}

}  // namespace

int NewestPostgresSchema() { return static_cast<int>(Migrations().size()); }

std::string_view PostgresRolesSql() { return EmbeddedSchema()[0].text; }

absl::StatusOr<int> CheckMigrations(const std::vector<AppliedMigration>& applied) {
  const int newest = NewestPostgresSchema();
  if (!applied.empty() && applied.back().number > newest) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kStoreTooNew,
                 "the PostgreSQL store has schema " + std::to_string(applied.back().number) +
                     ", and this release knows up to " + std::to_string(newest) +
                     ": run the release that migrated it, or a newer one");
  }
  int expected = 0;
  for (const AppliedMigration& migration : applied) {
    if (migration.number != ++expected) return StoreCorrupt("a migration is missing");
    const EmbeddedSql& ours = Migrations()[static_cast<size_t>(expected - 1)];
    FIELDKMS_ASSIGN_OR_RETURN(const std::string digest, HexDigest(ours.text));
    if (migration.sha256 != digest) {
      return StoreCorrupt("migration " + std::string(ours.name) +
                          " is recorded with another text than this release has");
    }
  }
  return expected;
}

absl::Status MigrationNeeded() {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kStoreUnavailable,
               "the PostgreSQL store has no schema, or an older one than this release needs: run "
               "fieldkms store migrate");
}

absl::StatusOr<PostgresStoreStatus> ReadPostgresStatus(const std::string& conninfo) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto connection, Connect(conninfo));
  PostgresStoreStatus status;
  status.newest = NewestPostgresSchema();
  FIELDKMS_RETURN_IF_ERROR(
      InTransaction(*connection, "status", [&](pqxx::work& work) -> absl::Status {
        status.server_version = TextOf(work.exec1("SHOW server_version")[0]);
        status.roles_exist = RolesExist(work);
        ReadSettings(work, status);
        FIELDKMS_ASSIGN_OR_RETURN(status.schema, ReadSchema(work));
        if (status.schema > 0) {
          status.change_number =
              work.exec1("SELECT change_number FROM fieldkms_store.store_state")[0].as<uint64_t>();
        }
        return absl::OkStatus();
      }));
  for (int number = status.schema; number < status.newest; ++number) {
    status.pending.emplace_back(Migrations()[static_cast<size_t>(number)].name);
  }
  return status;
}

absl::StatusOr<MigrateReport> MigratePostgresStore(const MigrateOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto connection, Connect(options.conninfo));
  // Of the session: it goes with the connection.
  FIELDKMS_RETURN_IF_ERROR(InTransaction(*connection, "lock", [](pqxx::work& work) {
    work.exec("SET LOCAL statement_timeout = '60s'");
    work.exec("SELECT pg_advisory_lock(" + std::to_string(kAdvisoryLock) + ")");
    return absl::OkStatus();
  }));
  MigrateReport report;
  FIELDKMS_RETURN_IF_ERROR(Prepare(*connection, options, report));
  int schema = 0;
  FIELDKMS_RETURN_IF_ERROR(
      InTransaction(*connection, "schema", [&](pqxx::work& work) -> absl::Status {
        FIELDKMS_ASSIGN_OR_RETURN(schema, ReadSchema(work));
        return absl::OkStatus();
      }));
  for (int number = schema + 1; number <= NewestPostgresSchema(); ++number) {
    if (!options.dry_run) FIELDKMS_RETURN_IF_ERROR(ApplyOne(*connection, number));
    report.applied.emplace_back(Migrations()[static_cast<size_t>(number - 1)].name);
  }
  return report;
}

}  // namespace fieldkms
