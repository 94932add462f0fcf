#include "kms/store/sqlite_import.h"

#include "crypto/bytes.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"
#include "kms/store/sqlite_fields.h"
#include "kms/store/sqlite_keys.h"
#include "kms/store/sqlite_tenants.h"

namespace fieldkms {
namespace {

absl::Status CheckKeyId(SqliteConnection& db, std::string_view tenant, uint64_t key_id) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto owner, ReadTenantOfKey(db, key_id));
  if (owner && *owner != tenant) return KeyOfOtherTenant(FormatKeyId(key_id));
  return absl::OkStatus();
}

absl::Status CheckFieldId(SqliteConnection& db, std::string_view tenant, uint64_t field_id) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto owner, ReadTenantOfField(db, field_id));
  if (owner && *owner != tenant) return FieldOfOtherTenant(FormatKeyId(field_id));
  return absl::OkStatus();
}

// What was free when it was staged may be taken by now, also by a tenant of this import.
absl::Status CheckKeyIds(SqliteConnection& db, const ImportId& import, std::string_view tenant) {
  SqliteStatement row = db.Use(
      "SELECT s.key_id FROM staged_keys s JOIN keys k ON k.key_id = s.key_id "
      "WHERE s.tenant = ?1 AND s.import = ?2 AND k.tenant <> ?1 LIMIT 1");
  FIELDKMS_ASSIGN_OR_RETURN(const bool taken, row.Text(tenant).Blob(AsText(import)).Step());
  return taken ? KeyOfOtherTenant(FormatKeyId(ToBits(row.ColumnInt(0)))) : absl::OkStatus();
}

absl::Status CheckFieldIds(SqliteConnection& db, const ImportId& import, std::string_view tenant) {
  SqliteStatement row = db.Use(
      "SELECT s.field_id FROM staged_fields s JOIN fields f ON f.field_id = s.field_id "
      "WHERE s.tenant = ?1 AND s.import = ?2 AND f.tenant <> ?1 LIMIT 1");
  FIELDKMS_ASSIGN_OR_RETURN(const bool taken, row.Text(tenant).Blob(AsText(import)).Step());
  return taken ? FieldOfOtherTenant(FormatKeyId(ToBits(row.ColumnInt(0)))) : absl::OkStatus();
}

absl::Status CheckWhole(SqliteConnection& db, const ImportId& import, std::string_view tenant) {
  SqliteStatement row = db.Use(
      "SELECT 1 FROM staged_keys s WHERE s.tenant = ?1 AND s.import = ?2 AND ("
      "NOT EXISTS (SELECT 1 FROM staged_key_versions v WHERE v.tenant = ?1 AND v.import = ?2 "
      "AND v.key_id = s.key_id AND v.version = s.primary_version) OR "
      "EXISTS (SELECT 1 FROM staged_key_versions v WHERE v.tenant = ?1 AND v.import = ?2 "
      "AND v.key_id = s.key_id AND length(v.wrapped) > 0 AND NOT EXISTS (SELECT 1 FROM keks e "
      "WHERE e.tenant = ?1 AND e.version = v.kek_version))) LIMIT 1");
  FIELDKMS_ASSIGN_OR_RETURN(const bool lacks, row.Text(tenant).Blob(AsText(import)).Step());
  return lacks ? ImportIncomplete() : absl::OkStatus();
}

absl::Status WriteTenant(SqliteConnection& db, const WholeTenant& whole, uint64_t number) {
  const TenantRecord& tenant = whole.tenant;
  FIELDKMS_RETURN_IF_ERROR(
      db.Use("INSERT INTO tenants (tenant, primary_kek, create_time, change) VALUES (?, ?, ?, ?) "
             "ON CONFLICT (tenant) DO UPDATE SET primary_kek = excluded.primary_kek, "
             "change = excluded.change")
          .Text(tenant.tenant)
          .Int(tenant.primary_kek)
          .Int(FromTime(tenant.create_time))
          .Int(FromBits(number))
          .Run());
  for (const KekRecord& kek : whole.keks) {
    FIELDKMS_RETURN_IF_ERROR(
        db.Use("INSERT INTO keks (tenant, version, wrapped, create_time) VALUES (?, ?, ?, ?) "
               "ON CONFLICT (tenant, version) DO UPDATE SET wrapped = excluded.wrapped")
            .Text(tenant.tenant)
            .Int(kek.version)
            .Blob(kek.wrapped)
            .Int(FromTime(kek.create_time))
            .Run());
  }
  return absl::OkStatus();
}

