// Keys in a SQLite store; see sqlite_tenants.h.
#ifndef FIELDKMS_KMS_STORE_SQLITE_KEYS_H_
#define FIELDKMS_KMS_STORE_SQLITE_KEYS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/store.h"

namespace fieldkms {

// Columns of a key k and its primary version v, and the tables they are of. The join is
// an outer one, so that a key without its primary shows as damage and not as a key
// that does not exist.
inline constexpr char kKeyColumns[] =
    "k.tenant, k.name, k.key_id, k.purpose, v.version, k.create_time, v.create_time, k.suite, "
    "k.exportable, k.audit_per_operation, k.min_decrypt_version, k.rotation_period, "
    "k.next_rotation, k.lease_longest, k.lease_most_messages, k.labels, k.change";
inline constexpr int kKeyColumnCount = 17;
inline constexpr char kJoinPrimary[] =
    " LEFT JOIN key_versions v ON v.key_id = k.key_id AND v.version = k.primary_version ";
// Whose name or alias ?2 is, of tenant ?1.
inline constexpr char kWhereNameOrAlias[] =
    "WHERE k.key_id = coalesce("
    "(SELECT key_id FROM keys WHERE tenant = ?1 AND name = ?2), "
    "(SELECT key_id FROM aliases WHERE tenant = ?1 AND alias = ?2)) AND k.tenant = ?1";
absl::StatusOr<KeyRecord> KeyOf(const SqliteStatement& row);

// By its own name only.
absl::StatusOr<std::optional<KeyRecord>> ReadKey(SqliteConnection& db, std::string_view tenant,
                                                 std::string_view name);
absl::StatusOr<std::optional<KeyRecord>> ReadKeyByNameOrAlias(SqliteConnection& db,
                                                              std::string_view tenant,
                                                              std::string_view name);
absl::StatusOr<std::optional<KeyRecord>> ReadKeyById(SqliteConnection& db, std::string_view tenant,
                                                     uint64_t key_id);
absl::StatusOr<std::optional<std::string>> ReadTenantOfKey(SqliteConnection& db, uint64_t key_id);
// The key as it is now, but as if `version` were its primary.
absl::StatusOr<std::optional<KeyRecord>> ReadKeyAt(SqliteConnection& db, uint64_t key_id,
                                                   uint32_t version);
absl::StatusOr<std::vector<KeyRecord>> ReadKeys(SqliteConnection& db, std::string_view tenant,
                                                std::string_view after_name, size_t limit);
absl::StatusOr<std::vector<KeyRecord>> ReadDueRotations(SqliteConnection& db, WallTime now,
                                                        size_t limit);

absl::StatusOr<KeyRecord> MakeKey(SqliteConnection& db, const KeyRecord& key,
                                  const KeyVersionRecord& first, uint64_t number);
absl::StatusOr<KeyRecord> ApplyKeyChange(SqliteConnection& db, const KeyChange& change,
                                         uint64_t number);
// StageKey writes a key with its versions into the tables beside (sqlite_import.h), in place
// of what the import has staged of it before.
absl::Status StageKey(SqliteConnection& db, const ImportId& import, const WholeKey& whole);
absl::Status StampKey(SqliteConnection& db, uint64_t key_id, uint64_t number);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_KEYS_H_
