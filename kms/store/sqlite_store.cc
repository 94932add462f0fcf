#include "kms/store/sqlite_store.h"

#include <utility>

#include "crypto/status.h"
#include "kms/store/sqlite_error.h"
#include "kms/store/sqlite_file.h"
#include "kms/store/sqlite_migrations.h"
#include "kms/store/sqlite_pool.h"
#include "kms/store/sqlite_records.h"

namespace fieldkms {
namespace {

constexpr size_t kReaders = 3;
constexpr char kRootBinding[] = "root_binding";

absl::Status TenantNotFound() {
  return Error(absl::StatusCode::kNotFound, Reason::kTenantNotFound, "no such tenant", "tenant");
}
absl::Status TenantExists() {
  return Error(absl::StatusCode::kAlreadyExists, Reason::kTenantExists,
               "there is a tenant of that id", "tenant");
}
absl::Status KeyNotFound() {
  return Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "the tenant has no such key",
               "name");
}
absl::Status KeyExists() {
  return Error(absl::StatusCode::kAlreadyExists, Reason::kKeyExists,
               "the tenant has a key of that name", "name");
}
absl::Status KeyIdTaken() {
  return Error(absl::StatusCode::kAborted, Reason::kKeyExists, "the key id is taken");
}
absl::Status VersionNotFound() {
  return Error(absl::StatusCode::kNotFound, Reason::kKeyVersionUnknown, "no such version");
}
absl::Status PrimaryChanged() {
  return Error(absl::StatusCode::kAborted, Reason::kPrimaryChanged,
               "the key has another primary version");
}

template <class T>
absl::StatusOr<T> OrNotFound(absl::StatusOr<std::optional<T>> found, absl::Status (*not_found)()) {
  if (!found.ok()) return std::move(found).status();
  if (!found->has_value()) return not_found();
  return std::move(**found);
}

// Outcomes of mutations that ran before.
absl::StatusOr<TenantRecord> TenantOutcome(SqliteConnection& db, std::string_view tenant,
                                           const MutationRecord& record) {
  FIELDKMS_ASSIGN_OR_RETURN(std::optional<TenantRecord> found, ReadTenant(db, tenant));
  if (!found) return StoreCorrupt("a recorded mutation has lost its outcome");
  found->primary_kek = record.version;
  return *std::move(found);
}
absl::StatusOr<KeyRecord> KeyOutcome(SqliteConnection& db, const MutationRecord& record) {
  FIELDKMS_ASSIGN_OR_RETURN(std::optional<KeyRecord> found,
                            ReadKeyAt(db, record.key_id, record.version));
  if (!found) return StoreCorrupt("a recorded mutation has lost its outcome");
  return *std::move(found);
}

class SqliteStore final : public Store {
 public:
  SqliteStore(const std::string& path, const Clock& clock)
      : clock_(clock), writer_(path, 1, clock), readers_(path, kReaders, clock) {}

  // Opens the first connection, so that what is wrong shows at the start.
  absl::Status Start() {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, writer_.Take(kNoDeadline));
    return Migrate(*db);
  }

