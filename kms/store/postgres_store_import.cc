// Tenants from elsewhere: staged beside the live tables, and moved in one statement a table.
#include <algorithm>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/store/postgres_mutation.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_store_impl.h"
#include "kms/store/postgres_value.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

absl::Status CheckKeyId(PostgresTransaction& db, std::string_view tenant, uint64_t key_id) {
  const pqxx::result rows = db.Run("SELECT fieldkms_store.tenant_of_key($1)", {IdValue(key_id)});
  if (rows.empty() || rows[0][0].is_null() || TextOf(rows[0][0]) == tenant) {
    return absl::OkStatus();
  }
  return KeyOfOtherTenant(FormatKeyId(key_id));
}

// What was free when it was staged may be taken by now.
absl::Status CheckKeyIds(PostgresTransaction& db, std::string_view tenant) {
  const pqxx::result rows = db.Run("SELECT fieldkms_store.staged_key_of_other($1)", {tenant});
  if (rows.empty() || rows[0][0].is_null()) return absl::OkStatus();
  return KeyOfOtherTenant(FormatKeyId(IdOf(rows[0][0])));
}

absl::Status CheckWhole(PostgresTransaction& db, std::string_view tenant) {
  const pqxx::result lacks = db.Run(
      "SELECT FROM fieldkms_store.staged_keys s WHERE s.tenant = $1 AND ("
      "NOT EXISTS (SELECT FROM fieldkms_store.staged_key_versions v WHERE v.tenant = $1 "
      "AND v.key_id = s.key_id AND v.version = s.primary_version) OR "
      "EXISTS (SELECT FROM fieldkms_store.staged_key_versions v WHERE v.tenant = $1 "
      "AND v.key_id = s.key_id AND v.wrapped IS NOT NULL AND NOT EXISTS ("
      "SELECT FROM fieldkms_store.keks e WHERE e.tenant = $1 AND e.version = v.kek_version))) "
      "LIMIT 1",
      {tenant});
  return lacks.empty() ? absl::OkStatus() : ImportIncomplete();
}

void WriteTenant(PostgresTransaction& db, const WholeTenant& whole, uint64_t number) {
  const TenantRecord& tenant = whole.tenant;
  db.Run(
      "INSERT INTO fieldkms_store.tenants (tenant, create_time, primary_kek, change) "
      "VALUES ($1, $2, $3, $4) ON CONFLICT (tenant) DO UPDATE "
      "SET primary_kek = excluded.primary_kek, change = excluded.change",
      {tenant.tenant, tenant.create_time, tenant.primary_kek, number});
  for (const KekRecord& kek : whole.keks) {
    db.Run(
        "INSERT INTO fieldkms_store.keks (tenant, version, wrapped, create_time) "
        "VALUES ($1, $2, $3, $4) ON CONFLICT (tenant, version) DO UPDATE "
        "SET wrapped = excluded.wrapped",
        {tenant.tenant, kek.version, ByteaValue(kek.wrapped), kek.create_time});
  }
}

void MoveRecords(PostgresTransaction& db, std::string_view tenant, uint64_t number) {
  static const std::string keys =
      std::string(
          "INSERT INTO fieldkms_store.keys (key_id, tenant, name, purpose, primary_version, "
          "create_time, suite, exportable, audit_per_operation, min_decrypt_version, "
          "rotation_seconds, next_rotation, lease_seconds, lease_messages, labels, change) "
          "SELECT key_id, tenant, name, purpose, primary_version, create_time, suite, exportable, "
          "audit_per_operation, min_decrypt_version, rotation_seconds, next_rotation, "
          "lease_seconds, lease_messages, labels, $2::bigint FROM fieldkms_store.staged_keys "
          "WHERE tenant = $1 ON CONFLICT (key_id)") +
      kOverKey;
  static const std::string versions =
      std::string(
          "INSERT INTO fieldkms_store.key_versions (tenant, key_id, version, state, kek_version, "
          "wrapped, create_time, origin, destroy_time) SELECT tenant, key_id, version, state, "
          "kek_version, wrapped, create_time, origin, destroy_time "
          "FROM fieldkms_store.staged_key_versions WHERE tenant = $1 "
          "ON CONFLICT (tenant, key_id, version)") +
      kOverVersion;
  db.Run(keys, {tenant, BigintValue(number)});
  db.Run(versions, {tenant});
  db.Run(
      "INSERT INTO fieldkms_store.aliases (tenant, alias, key_id, change) "
      "SELECT tenant, alias, key_id, $2::bigint FROM fieldkms_store.staged_aliases "
      "WHERE tenant = $1 ON CONFLICT (tenant, alias) DO UPDATE SET key_id = excluded.key_id, "
      "change = excluded.change",
      {tenant, BigintValue(number)});
}

void DeleteStaged(PostgresTransaction& db, std::string_view tenant) {
  db.Run("DELETE FROM fieldkms_store.staged_key_versions WHERE tenant = $1", {tenant});
  db.Run("DELETE FROM fieldkms_store.staged_keys WHERE tenant = $1", {tenant});
  db.Run("DELETE FROM fieldkms_store.staged_aliases WHERE tenant = $1", {tenant});
}

