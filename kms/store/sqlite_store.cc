#include "kms/store/sqlite_store.h"

#include <algorithm>
#include <utility>

#include "crypto/status.h"
#include "kms/store/sqlite_aliases.h"
#include "kms/store/sqlite_changes.h"
#include "kms/store/sqlite_columns.h"
#include "kms/store/sqlite_fields.h"
#include "kms/store/sqlite_file.h"
#include "kms/store/sqlite_import.h"
#include "kms/store/sqlite_key_versions.h"
#include "kms/store/sqlite_keys.h"
#include "kms/store/sqlite_leases.h"
#include "kms/store/sqlite_migrations.h"
#include "kms/store/sqlite_operations.h"
#include "kms/store/sqlite_rotation_store.h"
#include "kms/store/sqlite_subject_store.h"
#include "kms/store/sqlite_tenants.h"
#include "kms/store/sqlite_token_store.h"
#include "kms/store/sqlite_work.h"

namespace fieldkms {
namespace {

using Db = SqliteConnection;

// The wrapped bytes, as they are now, of the versions that a change destroys.
absl::StatusOr<std::vector<std::string>> ReadDestroyed(Db& db, const KeyChange& change) {
  std::vector<std::string> wrapped;
  for (const KeyVersionRecord& version : change.versions) {
    if (!version.wrapped.empty()) continue;
    FIELDKMS_ASSIGN_OR_RETURN(
        const auto old, ReadKeyVersion(db, change.key.tenant, change.key.key_id, version.version));
    if (old && !old->wrapped.empty()) wrapped.push_back(old->wrapped);
  }
  return wrapped;
}

// Each method says what runs on the store (the subject's file) and how (SqliteWork).
class SqliteStore final : public Store {
 public:
  SqliteStore(const std::string& path, const Clock& clock) : work_(path, clock) {}

  absl::Status Start() { return work_.Start(); }

  absl::StatusOr<std::optional<std::string>> GetRootBinding(Deadline deadline) override {
    return work_.Read(deadline, ReadRootBinding);
  }

  absl::Status SetRootBinding(std::string_view expected, std::string_view binding,
                              Deadline deadline) override {
    const auto body = [&](Db& db) -> absl::StatusOr<bool> {
      FIELDKMS_RETURN_IF_ERROR(ReplaceRootBinding(db, expected, binding));
      return true;
    };
    return work_.Write<bool>(deadline, Shred::kNo, body).status();
  }

  absl::StatusOr<Applied<TenantRecord>> CreateTenant(std::string_view tenant, const KekRecord& kek,
                                                     const Mutation& mutation,
                                                     Deadline deadline) override {
    const auto apply = [&](Db& db, uint64_t number) { return MakeTenant(db, tenant, kek, number); };
    return work_.Mutate<TenantRecord>(Method::kCreateTenant, tenant, mutation, deadline, Shred::kNo,
                                      apply);
  }

  absl::StatusOr<TenantRecord> GetTenant(std::string_view tenant, Deadline deadline) override {
    return work_.Read(deadline,
                      [&](Db& db) { return OrNotFound(ReadTenant(db, tenant), TenantNotFound); });
  }

  absl::StatusOr<std::vector<TenantRecord>> ListTenants(std::string_view after, size_t limit,
                                                        Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) { return ReadTenants(db, after, limit); });
  }

  absl::StatusOr<Applied<TenantRecord>> AddKek(std::string_view tenant, const KekRecord& kek,
                                               const Mutation& mutation,
                                               Deadline deadline) override {
    const auto apply = [&](Db& db, uint64_t number) { return AppendKek(db, tenant, kek, number); };
    return work_.Mutate<TenantRecord>(Method::kAddKek, tenant, mutation, deadline, Shred::kNo,
                                      apply);
  }

