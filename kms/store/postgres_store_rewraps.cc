// What is wrapped by older KEKs, and wrapping it anew.
#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "kms/store/postgres_mutation.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_store_impl.h"

namespace fieldkms {
namespace {

// As with KEKs: whether the version is now what `version` says.
bool Rewrap(PostgresTransaction& db, std::string_view tenant, const RewrappedVersion& version,
            bool& wrote) {
  const pqxx::result changed = db.Run(
      "UPDATE fieldkms_store.key_versions SET kek_version = $5, wrapped = $6 "
      "WHERE tenant = $1 AND key_id = $2 AND version = $3 AND wrapped = $4",
      {tenant, IdValue(version.key_id), version.version, ByteaValue(version.old_wrapped),
       version.kek_version, ByteaValue(version.wrapped)});
  if (changed.affected_rows() > 0) {
    wrote = true;
    return true;
  }
  if (!db.in_doubt()) return false;
  return !db.Run(
                "SELECT FROM fieldkms_store.key_versions "
                "WHERE tenant = $1 AND key_id = $2 AND version = $3 AND wrapped = $4",
                {tenant, IdValue(version.key_id), version.version, ByteaValue(version.wrapped)})
              .empty();
}

}  // namespace

absl::StatusOr<size_t> PostgresStore::RewrapKeyVersions(std::string_view tenant,
                                                        std::span<const RewrappedVersion> versions,
                                                        Deadline deadline) {
  return Write<size_t>("", deadline, [&](PostgresTransaction& db) -> absl::StatusOr<size_t> {
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChange(db));
    db.ActFor(tenant);
    size_t rewrapped = 0;
    bool wrote_any = false;
    for (const RewrappedVersion& version : versions) {
      bool wrote = false;
      if (Rewrap(db, tenant, version, wrote)) ++rewrapped;
      if (!wrote) continue;
      wrote_any = true;
      db.Run("UPDATE fieldkms_store.keys SET change = $3 WHERE tenant = $1 AND key_id = $2",
             {tenant, IdValue(version.key_id), number});
    }
    if (!wrote_any) db.WriteNothing();
    return rewrapped;
  });
}

absl::StatusOr<std::vector<KeyAndVersion>> PostgresStore::ListVersionsBelowKek(
    std::string_view tenant, uint32_t kek_version, uint64_t after_key_id, uint32_t after_version,
    size_t limit, Deadline deadline) {
  using Found = std::vector<KeyAndVersion>;
  return Read<Found>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Found> {
    return ReadVersionsBelowKek(db, tenant, kek_version, after_key_id, after_version, limit);
  });
}

absl::StatusOr<uint64_t> PostgresStore::CountVersionsBelowKek(std::string_view tenant,
                                                              uint32_t kek_version,
                                                              Deadline deadline) {
  return Read<uint64_t>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<uint64_t> {
    const pqxx::result rows = db.Run(
        "SELECT count(*) FROM fieldkms_store.key_versions "
        "WHERE tenant = $1 AND kek_version < $2 AND wrapped IS NOT NULL",
        {tenant, kek_version});
    return rows[0][0].as<uint64_t>();
  });
}

}  // namespace fieldkms
