// Tenants, their KEKs, and the root binding.
#include <map>

#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "kms/store/postgres_mutation.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_store_impl.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

std::optional<std::string> ReadBinding(PostgresTransaction& db, std::string_view lock) {
  const pqxx::result rows =
      db.Run("SELECT root_binding FROM fieldkms_store.store_state" + std::string(lock), {});
  if (rows.size() != 1) RefuseRow();
  if (rows[0][0].is_null()) return std::nullopt;
  return BytesOf(rows[0][0]);
}

// Whether the KEK is now what `kek` says: written now, or by a commit in doubt.
bool Rewrap(PostgresTransaction& db, const RewrappedKek& kek, bool& wrote) {
  const pqxx::result changed = db.Run(
      "UPDATE fieldkms_store.keks SET wrapped = $4 "
      "WHERE tenant = $1 AND version = $2 AND wrapped = $3",
      {kek.tenant, kek.version, ByteaValue(kek.old_wrapped), ByteaValue(kek.wrapped)});
  if (changed.affected_rows() > 0) {
    wrote = true;
    return true;
  }
  if (!db.in_doubt()) return false;
  return !db.Run(
                "SELECT FROM fieldkms_store.keks "
                "WHERE tenant = $1 AND version = $2 AND wrapped = $3",
                {kek.tenant, kek.version, ByteaValue(kek.wrapped)})
              .empty();
}

}  // namespace

absl::StatusOr<std::optional<std::string>> PostgresStore::GetRootBinding(Deadline deadline) {
  return Read<std::optional<std::string>>(
      "", deadline, [](PostgresTransaction& db) -> absl::StatusOr<std::optional<std::string>> {
        return ReadBinding(db, "");
      });
}

absl::Status PostgresStore::SetRootBinding(std::string_view expected, std::string_view binding,
                                           Deadline deadline) {
  return transactions_.Write(deadline, [&](PostgresTransaction& db) -> absl::Status {
    const std::string now = ReadBinding(db, " FOR UPDATE").value_or("");
    if (db.in_doubt() && now == binding) {  // a binding is random: it is ours
      db.WriteNothing();
      return absl::OkStatus();
    }
    if (now != expected) return RootTaken();
    db.Run("UPDATE fieldkms_store.store_state SET root_binding = $1", {ByteaValue(binding)});
    return absl::OkStatus();
  });
}

absl::StatusOr<Applied<TenantRecord>> PostgresStore::CreateTenant(std::string_view tenant,
                                                                  const KekRecord& kek,
                                                                  const Mutation& mutation,
                                                                  Deadline deadline) {
  const auto apply = [&](PostgresTransaction& db, uint64_t number) -> absl::StatusOr<TenantRecord> {
    if (ReadTenant(db, tenant)) return TenantExists();
    TenantRecord made{std::string(tenant), kek.create_time, kek.version, number};
    InsertTenant(db, made);
    InsertKek(db, tenant, kek);
    return made;
  };
  return Mutate<TenantRecord>(transactions_, clock_, tenant, mutation, deadline, apply);
}

absl::StatusOr<TenantRecord> PostgresStore::GetTenant(std::string_view tenant, Deadline deadline) {
  return Read<TenantRecord>(tenant, deadline,
                            [&](PostgresTransaction& db) -> absl::StatusOr<TenantRecord> {
                              auto found = ReadTenant(db, tenant);
                              if (!found) return TenantNotFound();
                              return *std::move(found);
                            });
}

absl::StatusOr<std::vector<TenantRecord>> PostgresStore::ListTenants(std::string_view after,
                                                                     size_t limit,
                                                                     Deadline deadline) {
  using Tenants = std::vector<TenantRecord>;
  return Read<Tenants>("", deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Tenants> {
    return RecordsOf(db.Run("SELECT tenant, create_time, primary_kek, change "
                            "FROM fieldkms_store.list_tenants($1, $2)",
                            {after, LimitValue(limit)}),
                     TenantOf);
  });
}

absl::StatusOr<Applied<TenantRecord>> PostgresStore::AddKek(std::string_view tenant,
                                                            const KekRecord& kek,
                                                            const Mutation& mutation,
                                                            Deadline deadline) {
  const auto apply = [&](PostgresTransaction& db, uint64_t number) -> absl::StatusOr<TenantRecord> {
    std::optional<TenantRecord> found = ReadTenant(db, tenant);
    if (!found) return TenantNotFound();
    if (uint64_t{found->primary_kek} + 1 != kek.version) return PrimaryChanged();
    InsertKek(db, tenant, kek);
    found->primary_kek = kek.version;
    found->change = number;
    UpdateTenant(db, *found);
    return *std::move(found);
  };
  return Mutate<TenantRecord>(transactions_, clock_, tenant, mutation, deadline, apply);
}

absl::StatusOr<KekRecord> PostgresStore::GetKek(std::string_view tenant, uint32_t version,
                                                Deadline deadline) {
  return Read<KekRecord>(
      tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<KekRecord> {
        auto found =
            RecordIfAny(db.Run("SELECT version, wrapped, create_time "
                               "FROM fieldkms_store.keks WHERE tenant = $1 AND version = $2",
                               {tenant, version}),
                        KekOf);
        if (!found) return VersionNotFound();
        return *std::move(found);
      });
}

absl::StatusOr<std::vector<KekRecord>> PostgresStore::ListKeks(std::string_view tenant,
                                                               Deadline deadline) {
  using Keks = std::vector<KekRecord>;
  return Read<Keks>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Keks> {
    if (!ReadTenant(db, tenant)) return TenantNotFound();
    return RecordsOf(db.Run("SELECT version, wrapped, create_time FROM fieldkms_store.keks "
                            "WHERE tenant = $1 ORDER BY version",
                            {tenant}),
                     KekOf);
  });
}

absl::StatusOr<size_t> PostgresStore::RewrapKeks(std::span<const RewrappedKek> keks,
                                                 Deadline deadline) {
  return Write<size_t>("", deadline, [&](PostgresTransaction& db) -> absl::StatusOr<size_t> {
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChange(db));
    size_t rewrapped = 0;
    bool wrote_any = false;
    for (const RewrappedKek& kek : keks) {
      db.ActFor(kek.tenant);
      bool wrote = false;
      if (Rewrap(db, kek, wrote)) ++rewrapped;
      if (!wrote) continue;
      wrote_any = true;
      db.Run("UPDATE fieldkms_store.tenants SET change = $2 WHERE tenant = $1",
             {kek.tenant, number});
    }
    if (!wrote_any) db.WriteNothing();
    return rewrapped;
  });
}

}  // namespace fieldkms
