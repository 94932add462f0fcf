#include "kms/store/sqlite_records.h"

#include <bit>
#include <limits>
#include <string>
#include <utility>

#include "crypto/status.h"
#include "kms/store/sqlite_error.h"

namespace fieldkms {
namespace {

int64_t FromId(uint64_t key_id) { return std::bit_cast<int64_t>(key_id); }
uint64_t ToId(int64_t column) { return std::bit_cast<uint64_t>(column); }

int64_t FromTime(WallTime time) { return time.time_since_epoch().count(); }
WallTime ToTime(int64_t column) { return WallTime(std::chrono::microseconds(column)); }

int64_t FromLimit(size_t limit) {
  constexpr size_t kMost = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(limit < kMost ? limit : kMost);
}

absl::StatusOr<uint32_t> ToVersion(int64_t column) {
  if (column < 1 || column > std::numeric_limits<uint32_t>::max()) {
    return StoreCorrupt("a version number is out of range");
  }
  return static_cast<uint32_t>(column);
}

absl::StatusOr<TenantRecord> TenantOf(const SqliteStatement& row) {
  TenantRecord tenant;
  tenant.tenant = row.ColumnBytes(0);
  FIELDKMS_ASSIGN_OR_RETURN(tenant.primary_kek, ToVersion(row.ColumnInt(1)));
  tenant.create_time = ToTime(row.ColumnInt(2));
  return tenant;
}

absl::StatusOr<KekRecord> KekOf(const SqliteStatement& row) {
  KekRecord kek;
  FIELDKMS_ASSIGN_OR_RETURN(kek.version, ToVersion(row.ColumnInt(0)));
  kek.wrapped = row.ColumnBytes(1);
  kek.create_time = ToTime(row.ColumnInt(2));
  return kek;
}

// Columns of a key; ends where the version to join is named. When its primary was
// made stands with that version; the join is an outer one, so that a key without
// its primary shows as damage and not as a key that does not exist.
constexpr char kSelectKey[] =
    "SELECT k.tenant, k.name, k.key_id, k.purpose, v.version, k.create_time, v.create_time "
    "FROM keys k LEFT JOIN key_versions v ON v.key_id = k.key_id AND v.version = ";

absl::StatusOr<KeyRecord> KeyOf(const SqliteStatement& row) {
  KeyRecord key;
  key.tenant = row.ColumnBytes(0);
  key.name = row.ColumnBytes(1);
  key.key_id = ToId(row.ColumnInt(2));
  key.purpose = static_cast<KeyPurpose>(row.ColumnInt(3));
  if (row.ColumnInt(3) != static_cast<int64_t>(KeyPurpose::kEncrypt)) {
    return StoreCorrupt("a key has a purpose that is not known");
  }
  if (row.ColumnIsNull(4)) return StoreCorrupt("a key lacks its primary version");
  FIELDKMS_ASSIGN_OR_RETURN(key.primary_version, ToVersion(row.ColumnInt(4)));
  key.create_time = ToTime(row.ColumnInt(5));
  key.primary_create_time = ToTime(row.ColumnInt(6));
  return key;
}

absl::StatusOr<KeyVersionRecord> KeyVersionOf(const SqliteStatement& row) {
  KeyVersionRecord version;
  FIELDKMS_ASSIGN_OR_RETURN(version.version, ToVersion(row.ColumnInt(0)));
  version.state = static_cast<VersionState>(row.ColumnInt(1));
  if (row.ColumnInt(1) != static_cast<int64_t>(VersionState::kEnabled)) {
    return StoreCorrupt("a key version has a state that is not known");
  }
  FIELDKMS_ASSIGN_OR_RETURN(version.kek_version, ToVersion(row.ColumnInt(2)));
  version.wrapped = row.ColumnBytes(3);
  version.create_time = ToTime(row.ColumnInt(4));
  return version;
}

// The one row of a statement, or nullopt.
template <class Record>
absl::StatusOr<std::optional<Record>> One(SqliteStatement& statement,
                                          absl::StatusOr<Record> (*read)(const SqliteStatement&)) {
  FIELDKMS_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return std::optional<Record>();
  FIELDKMS_ASSIGN_OR_RETURN(Record record, read(statement));
  return std::optional<Record>(std::move(record));
}

template <class Record>
absl::StatusOr<std::vector<Record>> All(SqliteStatement& statement,
                                        absl::StatusOr<Record> (*read)(const SqliteStatement&)) {
  std::vector<Record> records;
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return records;
    FIELDKMS_ASSIGN_OR_RETURN(Record record, read(statement));
    records.push_back(std::move(record));
  }
}

}  // namespace

absl::StatusOr<std::optional<TenantRecord>> ReadTenant(SqliteConnection& db,
                                                       std::string_view tenant) {
  SqliteStatement statement =
      db.Use("SELECT tenant, primary_kek, create_time FROM tenants WHERE tenant = ?");
  return One(statement.Text(tenant), TenantOf);
}

absl::StatusOr<std::optional<KekRecord>> ReadKek(SqliteConnection& db, std::string_view tenant,
                                                 uint32_t version) {
  SqliteStatement statement =
      db.Use("SELECT version, wrapped, create_time FROM keks WHERE tenant = ? AND version = ?");
  return One(statement.Text(tenant).Int(version), KekOf);
}