// Each of these returns how many records it moved.
absl::StatusOr<uint64_t> MoveKeys(SqliteConnection& db, const ImportId& import,
                                  std::string_view tenant, uint64_t number) {
  FIELDKMS_RETURN_IF_ERROR(
      db.Use("INSERT INTO keys (key_id, tenant, name, purpose, primary_version, create_time, "
             "suite, exportable, audit_per_operation, min_decrypt_version, rotation_period, "
             "next_rotation, lease_longest, lease_most_messages, labels, change) "
             "SELECT key_id, tenant, name, purpose, primary_version, create_time, suite, "
             "exportable, audit_per_operation, min_decrypt_version, rotation_period, "
             "next_rotation, lease_longest, lease_most_messages, labels, ?1 "
             "FROM staged_keys WHERE tenant = ?2 AND import = ?3 "
             "ON CONFLICT (key_id) DO UPDATE SET primary_version = excluded.primary_version, "
             "suite = excluded.suite, audit_per_operation = excluded.audit_per_operation, "
             "min_decrypt_version = excluded.min_decrypt_version, "
             "rotation_period = excluded.rotation_period, "
             "next_rotation = excluded.next_rotation, lease_longest = excluded.lease_longest, "
             "lease_most_messages = excluded.lease_most_messages, labels = excluded.labels, "
             "change = excluded.change")
          .Int(FromBits(number))
          .Text(tenant)
          .Blob(AsText(import))
          .Run());
  return static_cast<uint64_t>(db.RowsChanged());
}

absl::StatusOr<uint64_t> MoveVersions(SqliteConnection& db, const ImportId& import,
                                      std::string_view tenant) {
  FIELDKMS_RETURN_IF_ERROR(
      db.Use("INSERT INTO key_versions (key_id, version, state, kek_version, wrapped, "
             "create_time, origin, destroy_time) SELECT key_id, version, state, kek_version, "
             "wrapped, create_time, origin, destroy_time FROM staged_key_versions "
             "WHERE tenant = ? AND import = ? "
             "ON CONFLICT (key_id, version) DO UPDATE SET state = excluded.state, "
             "kek_version = excluded.kek_version, wrapped = excluded.wrapped, "
             "create_time = excluded.create_time, origin = excluded.origin, "
             "destroy_time = excluded.destroy_time")
          .Text(tenant)
          .Blob(AsText(import))
          .Run());
  return static_cast<uint64_t>(db.RowsChanged());
}

absl::StatusOr<uint64_t> MoveAliases(SqliteConnection& db, const ImportId& import,
                                     std::string_view tenant, uint64_t number) {
  FIELDKMS_RETURN_IF_ERROR(
      db.Use("INSERT INTO aliases (tenant, alias, key_id, change) "
             "SELECT tenant, alias, key_id, ?1 FROM staged_aliases "
             "WHERE tenant = ?2 AND import = ?3 "
             "ON CONFLICT (tenant, alias) DO UPDATE SET key_id = excluded.key_id, "
             "change = excluded.change")
          .Int(FromBits(number))
          .Text(tenant)
          .Blob(AsText(import))
          .Run());
  return static_cast<uint64_t>(db.RowsChanged());
}

absl::StatusOr<uint64_t> MoveFields(SqliteConnection& db, const ImportId& import,
                                    std::string_view tenant, uint64_t number) {
  FIELDKMS_RETURN_IF_ERROR(
      db.Use("INSERT INTO fields (field_id, tenant, name, policy, create_time, update_time, "
             "change) SELECT field_id, tenant, name, policy, create_time, update_time, ?1 "
             "FROM staged_fields WHERE tenant = ?2 AND import = ?3 "
             "ON CONFLICT (field_id) DO UPDATE SET policy = excluded.policy, "
             "update_time = excluded.update_time, change = excluded.change")
          .Int(FromBits(number))
          .Text(tenant)
          .Blob(AsText(import))
          .Run());
  return static_cast<uint64_t>(db.RowsChanged());
}

