// Versions of keys in a SQLite store; see sqlite_tenants.h.
#ifndef FIELDKMS_KMS_STORE_SQLITE_KEY_VERSIONS_H_
#define FIELDKMS_KMS_STORE_SQLITE_KEY_VERSIONS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/store.h"

namespace fieldkms {

// See Store::GetKeyWithPrimary and Store::GetKeyWithVersion.
absl::StatusOr<std::optional<KeyAndVersion>> ReadKeyWithPrimary(SqliteConnection& db,
                                                                std::string_view tenant,
                                                                std::string_view name);
absl::StatusOr<std::optional<KeyAndVersion>> ReadKeyWithVersion(SqliteConnection& db,
                                                                std::string_view tenant,
                                                                uint64_t key_id, uint32_t version);
absl::StatusOr<std::optional<KeyVersionRecord>> ReadKeyVersion(SqliteConnection& db,
                                                               std::string_view tenant,
                                                               uint64_t key_id, uint32_t version);
absl::StatusOr<std::vector<KeyVersionRecord>> ReadKeyVersions(SqliteConnection& db,
                                                              std::string_view tenant,
                                                              uint64_t key_id, uint32_t before,
                                                              size_t limit);
absl::StatusOr<std::vector<KeyAndVersion>> ReadDueDestructions(SqliteConnection& db, WallTime now,
                                                               size_t limit);
// In the order of (key_id, version), ids as unsigned numbers. Two statements for the
// two halves of the ids: between them the store may change, as between two pages.
absl::StatusOr<std::vector<KeyAndVersion>> ReadVersionsBelowKek(
    SqliteConnection& db, std::string_view tenant, uint32_t kek_version, uint64_t after_key_id,
    uint32_t after_version, size_t limit);
absl::StatusOr<uint64_t> CountBelowKek(SqliteConnection& db, std::string_view tenant,
                                       uint32_t kek_version);

// Writes over the version if it is there.
absl::Status WriteKeyVersion(SqliteConnection& db, uint64_t key_id,
                             const KeyVersionRecord& version);
// Of a key that was just staged: none of its versions is there.
absl::Status StageKeyVersion(SqliteConnection& db, const ImportId& import, std::string_view tenant,
                             uint64_t key_id, const KeyVersionRecord& version);
// How many it wrote.
absl::StatusOr<size_t> ReplaceKeyVersions(SqliteConnection& db, std::string_view tenant,
                                          std::span<const RewrappedVersion> versions,
                                          uint64_t number);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_KEY_VERSIONS_H_
