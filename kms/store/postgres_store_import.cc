// Tenants from elsewhere: staged beside the live tables, and moved in one statement a table.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/postgres/sqlstate.h"
#include "kms/postgres/value.h"
#include "kms/store/postgres_fields.h"
#include "kms/store/postgres_mutation.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_store_impl.h"
#include "kms/store/postgres_tokens.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

PostgresValue ImportValue(const ImportId& import) { return ByteaValue(AsText(import)); }

// Of kReplace: whether it happened cannot be told by what is there.
absl::Status OutcomeUnknown() {
  return PostgresUnavailable(
      "the connection was lost during the commit of an import, and the outcome is not known: run "
      "it again");
}

// Keys by id: of one that stands twice the last counts.
using Batch = std::map<uint64_t, const WholeKey*>;

PostgresValue IdsOf(const Batch& keys) {
  std::vector<PostgresValue> ids;
  ids.reserve(keys.size());
  for (const auto& [key_id, whole] : keys) ids.push_back(IdValue(key_id));
  return ArrayValue(ids);
}

absl::Status CheckKeyIds(PostgresTransaction& db, std::string_view tenant,
                         const PostgresValue& ids) {
  const pqxx::result taken = db.Run(
      "SELECT id FROM unnest($2::bigint[]) id WHERE fieldkms_store.tenant_of_key(id) <> $1 "
      "LIMIT 1",
      {tenant, ids});
  return taken.empty() ? absl::OkStatus() : KeyOfOtherTenant(FormatKeyId(IdOf(taken[0][0])));
}

// In place of what is staged of them, in two statements however many they are: a row at a
// time would be a round trip each.
void StageVersions(PostgresTransaction& db, const PostgresValue& import, std::string_view tenant,
                   const Batch& keys, const PostgresValue& ids) {
  std::array<std::vector<PostgresValue>, 8> columns;
  for (const auto& [key_id, whole] : keys) {
    for (const KeyVersionRecord& version : whole->versions) {
      columns[0].push_back(IdValue(key_id));
      columns[1].emplace_back(version.version);
      columns[2].emplace_back(static_cast<int>(version.state));
      columns[3].emplace_back(version.kek_version);
      columns[4].push_back(WrappedValue(version));
      columns[5].emplace_back(version.create_time);
      columns[6].emplace_back(static_cast<int>(version.origin));
      columns[7].emplace_back(version.destroy_time);
    }
  }
  db.Run(
      "DELETE FROM fieldkms_store.staged_key_versions "
      "WHERE tenant = $1 AND import = $2 AND key_id = ANY ($3::bigint[])",
      {tenant, import, ids});
  std::vector<PostgresValue> values = {tenant, import};
  for (const std::vector<PostgresValue>& column : columns) values.push_back(ArrayValue(column));
  db.Run(
      "INSERT INTO fieldkms_store.staged_key_versions (tenant, import, key_id, version, state, "
      "kek_version, wrapped, create_time, origin, destroy_time) SELECT $1::text, $2::bytea, v.* "
      "FROM unnest($3::bigint[], $4::bigint[], $5::smallint[], $6::bigint[], $7::bytea[], "
      "$8::timestamptz[], $9::smallint[], $10::timestamptz[]) v",
      values);
}

// What was free when it was staged may be taken by now, also by a tenant of this import.
absl::Status CheckStagedIds(PostgresTransaction& db, const PostgresValue& import,
                            std::string_view tenant) {
  const pqxx::row ids = db.Run(
      "SELECT fieldkms_store.staged_key_of_other($1, $2), "
      "fieldkms_store.staged_field_of_other($1, $2)",
      {tenant, import})[0];
  if (!ids[0].is_null()) return KeyOfOtherTenant(FormatKeyId(IdOf(ids[0])));
  if (!ids[1].is_null()) return FieldOfOtherTenant(FormatKeyId(IdOf(ids[1])));
  return absl::OkStatus();
}

