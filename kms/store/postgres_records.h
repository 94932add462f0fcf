// The rows of tenants, keys and versions of a PostgreSQL store as records, and back.
// All run inside a transaction that acts for the tenant named
// (PostgresTransaction::ActFor). They throw what libpqxx throws; a row that cannot be is
// a pqxx::conversion_error.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_RECORDS_H_
#define FIELDKMS_KMS_STORE_POSTGRES_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <pqxx/result>
#include <string_view>
#include <vector>

#include "kms/postgres/value.h"
#include "kms/store/postgres_transaction.h"
#include "kms/store/record_enums.h"
#include "kms/store/store.h"

namespace fieldkms {

// The member of an enumeration whose number stands in a column.
template <class Enum>
Enum EnumIn(const pqxx::field& field) {
  const std::optional<Enum> value = EnumOf<Enum>(field.as<int64_t>());
  if (!value) RefuseRow();
  return *value;
}

// LIMIT takes a bigint.
PostgresValue LimitValue(size_t limit);
// The wrapped bytes of a version; null where it has none.
PostgresValue WrappedValue(const KeyVersionRecord& version);

// Rows of a statement as records: `read` takes a pqxx::row.
template <class Read>
auto RecordsOf(const pqxx::result& rows, const Read& read) {
  std::vector<decltype(read(rows[0]))> records;
  records.reserve(rows.size());
  for (const auto& row : rows) records.push_back(read(row));
  return records;
}
template <class Read>
auto RecordIfAny(const pqxx::result& rows, const Read& read) {
  using Record = decltype(read(rows[0]));
  return rows.empty() ? std::nullopt : std::optional<Record>(read(rows[0]));
}

// Tenants and their KEKs.
TenantRecord TenantOf(const pqxx::row& row);  // tenant, create_time, primary_kek, change
std::optional<TenantRecord> ReadTenant(PostgresTransaction& db, std::string_view tenant);
void InsertTenant(PostgresTransaction& db, const TenantRecord& tenant);
void UpdateTenant(PostgresTransaction& db, const TenantRecord& tenant);  // primary_kek, change
KekRecord KekOf(const pqxx::row& row);  // version, wrapped, create_time
void InsertKek(PostgresTransaction& db, std::string_view tenant, const KekRecord& kek);

// Keys. ReadKey: by its own name, not an alias.
std::optional<KeyRecord> ReadKey(PostgresTransaction& db, std::string_view tenant,
                                 std::string_view name);
std::optional<KeyRecord> ReadKeyByAlias(PostgresTransaction& db, std::string_view tenant,
                                        std::string_view alias);
std::optional<KeyRecord> ReadKeyById(PostgresTransaction& db, std::string_view tenant,
                                     uint64_t key_id);
// See Store::GetKeyWithPrimary and Store::GetKeyWithVersion.
std::optional<KeyAndVersion> ReadKeyWithPrimary(PostgresTransaction& db, std::string_view tenant,
                                                std::string_view name);
std::optional<KeyAndVersion> ReadKeyWithVersion(PostgresTransaction& db, std::string_view tenant,
                                                uint64_t key_id, uint32_t version);
std::vector<KeyRecord> ReadKeys(PostgresTransaction& db, std::string_view tenant,
                                std::string_view after_name, size_t limit);
// The key comes before its versions.
void InsertKey(PostgresTransaction& db, const KeyRecord& key);
// Writes it beside the live ones (see Store::StageKeys), over what the import has staged of it.
void StageKey(PostgresTransaction& db, const ImportId& import, const KeyRecord& key);
// The ends of an INSERT that writes over what is there: the columns that may change.
inline constexpr char kOverKey[] =
    " DO UPDATE SET primary_version = excluded.primary_version, suite = excluded.suite, "
    "audit_per_operation = excluded.audit_per_operation, "
    "min_decrypt_version = excluded.min_decrypt_version, "
    "rotation_seconds = excluded.rotation_seconds, next_rotation = excluded.next_rotation, "
    "lease_seconds = excluded.lease_seconds, lease_messages = excluded.lease_messages, "
    "labels = excluded.labels, change = excluded.change";
inline constexpr char kOverVersion[] =
    " DO UPDATE SET state = excluded.state, kek_version = excluded.kek_version, "
    "wrapped = excluded.wrapped, create_time = excluded.create_time, origin = excluded.origin, "
    "destroy_time = excluded.destroy_time";
// What of a key can change.
void UpdateKey(PostgresTransaction& db, const KeyRecord& key);

// Versions. UpsertVersion writes it whole.
KeyVersionRecord VersionRecordOf(const pqxx::row& row);  // in the order of its fields
std::optional<KeyVersionRecord> ReadVersion(PostgresTransaction& db, std::string_view tenant,
                                            uint64_t key_id, uint32_t version);
std::vector<KeyVersionRecord> ReadVersions(PostgresTransaction& db, std::string_view tenant,
                                           uint64_t key_id, uint32_t before, size_t limit);
std::optional<KeyAndVersion> ReadKeyAndVersion(PostgresTransaction& db, std::string_view tenant,
                                               uint64_t key_id, uint32_t version);
// See Store::ListVersionsBelowKek.
std::vector<KeyAndVersion> ReadVersionsBelowKek(PostgresTransaction& db, std::string_view tenant,
                                                uint32_t kek_version, uint64_t after_key_id,
                                                uint32_t after_version, size_t limit);
void UpsertVersion(PostgresTransaction& db, std::string_view tenant, uint64_t key_id,
                   const KeyVersionRecord& version);

// Aliases, also those that were taken away (key id 0).
AliasRecord AliasOf(const pqxx::row& row);  // tenant, alias, key_id, change
std::optional<AliasRecord> ReadAlias(PostgresTransaction& db, std::string_view tenant,
                                     std::string_view alias);
void UpsertAlias(PostgresTransaction& db, const AliasRecord& alias);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_RECORDS_H_
