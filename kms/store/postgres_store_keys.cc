// Keys and their versions.
#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "kms/store/postgres_mutation.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_store_impl.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

absl::Status MissingKey(PostgresTransaction& db, std::string_view tenant) {
  return ReadTenant(db, tenant) ? KeyNotFound() : TenantNotFound();
}

// Whether a name is taken by a key or an alias.
bool NameTaken(PostgresTransaction& db, std::string_view tenant, std::string_view name) {
  if (ReadKey(db, tenant, name)) return true;
  const std::optional<AliasRecord> alias = ReadAlias(db, tenant, name);
  return alias && alias->key_id != 0;
}

std::string TenantWithKey(PostgresTransaction& db, uint64_t key_id) {
  const pqxx::result rows = db.Run("SELECT fieldkms_store.tenant_of_key($1)", {IdValue(key_id)});
  return rows.empty() || rows[0][0].is_null() ? std::string() : TextOf(rows[0][0]);
}

// The key as it is to be: what cannot change is as it was.
KeyRecord Merged(const KeyRecord& old, const KeyRecord& wanted, uint64_t number) {
  KeyRecord key = wanted;
  key.tenant = old.tenant;
  key.name = old.name;
  key.key_id = old.key_id;
  key.purpose = old.purpose;
  key.exportable = old.exportable;
  key.create_time = old.create_time;
  key.change = number;
  return key;
}

}  // namespace

absl::StatusOr<Applied<KeyRecord>> PostgresStore::CreateKey(const KeyRecord& key,
                                                            const KeyVersionRecord& first,
                                                            const Mutation& mutation,
                                                            Deadline deadline) {
  const auto apply = [&](PostgresTransaction& db, uint64_t number) -> absl::StatusOr<KeyRecord> {
    if (!ReadTenant(db, key.tenant)) return TenantNotFound();
    if (NameTaken(db, key.tenant, key.name)) return KeyExists();
    if (!TenantWithKey(db, key.key_id).empty()) return KeyIdTaken();
    KeyRecord made = key;
    made.primary_version = first.version;
    made.primary_create_time = first.create_time;
    made.change = number;
    InsertKey(db, made);
    UpsertVersion(db, key.tenant, key.key_id, first);
    return made;
  };
  return Mutate<KeyRecord>(transactions_, clock_, key.tenant, mutation, deadline, apply);
}

absl::StatusOr<Applied<KeyRecord>> PostgresStore::ChangeKey(const KeyChange& change,
                                                            const Mutation& mutation,
                                                            Deadline deadline) {
  const KeyRecord& wanted = change.key;
  const auto apply = [&](PostgresTransaction& db, uint64_t number) -> absl::StatusOr<KeyRecord> {
    const auto old = ReadKeyById(db, wanted.tenant, wanted.key_id);
    if (!old) return MissingKey(db, wanted.tenant);
    if (old->change != wanted.change) return EtagMismatch();
    for (const KeyVersionRecord& version : change.versions) {
      UpsertVersion(db, wanted.tenant, wanted.key_id, version);
    }
    UpdateKey(db, Merged(*old, wanted, number));
    auto changed = ReadKeyById(db, wanted.tenant, wanted.key_id);
    if (!changed) return Bug("a key was given a primary version that it does not have");
    return *std::move(changed);
  };
  return Mutate<KeyRecord>(transactions_, clock_, wanted.tenant, mutation, deadline, apply);
}

absl::StatusOr<std::optional<KeyRecord>> PostgresStore::FindKeyMutation(std::string_view tenant,
                                                                        const Mutation& mutation,
                                                                        Deadline deadline) {
  using Found = std::optional<KeyRecord>;
  return Read<Found>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Found> {
    FIELDKMS_ASSIGN_OR_RETURN(const auto outcome, ReadOutcome(db, tenant, mutation));
    if (!outcome) return Found();
    FIELDKMS_ASSIGN_OR_RETURN(KeyRecord key, FromJson<KeyRecord>(*outcome));
    return Found(std::move(key));
  });
}

