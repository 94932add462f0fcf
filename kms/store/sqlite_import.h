// Imported tenants in a SQLite store: records are staged in tables beside the live ones, under
// the id of their import, and moved in one statement a table; see Store::StageKeys and
// sqlite_tenants.h.
#ifndef FIELDKMS_KMS_STORE_SQLITE_IMPORT_H_
#define FIELDKMS_KMS_STORE_SQLITE_IMPORT_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/store.h"

namespace fieldkms {

absl::Status StageAll(SqliteConnection& db, const ImportId& import, std::string_view tenant,
                      std::span<const WholeKey> keys);
absl::Status StageAll(SqliteConnection& db, const ImportId& import, std::string_view tenant,
                      std::span<const AliasRecord> aliases);
absl::Status StageAll(SqliteConnection& db, const ImportId& import, std::string_view tenant,
                      std::span<const FieldRecord> fields);
// `number` stands on the tenant, `below` on its keys, aliases and fields.
absl::Status MoveStaged(SqliteConnection& db, const ImportId& import, const StagedTenant& tenant,
                        ImportMode mode, uint64_t number, uint64_t below);
absl::Status DeleteStaged(SqliteConnection& db, const ImportId& import, std::string_view tenant);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_IMPORT_H_
