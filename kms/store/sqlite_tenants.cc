#include "kms/store/sqlite_tenants.h"

#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"

namespace fieldkms {
namespace {

constexpr char kRootBinding[] = "root_binding";

absl::StatusOr<TenantRecord> TenantOf(const SqliteStatement& row) {
  TenantRecord tenant;
  tenant.tenant = row.ColumnBytes(0);
  FIELDKMS_ASSIGN_OR_RETURN(tenant.primary_kek, ToVersion(row.ColumnInt(1)));
  tenant.create_time = ToTime(row.ColumnInt(2));
  tenant.change = ToBits(row.ColumnInt(3));
  return tenant;
}

absl::StatusOr<KekRecord> KekOf(const SqliteStatement& row) {
  KekRecord kek;
  FIELDKMS_ASSIGN_OR_RETURN(kek.version, ToVersion(row.ColumnInt(0)));
  kek.wrapped = row.ColumnBytes(1);
  kek.create_time = ToTime(row.ColumnInt(2));
  return kek;
}

absl::Status WriteKek(SqliteConnection& db, std::string_view tenant, const KekRecord& kek) {
  return db.Use("INSERT INTO keks (tenant, version, wrapped, create_time) VALUES (?, ?, ?, ?)")
      .Text(tenant)
      .Int(kek.version)
      .Blob(kek.wrapped)
      .Int(FromTime(kek.create_time))
      .Run();
}

absl::Status StampTenant(SqliteConnection& db, std::string_view tenant, uint64_t number) {
  return db.Use("UPDATE tenants SET change = ? WHERE tenant = ?")
      .Int(FromBits(number))
      .Text(tenant)
      .Run();
}

}  // namespace

absl::StatusOr<std::optional<std::string>> ReadRootBinding(SqliteConnection& db) {
  SqliteStatement row = db.Use("SELECT value FROM meta WHERE name = ?");
  FIELDKMS_ASSIGN_OR_RETURN(const bool found, row.Text(kRootBinding).Step());
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(row.ColumnBytes(0));
}

absl::Status ReplaceRootBinding(SqliteConnection& db, std::string_view expected,
                                std::string_view binding) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<std::string> old, ReadRootBinding(db));
  if (old.value_or("") != expected) return RootTaken();
  return db.Use("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)")
      .Text(kRootBinding)
      .Blob(binding)
      .Run();
}

absl::StatusOr<std::optional<TenantRecord>> ReadTenant(SqliteConnection& db,
                                                       std::string_view tenant) {
  SqliteStatement statement =
      db.Use("SELECT tenant, primary_kek, create_time, change FROM tenants WHERE tenant = ?");
  return One(statement.Text(tenant), TenantOf);
}

absl::StatusOr<std::vector<TenantRecord>> ReadTenants(SqliteConnection& db, std::string_view after,
                                                      size_t limit) {
  SqliteStatement statement = db.Use(
      "SELECT tenant, primary_kek, create_time, change FROM tenants WHERE tenant > ? "
      "ORDER BY tenant LIMIT ?");
  return All(statement.Text(after).Int(FromBound(limit)), TenantOf);
}

absl::Status NeedTenant(SqliteConnection& db, std::string_view tenant) {
  return OrNotFound(ReadTenant(db, tenant), TenantNotFound).status();
}

absl::StatusOr<TenantRecord> MakeTenant(SqliteConnection& db, std::string_view tenant,
                                        const KekRecord& kek, uint64_t number) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<TenantRecord> old, ReadTenant(db, tenant));
  if (old) return TenantExists();
  const TenantRecord made{std::string(tenant), kek.create_time, kek.version, number};
  FIELDKMS_RETURN_IF_ERROR(
      db.Use("INSERT INTO tenants (tenant, primary_kek, create_time, change) VALUES (?, ?, ?, ?)")
          .Text(made.tenant)
          .Int(made.primary_kek)
          .Int(FromTime(made.create_time))
          .Int(FromBits(made.change))
          .Run());
  FIELDKMS_RETURN_IF_ERROR(WriteKek(db, tenant, kek));
  return made;
}

absl::StatusOr<std::optional<KekRecord>> ReadKek(SqliteConnection& db, std::string_view tenant,
                                                 uint32_t version) {
  SqliteStatement statement =
      db.Use("SELECT version, wrapped, create_time FROM keks WHERE tenant = ? AND version = ?");
  return One(statement.Text(tenant).Int(version), KekOf);
}

absl::StatusOr<std::vector<KekRecord>> ReadKeks(SqliteConnection& db, std::string_view tenant) {
  SqliteStatement statement =
      db.Use("SELECT version, wrapped, create_time FROM keks WHERE tenant = ? ORDER BY version");
  return All(statement.Text(tenant), KekOf);
}

absl::StatusOr<TenantRecord> AppendKek(SqliteConnection& db, std::string_view tenant,
                                       const KekRecord& kek, uint64_t number) {
  FIELDKMS_ASSIGN_OR_RETURN(TenantRecord record,
                            OrNotFound(ReadTenant(db, tenant), TenantNotFound));
  if (uint64_t{record.primary_kek} + 1 != kek.version) return PrimaryChanged();
  record.primary_kek = kek.version;
  record.change = number;
  FIELDKMS_RETURN_IF_ERROR(WriteKek(db, tenant, kek));
  FIELDKMS_RETURN_IF_ERROR(db.Use("UPDATE tenants SET primary_kek = ? WHERE tenant = ?")
                               .Int(kek.version)
                               .Text(tenant)
                               .Run());
  FIELDKMS_RETURN_IF_ERROR(StampTenant(db, tenant, number));
  return record;
}

absl::StatusOr<size_t> ReplaceKeks(SqliteConnection& db, std::span<const RewrappedKek> keks,
                                   uint64_t number) {
  size_t written = 0;
  for (const RewrappedKek& kek : keks) {
    FIELDKMS_RETURN_IF_ERROR(
        db.Use("UPDATE keks SET wrapped = ? WHERE tenant = ? AND version = ? AND wrapped = ?")
            .Blob(kek.wrapped)
            .Text(kek.tenant)
            .Int(kek.version)
            .Blob(kek.old_wrapped)
            .Run());
    if (db.RowsChanged() == 0) continue;
    ++written;
    FIELDKMS_RETURN_IF_ERROR(StampTenant(db, kek.tenant, number));
  }
  return written;
}

}  // namespace fieldkms
