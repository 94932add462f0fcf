// Leases of key material.
#include <chrono>

#include "kms/postgres/value.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_store_impl.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

// How long a lease is kept after its end.
constexpr std::chrono::hours kKeptFor{24};

LeaseRecord LeaseOf(const pqxx::row& row) {
  LeaseRecord lease;
  lease.lease_id = TextOf(row[0]);
  lease.tenant = TextOf(row[1]);
  lease.key_id = IdOf(row[2]);
  lease.version = VersionOf(row[3]);
  lease.encrypt = BoolOf(row[4]);
  lease.principal = TextOf(row[5]);
  lease.create_time = TimeOf(row[6]);
  lease.expire_time = TimeOf(row[7]);
  lease.most_messages = row[8].as<uint64_t>();
  lease.used_messages = row[9].as<uint64_t>();
  return lease;
}

}  // namespace

// To run it again does no harm: a commit in doubt needs no look at what it did.
absl::Status PostgresStore::PutLease(const LeaseRecord& lease, Deadline deadline) {
  return transactions_.Write(deadline, [&](PostgresTransaction& db) -> absl::Status {
    db.ActFor(lease.tenant);
    if (!ReadTenant(db, lease.tenant)) return TenantNotFound();
    // Few at a time, so that no call waits for long.
    db.Run(
        "DELETE FROM fieldkms_store.leases WHERE tenant = $1 AND lease_id IN ("
        "SELECT lease_id FROM fieldkms_store.leases "
        "WHERE tenant = $1 AND expire_time < $2 ORDER BY expire_time LIMIT 16)",
        {lease.tenant, clock_.Now() - kKeptFor});
    db.Run(
        "INSERT INTO fieldkms_store.leases (tenant, lease_id, key_id, version, encrypt, principal, "
        "create_time, expire_time, most_messages, used_messages) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
        "ON CONFLICT (tenant, lease_id) DO UPDATE SET key_id = excluded.key_id, "
        "version = excluded.version, encrypt = excluded.encrypt, principal = excluded.principal, "
        "create_time = excluded.create_time, expire_time = excluded.expire_time, "
        "most_messages = excluded.most_messages, used_messages = excluded.used_messages",
        {lease.tenant, lease.lease_id, IdValue(lease.key_id), lease.version, lease.encrypt,
         lease.principal, lease.create_time, lease.expire_time, lease.most_messages,
         lease.used_messages});
    return absl::OkStatus();
  });
}

absl::StatusOr<LeaseRecord> PostgresStore::GetLease(std::string_view tenant,
                                                    std::string_view lease_id, Deadline deadline) {
  return Read<LeaseRecord>(
      tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<LeaseRecord> {
        auto found = RecordIfAny(
            db.Run("SELECT lease_id, tenant, key_id, version, encrypt, principal, create_time, "
                   "expire_time, most_messages, used_messages FROM fieldkms_store.leases "
                   "WHERE tenant = $1 AND lease_id = $2",
                   {tenant, lease_id}),
            LeaseOf);
        if (!found) return LeaseNotFound();
        return *std::move(found);
      });
}

absl::StatusOr<std::optional<WallTime>> PostgresStore::LastLeaseEnd(std::string_view tenant,
                                                                    uint64_t key_id,
                                                                    uint32_t version,
                                                                    bool encrypt_only, WallTime now,
                                                                    Deadline deadline) {
  using End = std::optional<WallTime>;
  return Read<End>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<End> {
    const pqxx::result rows = db.Run(
        "SELECT max(expire_time) FROM fieldkms_store.leases WHERE tenant = $1 AND key_id = $2 "
        "AND (version = $3 OR $3 = 0) AND expire_time > $4 AND (encrypt OR NOT $5)",
        {tenant, IdValue(key_id), version, now, encrypt_only});
    return TimeIfAny(rows[0][0]);
  });
}

}  // namespace fieldkms
