#include "kms/store/sqlite_mutation_log.h"

#include <chrono>
#include <string>
#include <utility>

#include "crypto/status.h"
#include "kms/store/record_json.h"
#include "kms/store/sqlite_columns.h"
#include "kms/store/sqlite_keys.h"
#include "kms/store/sqlite_tenants.h"

namespace fieldkms {
namespace {

// 24 hours are promised; a week leaves room for a wall clock that is set.
constexpr std::chrono::hours kRememberedFor{7 * 24};
// More than one each time, so that a log of any length shrinks; few, so that no
// mutation waits for long.
constexpr int64_t kForgottenAtOnce = 16;

struct Entry {
  Method method = Method::kCreateTenant;
  uint64_t key_id = 0;  // or of the field; 0 for a tenant
  int64_t version = 0;  // the primary (of the key, or the tenant's KEK) it made; 0 of others
  std::optional<std::string> outcome;  // none in one that release 0.1 wrote
};

absl::StatusOr<std::optional<Entry>> ReadEntry(SqliteConnection& db, std::string_view tenant,
                                               const Mutation& mutation) {
  SqliteStatement row = db.Use(
      "SELECT fingerprint, method, key_id, version, outcome FROM mutations "
      "WHERE tenant = ? AND request_id = ?");
  FIELDKMS_ASSIGN_OR_RETURN(const bool found, row.Text(tenant).Text(mutation.request_id).Step());
  if (!found) return std::optional<Entry>();
  if (row.ColumnBytes(0) != mutation.fingerprint) return RequestIdReused();
  Entry entry{static_cast<Method>(row.ColumnInt(1)), ToBits(row.ColumnInt(2)), row.ColumnInt(3),
              std::nullopt};
  if (!row.ColumnIsNull(4)) entry.outcome = row.ColumnBytes(4);
  return std::optional<Entry>(std::move(entry));
}

absl::Status Lost() { return StoreCorrupt("a recorded mutation has lost its outcome"); }

// Outcomes that release 0.1 recorded: what it made is the record with that primary.
absl::StatusOr<TenantRecord> OldOutcome(SqliteConnection& db, std::string_view tenant,
                                        const Entry& entry, const TenantRecord*) {
  FIELDKMS_ASSIGN_OR_RETURN(TenantRecord found, OrNotFound(ReadTenant(db, tenant), Lost));
  FIELDKMS_ASSIGN_OR_RETURN(found.primary_kek, ToVersion(entry.version));
  return found;
}
absl::StatusOr<KeyRecord> OldOutcome(SqliteConnection& db, std::string_view, const Entry& entry,
                                     const KeyRecord*) {
  FIELDKMS_ASSIGN_OR_RETURN(const uint32_t version, ToVersion(entry.version));
  return OrNotFound(ReadKeyAt(db, entry.key_id, version), Lost);
}
absl::StatusOr<AliasRecord> OldOutcome(SqliteConnection&, std::string_view, const Entry&,
                                       const AliasRecord*) {
  return Lost();  // it knew no aliases
}
absl::StatusOr<FieldRecord> OldOutcome(SqliteConnection&, std::string_view, const Entry&,
                                       const FieldRecord*) {
  return Lost();  // nor fields
}

bool Makes(Method method, const TenantRecord*) {
  return method == Method::kCreateTenant || method == Method::kAddKek;
}
bool Makes(Method method, const KeyRecord*) {
  return method == Method::kCreateKey || method == Method::kAddKeyVersion ||
         method == Method::kChangeKey;
}
bool Makes(Method method, const AliasRecord*) { return method == Method::kSetAlias; }
bool Makes(Method method, const FieldRecord*) { return method == Method::kPutField; }

template <class Record>
absl::StatusOr<std::optional<Record>> Read(SqliteConnection& db, std::string_view tenant,
                                           const Mutation& mutation) {
  constexpr const Record* kKind = nullptr;
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<Entry> entry, ReadEntry(db, tenant, mutation));
  if (!entry) return std::optional<Record>();
  if (!Makes(entry->method, kKind)) return RequestIdReused();
  absl::StatusOr<Record> outcome =
      entry->outcome ? FromJson<Record>(*entry->outcome) : OldOutcome(db, tenant, *entry, kKind);
  if (!outcome.ok()) return std::move(outcome).status();
  return std::optional<Record>(std::move(outcome).value());
}

absl::Status ForgetOld(SqliteConnection& db, WallTime now) {
  return db
      .Use(
          "DELETE FROM mutations WHERE (tenant, request_id) IN (SELECT tenant, request_id "
          "FROM mutations WHERE time < ? ORDER BY time LIMIT ?)")
      .Int(FromTime(now - kRememberedFor))
      .Int(kForgottenAtOnce)
      .Run();
}

absl::Status Write(SqliteConnection& db, std::string_view tenant, const Mutation& mutation,
                   const Entry& entry, WallTime now) {
  FIELDKMS_RETURN_IF_ERROR(ForgetOld(db, now));
  return db
      .Use(
          "INSERT INTO mutations (tenant, request_id, fingerprint, method, key_id, version, time, "
          "outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .Text(tenant)
      .Text(mutation.request_id)
      .Blob(mutation.fingerprint)
      .Int(static_cast<int64_t>(entry.method))
      .Int(FromBits(entry.key_id))
      .Int(entry.version)
      .Int(FromTime(now))
      .Text(*entry.outcome)
      .Run();
}

}  // namespace

template <>
absl::StatusOr<std::optional<TenantRecord>> ReadOutcome<TenantRecord>(SqliteConnection& db,
                                                                      std::string_view tenant,
                                                                      const Mutation& mutation) {
  return Read<TenantRecord>(db, tenant, mutation);
}
template <>
absl::StatusOr<std::optional<KeyRecord>> ReadOutcome<KeyRecord>(SqliteConnection& db,
                                                                std::string_view tenant,
                                                                const Mutation& mutation) {
  return Read<KeyRecord>(db, tenant, mutation);
}
template <>
absl::StatusOr<std::optional<AliasRecord>> ReadOutcome<AliasRecord>(SqliteConnection& db,
                                                                    std::string_view tenant,
                                                                    const Mutation& mutation) {
  return Read<AliasRecord>(db, tenant, mutation);
}
template <>
absl::StatusOr<std::optional<FieldRecord>> ReadOutcome<FieldRecord>(SqliteConnection& db,
                                                                    std::string_view tenant,
                                                                    const Mutation& mutation) {
  return Read<FieldRecord>(db, tenant, mutation);
}

absl::Status WriteOutcome(SqliteConnection& db, Method method, const Mutation& mutation,
                          const TenantRecord& outcome, WallTime now) {
  const Entry entry{method, 0, outcome.primary_kek, ToJson(outcome)};
  return Write(db, outcome.tenant, mutation, entry, now);
}
absl::Status WriteOutcome(SqliteConnection& db, Method method, const Mutation& mutation,
                          const KeyRecord& outcome, WallTime now) {
  const Entry entry{method, outcome.key_id, outcome.primary_version, ToJson(outcome)};
  return Write(db, outcome.tenant, mutation, entry, now);
}
absl::Status WriteOutcome(SqliteConnection& db, Method method, const Mutation& mutation,
                          const AliasRecord& outcome, WallTime now) {
  const Entry entry{method, outcome.key_id, 0, ToJson(outcome)};
  return Write(db, outcome.tenant, mutation, entry, now);
}
absl::Status WriteOutcome(SqliteConnection& db, Method method, const Mutation& mutation,
                          const FieldRecord& outcome, WallTime now) {
  const Entry entry{method, outcome.field_id, 0, ToJson(outcome)};
  return Write(db, outcome.tenant, mutation, entry, now);
}

}  // namespace fieldkms
