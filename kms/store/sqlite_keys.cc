#include "kms/store/sqlite_keys.h"

#include <chrono>
#include <limits>
#include <utility>

#include "crypto/status.h"
#include "kms/store/record_json.h"
#include "kms/store/sqlite_aliases.h"
#include "kms/store/sqlite_columns.h"
#include "kms/store/sqlite_key_versions.h"
#include "kms/store/sqlite_tenants.h"

namespace fieldkms {
namespace {

std::string SelectKey(std::string_view where) {
  return std::string("SELECT ") + kKeyColumns + " FROM keys k" + kJoinPrimary + std::string(where);
}

// Binds what ChangeKey may write, in the order of both statements below.
void BindChangeable(SqliteStatement& statement, const KeyRecord& key, std::string_view labels,
                    uint64_t number) {
  statement.Int(key.primary_version)
      .Int(key.suite)
      .Int(key.audit_per_operation)
      .Int(key.min_decrypt_version)
      .Int(key.rotation_period.count());
  TimeIfAny(statement, key.next_rotation)
      .Int(key.lease.longest.count())
      .Int(FromBits(key.lease.most_messages))
      .Text(labels)
      .Int(FromBits(number));
}

// Binds a whole key, in the order of kInsertColumns.
SqliteStatement& BindKey(SqliteStatement& statement, const KeyRecord& key, std::string_view labels,
                         uint64_t number) {
  BindChangeable(statement, key, labels, number);
  return statement.Int(FromBits(key.key_id))
      .Text(key.tenant)
      .Text(key.name)
      .Int(static_cast<int64_t>(key.purpose))
      .Int(key.exportable)
      .Int(FromTime(key.create_time));
}

constexpr char kInsertColumns[] =
    " (primary_version, suite, audit_per_operation, min_decrypt_version, rotation_period, "
    "next_rotation, lease_longest, lease_most_messages, labels, change, key_id, tenant, name, "
    "purpose, exportable, create_time";

absl::Status InsertKey(SqliteConnection& db, const KeyRecord& key, uint64_t number) {
  static const std::string sql = std::string("INSERT INTO keys") + kInsertColumns +
                                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  SqliteStatement statement = db.Use(sql);
  const std::string labels = LabelsToJson(key.labels);
  return BindKey(statement, key, labels, number).Run();
}

absl::Status UpdateKey(SqliteConnection& db, const KeyRecord& key, uint64_t number) {
  SqliteStatement statement = db.Use(
      "UPDATE keys SET primary_version = ?, suite = ?, audit_per_operation = ?, "
      "min_decrypt_version = ?, rotation_period = ?, next_rotation = ?, lease_longest = ?, "
      "lease_most_messages = ?, labels = ?, change = ? WHERE key_id = ?");
  const std::string labels = LabelsToJson(key.labels);
  BindChangeable(statement, key, labels, number);
  return statement.Int(FromBits(key.key_id)).Run();
}

// The key after it was written: also the primary's time, which stands with the version.
absl::StatusOr<KeyRecord> Written(SqliteConnection& db, const KeyRecord& key) {
  const auto gone = [] { return Bug("a key that was written is not there"); };
  return OrNotFound(ReadKeyById(db, key.tenant, key.key_id), gone);
}

}  // namespace

absl::StatusOr<KeyRecord> KeyOf(const SqliteStatement& row) {
  KeyRecord key;
  key.tenant = row.ColumnBytes(0);
  key.name = row.ColumnBytes(1);
  key.key_id = ToBits(row.ColumnInt(2));
  FIELDKMS_ASSIGN_OR_RETURN(key.purpose, ToEnum<KeyPurpose>(row.ColumnInt(3)));
  if (row.ColumnIsNull(4)) return StoreCorrupt("a key lacks its primary version");
  FIELDKMS_ASSIGN_OR_RETURN(key.primary_version, ToVersion(row.ColumnInt(4)));
  key.create_time = ToTime(row.ColumnInt(5));
  key.primary_create_time = ToTime(row.ColumnInt(6));
  const int64_t suite = row.ColumnInt(7);
  if (suite < 0 || suite > std::numeric_limits<uint8_t>::max()) {
    return StoreCorrupt("the suite of a key is out of range");
  }
  key.suite = static_cast<uint8_t>(suite);
  key.exportable = row.ColumnInt(8) != 0;
  key.audit_per_operation = row.ColumnInt(9) != 0;
  FIELDKMS_ASSIGN_OR_RETURN(key.min_decrypt_version, ToVersion(row.ColumnInt(10)));
  key.rotation_period = std::chrono::seconds(row.ColumnInt(11));
  key.next_rotation = ToTimeIfAny(row, 12);
  key.lease.longest = std::chrono::seconds(row.ColumnInt(13));
  key.lease.most_messages = ToBits(row.ColumnInt(14));
  FIELDKMS_ASSIGN_OR_RETURN(key.labels, LabelsFromJson(row.ColumnBytes(15)));
  key.change = ToBits(row.ColumnInt(16));
  return key;
}

absl::StatusOr<std::optional<KeyRecord>> ReadKey(SqliteConnection& db, std::string_view tenant,
                                                 std::string_view name) {
  static const std::string sql = SelectKey("WHERE k.tenant = ? AND k.name = ?");
  SqliteStatement statement = db.Use(sql);
  return One(statement.Text(tenant).Text(name), KeyOf);
}

absl::StatusOr<std::optional<KeyRecord>> ReadKeyByNameOrAlias(SqliteConnection& db,
                                                              std::string_view tenant,
                                                              std::string_view name) {
  static const std::string sql = SelectKey(kWhereNameOrAlias);
  SqliteStatement statement = db.Use(sql);
  return One(statement.Text(tenant).Text(name), KeyOf);
}

absl::StatusOr<std::optional<KeyRecord>> ReadKeyById(SqliteConnection& db, std::string_view tenant,
                                                     uint64_t key_id) {
  static const std::string sql = SelectKey("WHERE k.key_id = ? AND k.tenant = ?");
  SqliteStatement statement = db.Use(sql);
  return One(statement.Int(FromBits(key_id)).Text(tenant), KeyOf);
}

absl::StatusOr<std::optional<std::string>> ReadTenantOfKey(SqliteConnection& db, uint64_t key_id) {
  SqliteStatement row = db.Use("SELECT tenant FROM keys WHERE key_id = ?");
  FIELDKMS_ASSIGN_OR_RETURN(const bool found, row.Int(FromBits(key_id)).Step());
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(row.ColumnBytes(0));
}

absl::StatusOr<std::optional<KeyRecord>> ReadKeyAt(SqliteConnection& db, uint64_t key_id,
                                                   uint32_t version) {
  static const std::string sql =
      std::string("SELECT ") + kKeyColumns +
      " FROM keys k LEFT JOIN key_versions v ON v.key_id = k.key_id AND v.version = ? "
      "WHERE k.key_id = ?";
  SqliteStatement statement = db.Use(sql);
  return One(statement.Int(version).Int(FromBits(key_id)), KeyOf);
}

absl::StatusOr<std::vector<KeyRecord>> ReadKeys(SqliteConnection& db, std::string_view tenant,
                                                std::string_view after_name, size_t limit) {
  static const std::string sql =
      SelectKey("WHERE k.tenant = ? AND k.name > ? ORDER BY k.name LIMIT ?");
  SqliteStatement statement = db.Use(sql);
  return All(statement.Text(tenant).Text(after_name).Int(FromBound(limit)), KeyOf);
}

absl::StatusOr<std::vector<KeyRecord>> ReadDueRotations(SqliteConnection& db, WallTime now,
                                                        size_t limit) {
  static const std::string sql =
      SelectKey("WHERE k.next_rotation <= ? ORDER BY k.next_rotation LIMIT ?");
  SqliteStatement statement = db.Use(sql);
  return All(statement.Int(FromTime(now)).Int(FromBound(limit)), KeyOf);
}

absl::StatusOr<KeyRecord> MakeKey(SqliteConnection& db, const KeyRecord& key,
                                  const KeyVersionRecord& first, uint64_t number) {
  FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, key.tenant));
  FIELDKMS_ASSIGN_OR_RETURN(const auto same_name, ReadKey(db, key.tenant, key.name));
  if (same_name) return KeyExists();
  FIELDKMS_ASSIGN_OR_RETURN(const auto alias, ReadAlias(db, key.tenant, key.name));
  if (alias && alias->key_id != 0) return KeyExists();
  FIELDKMS_ASSIGN_OR_RETURN(const auto same_id, ReadTenantOfKey(db, key.key_id));
  if (same_id) return KeyIdTaken();
  KeyRecord made = key;
  made.primary_version = first.version;
  FIELDKMS_RETURN_IF_ERROR(InsertKey(db, made, number));
  FIELDKMS_RETURN_IF_ERROR(WriteKeyVersion(db, key.key_id, first));
  return Written(db, made);
}

