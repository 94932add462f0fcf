// Operations in a SQLite store; see sqlite_tenants.h.
#ifndef FIELDKMS_KMS_STORE_SQLITE_OPERATIONS_H_
#define FIELDKMS_KMS_STORE_SQLITE_OPERATIONS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/store.h"

namespace fieldkms {

absl::StatusOr<std::optional<OperationRecord>> ReadOperation(SqliteConnection& db,
                                                             std::string_view operation_id);
absl::StatusOr<std::vector<OperationRecord>> ReadOperations(SqliteConnection& db, bool running_only,
                                                            size_t limit);
absl::StatusOr<OperationRecord> WriteOperation(SqliteConnection& db,
                                               const OperationRecord& operation, uint64_t number);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_OPERATIONS_H_