absl::Status CheckWhole(PostgresTransaction& db, const PostgresValue& import,
                        std::string_view tenant) {
  const pqxx::result lacks = db.Run(
      "SELECT FROM fieldkms_store.staged_keys s WHERE s.tenant = $1 AND s.import = $2 AND ("
      "NOT EXISTS (SELECT FROM fieldkms_store.staged_key_versions v WHERE v.tenant = $1 "
      "AND v.import = $2 AND v.key_id = s.key_id AND v.version = s.primary_version) OR "
      "EXISTS (SELECT FROM fieldkms_store.staged_key_versions v WHERE v.tenant = $1 "
      "AND v.import = $2 AND v.key_id = s.key_id AND v.wrapped IS NOT NULL AND NOT EXISTS ("
      "SELECT FROM fieldkms_store.keks e WHERE e.tenant = $1 AND e.version = v.kek_version))) "
      "LIMIT 1",
      {tenant, import});
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

// Returns how many there were: what is dropped meanwhile is not among them.
StagedCounts MoveRecords(PostgresTransaction& db, const PostgresValue& import,
                         std::string_view tenant, uint64_t number) {
  static const std::string keys =
      std::string(
          "INSERT INTO fieldkms_store.keys (key_id, tenant, name, purpose, primary_version, "
          "create_time, suite, exportable, audit_per_operation, min_decrypt_version, "
          "rotation_seconds, next_rotation, lease_seconds, lease_messages, labels, change) "
          "SELECT key_id, tenant, name, purpose, primary_version, create_time, suite, exportable, "
          "audit_per_operation, min_decrypt_version, rotation_seconds, next_rotation, "
          "lease_seconds, lease_messages, labels, $3::bigint FROM fieldkms_store.staged_keys "
          "WHERE tenant = $1 AND import = $2 ON CONFLICT (key_id)") +
      kOverKey;
  static const std::string versions =
      std::string(
          "INSERT INTO fieldkms_store.key_versions (tenant, key_id, version, state, kek_version, "
          "wrapped, create_time, origin, destroy_time) SELECT tenant, key_id, version, state, "
          "kek_version, wrapped, create_time, origin, destroy_time "
          "FROM fieldkms_store.staged_key_versions WHERE tenant = $1 AND import = $2 "
          "ON CONFLICT (tenant, key_id, version)") +
      kOverVersion;
  StagedCounts moved;
  moved.keys = db.Run(keys, {tenant, import, BigintValue(number)}).affected_rows();
  moved.versions = db.Run(versions, {tenant, import}).affected_rows();
  moved.aliases =
      db.Run(
            "INSERT INTO fieldkms_store.aliases (tenant, alias, key_id, change) "
            "SELECT tenant, alias, key_id, $3::bigint FROM fieldkms_store.staged_aliases "
            "WHERE tenant = $1 AND import = $2 ON CONFLICT (tenant, alias) DO UPDATE "
            "SET key_id = excluded.key_id, change = excluded.change",
            {tenant, import, BigintValue(number)})
          .affected_rows();
  moved.fields = MoveFields(db, import, tenant, number);
  return moved;
}

constexpr std::array kStagingTables = {"staged_key_versions", "staged_keys", "staged_aliases",
                                       "staged_fields"};

void DeleteStaged(PostgresTransaction& db, const PostgresValue& import, std::string_view tenant) {
  for (const char* table : kStagingTables) {
    db.Run(
        "DELETE FROM fieldkms_store." + std::string(table) + " WHERE tenant = $1 AND import = $2",
        {tenant, import});
  }
}

// Of all imports.
void DeleteAllStaged(PostgresTransaction& db, std::string_view tenant) {
  for (const char* table : kStagingTables) {
    db.Run("DELETE FROM fieldkms_store." + std::string(table) + " WHERE tenant = $1", {tenant});
  }
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

absl::Status MoveStaged(PostgresTransaction& db, const PostgresValue& import,
                        const StagedTenant& tenant, uint64_t number, uint64_t below) {
  const std::string& name = tenant.whole.tenant.tenant;
  FIELDKMS_RETURN_IF_ERROR(CheckStagedIds(db, import, name));
  WriteTenant(db, tenant.whole, number);
  FIELDKMS_RETURN_IF_ERROR(CheckWhole(db, import, name));
  if (MoveRecords(db, import, name, below) != tenant.staged) {
    // An earlier run that was committed has moved them all.
    return db.in_doubt() ? OutcomeUnknown() : StagedRecordsGone(name);
  }
  DeleteAllStaged(db, name);
  return absl::OkStatus();
}

// All of `tenants`, which are new.
absl::StatusOr<uint64_t> MoveNew(PostgresTransaction& db, const PostgresValue& import,
                                 std::span<const StagedTenant> tenants) {
  // Of a new store the first number is 2, so that there is one before it.
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChange(db, 1));
  for (const StagedTenant& tenant : tenants) {
    const std::string& name = tenant.whole.tenant.tenant;
    db.ActFor(name);
    const std::optional<TenantRecord> old = ReadTenant(db, name);
    if (old && db.in_doubt() && IsThere(db, tenant.whole)) {  // all of them, then
      db.WriteNothing();
      return old->change;
    }
    if (old) return TenantInTheWay(name);
    FIELDKMS_RETURN_IF_ERROR(MoveStaged(db, import, tenant, number, number - 1));
  }
  return number;
}

}  // namespace