  absl::StatusOr<KekRecord> GetKek(std::string_view tenant, uint32_t version,
                                   Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) {
      return OrNotFound(ReadKek(db, tenant, version), VersionNotFound);
    });
  }

  absl::StatusOr<std::vector<KekRecord>> ListKeks(std::string_view tenant,
                                                  Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) { return ReadKeks(db, tenant); });
  }

  absl::StatusOr<size_t> RewrapKeks(std::span<const RewrappedKek> keks,
                                    Deadline deadline) override {
    return Rewrap(deadline, [&](Db& db, uint64_t number) { return ReplaceKeks(db, keks, number); });
  }

  absl::StatusOr<size_t> RewrapKeyVersions(std::string_view tenant,
                                           std::span<const RewrappedVersion> versions,
                                           Deadline deadline) override {
    return Rewrap(deadline, [&](Db& db, uint64_t number) {
      return ReplaceKeyVersions(db, tenant, versions, number);
    });
  }

  absl::StatusOr<std::vector<KeyAndVersion>> ListVersionsBelowKek(
      std::string_view tenant, uint32_t kek_version, uint64_t after_key_id, uint32_t after_version,
      size_t limit, Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) {
      return ReadVersionsBelowKek(db, tenant, kek_version, after_key_id, after_version, limit);
    });
  }

  absl::StatusOr<uint64_t> CountVersionsBelowKek(std::string_view tenant, uint32_t kek_version,
                                                 Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) { return CountBelowKek(db, tenant, kek_version); });
  }

  absl::StatusOr<Applied<KeyRecord>> CreateKey(const KeyRecord& key, const KeyVersionRecord& first,
                                               const Mutation& mutation,
                                               Deadline deadline) override {
    const auto apply = [&](Db& db, uint64_t number) { return MakeKey(db, key, first, number); };
    return work_.Mutate<KeyRecord>(Method::kCreateKey, key.tenant, mutation, deadline, Shred::kNo,
                                   apply);
  }

  absl::StatusOr<Applied<KeyRecord>> ChangeKey(const KeyChange& change, const Mutation& mutation,
                                               Deadline deadline) override {
    const bool destroys = std::ranges::any_of(
        change.versions, [](const KeyVersionRecord& version) { return version.wrapped.empty(); });
    std::vector<std::string> past;
    const auto apply = [&](Db& db, uint64_t number) -> absl::StatusOr<KeyRecord> {
      FIELDKMS_ASSIGN_OR_RETURN(past, ReadDestroyed(db, change));
      if (!past.empty()) FIELDKMS_RETURN_IF_ERROR(SqliteWork::NoteScrub(db));
      return ApplyKeyChange(db, change, number);
    };
    absl::StatusOr<Applied<KeyRecord>> changed =
        work_.Mutate<KeyRecord>(Method::kChangeKey, change.key.tenant, mutation, deadline,
                                destroys ? Shred::kYes : Shred::kNo, apply);
    // It may be made all the same, with its bytes still in the log.
    if (!changed.ok() && !past.empty()) work_.ScrubLater();
    if (changed.ok() && destroys) FIELDKMS_RETURN_IF_ERROR(work_.Scrub(past, deadline));
    return changed;
  }

  absl::StatusOr<std::optional<KeyRecord>> FindKeyMutation(std::string_view tenant,
                                                           const Mutation& mutation,
                                                           Deadline deadline) override {
    return work_.Read(deadline,
                      [&](Db& db) { return ReadOutcome<KeyRecord>(db, tenant, mutation); });
  }

  absl::StatusOr<KeyRecord> GetKey(std::string_view tenant, std::string_view name,
                                   Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) -> absl::StatusOr<KeyRecord> {
      FIELDKMS_ASSIGN_OR_RETURN(std::optional<KeyRecord> key,
                                ReadKeyByNameOrAlias(db, tenant, name));
      if (key) return *std::move(key);
      FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, tenant));
      return KeyNotFound();
    });
  }

  absl::StatusOr<KeyRecord> GetKeyById(std::string_view tenant, uint64_t key_id,
                                       Deadline deadline) override {
    return work_.Read(
        deadline, [&](Db& db) { return OrNotFound(ReadKeyById(db, tenant, key_id), KeyNotFound); });
  }

  absl::StatusOr<KeyAndVersion> GetKeyWithPrimary(std::string_view tenant, std::string_view name,
                                                  Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) -> absl::StatusOr<KeyAndVersion> {
      FIELDKMS_ASSIGN_OR_RETURN(std::optional<KeyAndVersion> found,
                                ReadKeyWithPrimary(db, tenant, name));
      if (found) return *std::move(found);
      FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, tenant));
      return KeyNotFound();
    });
  }

  absl::StatusOr<KeyAndVersion> GetKeyWithVersion(std::string_view tenant, uint64_t key_id,
                                                  uint32_t version, Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) {
      return OrNotFound(ReadKeyWithVersion(db, tenant, key_id, version), KeyNotFound);
    });
  }

  absl::StatusOr<std::string> TenantOfKey(uint64_t key_id, Deadline deadline) override {
    return work_.Read(deadline,
                      [&](Db& db) { return OrNotFound(ReadTenantOfKey(db, key_id), KeyNotFound); });
  }

  absl::StatusOr<std::vector<KeyRecord>> ListKeys(std::string_view tenant,
                                                  std::string_view after_name, size_t limit,
                                                  Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) -> absl::StatusOr<std::vector<KeyRecord>> {
      FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, tenant));
      return ReadKeys(db, tenant, after_name, limit);
    });
  }

  absl::StatusOr<KeyVersionRecord> GetKeyVersion(std::string_view tenant, uint64_t key_id,
                                                 uint32_t version, Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) {
      return OrNotFound(ReadKeyVersion(db, tenant, key_id, version), VersionNotFound);
    });
  }

  absl::StatusOr<std::vector<KeyVersionRecord>> ListKeyVersions(std::string_view tenant,
                                                                uint64_t key_id, uint32_t before,
                                                                size_t limit,
                                                                Deadline deadline) override {
    return work_.Read(deadline,
                      [&](Db& db) { return ReadKeyVersions(db, tenant, key_id, before, limit); });
  }

  absl::StatusOr<Applied<AliasRecord>> SetAlias(const AliasRecord& alias, const Mutation& mutation,
                                                Deadline deadline) override {
    const auto apply = [&](Db& db, uint64_t number) { return PointAlias(db, alias, number); };
    return work_.Mutate<AliasRecord>(Method::kSetAlias, alias.tenant, mutation, deadline,
                                     Shred::kNo, apply);
  }

  absl::StatusOr<AliasRecord> GetAlias(std::string_view tenant, std::string_view alias,
                                       Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) -> absl::StatusOr<AliasRecord> {
      FIELDKMS_ASSIGN_OR_RETURN(std::optional<AliasRecord> found, ReadAlias(db, tenant, alias));
      if (!found || found->key_id == 0) return AliasNotFound();
      return *std::move(found);
    });
  }

  absl::StatusOr<std::vector<AliasRecord>> ListAliases(std::string_view tenant,
                                                       std::string_view after, size_t limit,
                                                       Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) -> absl::StatusOr<std::vector<AliasRecord>> {
      FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, tenant));
      return ReadAliases(db, tenant, after, limit);
    });
  }

  absl::StatusOr<Applied<FieldRecord>> PutField(const FieldRecord& field, const Mutation& mutation,
                                                Deadline deadline) override {
    const auto apply = [&](Db& db, uint64_t number) { return WriteField(db, field, number); };
    return work_.Mutate<FieldRecord>(Method::kPutField, field.tenant, mutation, deadline,
                                     Shred::kNo, apply);
  }

  absl::StatusOr<FieldRecord> GetField(std::string_view tenant, std::string_view name,
                                       Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) -> absl::StatusOr<FieldRecord> {
      FIELDKMS_ASSIGN_OR_RETURN(std::optional<FieldRecord> found, ReadField(db, tenant, name));
      if (found) return *std::move(found);
      FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, tenant));
      return FieldNotFound();
    });
  }

  absl::StatusOr<std::vector<FieldRecord>> ListFields(std::string_view tenant,
                                                      std::string_view after_name, size_t limit,
                                                      Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) -> absl::StatusOr<std::vector<FieldRecord>> {
      FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, tenant));
      return ReadFields(db, tenant, after_name, limit);
    });
  }

  absl::StatusOr<std::vector<KeyRecord>> ListDueRotations(WallTime now, size_t limit,
                                                          Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) { return ReadDueRotations(db, now, limit); });
  }

  absl::StatusOr<std::vector<KeyAndVersion>> ListDueDestructions(WallTime now, size_t limit,
                                                                 Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) { return ReadDueDestructions(db, now, limit); });
  }

  absl::StatusOr<uint64_t> WaitForChange(uint64_t after, Deadline until) override {
    return work_.WaitForChange(after, until);
  }

  absl::StatusOr<uint64_t> GetChangeNumber(Deadline deadline) override {
    return work_.Read(deadline, ReadChangeNumber);
  }

  absl::StatusOr<std::vector<Change>> ReadChanges(uint64_t after, size_t limit,
                                                  Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) { return ReadChangesAfter(db, after, limit); });
  }

  absl::Status PutLease(const LeaseRecord& lease, Deadline deadline) override {
    const auto body = [&](Db& db) -> absl::StatusOr<bool> {
      FIELDKMS_RETURN_IF_ERROR(WriteLease(db, lease, work_.Now()));
      return true;
    };
    return work_.Write<bool>(deadline, Shred::kNo, body).status();
  }

  absl::StatusOr<LeaseRecord> GetLease(std::string_view tenant, std::string_view lease_id,
                                       Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) {
      return OrNotFound(ReadLease(db, tenant, lease_id), LeaseNotFound);
    });
  }

  absl::StatusOr<std::optional<WallTime>> LastLeaseEnd(std::string_view tenant, uint64_t key_id,
                                                       uint32_t version, bool encrypt_only,
                                                       WallTime now, Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) {
      return ReadLastLeaseEnd(db, tenant, key_id, version, encrypt_only, now);
    });
  }

  absl::StatusOr<OperationRecord> PutOperation(const OperationRecord& operation,
                                               Deadline deadline) override {
    const auto body = [&](Db& db) -> absl::StatusOr<OperationRecord> {
      FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChangeNumber(db));
      return WriteOperation(db, operation, number);
    };
    return work_.Write<OperationRecord>(deadline, Shred::kNo, body);
  }

  absl::StatusOr<OperationRecord> GetOperation(std::string_view operation_id,
                                               Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) {
      return OrNotFound(ReadOperation(db, operation_id), OperationNotFound);
    });
  }

  absl::StatusOr<std::vector<OperationRecord>> ListOperations(bool running_only, size_t limit,
                                                              Deadline deadline) override {
    return work_.Read(deadline, [&](Db& db) { return ReadOperations(db, running_only, limit); });
  }

  absl::Status StageKeys(const ImportId& import, std::string_view tenant,
                         std::span<const WholeKey> keys, Deadline deadline) override {
    return Do(deadline, [&](Db& db) { return StageAll(db, import, tenant, keys); });
  }

  absl::Status StageAliases(const ImportId& import, std::string_view tenant,
                            std::span<const AliasRecord> aliases, Deadline deadline) override {
    return Do(deadline, [&](Db& db) { return StageAll(db, import, tenant, aliases); });
  }

  absl::Status StageFields(const ImportId& import, std::string_view tenant,
                           std::span<const FieldRecord> fields, Deadline deadline) override {
    return Do(deadline, [&](Db& db) { return StageAll(db, import, tenant, fields); });
  }

  absl::StatusOr<uint64_t> ApplyStaged(const ImportId& import,
                                       std::span<const StagedTenant> tenants, ImportMode mode,
                                       uint64_t above, Deadline deadline) override {
    const bool is_new = mode == ImportMode::kNew;
    const auto body = [&](Db& db) -> absl::StatusOr<uint64_t> {
      // Of a new store the first number is 2, so that there is one before it.
      FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChangeNumber(db, is_new ? 1 : above));
      const uint64_t below = is_new ? number - 1 : number;
      for (const StagedTenant& tenant : tenants) {
        FIELDKMS_RETURN_IF_ERROR(MoveStaged(db, import, tenant, mode, number, below));
      }
      return number;
    };
    return work_.Write<uint64_t>(deadline, is_new ? Shred::kNo : Shred::kYes, body);
  }

  absl::Status DropStaged(const ImportId& import, std::string_view tenant,
                          Deadline deadline) override {
    return Do(deadline, [&](Db& db) { return DeleteStaged(db, import, tenant); });
  }

  absl::Status SetFrozen(bool frozen, Deadline deadline) override {
    return Do(deadline, [&](Db& db) { return WriteFrozen(db, frozen); });
  }

  absl::StatusOr<bool> IsFrozen(Deadline deadline) override {
    return work_.Read(deadline, ReadFrozen);
  }

  TokenStore& tokens() override { return tokens_; }
  SubjectStore& subjects() override { return subjects_; }
  RotationStore& rotations() override { return rotations_; }

 private:
  // A write that has no outcome.
  template <class Body>
  absl::Status Do(Deadline deadline, const Body& body) {
    const auto write = [&](Db& db) -> absl::StatusOr<bool> {
      FIELDKMS_RETURN_IF_ERROR(body(db));
      return true;
    };
    return work_.Write<bool>(deadline, Shred::kNo, write).status();
  }

  // What wraps anew: a change only where something was written, and each time the
  // log is emptied, since a repeat may come after one that could not do it.
  template <class Replace>
  absl::StatusOr<size_t> Rewrap(Deadline deadline, const Replace& replace) {
    const auto body = [&](Db& db) -> absl::StatusOr<size_t> {
      FIELDKMS_ASSIGN_OR_RETURN(const uint64_t newest, ReadChangeNumber(db));
      FIELDKMS_ASSIGN_OR_RETURN(const size_t written, replace(db, newest + 1));
      if (written > 0) FIELDKMS_RETURN_IF_ERROR(NextChangeNumber(db).status());
      return written;
    };
    return work_.Write<size_t>(deadline, Shred::kYes, body);
  }

  SqliteWork work_;
  SqliteTokenStore tokens_{&work_};
  SqliteSubjectStore subjects_{&work_};
  SqliteRotationStore rotations_{&work_};
};

