#include "kms/store/sqlite_fields.h"

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"
#include "kms/store/sqlite_tenants.h"

namespace fieldkms {
namespace {

absl::StatusOr<FieldRecord> FieldOf(const SqliteStatement& row) {
  return FieldRecord{
      row.ColumnBytes(0),       row.ColumnBytes(1),       ToBits(row.ColumnInt(2)),
      row.ColumnBytes(3),       ToTime(row.ColumnInt(4)), ToTime(row.ColumnInt(5)),
      ToBits(row.ColumnInt(6)),
  };
}

absl::StatusOr<FieldRecord> MakeField(SqliteConnection& db, const FieldRecord& field,
                                      uint64_t number) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto same_id, ReadTenantOfField(db, field.field_id));
  if (same_id) return FieldIdTaken();
  FIELDKMS_RETURN_IF_ERROR(
      db.Use("INSERT INTO fields (field_id, tenant, name, policy, create_time, update_time, "
             "change) VALUES (?, ?, ?, ?, ?, ?, ?)")
          .Int(FromBits(field.field_id))
          .Text(field.tenant)
          .Text(field.name)
          .Blob(field.policy)
          .Int(FromTime(field.create_time))
          .Int(FromTime(field.update_time))
          .Int(FromBits(number))
          .Run());
  FieldRecord made = field;
  made.change = number;
  return made;
}

}  // namespace

absl::StatusOr<std::optional<FieldRecord>> ReadField(SqliteConnection& db, std::string_view tenant,
                                                     std::string_view name) {
  SqliteStatement statement = db.Use(
      "SELECT tenant, name, field_id, policy, create_time, update_time, change FROM fields "
      "WHERE tenant = ? AND name = ?");
  return One(statement.Text(tenant).Text(name), FieldOf);
}

absl::StatusOr<std::optional<std::string>> ReadTenantOfField(SqliteConnection& db,
                                                             uint64_t field_id) {
  SqliteStatement row = db.Use("SELECT tenant FROM fields WHERE field_id = ?");
  FIELDKMS_ASSIGN_OR_RETURN(const bool found, row.Int(FromBits(field_id)).Step());
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(row.ColumnBytes(0));
}

absl::StatusOr<std::vector<FieldRecord>> ReadFields(SqliteConnection& db, std::string_view tenant,
                                                    std::string_view after_name, size_t limit) {
  SqliteStatement statement = db.Use(
      "SELECT tenant, name, field_id, policy, create_time, update_time, change FROM fields "
      "WHERE tenant = ? AND name > ? ORDER BY name LIMIT ?");
  return All(statement.Text(tenant).Text(after_name).Int(FromBound(limit)), FieldOf);
}

absl::StatusOr<FieldRecord> WriteField(SqliteConnection& db, const FieldRecord& field,
                                       uint64_t number) {
  FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, field.tenant));
  FIELDKMS_ASSIGN_OR_RETURN(auto old, ReadField(db, field.tenant, field.name));
  if (field.change == 0) {
    if (old) return FieldExists();
    return MakeField(db, field, number);
  }
  if (!old) return FieldNotFound();
  if (old->change != field.change) return EtagMismatch();
  old->policy = field.policy;
  old->update_time = field.update_time;
  old->change = number;
  FIELDKMS_RETURN_IF_ERROR(
      db.Use("UPDATE fields SET policy = ?, update_time = ?, change = ? WHERE field_id = ?")
          .Blob(old->policy)
          .Int(FromTime(old->update_time))
          .Int(FromBits(number))
          .Int(FromBits(old->field_id))
          .Run());
  return *std::move(old);
}

absl::Status StageField(SqliteConnection& db, const ImportId& import, const FieldRecord& field) {
  return db
      .Use(
          "INSERT OR REPLACE INTO staged_fields (tenant, import, field_id, name, policy, "
          "create_time, update_time) VALUES (?, ?, ?, ?, ?, ?, ?)")
      .Text(field.tenant)
      .Blob(AsText(import))
      .Int(FromBits(field.field_id))
      .Text(field.name)
      .Blob(field.policy)
      .Int(FromTime(field.create_time))
      .Int(FromTime(field.update_time))
      .Run();
}

}  // namespace fieldkms
