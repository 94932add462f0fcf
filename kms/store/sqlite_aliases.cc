#include "kms/store/sqlite_aliases.h"

#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"
#include "kms/store/sqlite_keys.h"
#include "kms/store/sqlite_tenants.h"

namespace fieldkms {
namespace {

absl::StatusOr<AliasRecord> AliasOf(const SqliteStatement& row) {
  // NULL, of one that was taken away, reads as 0.
  return AliasRecord{row.ColumnBytes(0), row.ColumnBytes(1), ToBits(row.ColumnInt(2)),
                     ToBits(row.ColumnInt(3))};
}

absl::Status CheckPointable(SqliteConnection& db, const AliasRecord& alias) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto key, ReadKey(db, alias.tenant, alias.alias));
  if (key) return KeyExists();
  if (alias.key_id == 0) return absl::OkStatus();
  return OrNotFound(ReadKeyById(db, alias.tenant, alias.key_id), KeyNotFound).status();
}

}  // namespace

absl::StatusOr<std::optional<AliasRecord>> ReadAlias(SqliteConnection& db, std::string_view tenant,
                                                     std::string_view alias) {
  SqliteStatement statement =
      db.Use("SELECT tenant, alias, key_id, change FROM aliases WHERE tenant = ? AND alias = ?");
  return One(statement.Text(tenant).Text(alias), AliasOf);
}

absl::StatusOr<std::vector<AliasRecord>> ReadAliases(SqliteConnection& db, std::string_view tenant,
                                                     std::string_view after, size_t limit) {
  SqliteStatement statement = db.Use(
      "SELECT tenant, alias, key_id, change FROM aliases WHERE tenant = ? AND alias > ? "
      "AND key_id IS NOT NULL ORDER BY alias LIMIT ?");
  return All(statement.Text(tenant).Text(after).Int(FromBound(limit)), AliasOf);
}

absl::StatusOr<AliasRecord> PointAlias(SqliteConnection& db, const AliasRecord& alias,
                                       uint64_t number) {
  FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, alias.tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckPointable(db, alias));
  FIELDKMS_ASSIGN_OR_RETURN(const auto old, ReadAlias(db, alias.tenant, alias.alias));
  const bool points = old && old->key_id != 0;
  if ((points ? old->change : 0) != alias.change) return EtagMismatch();
  if (!points && alias.key_id == 0) return AliasNotFound();
  SqliteStatement statement = db.Use(
      "INSERT INTO aliases (tenant, alias, change, key_id) VALUES (?, ?, ?, ?) "
      "ON CONFLICT (tenant, alias) DO UPDATE SET key_id = excluded.key_id, "
      "change = excluded.change");
  statement.Text(alias.tenant).Text(alias.alias).Int(FromBits(number));
  if (alias.key_id == 0) {
    statement.Null();
  } else {
    statement.Int(FromBits(alias.key_id));
  }
  FIELDKMS_RETURN_IF_ERROR(statement.Run());
  return AliasRecord{alias.tenant, alias.alias, alias.key_id, number};
}

}  // namespace fieldkms
