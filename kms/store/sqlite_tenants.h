// Tenants, their KEKs and the root binding in a SQLite store.
//
// This and its neighbours (sqlite_keys.h and so on): Read… sees one state of the
// store, a single statement each; nullopt where there is no row; kDataLoss,
// kStoreCorrupt, where a row cannot be. Others run inside a write transaction, with
// `number` that of its change, and return the errors of the method of Store.
#ifndef FIELDKMS_KMS_STORE_SQLITE_TENANTS_H_
#define FIELDKMS_KMS_STORE_SQLITE_TENANTS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/store.h"

namespace fieldkms {

absl::StatusOr<std::optional<std::string>> ReadRootBinding(SqliteConnection& db);
absl::Status ReplaceRootBinding(SqliteConnection& db, std::string_view expected,
                                std::string_view binding);

absl::StatusOr<std::optional<TenantRecord>> ReadTenant(SqliteConnection& db,
                                                       std::string_view tenant);
absl::StatusOr<std::vector<TenantRecord>> ReadTenants(SqliteConnection& db, std::string_view after,
                                                      size_t limit);
// kNotFound, kTenantNotFound, or OK.
absl::Status NeedTenant(SqliteConnection& db, std::string_view tenant);
absl::StatusOr<TenantRecord> MakeTenant(SqliteConnection& db, std::string_view tenant,
                                        const KekRecord& kek, uint64_t number);

absl::StatusOr<std::optional<KekRecord>> ReadKek(SqliteConnection& db, std::string_view tenant,
                                                 uint32_t version);
absl::StatusOr<std::vector<KekRecord>> ReadKeks(SqliteConnection& db, std::string_view tenant);
absl::StatusOr<TenantRecord> AppendKek(SqliteConnection& db, std::string_view tenant,
                                       const KekRecord& kek, uint64_t number);
// How many it wrote.
absl::StatusOr<size_t> ReplaceKeks(SqliteConnection& db, std::span<const RewrappedKek> keks,
                                   uint64_t number);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_TENANTS_H_
