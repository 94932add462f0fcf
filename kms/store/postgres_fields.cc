#include "kms/store/postgres_fields.h"

#include "kms/postgres/value.h"
#include "kms/store/postgres_records.h"

namespace fieldkms {
namespace {

constexpr char kSelectField[] =
    "SELECT tenant, name, field_id, policy, create_time, update_time, change "
    "FROM fieldkms_store.fields ";
// The end of an INSERT that writes over what is there: the columns that may change.
constexpr char kOverField[] =
    " DO UPDATE SET policy = excluded.policy, update_time = excluded.update_time, "
    "change = excluded.change";

FieldRecord FieldOf(const pqxx::row& row) {
  return {TextOf(row[0]), TextOf(row[1]), IdOf(row[2]),         BytesOf(row[3]),
          TimeOf(row[4]), TimeOf(row[5]), row[6].as<uint64_t>()};
}

std::vector<PostgresValue> ValuesOf(const FieldRecord& field) {
  return {field.tenant,
          field.name,
          IdValue(field.field_id),
          ByteaValue(field.policy),
          field.create_time,
          field.update_time,
          field.change};
}

}  // namespace

std::optional<FieldRecord> ReadField(PostgresTransaction& db, std::string_view tenant,
                                     std::string_view name) {
  static const std::string sql = std::string(kSelectField) + "WHERE tenant = $1 AND name = $2";
  return RecordIfAny(db.Run(sql, {tenant, name}), FieldOf);
}

std::vector<FieldRecord> ReadFields(PostgresTransaction& db, std::string_view tenant,
                                    std::string_view after_name, size_t limit) {
  static const std::string sql =
      std::string(kSelectField) + "WHERE tenant = $1 AND name > $2 ORDER BY name LIMIT $3";
  return RecordsOf(db.Run(sql, {tenant, after_name, LimitValue(limit)}), FieldOf);
}

std::string TenantWithField(PostgresTransaction& db, uint64_t field_id) {
  const pqxx::result rows =
      db.Run("SELECT fieldkms_store.tenant_of_field($1)", {IdValue(field_id)});
  return rows.empty() || rows[0][0].is_null() ? std::string() : TextOf(rows[0][0]);
}

void InsertField(PostgresTransaction& db, const FieldRecord& field) {
  db.Run(
      "INSERT INTO fieldkms_store.fields (tenant, name, field_id, policy, create_time, "
      "update_time, change) VALUES ($1, $2, $3, $4, $5, $6, $7)",
      ValuesOf(field));
}

void UpdateField(PostgresTransaction& db, const FieldRecord& field) {
  db.Run(
      "UPDATE fieldkms_store.fields SET policy = $3, update_time = $4, change = $5 "
      "WHERE tenant = $1 AND field_id = $2",
      {field.tenant, IdValue(field.field_id), ByteaValue(field.policy), field.update_time,
       field.change});
}

void StageField(PostgresTransaction& db, const PostgresValue& import, const FieldRecord& field) {
  static const std::string sql =
      std::string(
          "INSERT INTO fieldkms_store.staged_fields (tenant, name, field_id, policy, create_time, "
          "update_time, change, import) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
          "ON CONFLICT (tenant, import, field_id)") +
      kOverField;
  FieldRecord staged = field;
  staged.change = 1;  // it has none yet
  std::vector<PostgresValue> values = ValuesOf(staged);
  values.push_back(import);
  db.Run(sql, values);
}

uint64_t MoveFields(PostgresTransaction& db, const PostgresValue& import, std::string_view tenant,
                    uint64_t number) {
  static const std::string sql =
      std::string(
          "INSERT INTO fieldkms_store.fields (field_id, tenant, name, policy, create_time, "
          "update_time, change) SELECT field_id, tenant, name, policy, create_time, update_time, "
          "$3::bigint FROM fieldkms_store.staged_fields WHERE tenant = $1 AND import = $2 "
          "ON CONFLICT (field_id)") +
      kOverField;
  return db.Run(sql, {tenant, import, BigintValue(number)}).affected_rows();
}

}  // namespace fieldkms