absl::StatusOr<KeyRecord> PostgresStore::GetKey(std::string_view tenant, std::string_view name,
                                                Deadline deadline) {
  return Read<KeyRecord>(tenant, deadline,
                         [&](PostgresTransaction& db) -> absl::StatusOr<KeyRecord> {
                           auto key = ReadKey(db, tenant, name);
                           if (!key) key = ReadKeyByAlias(db, tenant, name);
                           if (!key) return MissingKey(db, tenant);
                           return *std::move(key);
                         });
}

absl::StatusOr<KeyRecord> PostgresStore::GetKeyById(std::string_view tenant, uint64_t key_id,
                                                    Deadline deadline) {
  return Read<KeyRecord>(tenant, deadline,
                         [&](PostgresTransaction& db) -> absl::StatusOr<KeyRecord> {
                           auto key = ReadKeyById(db, tenant, key_id);
                           if (!key) return KeyNotFound();
                           return *std::move(key);
                         });
}

absl::StatusOr<KeyAndVersion> PostgresStore::GetKeyWithPrimary(std::string_view tenant,
                                                               std::string_view name,
                                                               Deadline deadline) {
  return Read<KeyAndVersion>(tenant, deadline,
                             [&](PostgresTransaction& db) -> absl::StatusOr<KeyAndVersion> {
                               auto found = ReadKeyWithPrimary(db, tenant, name);
                               if (!found) return MissingKey(db, tenant);
                               return *std::move(found);
                             });
}

absl::StatusOr<KeyAndVersion> PostgresStore::GetKeyWithVersion(std::string_view tenant,
                                                               uint64_t key_id, uint32_t version,
                                                               Deadline deadline) {
  return Read<KeyAndVersion>(tenant, deadline,
                             [&](PostgresTransaction& db) -> absl::StatusOr<KeyAndVersion> {
                               auto found = ReadKeyWithVersion(db, tenant, key_id, version);
                               if (!found) return KeyNotFound();
                               return *std::move(found);
                             });
}

absl::StatusOr<std::string> PostgresStore::TenantOfKey(uint64_t key_id, Deadline deadline) {
  return Read<std::string>("", deadline,
                           [&](PostgresTransaction& db) -> absl::StatusOr<std::string> {
                             std::string tenant = TenantWithKey(db, key_id);
                             if (tenant.empty()) return KeyNotFound();
                             return tenant;
                           });
}

absl::StatusOr<std::vector<KeyRecord>> PostgresStore::ListKeys(std::string_view tenant,
                                                               std::string_view after_name,
                                                               size_t limit, Deadline deadline) {
  using Keys = std::vector<KeyRecord>;
  return Read<Keys>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Keys> {
    if (!ReadTenant(db, tenant)) return TenantNotFound();
    return ReadKeys(db, tenant, after_name, limit);
  });
}

absl::StatusOr<KeyVersionRecord> PostgresStore::GetKeyVersion(std::string_view tenant,
                                                              uint64_t key_id, uint32_t version,
                                                              Deadline deadline) {
  return Read<KeyVersionRecord>(tenant, deadline,
                                [&](PostgresTransaction& db) -> absl::StatusOr<KeyVersionRecord> {
                                  auto found = ReadVersion(db, tenant, key_id, version);
                                  if (!found) return VersionNotFound();
                                  return *std::move(found);
                                });
}

absl::StatusOr<std::vector<KeyVersionRecord>> PostgresStore::ListKeyVersions(
    std::string_view tenant, uint64_t key_id, uint32_t before, size_t limit, Deadline deadline) {
  using Versions = std::vector<KeyVersionRecord>;
  return Read<Versions>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Versions> {
    return ReadVersions(db, tenant, key_id, before, limit);
  });
}

}  // namespace fieldkms