  absl::StatusOr<std::optional<std::string>> GetRootBinding(Deadline deadline) override {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, readers_.Take(deadline));
    return ReadBinding(*db);
  }

  absl::Status SetRootBinding(std::string_view binding, Deadline deadline) override {
    const auto body = [&](SqliteConnection& db) -> absl::StatusOr<bool> {
      FIELDKMS_ASSIGN_OR_RETURN(const std::optional<std::string> old, ReadBinding(db));
      if (old) {
        return Error(absl::StatusCode::kAlreadyExists, Reason::kRootWrongKey,
                     "the store is tied to a root key already");
      }
      FIELDKMS_RETURN_IF_ERROR(db.Use("INSERT INTO meta (name, value) VALUES (?, ?)")
                                   .Text(kRootBinding)
                                   .Blob(binding)
                                   .Run());
      return true;
    };
    return Write<bool>(deadline, body).status();
  }

  absl::StatusOr<Applied<TenantRecord>> CreateTenant(std::string_view tenant, const KekRecord& kek,
                                                     const Mutation& mutation,
                                                     Deadline deadline) override {
    const auto replay = [&](SqliteConnection& db, const MutationRecord& record) {
      return TenantOutcome(db, tenant, record);
    };
    const auto apply = [&](SqliteConnection& db) -> absl::StatusOr<TenantRecord> {
      FIELDKMS_ASSIGN_OR_RETURN(const std::optional<TenantRecord> old, ReadTenant(db, tenant));
      if (old) return TenantExists();
      const TenantRecord made{std::string(tenant), kek.create_time, kek.version};
      FIELDKMS_RETURN_IF_ERROR(WriteTenant(db, made));
      FIELDKMS_RETURN_IF_ERROR(WriteKek(db, tenant, kek));
      FIELDKMS_RETURN_IF_ERROR(WriteMutation(
          db, tenant, mutation, {Method::kCreateTenant, 0, kek.version}, clock_.Now()));
      return made;
    };
    return Mutate<TenantRecord>(tenant, mutation, deadline, replay, apply);
  }

  absl::StatusOr<TenantRecord> GetTenant(std::string_view tenant, Deadline deadline) override {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, readers_.Take(deadline));
    return OrNotFound(ReadTenant(*db, tenant), TenantNotFound);
  }

  absl::StatusOr<std::vector<TenantRecord>> ListTenants(std::string_view after, size_t limit,
                                                        Deadline deadline) override {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, readers_.Take(deadline));
    return ReadTenants(*db, after, limit);
  }

  absl::StatusOr<KekRecord> GetKek(std::string_view tenant, uint32_t version,
                                   Deadline deadline) override {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, readers_.Take(deadline));
    return OrNotFound(ReadKek(*db, tenant, version), VersionNotFound);
  }

  absl::StatusOr<Applied<KeyRecord>> CreateKey(const KeyRecord& key, const KeyVersionRecord& first,
                                               const Mutation& mutation,
                                               Deadline deadline) override {
    const auto apply = [&](SqliteConnection& db) -> absl::StatusOr<KeyRecord> {
      FIELDKMS_RETURN_IF_ERROR(OrNotFound(ReadTenant(db, key.tenant), TenantNotFound).status());
      FIELDKMS_ASSIGN_OR_RETURN(const std::optional<KeyRecord> old,
                                ReadKey(db, key.tenant, key.name));
      if (old) return KeyExists();
      FIELDKMS_ASSIGN_OR_RETURN(const std::optional<KeyRecord> same_id,
                                ReadKeyById(db, key.key_id));
      if (same_id) return KeyIdTaken();
      KeyRecord made = key;
      made.primary_version = first.version;
      made.primary_create_time = first.create_time;
      FIELDKMS_RETURN_IF_ERROR(WriteKey(db, made));
      FIELDKMS_RETURN_IF_ERROR(WriteKeyVersion(db, key.key_id, first));
      FIELDKMS_RETURN_IF_ERROR(WriteMutation(
          db, key.tenant, mutation, {Method::kCreateKey, key.key_id, first.version}, clock_.Now()));
      return made;
    };
    return Mutate<KeyRecord>(key.tenant, mutation, deadline, KeyOutcome, apply);
  }

  absl::StatusOr<KeyRecord> GetKey(std::string_view tenant, std::string_view name,
                                   Deadline deadline) override {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, readers_.Take(deadline));
    return FindKey(*db, tenant, name);
  }

  absl::StatusOr<KeyRecord> GetKeyById(uint64_t key_id, Deadline deadline) override {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, readers_.Take(deadline));
    return OrNotFound(ReadKeyById(*db, key_id), KeyNotFound);
  }

  absl::StatusOr<std::vector<KeyRecord>> ListKeys(std::string_view tenant,
                                                  std::string_view after_name, size_t limit,
                                                  Deadline deadline) override {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, readers_.Take(deadline));
    FIELDKMS_RETURN_IF_ERROR(OrNotFound(ReadTenant(*db, tenant), TenantNotFound).status());
    return ReadKeys(*db, tenant, after_name, limit);
  }

  absl::StatusOr<Applied<KeyRecord>> AddKeyVersion(std::string_view tenant, std::string_view name,
                                                   const KeyVersionRecord& version,
                                                   const Mutation& mutation,
                                                   Deadline deadline) override {
    const auto apply = [&](SqliteConnection& db) -> absl::StatusOr<KeyRecord> {
      FIELDKMS_ASSIGN_OR_RETURN(KeyRecord key, FindKey(db, tenant, name));
      if (uint64_t{key.primary_version} + 1 != version.version) return PrimaryChanged();
      key.primary_version = version.version;
      key.primary_create_time = version.create_time;
      FIELDKMS_RETURN_IF_ERROR(WriteKeyVersion(db, key.key_id, version));
      FIELDKMS_RETURN_IF_ERROR(WritePrimary(db, key.key_id, version.version));
      FIELDKMS_RETURN_IF_ERROR(WriteMutation(db, tenant, mutation,
                                             {Method::kAddKeyVersion, key.key_id, version.version},
                                             clock_.Now()));
      return key;
    };
    return Mutate<KeyRecord>(tenant, mutation, deadline, KeyOutcome, apply);
  }

  absl::StatusOr<std::optional<KeyRecord>> FindKeyMutation(std::string_view tenant,
                                                           const Mutation& mutation,
                                                           Deadline deadline) override {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, readers_.Take(deadline));
    FIELDKMS_ASSIGN_OR_RETURN(const std::optional<MutationRecord> record,
                              ReadMutation(*db, tenant, mutation));
    if (!record) return std::optional<KeyRecord>();
    FIELDKMS_ASSIGN_OR_RETURN(KeyRecord outcome, KeyOutcome(*db, *record));
    return std::optional<KeyRecord>(std::move(outcome));
  }

  absl::StatusOr<KeyVersionRecord> GetKeyVersion(uint64_t key_id, uint32_t version,
                                                 Deadline deadline) override {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, readers_.Take(deadline));
    return OrNotFound(ReadKeyVersion(*db, key_id, version), VersionNotFound);
  }

  absl::StatusOr<std::vector<KeyVersionRecord>> ListKeyVersions(uint64_t key_id, uint32_t before,
                                                                size_t limit,
                                                                Deadline deadline) override {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, readers_.Take(deadline));
    return ReadKeyVersions(*db, key_id, before, limit);
  }

 private:
  static absl::StatusOr<std::optional<std::string>> ReadBinding(SqliteConnection& db) {
    SqliteStatement row = db.Use("SELECT value FROM meta WHERE name = ?");
    FIELDKMS_ASSIGN_OR_RETURN(const bool found, row.Text(kRootBinding).Step());
    if (!found) return std::optional<std::string>();
    return std::optional<std::string>(row.ColumnBytes(0));
  }

  static absl::StatusOr<KeyRecord> FindKey(SqliteConnection& db, std::string_view tenant,
                                           std::string_view name) {
    FIELDKMS_ASSIGN_OR_RETURN(std::optional<KeyRecord> key, ReadKey(db, tenant, name));
    if (key) return *std::move(key);
    FIELDKMS_RETURN_IF_ERROR(OrNotFound(ReadTenant(db, tenant), TenantNotFound).status());
    return KeyNotFound();
  }

  // Runs `body` in a write transaction, which an error rolls back.
  template <class T, class Body>
  absl::StatusOr<T> Write(Deadline deadline, const Body& body) {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, writer_.Take(deadline));
    SqliteTransaction transaction(*db);
    const absl::Status begun = transaction.Begin();
    // Also where it did not begin: another process held the lock until then.
    if (clock_.Steady() >= deadline) return DeadlinePassed();
    FIELDKMS_RETURN_IF_ERROR(begun);
    absl::StatusOr<T> result = body(*db);
    if (!result.ok()) return result;
    FIELDKMS_RETURN_IF_ERROR(transaction.Commit());
    return result;
  }

  // Runs a mutation once: `replay` if it ran before, else `apply`.
  template <class T, class Replay, class Apply>
  absl::StatusOr<Applied<T>> Mutate(std::string_view tenant, const Mutation& mutation,
                                    Deadline deadline, const Replay& replay, const Apply& apply) {
    return Write<Applied<T>>(deadline, [&](SqliteConnection& db) -> absl::StatusOr<Applied<T>> {
      FIELDKMS_ASSIGN_OR_RETURN(const std::optional<MutationRecord> before,
                                ReadMutation(db, tenant, mutation));
      absl::StatusOr<T> outcome = before ? replay(db, *before) : apply(db);
      if (!outcome.ok()) return std::move(outcome).status();
      return Applied<T>{std::move(outcome).value(), before.has_value()};
    });
  }

  const Clock& clock_;
  SqlitePool writer_;
  SqlitePool readers_;
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