// Of all imports.
absl::Status DeleteAllStaged(SqliteConnection& db, std::string_view tenant) {
  for (const char* sql : {"DELETE FROM staged_keys WHERE tenant = ?",  // and versions
                          "DELETE FROM staged_aliases WHERE tenant = ?",
                          "DELETE FROM staged_fields WHERE tenant = ?"}) {
    FIELDKMS_RETURN_IF_ERROR(db.Use(sql).Text(tenant).Run());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status StageAll(SqliteConnection& db, const ImportId& import, std::string_view tenant,
                      std::span<const WholeKey> keys) {
  for (const WholeKey& whole : keys) {
    if (whole.key.tenant != tenant) return Bug("a staged key is of another tenant");
    FIELDKMS_RETURN_IF_ERROR(CheckKeyId(db, tenant, whole.key.key_id));
    FIELDKMS_RETURN_IF_ERROR(StageKey(db, import, whole));
  }
  return absl::OkStatus();
}

absl::Status StageAll(SqliteConnection& db, const ImportId& import, std::string_view tenant,
                      std::span<const AliasRecord> aliases) {
  for (const AliasRecord& alias : aliases) {
    SqliteStatement statement = db.Use(
        "INSERT OR REPLACE INTO staged_aliases (tenant, import, alias, key_id) "
        "VALUES (?, ?, ?, ?)");
    statement.Text(tenant).Blob(AsText(import)).Text(alias.alias);
    if (alias.key_id == 0) {
      statement.Null();
    } else {
      statement.Int(FromBits(alias.key_id));
    }
    FIELDKMS_RETURN_IF_ERROR(statement.Run());
  }
  return absl::OkStatus();
}

absl::Status StageAll(SqliteConnection& db, const ImportId& import, std::string_view tenant,
                      std::span<const FieldRecord> fields) {
  for (const FieldRecord& field : fields) {
    if (field.tenant != tenant) return Bug("a staged field is of another tenant");
    FIELDKMS_RETURN_IF_ERROR(CheckFieldId(db, tenant, field.field_id));
    FIELDKMS_RETURN_IF_ERROR(StageField(db, import, field));
  }
  return absl::OkStatus();
}

absl::Status MoveStaged(SqliteConnection& db, const ImportId& import, const StagedTenant& tenant,
                        ImportMode mode, uint64_t number, uint64_t below) {
  const std::string& name = tenant.whole.tenant.tenant;
  FIELDKMS_ASSIGN_OR_RETURN(const auto old, ReadTenant(db, name));
  if (old && mode == ImportMode::kNew) return TenantInTheWay(name);
  FIELDKMS_RETURN_IF_ERROR(CheckKeyIds(db, import, name));
  FIELDKMS_RETURN_IF_ERROR(CheckFieldIds(db, import, name));
  FIELDKMS_RETURN_IF_ERROR(WriteTenant(db, tenant.whole, number));
  FIELDKMS_RETURN_IF_ERROR(CheckWhole(db, import, name));
  StagedCounts moved;
  FIELDKMS_ASSIGN_OR_RETURN(moved.keys, MoveKeys(db, import, name, below));
  FIELDKMS_ASSIGN_OR_RETURN(moved.versions, MoveVersions(db, import, name));
  FIELDKMS_ASSIGN_OR_RETURN(moved.aliases, MoveAliases(db, import, name, below));
  FIELDKMS_ASSIGN_OR_RETURN(moved.fields, MoveFields(db, import, name, below));
  if (moved != tenant.staged) return StagedRecordsGone(name);
  return DeleteAllStaged(db, name);
}

absl::Status DeleteStaged(SqliteConnection& db, const ImportId& import, std::string_view tenant) {
  for (const char* sql : {"DELETE FROM staged_keys WHERE tenant = ? AND import = ?",
                          "DELETE FROM staged_aliases WHERE tenant = ? AND import = ?",
                          "DELETE FROM staged_fields WHERE tenant = ? AND import = ?"}) {
    FIELDKMS_RETURN_IF_ERROR(db.Use(sql).Text(tenant).Blob(AsText(import)).Run());
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
