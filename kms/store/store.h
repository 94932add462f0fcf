// Store keeps tenants, keys and their wrapped versions (kms/store/records.h). It
// knows nothing of cryptography, and no rule of the life of a key: it keeps what
// the keyring decides, if nobody else has decided in between.
//
// Contract of every implementation (tests/contract/store_contract.h):
// - A mutation is atomic, and durable (synced to stable storage) when it returns
//   OK. An error other than kUnavailable means that nothing was changed; after
//   kUnavailable the caller repeats it with the same request id.
// - Changes. Each mutation has a number, one above the last of the whole store,
//   and stamps it on the records that it writes (`change`). Numbers become visible
//   in their order: who has seen change N has seen all up to N. A record's number
//   is its etag, and the numbers are what replicas follow (ReadChanges).
// - Mutations are idempotent by Mutation::request_id within a tenant: a repeat
//   with the same fingerprint returns the first outcome with `replayed` set, one
//   with another fingerprint fails with kFailedPrecondition, kRequestIdReused.
//   Ids are remembered for at least 24 hours. The outcome is the record as it was
//   after the first, whatever happened since.
// - Safe for concurrent use, also by several processes where the backend allows
//   it. No method holds a lock of ours across I/O; each gives up with
//   kDeadlineExceeded when `deadline` has passed before it began to write.
// - Isolation: a method that names a tenant sees and touches nothing of another.
// - Errors carry reasons: kTenantNotFound, kTenantExists, kKeyNotFound,
//   kKeyExists, kKeyVersionUnknown, kEtagMismatch, kPrimaryChanged,
//   kAliasNotFound, kFieldNotFound, kFieldExists, kLeaseNotFound, kOperationNotFound,
//   kSubjectNotFound, kLegalHold, kStoreUnavailable, kStoreFull (disk full: nothing changed),
//   kStoreCorrupt, kStoreTooNew. A read of a key by name tells an unknown tenant from an unknown
//   key; a version of what does not exist is kNotFound, kKeyVersionUnknown.
#ifndef FIELDKMS_KMS_STORE_STORE_H_
#define FIELDKMS_KMS_STORE_STORE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/records.h"
#include "kms/store/rotation_store.h"
#include "kms/store/subject_store.h"
#include "kms/store/token_store.h"

namespace fieldkms {

// Identity of a mutation. `fingerprint`: 32 bytes that differ where the
// request's fields differ (SHA-256 over method and fields).
struct Mutation {
  std::string request_id;
  std::string fingerprint;
};

// The outcome of a mutation. A replayed one carries the record as it was after
// the first.
template <class T>
struct Applied {
  T value;
  bool replayed = false;
};

// A key as it is to be. Applied if the key's change is still `key.change`, the one
// that the caller read; tenant, name, key_id, purpose, exportable, create_time and
// primary_create_time are as they were and are not written. `versions` are those
// that are new or differ, whole; the primary version is among them or in the store.
// Of a version with no wrapped bytes what the store has is overwritten, also in
// its log and free pages as far as the backend can (see the implementations).
struct KeyChange {
  KeyRecord key;
  std::vector<KeyVersionRecord> versions;
};

// A version wrapped anew: written only where `old_wrapped` is what the store has.
struct RewrappedVersion {
  uint64_t key_id = 0;
  uint32_t version = 0;
  std::string old_wrapped;
  uint32_t kek_version = 0;
  std::string wrapped;
};
struct RewrappedKek {
  std::string tenant;
  uint32_t version = 0;
  std::string old_wrapped;
  std::string wrapped;
};

// What has changed. A record that changed many times stands once, with its last number.
enum class ChangeKind : uint8_t { kTenant, kKey, kAlias, kField };
struct Change {
  uint64_t number = 0;
  ChangeKind kind = ChangeKind::kKey;
  std::string tenant;
  std::string name;     // of the key, the alias or the field; "" of a tenant
  uint64_t key_id = 0;  // of the key, or what the alias points to now; else 0
};

// A version with its key, both as of one moment.
struct KeyAndVersion {
  KeyRecord key;
  KeyVersionRecord version;
};

class Store {
 public:
  virtual ~Store() = default;

  // The blob that ties this store to its root key (see Keyring::Open), or
  // nullopt in a new store. SetRootBinding replaces `expected` ("": none) and
  // fails with kAlreadyExists, kRootWrongKey, if it is another.
  virtual absl::StatusOr<std::optional<std::string>> GetRootBinding(Deadline deadline) = 0;
  virtual absl::Status SetRootBinding(std::string_view expected, std::string_view binding,
                                      Deadline deadline) = 0;

