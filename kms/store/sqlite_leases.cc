#include "kms/store/sqlite_leases.h"

#include <chrono>

#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"

namespace fieldkms {
namespace {

constexpr std::chrono::hours kRememberedFor{24};
// More than one each time, so that any number of them shrinks; few, so that nobody waits.
constexpr int64_t kForgottenAtOnce = 16;

absl::StatusOr<LeaseRecord> LeaseOf(const SqliteStatement& row) {
  LeaseRecord lease;
  lease.tenant = row.ColumnBytes(0);
  lease.lease_id = row.ColumnBytes(1);
  lease.key_id = ToBits(row.ColumnInt(2));
  FIELDKMS_ASSIGN_OR_RETURN(lease.version, ToVersion(row.ColumnInt(3)));
  lease.encrypt = row.ColumnInt(4) != 0;
  lease.principal = row.ColumnBytes(5);
  lease.create_time = ToTime(row.ColumnInt(6));
  lease.expire_time = ToTime(row.ColumnInt(7));
  lease.most_messages = ToBits(row.ColumnInt(8));
  lease.used_messages = ToBits(row.ColumnInt(9));
  return lease;
}

absl::Status ForgetOld(SqliteConnection& db, WallTime now) {
  return db
      .Use(
          "DELETE FROM leases WHERE (tenant, lease_id) IN (SELECT tenant, lease_id FROM leases "
          "WHERE expire_time < ? ORDER BY expire_time LIMIT ?)")
      .Int(FromTime(now - kRememberedFor))
      .Int(kForgottenAtOnce)
      .Run();
}

}  // namespace

absl::StatusOr<std::optional<LeaseRecord>> ReadLease(SqliteConnection& db, std::string_view tenant,
                                                     std::string_view lease_id) {
  SqliteStatement statement = db.Use(
      "SELECT tenant, lease_id, key_id, version, encrypt, principal, create_time, expire_time, "
      "most_messages, used_messages FROM leases WHERE tenant = ? AND lease_id = ?");
  return One(statement.Text(tenant).Text(lease_id), LeaseOf);
}

absl::StatusOr<std::optional<WallTime>> ReadLastLeaseEnd(SqliteConnection& db,
                                                         std::string_view tenant, uint64_t key_id,
                                                         uint32_t version, bool encrypt_only,
                                                         WallTime now) {
  SqliteStatement row = db.Use(
      "SELECT expire_time FROM leases WHERE key_id = ? AND (? = 0 OR version = ?) "
      "AND expire_time > ? AND tenant = ? AND encrypt >= ? ORDER BY expire_time DESC LIMIT 1");
  row.Int(FromBits(key_id)).Int(version).Int(version);
  row.Int(FromTime(now)).Text(tenant).Int(encrypt_only);
  FIELDKMS_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<WallTime>();
  return std::optional<WallTime>(ToTime(row.ColumnInt(0)));
}

absl::Status WriteLease(SqliteConnection& db, const LeaseRecord& lease, WallTime now) {
  FIELDKMS_RETURN_IF_ERROR(ForgetOld(db, now));
  return db
      .Use(
          "INSERT OR REPLACE INTO leases (tenant, lease_id, key_id, version, encrypt, principal, "
          "create_time, expire_time, most_messages, used_messages) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .Text(lease.tenant)
      .Text(lease.lease_id)
      .Int(FromBits(lease.key_id))
      .Int(lease.version)
      .Int(lease.encrypt)
      .Text(lease.principal)
      .Int(FromTime(lease.create_time))
      .Int(FromTime(lease.expire_time))
      .Int(FromBits(lease.most_messages))
      .Int(FromBits(lease.used_messages))
      .Run();
}

}  // namespace fieldkms
