// Leases in a SQLite store; see sqlite_tenants.h.
#ifndef FIELDKMS_KMS_STORE_SQLITE_LEASES_H_
#define FIELDKMS_KMS_STORE_SQLITE_LEASES_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/store.h"

namespace fieldkms {

absl::StatusOr<std::optional<LeaseRecord>> ReadLease(SqliteConnection& db, std::string_view tenant,
                                                     std::string_view lease_id);
absl::StatusOr<std::optional<WallTime>> ReadLastLeaseEnd(SqliteConnection& db,
                                                         std::string_view tenant, uint64_t key_id,
                                                         uint32_t version, bool encrypt_only,
                                                         WallTime now);
// Also forgets some that ended more than a day before `now`.
absl::Status WriteLease(SqliteConnection& db, const LeaseRecord& lease, WallTime now);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_LEASES_H_
