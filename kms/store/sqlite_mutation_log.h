// What a SQLite store remembers of mutations; see sqlite_tenants.h.
#ifndef FIELDKMS_KMS_STORE_SQLITE_MUTATION_LOG_H_
#define FIELDKMS_KMS_STORE_SQLITE_MUTATION_LOG_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/store.h"

namespace fieldkms {

// Numbers stand in the store: never change one.
enum class Method : uint8_t {
  kCreateTenant = 1,
  kCreateKey = 2,
  kAddKeyVersion = 3,  // of release 0.1
  kAddKek = 4,
  kChangeKey = 5,
  kSetAlias = 6,
  kPutField = 7,
};

// The outcome of a mutation that ran before, of the record that its method makes:
// TenantRecord, KeyRecord, AliasRecord or FieldRecord. Error: kFailedPrecondition,
// kRequestIdReused, if its id was used for another.
template <class Record>
absl::StatusOr<std::optional<Record>> ReadOutcome(SqliteConnection& db, std::string_view tenant,
                                                  const Mutation& mutation) = delete;
template <>
absl::StatusOr<std::optional<TenantRecord>> ReadOutcome<TenantRecord>(SqliteConnection& db,
                                                                      std::string_view tenant,
                                                                      const Mutation& mutation);
template <>
absl::StatusOr<std::optional<KeyRecord>> ReadOutcome<KeyRecord>(SqliteConnection& db,
                                                                std::string_view tenant,
                                                                const Mutation& mutation);
template <>
absl::StatusOr<std::optional<AliasRecord>> ReadOutcome<AliasRecord>(SqliteConnection& db,
                                                                    std::string_view tenant,
                                                                    const Mutation& mutation);
template <>
absl::StatusOr<std::optional<FieldRecord>> ReadOutcome<FieldRecord>(SqliteConnection& db,
                                                                    std::string_view tenant,
                                                                    const Mutation& mutation);

// Remembers a mutation, and forgets some that are older than ids are kept.
absl::Status WriteOutcome(SqliteConnection& db, Method method, const Mutation& mutation,
                          const TenantRecord& outcome, WallTime now);
absl::Status WriteOutcome(SqliteConnection& db, Method method, const Mutation& mutation,
                          const KeyRecord& outcome, WallTime now);
absl::Status WriteOutcome(SqliteConnection& db, Method method, const Mutation& mutation,
                          const AliasRecord& outcome, WallTime now);
absl::Status WriteOutcome(SqliteConnection& db, Method method, const Mutation& mutation,
                          const FieldRecord& outcome, WallTime now);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_MUTATION_LOG_H_
