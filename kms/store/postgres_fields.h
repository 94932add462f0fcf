// The rows of fields of a PostgreSQL store; see postgres_records.h.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_FIELDS_H_
#define FIELDKMS_KMS_STORE_POSTGRES_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kms/store/postgres_transaction.h"
#include "kms/store/store.h"

namespace fieldkms {

std::optional<FieldRecord> ReadField(PostgresTransaction& db, std::string_view tenant,
                                     std::string_view name);
std::vector<FieldRecord> ReadFields(PostgresTransaction& db, std::string_view tenant,
                                    std::string_view after_name, size_t limit);
// Whose field an id is; "": nobody's.
std::string TenantWithField(PostgresTransaction& db, uint64_t field_id);
void InsertField(PostgresTransaction& db, const FieldRecord& field);
// What of a field can change.
void UpdateField(PostgresTransaction& db, const FieldRecord& field);
// Writes it beside the live ones (see Store::StageFields), over what the import has staged of it.
void StageField(PostgresTransaction& db, const PostgresValue& import, const FieldRecord& field);
// Makes what is staged part of the store, and returns how many there were.
uint64_t MoveFields(PostgresTransaction& db, const PostgresValue& import, std::string_view tenant,
                    uint64_t number);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_FIELDS_H_
