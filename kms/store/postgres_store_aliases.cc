// Aliases of keys.
#include "kms/postgres/value.h"
#include "kms/store/postgres_mutation.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_store_impl.h"
#include "kms/store/store_errors.h"

namespace fieldkms {

absl::StatusOr<Applied<AliasRecord>> PostgresStore::SetAlias(const AliasRecord& alias,
                                                             const Mutation& mutation,
                                                             Deadline deadline) {
  const auto apply = [&](PostgresTransaction& db, uint64_t number) -> absl::StatusOr<AliasRecord> {
    if (!ReadTenant(db, alias.tenant)) return TenantNotFound();
    if (ReadKey(db, alias.tenant, alias.alias)) return KeyExists();
    const std::optional<AliasRecord> old = ReadAlias(db, alias.tenant, alias.alias);
    const uint64_t change = old && old->key_id != 0 ? old->change : 0;
    if (change != alias.change) return EtagMismatch();
    if (alias.key_id != 0 && !ReadKeyById(db, alias.tenant, alias.key_id)) return KeyNotFound();
    AliasRecord set = alias;
    set.change = number;
    UpsertAlias(db, set);
    return set;
  };
  return Mutate<AliasRecord>(transactions_, clock_, alias.tenant, mutation, deadline, apply);
}

absl::StatusOr<AliasRecord> PostgresStore::GetAlias(std::string_view tenant, std::string_view alias,
                                                    Deadline deadline) {
  return Read<AliasRecord>(tenant, deadline,
                           [&](PostgresTransaction& db) -> absl::StatusOr<AliasRecord> {
                             auto found = ReadAlias(db, tenant, alias);
                             if (found && found->key_id != 0) return *std::move(found);
                             return ReadTenant(db, tenant) ? AliasNotFound() : TenantNotFound();
                           });
}

absl::StatusOr<std::vector<AliasRecord>> PostgresStore::ListAliases(std::string_view tenant,
                                                                    std::string_view after,
                                                                    size_t limit,
                                                                    Deadline deadline) {
  using Aliases = std::vector<AliasRecord>;
  return Read<Aliases>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Aliases> {
    if (!ReadTenant(db, tenant)) return TenantNotFound();
    return RecordsOf(db.Run("SELECT tenant, alias, key_id, change FROM fieldkms_store.aliases "
                            "WHERE tenant = $1 AND alias > $2 AND key_id IS NOT NULL "
                            "ORDER BY alias LIMIT $3",
                            {tenant, after, LimitValue(limit)}),
                     AliasOf);
  });
}

}  // namespace fieldkms
