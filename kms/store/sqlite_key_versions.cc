#include "kms/store/sqlite_key_versions.h"

#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"
#include "kms/store/sqlite_keys.h"

namespace fieldkms {
namespace {

constexpr char kVersionColumns[] =
    "w.version, w.state, w.kek_version, w.wrapped, w.create_time, w.origin, w.destroy_time";
// The same of the primary version that a key is joined with.
constexpr char kPrimaryColumns[] =
    "v.version, v.state, v.kek_version, v.wrapped, v.create_time, v.origin, v.destroy_time";

absl::StatusOr<KeyVersionRecord> VersionAt(const SqliteStatement& row, int first) {
  KeyVersionRecord version;
  FIELDKMS_ASSIGN_OR_RETURN(version.version, ToVersion(row.ColumnInt(first)));
  FIELDKMS_ASSIGN_OR_RETURN(version.state, ToEnum<VersionState>(row.ColumnInt(first + 1)));
  FIELDKMS_ASSIGN_OR_RETURN(version.kek_version, ToVersion(row.ColumnInt(first + 2)));
  version.wrapped = row.ColumnBytes(first + 3);
  version.create_time = ToTime(row.ColumnInt(first + 4));
  FIELDKMS_ASSIGN_OR_RETURN(version.origin, ToEnum<KeyOrigin>(row.ColumnInt(first + 5)));
  version.destroy_time = ToTimeIfAny(row, first + 6);
  return version;
}

absl::StatusOr<KeyVersionRecord> VersionOf(const SqliteStatement& row) { return VersionAt(row, 0); }

// The version stays empty where an outer join found none.
absl::StatusOr<KeyAndVersion> KeyAndVersionOf(const SqliteStatement& row) {
  KeyAndVersion both;
  FIELDKMS_ASSIGN_OR_RETURN(both.key, KeyOf(row));
  if (row.ColumnIsNull(kKeyColumnCount)) return both;
  FIELDKMS_ASSIGN_OR_RETURN(both.version, VersionAt(row, kKeyColumnCount));
  return both;
}

// Keys k with their versions w. The order of the tables is said (CROSS JOIN), not left
// to be guessed: `first` is the one whose index gives the rows in their order.
std::string SelectVersions(std::string_view columns, std::string_view where) {
  return "SELECT " + std::string(columns) +
         " FROM keys k CROSS JOIN key_versions w ON w.key_id = k.key_id " + std::string(where);
}

std::string BothColumns() { return std::string(kKeyColumns) + ", " + kVersionColumns; }

// Versions of the ids from `first` to `last` as signed numbers, after `after_version`
// of `first`.
absl::StatusOr<std::vector<KeyAndVersion>> ReadHalf(SqliteConnection& db, std::string_view tenant,
                                                    uint32_t kek_version, int64_t first,
                                                    uint32_t after_version, int64_t last,
                                                    size_t limit) {
  static const std::string sql =
      "SELECT " + BothColumns() + " FROM keys k CROSS JOIN key_versions w ON w.key_id = k.key_id" +
      kJoinPrimary +
      "WHERE k.tenant = ?1 AND k.key_id BETWEEN ?2 AND ?3 AND (k.key_id > ?2 OR w.version > ?4) "
      "AND w.kek_version < ?5 AND length(w.wrapped) > 0 "
      "ORDER BY k.key_id, w.version LIMIT ?6";
  SqliteStatement statement = db.Use(sql);
  statement.Text(tenant).Int(first).Int(last).Int(after_version).Int(kek_version);
  return All(statement.Int(FromBound(limit)), KeyAndVersionOf);
}

// Binds a whole version, in the order of both statements below.
SqliteStatement& BindVersion(SqliteStatement& statement, uint64_t key_id,
                             const KeyVersionRecord& version) {
  statement.Int(FromBits(key_id))
      .Int(version.version)
      .Int(static_cast<int64_t>(version.state))
      .Int(version.kek_version)
      .Blob(version.wrapped)
      .Int(FromTime(version.create_time))
      .Int(static_cast<int64_t>(version.origin));
  return TimeIfAny(statement, version.destroy_time);
}

}  // namespace

absl::StatusOr<std::optional<KeyAndVersion>> ReadKeyWithPrimary(SqliteConnection& db,
                                                                std::string_view tenant,
                                                                std::string_view name) {
  static const std::string sql = std::string("SELECT ") + kKeyColumns + ", " + kPrimaryColumns +
                                 " FROM keys k" + kJoinPrimary + kWhereNameOrAlias;
  SqliteStatement statement = db.Use(sql);
  return One(statement.Text(tenant).Text(name), KeyAndVersionOf);
}

absl::StatusOr<std::optional<KeyAndVersion>> ReadKeyWithVersion(SqliteConnection& db,
                                                                std::string_view tenant,
                                                                uint64_t key_id, uint32_t version) {
  static const std::string sql = "SELECT " + BothColumns() + " FROM keys k" + kJoinPrimary +
                                 "LEFT JOIN key_versions w ON w.key_id = k.key_id "
                                 "AND w.version = ?3 WHERE k.key_id = ?2 AND k.tenant = ?1";
  SqliteStatement statement = db.Use(sql);
  return One(statement.Text(tenant).Int(FromBits(key_id)).Int(version), KeyAndVersionOf);
}

absl::StatusOr<std::optional<KeyVersionRecord>> ReadKeyVersion(SqliteConnection& db,
                                                               std::string_view tenant,
                                                               uint64_t key_id, uint32_t version) {
  static const std::string sql =
      SelectVersions(kVersionColumns, "WHERE k.key_id = ? AND k.tenant = ? AND w.version = ?");
  SqliteStatement statement = db.Use(sql);
  return One(statement.Int(FromBits(key_id)).Text(tenant).Int(version), VersionOf);
}

absl::StatusOr<std::vector<KeyVersionRecord>> ReadKeyVersions(SqliteConnection& db,
                                                              std::string_view tenant,
                                                              uint64_t key_id, uint32_t before,
                                                              size_t limit) {
  static const std::string sql = SelectVersions(
      kVersionColumns,
      "WHERE k.key_id = ? AND k.tenant = ? AND w.version < ? ORDER BY w.version DESC LIMIT ?");
  SqliteStatement statement = db.Use(sql);
  constexpr int64_t kAll = int64_t{std::numeric_limits<uint32_t>::max()} + 1;
  const int64_t bound = before == 0 ? kAll : before;
  statement.Int(FromBits(key_id)).Text(tenant).Int(bound);
  return All(statement.Int(FromBound(limit)), VersionOf);
}

absl::StatusOr<std::vector<KeyAndVersion>> ReadDueDestructions(SqliteConnection& db, WallTime now,
                                                               size_t limit) {
  static const std::string sql =
      "SELECT " + BothColumns() + " FROM key_versions w JOIN keys k ON k.key_id = w.key_id" +
      kJoinPrimary + "WHERE w.state = 3 AND w.destroy_time <= ? ORDER BY w.destroy_time LIMIT ?";
  static_assert(static_cast<int>(VersionState::kDestroyScheduled) == 3);
  SqliteStatement statement = db.Use(sql);
  return All(statement.Int(FromTime(now)).Int(FromBound(limit)), KeyAndVersionOf);
}

absl::StatusOr<std::vector<KeyAndVersion>> ReadVersionsBelowKek(
    SqliteConnection& db, std::string_view tenant, uint32_t kek_version, uint64_t after_key_id,
    uint32_t after_version, size_t limit) {
  constexpr int64_t kFirst = std::numeric_limits<int64_t>::min();
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
  const int64_t after = FromBits(after_key_id);
  if (after < 0) return ReadHalf(db, tenant, kek_version, after, after_version, -1, limit);
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<KeyAndVersion> found,
                            ReadHalf(db, tenant, kek_version, after, after_version, kLast, limit));
  if (found.size() >= limit) return found;
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<KeyAndVersion> more,
                            ReadHalf(db, tenant, kek_version, kFirst, 0, -1, limit - found.size()));
  found.insert(found.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  return found;
}