  // Tenants. CreateTenant stores the tenant with `kek` as its primary KEK.
  virtual absl::StatusOr<Applied<TenantRecord>> CreateTenant(std::string_view tenant,
                                                             const KekRecord& kek,
                                                             const Mutation& mutation,
                                                             Deadline deadline) = 0;
  virtual absl::StatusOr<TenantRecord> GetTenant(std::string_view tenant, Deadline deadline) = 0;
  // Tenants after `after` ("" for the first), in byte order, at most `limit`.
  virtual absl::StatusOr<std::vector<TenantRecord>> ListTenants(std::string_view after,
                                                                size_t limit,
                                                                Deadline deadline) = 0;

  // KEKs. AddKek appends `kek` and makes it primary if the primary is still
  // kek.version - 1, else fails with kAborted, kPrimaryChanged. ListKeks: all
  // versions of a tenant, oldest first.
  virtual absl::StatusOr<Applied<TenantRecord>> AddKek(std::string_view tenant,
                                                       const KekRecord& kek,
                                                       const Mutation& mutation,
                                                       Deadline deadline) = 0;
  virtual absl::StatusOr<KekRecord> GetKek(std::string_view tenant, uint32_t version,
                                           Deadline deadline) = 0;
  virtual absl::StatusOr<std::vector<KekRecord>> ListKeks(std::string_view tenant,
                                                          Deadline deadline) = 0;
  // Writes those that still have `old_wrapped`, in one mutation, and returns how
  // many. Repeating it is harmless, so it needs no request id.
  virtual absl::StatusOr<size_t> RewrapKeks(std::span<const RewrappedKek> keks,
                                            Deadline deadline) = 0;
  virtual absl::StatusOr<size_t> RewrapKeyVersions(std::string_view tenant,
                                                   std::span<const RewrappedVersion> versions,
                                                   Deadline deadline) = 0;
  // Versions of a tenant that have wrapped bytes under a KEK below `kek_version`,
  // after (`after_key_id`, `after_version`) in an order of the store's own that does not
  // change; and how many they are.
  virtual absl::StatusOr<std::vector<KeyAndVersion>> ListVersionsBelowKek(
      std::string_view tenant, uint32_t kek_version, uint64_t after_key_id, uint32_t after_version,
      size_t limit, Deadline deadline) = 0;
  virtual absl::StatusOr<uint64_t> CountVersionsBelowKek(std::string_view tenant,
                                                         uint32_t kek_version,
                                                         Deadline deadline) = 0;

  // Keys. CreateKey stores `key` with `first` as its version 1 and primary. A
  // name that is taken by a key or an alias: kAlreadyExists, kKeyExists. An id that is
  // taken: kAborted, kKeyExists; the caller draws another.
  virtual absl::StatusOr<Applied<KeyRecord>> CreateKey(const KeyRecord& key,
                                                       const KeyVersionRecord& first,
                                                       const Mutation& mutation,
                                                       Deadline deadline) = 0;
  // ChangeKey: see KeyChange. Errors: kAborted, kEtagMismatch, if the key has
  // changed since; kNotFound, kKeyNotFound; kInternal, kInternal, for a primary version
  // that nothing has.
  virtual absl::StatusOr<Applied<KeyRecord>> ChangeKey(const KeyChange& change,
                                                       const Mutation& mutation,
                                                       Deadline deadline) = 0;
  // The outcome recorded for a mutation of a key, if it ran before: asked before
  // new material is made. Same errors as a replay.
  virtual absl::StatusOr<std::optional<KeyRecord>> FindKeyMutation(std::string_view tenant,
                                                                   const Mutation& mutation,
                                                                   Deadline deadline) = 0;
  // By its own name or an alias of it.
  virtual absl::StatusOr<KeyRecord> GetKey(std::string_view tenant, std::string_view name,
                                           Deadline deadline) = 0;
  // kNotFound, kKeyNotFound, for a key of another tenant, too.
  virtual absl::StatusOr<KeyRecord> GetKeyById(std::string_view tenant, uint64_t key_id,
                                               Deadline deadline) = 0;
  // A key as GetKey finds it with its primary version, and one as GetKeyById finds it
  // with any version, in one read: what loading a key takes. The record of a version that
  // the key does not have is empty (its version is 0).
  virtual absl::StatusOr<KeyAndVersion> GetKeyWithPrimary(std::string_view tenant,
                                                          std::string_view name,
                                                          Deadline deadline) = 0;
  virtual absl::StatusOr<KeyAndVersion> GetKeyWithVersion(std::string_view tenant, uint64_t key_id,
                                                          uint32_t version, Deadline deadline) = 0;
  // Which tenant a key belongs to; kNotFound, kKeyNotFound. Nothing else of the key.
  virtual absl::StatusOr<std::string> TenantOfKey(uint64_t key_id, Deadline deadline) = 0;
  // Keys of a tenant after `after_name` ("" for the first), in byte order.
  virtual absl::StatusOr<std::vector<KeyRecord>> ListKeys(std::string_view tenant,
                                                          std::string_view after_name, size_t limit,
                                                          Deadline deadline) = 0;