// Whether a commit in doubt wrote the tenant: its wrapped keys are random, so they tell.
bool IsThere(PostgresTransaction& db, const WholeTenant& whole) {
  return !whole.keks.empty() &&
         std::all_of(whole.keks.begin(), whole.keks.end(), [&](const KekRecord& kek) {
           return !db.Run(
                         "SELECT FROM fieldkms_store.keks "
                         "WHERE tenant = $1 AND version = $2 AND wrapped = $3",
                         {whole.tenant.tenant, kek.version, ByteaValue(kek.wrapped)})
                       .empty();
         });
}

absl::Status MoveStaged(PostgresTransaction& db, const WholeTenant& whole, uint64_t number,
                        uint64_t below) {
  const std::string& tenant = whole.tenant.tenant;
  FIELDKMS_RETURN_IF_ERROR(CheckKeyIds(db, tenant));
  WriteTenant(db, whole, number);
  FIELDKMS_RETURN_IF_ERROR(CheckWhole(db, tenant));
  MoveRecords(db, tenant, below);
  DeleteStaged(db, tenant);
  return absl::OkStatus();
}

// All of `tenants`, which are new.
absl::StatusOr<uint64_t> MoveNew(PostgresTransaction& db, std::span<const WholeTenant> tenants) {
  // Of a new store the first number is 2, so that there is one before it.
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChange(db, 1));
  for (const WholeTenant& whole : tenants) {
    db.ActFor(whole.tenant.tenant);
    const std::optional<TenantRecord> old = ReadTenant(db, whole.tenant.tenant);
    if (old && db.in_doubt() && IsThere(db, whole)) {  // all of them, then
      db.WriteNothing();
      return old->change;
    }
    if (old) return TenantInTheWay(whole.tenant.tenant);
    FIELDKMS_RETURN_IF_ERROR(MoveStaged(db, whole, number, number - 1));
  }
  return number;
}

}  // namespace

absl::Status PostgresStore::StageKeys(std::string_view tenant, std::span<const WholeKey> keys,
                                      Deadline deadline) {
  return transactions_.Write(deadline, [&](PostgresTransaction& db) -> absl::Status {
    db.ActFor(tenant);
    for (const WholeKey& whole : keys) {
      if (whole.key.tenant != tenant) return Bug("a staged key is of another tenant");
      FIELDKMS_RETURN_IF_ERROR(CheckKeyId(db, tenant, whole.key.key_id));
      StageKey(db, whole.key);
      for (const KeyVersionRecord& version : whole.versions) {
        StageVersion(db, tenant, whole.key.key_id, version);
      }
    }
    return absl::OkStatus();
  });
}

absl::Status PostgresStore::StageAliases(std::string_view tenant,
                                         std::span<const AliasRecord> aliases, Deadline deadline) {
  return transactions_.Write(deadline, [&](PostgresTransaction& db) -> absl::Status {
    db.ActFor(tenant);
    for (const AliasRecord& alias : aliases) {
      db.Run(
          "INSERT INTO fieldkms_store.staged_aliases (tenant, alias, key_id, change) "
          "VALUES ($1, $2, $3, 1) ON CONFLICT (tenant, alias) DO UPDATE "
          "SET key_id = excluded.key_id",
          {tenant, alias.alias, IdValue(alias.key_id)});
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<uint64_t> PostgresStore::ApplyStaged(std::span<const WholeTenant> tenants,
                                                    ImportMode mode, uint64_t above,
                                                    Deadline deadline) {
  return WriteLong<uint64_t>(
      "", deadline, [&](PostgresTransaction& db) -> absl::StatusOr<uint64_t> {
        if (mode == ImportMode::kNew) return MoveNew(db, tenants);
        FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChange(db, above));
        for (const WholeTenant& whole : tenants) {
          db.ActFor(whole.tenant.tenant);
          FIELDKMS_RETURN_IF_ERROR(MoveStaged(db, whole, number, number));
        }
        return number;
      });
}

absl::Status PostgresStore::DropStaged(std::string_view tenant, Deadline deadline) {
  return transactions_.WriteLong(deadline, [&](PostgresTransaction& db) -> absl::Status {
    db.ActFor(tenant);
    DeleteStaged(db, tenant);
    return absl::OkStatus();
  });
}

absl::Status PostgresStore::SetFrozen(bool frozen, Deadline deadline) {
  return transactions_.Write(deadline, [&](PostgresTransaction& db) -> absl::Status {
    db.Run("UPDATE fieldkms_store.store_state SET frozen = $1", {frozen});
    return absl::OkStatus();
  });
}

absl::StatusOr<bool> PostgresStore::IsFrozen(Deadline deadline) {
  return Read<bool>("", deadline, [](PostgresTransaction& db) -> absl::StatusOr<bool> {
    return BoolOf(db.Run("SELECT frozen FROM fieldkms_store.store_state", {})[0][0]);
  });
}

}  // namespace fieldkms
