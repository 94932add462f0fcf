// Fields in a SQLite store; see sqlite_tenants.h.
#ifndef FIELDKMS_KMS_STORE_SQLITE_FIELDS_H_
#define FIELDKMS_KMS_STORE_SQLITE_FIELDS_H_

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

absl::StatusOr<std::optional<FieldRecord>> ReadField(SqliteConnection& db, std::string_view tenant,
                                                     std::string_view name);
absl::StatusOr<std::optional<std::string>> ReadTenantOfField(SqliteConnection& db,
                                                             uint64_t field_id);
absl::StatusOr<std::vector<FieldRecord>> ReadFields(SqliteConnection& db, std::string_view tenant,
                                                    std::string_view after_name, size_t limit);
absl::StatusOr<FieldRecord> WriteField(SqliteConnection& db, const FieldRecord& field,
                                       uint64_t number);
// StageField writes into the table beside (sqlite_import.h), in place of what the import has
// staged of the field before.
absl::Status StageField(SqliteConnection& db, const ImportId& import, const FieldRecord& field);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_FIELDS_H_