absl::StatusOr<std::optional<KeyRecord>> ReadKey(SqliteConnection& db, std::string_view tenant,
                                                 std::string_view name) {
  static const std::string sql =
      std::string(kSelectKey) + "k.primary_version WHERE k.tenant = ? AND k.name = ?";
  SqliteStatement statement = db.Use(sql);
  return One(statement.Text(tenant).Text(name), KeyOf);
}

absl::StatusOr<std::optional<KeyRecord>> ReadKeyById(SqliteConnection& db, uint64_t key_id) {
  static const std::string sql = std::string(kSelectKey) + "k.primary_version WHERE k.key_id = ?";
  SqliteStatement statement = db.Use(sql);
  return One(statement.Int(FromId(key_id)), KeyOf);
}

absl::StatusOr<std::optional<KeyRecord>> ReadKeyAt(SqliteConnection& db, uint64_t key_id,
                                                   uint32_t version) {
  static const std::string sql = std::string(kSelectKey) + "? WHERE k.key_id = ?";
  SqliteStatement statement = db.Use(sql);
  return One(statement.Int(version).Int(FromId(key_id)), KeyOf);
}

absl::StatusOr<std::optional<KeyVersionRecord>> ReadKeyVersion(SqliteConnection& db,
                                                               uint64_t key_id, uint32_t version) {
  SqliteStatement statement = db.Use(
      "SELECT version, state, kek_version, wrapped, create_time FROM key_versions "
      "WHERE key_id = ? AND version = ?");
  return One(statement.Int(FromId(key_id)).Int(version), KeyVersionOf);
}

absl::StatusOr<std::vector<TenantRecord>> ReadTenants(SqliteConnection& db, std::string_view after,
                                                      size_t limit) {
  SqliteStatement statement = db.Use(
      "SELECT tenant, primary_kek, create_time FROM tenants WHERE tenant > ? "
      "ORDER BY tenant LIMIT ?");
  return All(statement.Text(after).Int(FromLimit(limit)), TenantOf);
}

absl::StatusOr<std::vector<KeyRecord>> ReadKeys(SqliteConnection& db, std::string_view tenant,
                                                std::string_view after_name, size_t limit) {
  static const std::string sql =
      std::string(kSelectKey) +
      "k.primary_version WHERE k.tenant = ? AND k.name > ? ORDER BY k.name LIMIT ?";
  SqliteStatement statement = db.Use(sql);
  return All(statement.Text(tenant).Text(after_name).Int(FromLimit(limit)), KeyOf);
}

absl::StatusOr<std::vector<KeyVersionRecord>> ReadKeyVersions(SqliteConnection& db, uint64_t key_id,
                                                              uint32_t before, size_t limit) {
  SqliteStatement statement = db.Use(
      "SELECT version, state, kek_version, wrapped, create_time FROM key_versions "
      "WHERE key_id = ? AND version < ? ORDER BY version DESC LIMIT ?");
  constexpr int64_t kAll = int64_t{std::numeric_limits<uint32_t>::max()} + 1;
  const int64_t bound = before == 0 ? kAll : before;
  return All(statement.Int(FromId(key_id)).Int(bound).Int(FromLimit(limit)), KeyVersionOf);
}

absl::Status WriteTenant(SqliteConnection& db, const TenantRecord& tenant) {
  return db.Use("INSERT INTO tenants (tenant, primary_kek, create_time) VALUES (?, ?, ?)")
      .Text(tenant.tenant)
      .Int(tenant.primary_kek)
      .Int(FromTime(tenant.create_time))
      .Run();
}

absl::Status WriteKek(SqliteConnection& db, std::string_view tenant, const KekRecord& kek) {
  return db.Use("INSERT INTO keks (tenant, version, wrapped, create_time) VALUES (?, ?, ?, ?)")
      .Text(tenant)
      .Int(kek.version)
      .Blob(kek.wrapped)
      .Int(FromTime(kek.create_time))
      .Run();
}

absl::Status WriteKey(SqliteConnection& db, const KeyRecord& key) {
  return db
      .Use(
          "INSERT INTO keys (key_id, tenant, name, purpose, primary_version, create_time) "
          "VALUES (?, ?, ?, ?, ?, ?)")
      .Int(FromId(key.key_id))
      .Text(key.tenant)
      .Text(key.name)
      .Int(static_cast<int64_t>(key.purpose))
      .Int(key.primary_version)
      .Int(FromTime(key.create_time))
      .Run();
}

absl::Status WriteKeyVersion(SqliteConnection& db, uint64_t key_id,
                             const KeyVersionRecord& version) {
  return db
      .Use(
          "INSERT INTO key_versions (key_id, version, state, kek_version, wrapped, create_time) "
          "VALUES (?, ?, ?, ?, ?, ?)")
      .Int(FromId(key_id))
      .Int(version.version)
      .Int(static_cast<int64_t>(version.state))
      .Int(version.kek_version)
      .Blob(version.wrapped)
      .Int(FromTime(version.create_time))
      .Run();
}

absl::Status WritePrimary(SqliteConnection& db, uint64_t key_id, uint32_t version) {
  return db.Use("UPDATE keys SET primary_version = ? WHERE key_id = ?")
      .Int(version)
      .Int(FromId(key_id))
      .Run();
}

}  // namespace fieldkms
