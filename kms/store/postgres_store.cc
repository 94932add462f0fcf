#include "kms/store/postgres_store.h"

#include <utility>
#include <vector>

#include "crypto/status.h"
#include "kms/postgres/conninfo.h"
#include "kms/postgres/value.h"
#include "kms/store/postgres_migrations.h"
#include "kms/store/postgres_store_impl.h"

namespace fieldkms {

absl::Status PostgresStore::Check(Deadline deadline) {
  return transactions_.Read(deadline, [](PostgresTransaction& db) -> absl::Status {
    // Also false where the role may not look into the schema.
    const pqxx::result there = db.Run(
        "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'fieldkms_store' AND c.relname = 'schema_migrations')",
        {});
    if (!BoolOf(there[0][0])) return MigrationNeeded();
    std::vector<AppliedMigration> applied;
    for (const auto& row : db.Run("SELECT number, name, sha256 "
                                  "FROM fieldkms_store.schema_migrations ORDER BY number",
                                  {})) {
      applied.push_back({row[0].as<int>(), TextOf(row[1]), TextOf(row[2])});
    }
    FIELDKMS_ASSIGN_OR_RETURN(const int schema, CheckMigrations(applied));
    return schema == NewestPostgresSchema() ? absl::OkStatus() : MigrationNeeded();
  });
}

absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(const PostgresStoreOptions& options,
                                                         const Clock& clock) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string conninfo,
                            CompleteConninfo(options.conninfo, options.application_name));
  auto store = std::make_unique<PostgresStore>(conninfo, options.connections, clock);
  FIELDKMS_RETURN_IF_ERROR(store->Check(kNoDeadline));
  return store;
}

}  // namespace fieldkms
