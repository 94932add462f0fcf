// The rows of a SQLite store as records, and back.
#ifndef FIELDKMS_KMS_STORE_SQLITE_RECORDS_H_
#define FIELDKMS_KMS_STORE_SQLITE_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/store.h"

namespace fieldkms {

// Reads. A single statement each, so each sees one state of the store. nullopt
// where there is no row; kDataLoss, reason kStoreCorrupt, where a row cannot be.
absl::StatusOr<std::optional<TenantRecord>> ReadTenant(SqliteConnection& db,
                                                       std::string_view tenant);
absl::StatusOr<std::optional<KekRecord>> ReadKek(SqliteConnection& db, std::string_view tenant,
                                                 uint32_t version);
absl::StatusOr<std::optional<KeyRecord>> ReadKey(SqliteConnection& db, std::string_view tenant,
                                                 std::string_view name);
absl::StatusOr<std::optional<KeyRecord>> ReadKeyById(SqliteConnection& db, uint64_t key_id);
// The key as it was when `version` was its primary.
absl::StatusOr<std::optional<KeyRecord>> ReadKeyAt(SqliteConnection& db, uint64_t key_id,
                                                   uint32_t version);
absl::StatusOr<std::optional<KeyVersionRecord>> ReadKeyVersion(SqliteConnection& db,
                                                               uint64_t key_id, uint32_t version);
absl::StatusOr<std::vector<TenantRecord>> ReadTenants(SqliteConnection& db, std::string_view after,
                                                      size_t limit);
absl::StatusOr<std::vector<KeyRecord>> ReadKeys(SqliteConnection& db, std::string_view tenant,
                                                std::string_view after_name, size_t limit);
absl::StatusOr<std::vector<KeyVersionRecord>> ReadKeyVersions(SqliteConnection& db, uint64_t key_id,
                                                              uint32_t before, size_t limit);

// Writes, inside a transaction.
absl::Status WriteTenant(SqliteConnection& db, const TenantRecord& tenant);
absl::Status WriteKek(SqliteConnection& db, std::string_view tenant, const KekRecord& kek);
absl::Status WriteKey(SqliteConnection& db, const KeyRecord& key);
absl::Status WriteKeyVersion(SqliteConnection& db, uint64_t key_id,
                             const KeyVersionRecord& version);
absl::Status WritePrimary(SqliteConnection& db, uint64_t key_id, uint32_t version);

// What is remembered of a mutation. Numbers stand in the store: never change one.
enum class Method : uint8_t { kCreateTenant = 1, kCreateKey = 2, kAddKeyVersion = 3 };
struct MutationRecord {
  Method method = Method::kCreateTenant;
  uint64_t key_id = 0;   // 0 for a tenant
  uint32_t version = 0;  // the primary (of the key, or the tenant's KEK) it made
};

// The record of a mutation that ran before. Error: kFailedPrecondition, reason
// kRequestIdReused, if its id was used for another.
absl::StatusOr<std::optional<MutationRecord>> ReadMutation(SqliteConnection& db,
                                                           std::string_view tenant,
                                                           const Mutation& mutation);
// Remembers a mutation, and forgets some that are older than ids are kept.
absl::Status WriteMutation(SqliteConnection& db, std::string_view tenant, const Mutation& mutation,
                           const MutationRecord& record, WallTime now);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_RECORDS_H_