  // Versions. ListKeyVersions: below `before` (0: from the newest), newest first;
  // none for an unknown key.
  virtual absl::StatusOr<KeyVersionRecord> GetKeyVersion(std::string_view tenant, uint64_t key_id,
                                                         uint32_t version, Deadline deadline) = 0;
  virtual absl::StatusOr<std::vector<KeyVersionRecord>> ListKeyVersions(std::string_view tenant,
                                                                        uint64_t key_id,
                                                                        uint32_t before,
                                                                        size_t limit,
                                                                        Deadline deadline) = 0;

  // Aliases. SetAlias points alias.alias to the key of alias.key_id (0: takes the
  // alias away) if the alias' change is still alias.change (0: there is none, or it
  // was taken away), else fails with kAborted, kEtagMismatch. A name that is a key's:
  // kAlreadyExists, kKeyExists. GetAlias: kNotFound, kAliasNotFound, also for one that
  // was taken away. ListAliases leaves those out.
  virtual absl::StatusOr<Applied<AliasRecord>> SetAlias(const AliasRecord& alias,
                                                        const Mutation& mutation,
                                                        Deadline deadline) = 0;
  virtual absl::StatusOr<AliasRecord> GetAlias(std::string_view tenant, std::string_view alias,
                                               Deadline deadline) = 0;
  virtual absl::StatusOr<std::vector<AliasRecord>> ListAliases(std::string_view tenant,
                                                               std::string_view after, size_t limit,
                                                               Deadline deadline) = 0;

  // Fields. PutField writes one whole if its change is still field.change (0: it is new), else
  // fails with kAborted, kEtagMismatch; of one that is there field_id and create_time stay as they
  // are. A new name that is taken: kAlreadyExists, kFieldExists; a new id that is taken: kAborted,
  // kFieldExists, and the caller draws another. kNotFound, kFieldNotFound, where there is none.
  // ListFields: after `after_name` ("" for the first), in byte order.
  virtual absl::StatusOr<Applied<FieldRecord>> PutField(const FieldRecord& field,
                                                        const Mutation& mutation,
                                                        Deadline deadline) = 0;
  virtual absl::StatusOr<FieldRecord> GetField(std::string_view tenant, std::string_view name,
                                               Deadline deadline) = 0;
  virtual absl::StatusOr<std::vector<FieldRecord>> ListFields(std::string_view tenant,
                                                              std::string_view after_name,
                                                              size_t limit, Deadline deadline) = 0;

  // What is due by `now`, of all tenants, longest due first: keys whose
  // next_rotation, versions whose destroy_time (of kDestroyScheduled) has come.
  virtual absl::StatusOr<std::vector<KeyRecord>> ListDueRotations(WallTime now, size_t limit,
                                                                  Deadline deadline) = 0;
  virtual absl::StatusOr<std::vector<KeyAndVersion>> ListDueDestructions(WallTime now, size_t limit,
                                                                         Deadline deadline) = 0;

  // Changes. WaitForChange returns the newest number as soon as it is above `after`,
  // or what it is at `until`; it blocks a thread and no connection that others need. Where
  // the store cannot be asked it may be the newest that was heard of, seconds ago;
  // GetChangeNumber asks the store, and fails if it cannot: all that was changed before the
  // call is up to that number.
  // ReadChanges: those above `after` in their order, at most `limit`, but never a part of
  // those of one number (a rewrap has many), so that one goes on after the last.
  virtual absl::StatusOr<uint64_t> WaitForChange(uint64_t after, Deadline until) = 0;
  virtual absl::StatusOr<uint64_t> GetChangeNumber(Deadline deadline) = 0;
  virtual absl::StatusOr<std::vector<Change>> ReadChanges(uint64_t after, size_t limit,
                                                          Deadline deadline) = 0;