absl::Status PostgresStore::StageKeys(const ImportId& import, std::string_view tenant,
                                      std::span<const WholeKey> keys, Deadline deadline) {
  Batch batch;
  for (const WholeKey& whole : keys) {
    if (whole.key.tenant != tenant) return Bug("a staged key is of another tenant");
    batch[whole.key.key_id] = &whole;
  }
  return transactions_.Write(deadline, [&](PostgresTransaction& db) -> absl::Status {
    db.ActFor(tenant);
    const PostgresValue ids = IdsOf(batch);
    FIELDKMS_RETURN_IF_ERROR(CheckKeyIds(db, tenant, ids));
    for (const auto& [key_id, whole] : batch) StageKey(db, import, whole->key);
    StageVersions(db, ImportValue(import), tenant, batch, ids);
    return absl::OkStatus();
  });
}

absl::Status PostgresStore::StageAliases(const ImportId& import, std::string_view tenant,
                                         std::span<const AliasRecord> aliases, Deadline deadline) {
  return transactions_.Write(deadline, [&](PostgresTransaction& db) -> absl::Status {
    db.ActFor(tenant);
    for (const AliasRecord& alias : aliases) {
      db.Run(
          "INSERT INTO fieldkms_store.staged_aliases (tenant, import, alias, key_id, change) "
          "VALUES ($1, $2, $3, $4, 1) ON CONFLICT (tenant, import, alias) DO UPDATE "
          "SET key_id = excluded.key_id",
          {tenant, ImportValue(import), alias.alias, IdValue(alias.key_id)});
    }
    return absl::OkStatus();
  });
}

absl::Status PostgresStore::StageFields(const ImportId& import, std::string_view tenant,
                                        std::span<const FieldRecord> fields, Deadline deadline) {
  return transactions_.Write(deadline, [&](PostgresTransaction& db) -> absl::Status {
    db.ActFor(tenant);
    for (const FieldRecord& field : fields) {
      if (field.tenant != tenant) return Bug("a staged field is of another tenant");
      const std::string owner = TenantWithField(db, field.field_id);
      if (!owner.empty() && owner != tenant) {
        return FieldOfOtherTenant(FormatKeyId(field.field_id));
      }
      StageField(db, ImportValue(import), field);
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<uint64_t> PostgresStore::ApplyStaged(const ImportId& import,
                                                    std::span<const StagedTenant> tenants,
                                                    ImportMode mode, uint64_t above,
                                                    Deadline deadline) {
  const PostgresValue id = ImportValue(import);
  return WriteLong<uint64_t>(
      "", deadline, [&](PostgresTransaction& db) -> absl::StatusOr<uint64_t> {
        if (mode == ImportMode::kNew) return MoveNew(db, id, tenants);
        FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChange(db, above));
        for (const StagedTenant& tenant : tenants) {
          db.ActFor(tenant.whole.tenant.tenant);
          FIELDKMS_RETURN_IF_ERROR(MoveStaged(db, id, tenant, number, number));
        }
        return number;
      });
}

absl::Status PostgresStore::DropStaged(const ImportId& import, std::string_view tenant,
                                       Deadline deadline) {
  return transactions_.WriteLong(deadline, [&](PostgresTransaction& db) -> absl::Status {
    db.ActFor(tenant);
    DeleteStaged(db, ImportValue(import), tenant);
    return absl::OkStatus();
  });
}

absl::Status PostgresStore::SetFrozen(bool frozen, Deadline deadline) {
  return transactions_.Write(deadline, [&](PostgresTransaction& db) -> absl::Status {
    WaitForTokens(db);
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
