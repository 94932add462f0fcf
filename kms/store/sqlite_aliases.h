// Aliases in a SQLite store; see sqlite_tenants.h.
#ifndef FIELDKMS_KMS_STORE_SQLITE_ALIASES_H_
#define FIELDKMS_KMS_STORE_SQLITE_ALIASES_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/store.h"

namespace fieldkms {

// Also the mark of one that was taken away.
absl::StatusOr<std::optional<AliasRecord>> ReadAlias(SqliteConnection& db, std::string_view tenant,
                                                     std::string_view alias);
// Those that point to a key.
absl::StatusOr<std::vector<AliasRecord>> ReadAliases(SqliteConnection& db, std::string_view tenant,
                                                     std::string_view after, size_t limit);
absl::StatusOr<AliasRecord> PointAlias(SqliteConnection& db, const AliasRecord& alias,
                                       uint64_t number);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_ALIASES_H_