  // Leases. They are no changes: no number, no request id; lease ids are random.
  // PutLease writes or overwrites; leases that ended more than a day ago may be
  // forgotten. LastLeaseEnd: when the last lease of a version (0: of any) ends that has not
  // ended by `now`, of those to seal with only if `encrypt_only`; nullopt: there is none.
  virtual absl::Status PutLease(const LeaseRecord& lease, Deadline deadline) = 0;
  virtual absl::StatusOr<LeaseRecord> GetLease(std::string_view tenant, std::string_view lease_id,
                                               Deadline deadline) = 0;
  virtual absl::StatusOr<std::optional<WallTime>> LastLeaseEnd(std::string_view tenant,
                                                               uint64_t key_id, uint32_t version,
                                                               bool encrypt_only, WallTime now,
                                                               Deadline deadline) = 0;

  // Operations. PutOperation writes one if its change is still operation.change (0: it
  // is new) and returns it with its new number; else kAborted, kEtagMismatch. Their
  // numbers are changes that ReadChanges leaves out. ListOperations: newest first;
  // `running_only`: those in kRunning.
  virtual absl::StatusOr<OperationRecord> PutOperation(const OperationRecord& operation,
                                                       Deadline deadline) = 0;
  virtual absl::StatusOr<OperationRecord> GetOperation(std::string_view operation_id,
                                                       Deadline deadline) = 0;
  virtual absl::StatusOr<std::vector<OperationRecord>> ListOperations(bool running_only,
                                                                      size_t limit,
                                                                      Deadline deadline) = 0;

  // Import of whole tenants, from a backup or another store, of any size. StageKeys,
  // StageAliases and StageFields put records aside, a batch at a time, where no other method and no
  // other import sees them; one staged again takes the place of the first, a key with all of its
  // versions. kAlreadyExists, kKeyExists or kFieldExists, for an id of a key or a field that
  // another tenant of the store has.
  virtual absl::Status StageKeys(const ImportId& import, std::string_view tenant,
                                 std::span<const WholeKey> keys, Deadline deadline) = 0;
  virtual absl::Status StageAliases(const ImportId& import, std::string_view tenant,
                                    std::span<const AliasRecord> aliases, Deadline deadline) = 0;
  virtual absl::Status StageFields(const ImportId& import, std::string_view tenant,
                                   std::span<const FieldRecord> fields, Deadline deadline) = 0;
  // ApplyStaged makes `tenants` and all that `import` has staged of them part of the store,
  // in one mutation, and returns its number: they appear together or not at all. It holds up
  // other mutations for the time that it takes, some seconds for 100,000 keys. kAborted,
  // kStoreUnavailable, naming the tenant, if not as many records are staged as it says, since
  // somebody dropped them.
  // kNew: kAlreadyExists, kTenantExists, naming the tenant, if one of them exists. Its
  // number stands on the tenants alone, and the one before it on their keys, aliases and fields:
  // nobody can have loaded those, and replicas need not hear of each. Who follows changes
  // to copy them reads a tenant whole that it did not know.
  // kReplace: what is there is overwritten, what is not staged stays; the number, above
  // `above`, stands on all that is written.
  // Both: kInvalidArgument, kInvalidField, for a key without its primary version, or a
  // version whose KEK is not there. After OK nothing is left staged of these tenants,
  // also by other imports: those come too late, or were killed, and no wrapped bytes may
  // outlive their destruction there. After kUnavailable nobody knows whether it happened; kReplace
  // may be repeated, from staging on.
  virtual absl::StatusOr<uint64_t> ApplyStaged(const ImportId& import,
                                               std::span<const StagedTenant> tenants,
                                               ImportMode mode, uint64_t above,
                                               Deadline deadline) = 0;
  // DropStaged forgets what an import has staged of a tenant.
  virtual absl::Status DropStaged(const ImportId& import, std::string_view tenant,
                                  Deadline deadline) = 0;

  // A frozen store takes no mutation, no operation, no token, no subject, no job of a rotation and
  // no schedule: kUnavailable, kStoreUnavailable. Reads, leases, replicas and the root binding go
  // on. It stays so, also over a restart.
  // When SetFrozen(true) returns OK, no mutation and no write of tokens or subjects is under way
  // any more.
  virtual absl::Status SetFrozen(bool frozen, Deadline deadline) = 0;
  virtual absl::StatusOr<bool> IsFrozen(Deadline deadline) = 0;

  // Vaulted tokens and data subjects, in the same place; both are part of this store. They are
  // not staged: backups and copies read and write them by calls of their own.
  virtual TokenStore& tokens() = 0;
  virtual SubjectStore& subjects() = 0;
  // Rotations, likewise: of this store alone, so that no copy or backup takes them along.
  virtual RotationStore& rotations() = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_STORE_H_