absl::StatusOr<uint64_t> CountBelowKek(SqliteConnection& db, std::string_view tenant,
                                       uint32_t kek_version) {
  static const std::string sql = SelectVersions(
      "count(*)", "WHERE k.tenant = ? AND w.kek_version < ? AND length(w.wrapped) > 0");
  SqliteStatement statement = db.Use(sql);
  FIELDKMS_ASSIGN_OR_RETURN(const bool row, statement.Text(tenant).Int(kek_version).Step());
  return row ? ToBits(statement.ColumnInt(0)) : 0;
}

absl::Status WriteKeyVersion(SqliteConnection& db, uint64_t key_id,
                             const KeyVersionRecord& version) {
  SqliteStatement statement = db.Use(
      "INSERT INTO key_versions (key_id, version, state, kek_version, wrapped, create_time, "
      "origin, destroy_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (key_id, version) DO UPDATE SET state = excluded.state, "
      "kek_version = excluded.kek_version, wrapped = excluded.wrapped, "
      "create_time = excluded.create_time, origin = excluded.origin, "
      "destroy_time = excluded.destroy_time");
  return BindVersion(statement, key_id, version).Run();
}

absl::Status StageKeyVersion(SqliteConnection& db, const ImportId& import, std::string_view tenant,
                             uint64_t key_id, const KeyVersionRecord& version) {
  SqliteStatement statement = db.Use(
      "INSERT INTO staged_key_versions (key_id, version, state, kek_version, wrapped, "
      "create_time, origin, destroy_time, tenant, import) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  return BindVersion(statement, key_id, version).Text(tenant).Blob(AsText(import)).Run();
}

absl::StatusOr<size_t> ReplaceKeyVersions(SqliteConnection& db, std::string_view tenant,
                                          std::span<const RewrappedVersion> versions,
                                          uint64_t number) {
  size_t written = 0;
  for (const RewrappedVersion& version : versions) {
    FIELDKMS_RETURN_IF_ERROR(
        db.Use("UPDATE key_versions SET wrapped = ?, kek_version = ? WHERE key_id = ? "
               "AND version = ? AND wrapped = ? AND length(wrapped) > 0 "
               "AND EXISTS (SELECT 1 FROM keys k WHERE k.key_id = key_versions.key_id "
               "AND k.tenant = ?)")
            .Blob(version.wrapped)
            .Int(version.kek_version)
            .Int(FromBits(version.key_id))
            .Int(version.version)
            .Blob(version.old_wrapped)
            .Text(tenant)
            .Run());
    if (db.RowsChanged() == 0) continue;
    ++written;
    FIELDKMS_RETURN_IF_ERROR(StampKey(db, version.key_id, number));
  }
  return written;
}

}  // namespace fieldkms
