#include "kms/store/postgres_records.h"

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "crypto/bytes.h"
#include "kms/postgres/value.h"
#include "kms/store/record_json.h"

namespace fieldkms {
namespace {

using Labels = std::map<std::string, std::string>;
using std::chrono::seconds;

// The primary version's time is that version's own.
std::string SelectKey(std::string_view more_columns = {}) {
  return "SELECT k.tenant, k.name, k.key_id, k.purpose, k.primary_version, k.create_time, "
         "p.create_time, k.suite, k.exportable, k.audit_per_operation, k.min_decrypt_version, "
         "k.rotation_seconds, k.next_rotation, k.lease_seconds, k.lease_messages, k.labels, "
         "k.change " +
         std::string(more_columns) +
         "FROM fieldkms_store.keys k JOIN fieldkms_store.key_versions p "
         "ON p.tenant = k.tenant AND p.key_id = k.key_id AND p.version = k.primary_version ";
}

// Appended to a SELECT of keys k: those that alias $2 of tenant $1 points to.
constexpr std::string_view kJoinAlias =
    "JOIN fieldkms_store.aliases a ON a.tenant = k.tenant AND a.key_id = k.key_id "
    "WHERE a.tenant = $1 AND a.alias = $2";

constexpr std::string_view kVersionColumns =
    "version, state, kek_version, wrapped, create_time, origin, destroy_time ";

Labels LabelsOf(const pqxx::field& field) {
  absl::StatusOr<Labels> labels = LabelsFromJson(TextOf(field));
  if (!labels.ok()) RefuseRow();
  return *std::move(labels);
}

constexpr pqxx::row::size_type kKeyColumns = 17;

KeyRecord KeyOf(const pqxx::row& row) {
  KeyRecord key;
  key.tenant = TextOf(row[0]);
  key.name = TextOf(row[1]);
  key.key_id = IdOf(row[2]);
  key.purpose = EnumIn<KeyPurpose>(row[3]);
  key.primary_version = VersionOf(row[4]);
  key.create_time = TimeOf(row[5]);
  key.primary_create_time = TimeOf(row[6]);
  key.suite = static_cast<uint8_t>(row[7].as<int>());  // 0 to 255: a CHECK
  key.exportable = BoolOf(row[8]);
  key.audit_per_operation = BoolOf(row[9]);
  key.min_decrypt_version = VersionOf(row[10]);
  key.rotation_period = seconds(row[11].as<int64_t>());
  key.next_rotation = TimeIfAny(row[12]);
  key.lease.longest = seconds(row[13].as<int64_t>());
  key.lease.most_messages = row[14].as<uint64_t>();
  key.labels = LabelsOf(row[15]);
  key.change = row[16].as<uint64_t>();
  return key;
}

// The version stays empty where an outer join found none.
KeyAndVersion KeyAndVersionOf(const pqxx::row& row) {
  KeyAndVersion both{KeyOf(row), {}};
  if (!row[kKeyColumns].is_null()) {
    both.version = VersionRecordOf(row.slice(kKeyColumns, row.size()));
  }
  return both;
}

// Keys joined with versions of theirs, v: by "JOIN", or by "LEFT JOIN" with one that they
// may lack.
std::string SelectKeyAndVersion(std::string_view join = "JOIN") {
  return SelectKey(
             ", v.version, v.state, v.kek_version, v.wrapped, v.create_time, v.origin, "
             "v.destroy_time ") +
         std::string(join) +
         " fieldkms_store.key_versions v ON v.tenant = k.tenant AND v.key_id = k.key_id ";
}

// Keys joined with their primary version, which is p.
std::string SelectKeyAndPrimary() {
  return SelectKey(
      ", p.version, p.state, p.kek_version, p.wrapped, p.create_time, p.origin, "
      "p.destroy_time ");
}

// The columns of a whole key, and its values in their order.
constexpr char kInsertColumns[] =
    " (tenant, name, key_id, purpose, primary_version, create_time, suite, exportable, "
    "audit_per_operation, min_decrypt_version, rotation_seconds, next_rotation, lease_seconds, "
    "lease_messages, labels, change";
constexpr char kInsertValues[] =
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16";

std::vector<PostgresValue> ValuesOf(const KeyRecord& key) {
  return {key.tenant,
          key.name,
          IdValue(key.key_id),
          static_cast<int>(key.purpose),
          key.primary_version,
          key.create_time,
          int{key.suite},
          key.exportable,
          key.audit_per_operation,
          key.min_decrypt_version,
          key.rotation_period,
          key.next_rotation,
          key.lease.longest,
          key.lease.most_messages,
          LabelsToJson(key.labels),
          key.change};
}

}  // namespace

PostgresValue LimitValue(size_t limit) { return BigintValue(limit); }

PostgresValue WrappedValue(const KeyVersionRecord& version) {
  return version.wrapped.empty() ? PostgresValue(std::nullopt) : ByteaValue(version.wrapped);
}

TenantRecord TenantOf(const pqxx::row& row) {
  return {TextOf(row[0]), TimeOf(row[1]), VersionOf(row[2]), row[3].as<uint64_t>()};
}

std::optional<TenantRecord> ReadTenant(PostgresTransaction& db, std::string_view tenant) {
  return RecordIfAny(db.Run("SELECT tenant, create_time, primary_kek, change "
                            "FROM fieldkms_store.tenants WHERE tenant = $1",
                            {tenant}),
                     TenantOf);
}

void InsertTenant(PostgresTransaction& db, const TenantRecord& tenant) {
  db.Run(
      "INSERT INTO fieldkms_store.tenants (tenant, create_time, primary_kek, change) "
      "VALUES ($1, $2, $3, $4)",
      {tenant.tenant, tenant.create_time, tenant.primary_kek, tenant.change});
}

void UpdateTenant(PostgresTransaction& db, const TenantRecord& tenant) {
  db.Run("UPDATE fieldkms_store.tenants SET primary_kek = $2, change = $3 WHERE tenant = $1",
         {tenant.tenant, tenant.primary_kek, tenant.change});
}

KekRecord KekOf(const pqxx::row& row) {
  return {VersionOf(row[0]), BytesOf(row[1]), TimeOf(row[2])};
}

void InsertKek(PostgresTransaction& db, std::string_view tenant, const KekRecord& kek) {
  db.Run(
      "INSERT INTO fieldkms_store.keks (tenant, version, wrapped, create_time) "
      "VALUES ($1, $2, $3, $4)",
      {tenant, kek.version, ByteaValue(kek.wrapped), kek.create_time});
}

std::optional<KeyRecord> ReadKey(PostgresTransaction& db, std::string_view tenant,
                                 std::string_view name) {
  static const std::string sql = SelectKey() + "WHERE k.tenant = $1 AND k.name = $2";
  return RecordIfAny(db.Run(sql, {tenant, name}), KeyOf);
}

std::optional<KeyRecord> ReadKeyByAlias(PostgresTransaction& db, std::string_view tenant,
                                        std::string_view alias) {
  static const std::string sql = SelectKey() + std::string(kJoinAlias);
  return RecordIfAny(db.Run(sql, {tenant, alias}), KeyOf);
}

std::optional<KeyAndVersion> ReadKeyWithPrimary(PostgresTransaction& db, std::string_view tenant,
                                                std::string_view name) {
  static const std::string by_name = SelectKeyAndPrimary() + "WHERE k.tenant = $1 AND k.name = $2";
  static const std::string by_alias = SelectKeyAndPrimary() + std::string(kJoinAlias);
  auto found = RecordIfAny(db.Run(by_name, {tenant, name}), KeyAndVersionOf);
  return found ? found : RecordIfAny(db.Run(by_alias, {tenant, name}), KeyAndVersionOf);
}

std::optional<KeyAndVersion> ReadKeyWithVersion(PostgresTransaction& db, std::string_view tenant,
                                                uint64_t key_id, uint32_t version) {
  static const std::string sql =
      SelectKeyAndVersion("LEFT JOIN") + "AND v.version = $3 WHERE k.tenant = $1 AND k.key_id = $2";
  return RecordIfAny(db.Run(sql, {tenant, IdValue(key_id), version}), KeyAndVersionOf);
}

std::optional<KeyRecord> ReadKeyById(PostgresTransaction& db, std::string_view tenant,
                                     uint64_t key_id) {
  static const std::string sql = SelectKey() + "WHERE k.tenant = $1 AND k.key_id = $2";
  return RecordIfAny(db.Run(sql, {tenant, IdValue(key_id)}), KeyOf);
}

std::vector<KeyRecord> ReadKeys(PostgresTransaction& db, std::string_view tenant,
                                std::string_view after_name, size_t limit) {
  static const std::string sql =
      SelectKey() + "WHERE k.tenant = $1 AND k.name > $2 ORDER BY k.name LIMIT $3";
  return RecordsOf(db.Run(sql, {tenant, after_name, LimitValue(limit)}), KeyOf);
}

void InsertKey(PostgresTransaction& db, const KeyRecord& key) {
  static const std::string sql =
      std::string("INSERT INTO fieldkms_store.keys") + kInsertColumns + kInsertValues + ")";
  db.Run(sql, ValuesOf(key));
}

void StageKey(PostgresTransaction& db, const ImportId& import, const KeyRecord& key) {
  static const std::string sql = std::string("INSERT INTO fieldkms_store.staged_keys") +
                                 kInsertColumns + ", import" + kInsertValues +
                                 ", $17) ON CONFLICT (tenant, import, key_id)" + kOverKey;
  KeyRecord staged = key;
  staged.change = 1;  // it has none yet
  std::vector<PostgresValue> values = ValuesOf(staged);
  values.push_back(ByteaValue(AsText(import)));
  db.Run(sql, values);
}

void UpdateKey(PostgresTransaction& db, const KeyRecord& key) {
  db.Run(
      "UPDATE fieldkms_store.keys SET primary_version = $3, suite = $4, "
      "audit_per_operation = $5, min_decrypt_version = $6, rotation_seconds = $7, "
      "next_rotation = $8, lease_seconds = $9, lease_messages = $10, labels = $11, change = $12 "
      "WHERE tenant = $1 AND key_id = $2",
      {key.tenant, IdValue(key.key_id), key.primary_version, int{key.suite},
       key.audit_per_operation, key.min_decrypt_version, key.rotation_period, key.next_rotation,
       key.lease.longest, key.lease.most_messages, LabelsToJson(key.labels), key.change});
}

KeyVersionRecord VersionRecordOf(const pqxx::row& row) {
  KeyVersionRecord version;
  version.version = VersionOf(row[0]);
  version.state = EnumIn<VersionState>(row[1]);
  version.kek_version = VersionOf(row[2]);
  version.wrapped = BytesOf(row[3]);
  version.create_time = TimeOf(row[4]);
  version.origin = EnumIn<KeyOrigin>(row[5]);
  version.destroy_time = TimeIfAny(row[6]);
  return version;
}

std::optional<KeyVersionRecord> ReadVersion(PostgresTransaction& db, std::string_view tenant,
                                            uint64_t key_id, uint32_t version) {
  static const std::string sql =
      "SELECT " + std::string(kVersionColumns) +
      "FROM fieldkms_store.key_versions WHERE tenant = $1 AND key_id = $2 AND version = $3";
  return RecordIfAny(db.Run(sql, {tenant, IdValue(key_id), version}), VersionRecordOf);
}

std::vector<KeyVersionRecord> ReadVersions(PostgresTransaction& db, std::string_view tenant,
                                           uint64_t key_id, uint32_t before, size_t limit) {
  static const std::string sql = "SELECT " + std::string(kVersionColumns) +
                                 "FROM fieldkms_store.key_versions "
                                 "WHERE tenant = $1 AND key_id = $2 AND ($3 = 0 OR version < $3) "
                                 "ORDER BY version DESC LIMIT $4";
  return RecordsOf(db.Run(sql, {tenant, IdValue(key_id), before, LimitValue(limit)}),
                   VersionRecordOf);
}

std::optional<KeyAndVersion> ReadKeyAndVersion(PostgresTransaction& db, std::string_view tenant,
                                               uint64_t key_id, uint32_t version) {
  static const std::string sql =
      SelectKeyAndVersion() + "WHERE k.tenant = $1 AND k.key_id = $2 AND v.version = $3";
  return RecordIfAny(db.Run(sql, {tenant, IdValue(key_id), version}), KeyAndVersionOf);
}

// In the order of signed numbers; 0, which is no id, is the start of it.
std::vector<KeyAndVersion> ReadVersionsBelowKek(PostgresTransaction& db, std::string_view tenant,
                                                uint32_t kek_version, uint64_t after_key_id,
                                                uint32_t after_version, size_t limit) {
  static const std::string sql =
      SelectKeyAndVersion() +
      "WHERE v.tenant = $1 AND v.kek_version < $2 AND v.wrapped IS NOT NULL "
      "AND ($3::bigint IS NULL OR (v.key_id, v.version) > ($3::bigint, $4::bigint)) "
      "ORDER BY v.key_id, v.version LIMIT $5";
  return RecordsOf(
      db.Run(sql, {tenant, kek_version, IdValue(after_key_id), after_version, LimitValue(limit)}),
      KeyAndVersionOf);
}

void UpsertVersion(PostgresTransaction& db, std::string_view tenant, uint64_t key_id,
                   const KeyVersionRecord& version) {
  static const std::string sql =
      std::string(
          "INSERT INTO fieldkms_store.key_versions (tenant, key_id, version, state, kek_version, "
          "wrapped, create_time, origin, destroy_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
          "ON CONFLICT (tenant, key_id, version)") +
      kOverVersion;
  db.Run(sql, {tenant, IdValue(key_id), version.version, static_cast<int>(version.state),
               version.kek_version, WrappedValue(version), version.create_time,
               static_cast<int>(version.origin), version.destroy_time});
}

AliasRecord AliasOf(const pqxx::row& row) {
  return {TextOf(row[0]), TextOf(row[1]), IdOf(row[2]), row[3].as<uint64_t>()};
}

std::optional<AliasRecord> ReadAlias(PostgresTransaction& db, std::string_view tenant,
                                     std::string_view alias) {
  return RecordIfAny(db.Run("SELECT tenant, alias, key_id, change FROM fieldkms_store.aliases "
                            "WHERE tenant = $1 AND alias = $2",
                            {tenant, alias}),
                     AliasOf);
}

void UpsertAlias(PostgresTransaction& db, const AliasRecord& alias) {
  db.Run(
      "INSERT INTO fieldkms_store.aliases (tenant, alias, key_id, change) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (tenant, alias) DO UPDATE SET key_id = excluded.key_id, "
      "change = excluded.change",
      {alias.tenant, alias.alias, IdValue(alias.key_id), alias.change});
}

}  // namespace fieldkms