// A draft has no log: it is written the old way and is complete in one file.
absl::Status FillStoreFile(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteConnection> db,
                            SqliteConnection::Open(path));
  FIELDKMS_RETURN_IF_ERROR(db->Execute("PRAGMA synchronous=EXTRA"));
  return Migrate(*db);
}

absl::Status CheckExistingStore(const std::string& path) {
  FIELDKMS_RETURN_IF_ERROR(CheckStoreFile(path));
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteConnection> db,
                            SqliteConnection::Open(path));
  return CheckStore(*db);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const std::string& path,
                                                       const Clock& clock) {
  FIELDKMS_ASSIGN_OR_RETURN(const bool exists, StoreFileExists(path));
  if (!exists) FIELDKMS_RETURN_IF_ERROR(MakeStoreFile(path, FillStoreFile));
  FIELDKMS_RETURN_IF_ERROR(CheckExistingStore(path));
  // Also for an old file: whoever made it may have died before this.
  FIELDKMS_RETURN_IF_ERROR(SyncName(path));
  FIELDKMS_RETURN_IF_ERROR(SyncLog(path));
  auto store = std::make_unique<SqliteStore>(path, clock);
  FIELDKMS_RETURN_IF_ERROR(store->Start());
  return store;
}

}  // namespace fieldkms