absl::Status StageKey(SqliteConnection& db, const ImportId& import, const WholeKey& whole) {
  static const std::string sql =
      std::string("INSERT OR REPLACE INTO staged_keys") + kInsertColumns +
      ", import) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  const KeyRecord& key = whole.key;
  {
    SqliteStatement statement = db.Use(sql);
    const std::string labels = LabelsToJson(key.labels);
    FIELDKMS_RETURN_IF_ERROR(BindKey(statement, key, labels, 0).Blob(AsText(import)).Run());
  }
  for (const KeyVersionRecord& version : whole.versions) {
    FIELDKMS_RETURN_IF_ERROR(StageKeyVersion(db, import, key.tenant, key.key_id, version));
  }
  return absl::OkStatus();
}

absl::StatusOr<KeyRecord> ApplyKeyChange(SqliteConnection& db, const KeyChange& change,
                                         uint64_t number) {
  const KeyRecord& key = change.key;
  FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord old,
                            OrNotFound(ReadKeyById(db, key.tenant, key.key_id), KeyNotFound));
  if (old.change != key.change) return EtagMismatch();
  for (const KeyVersionRecord& version : change.versions) {
    FIELDKMS_RETURN_IF_ERROR(WriteKeyVersion(db, key.key_id, version));
  }
  FIELDKMS_ASSIGN_OR_RETURN(const auto primary,
                            ReadKeyVersion(db, key.tenant, key.key_id, key.primary_version));
  if (!primary) return Bug("a key's primary version is neither given nor in the store");
  FIELDKMS_RETURN_IF_ERROR(UpdateKey(db, key, number));
  return Written(db, key);
}

absl::Status StampKey(SqliteConnection& db, uint64_t key_id, uint64_t number) {
  return db.Use("UPDATE keys SET change = ? WHERE key_id = ?")
      .Int(FromBits(number))
      .Int(FromBits(key_id))
      .Run();
}

}  // namespace fieldkms
