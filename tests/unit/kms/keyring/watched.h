// Stores and roots that are watched: tests count their calls, make them fail and hold
// them up.
#ifndef FIELDKMS_TESTS_UNIT_KMS_KEYRING_WATCHED_H_
#define FIELDKMS_TESTS_UNIT_KMS_KEYRING_WATCHED_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kms/root/root_key.h"
#include "kms/store/store.h"
#include "tests/unit/kms/keyring/watch.h"
#include "tests/unit/kms/keyring/watched_rotations.h"

namespace fieldkms::testing {

// The real store, each call announced to a Watch under its method's name. Some also
// after they are done: "ChangeKey done", where a hook's error stands for an answer that is
// lost, "GetKeyWithPrimary done" and "GetField done", where a hook lets what was read grow old.
class WatchedStore final : public Store {
 public:
  explicit WatchedStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}
  Watch& watch() { return watch_; }

  absl::StatusOr<std::optional<std::string>> GetRootBinding(Deadline deadline) override;
  absl::Status SetRootBinding(std::string_view expected, std::string_view binding,
                              Deadline deadline) override;
  absl::StatusOr<Applied<TenantRecord>> CreateTenant(std::string_view tenant, const KekRecord& kek,
                                                     const Mutation& mutation,
                                                     Deadline deadline) override;
  absl::StatusOr<TenantRecord> GetTenant(std::string_view tenant, Deadline deadline) override;
  absl::StatusOr<std::vector<TenantRecord>> ListTenants(std::string_view after, size_t limit,
                                                        Deadline deadline) override;
  absl::StatusOr<Applied<TenantRecord>> AddKek(std::string_view tenant, const KekRecord& kek,
                                               const Mutation& mutation,
                                               Deadline deadline) override;
  absl::StatusOr<KekRecord> GetKek(std::string_view tenant, uint32_t version,
                                   Deadline deadline) override;
  absl::StatusOr<std::vector<KekRecord>> ListKeks(std::string_view tenant,
                                                  Deadline deadline) override;
  absl::StatusOr<size_t> RewrapKeks(std::span<const RewrappedKek> keks, Deadline deadline) override;
  absl::StatusOr<size_t> RewrapKeyVersions(std::string_view tenant,
                                           std::span<const RewrappedVersion> versions,
                                           Deadline deadline) override;
  absl::StatusOr<std::vector<KeyAndVersion>> ListVersionsBelowKek(
      std::string_view tenant, uint32_t kek_version, uint64_t after_key_id, uint32_t after_version,
      size_t limit, Deadline deadline) override;
  absl::StatusOr<uint64_t> CountVersionsBelowKek(std::string_view tenant, uint32_t kek_version,
                                                 Deadline deadline) override;
  absl::StatusOr<Applied<KeyRecord>> CreateKey(const KeyRecord& key, const KeyVersionRecord& first,
                                               const Mutation& mutation,
                                               Deadline deadline) override;
  absl::StatusOr<Applied<KeyRecord>> ChangeKey(const KeyChange& change, const Mutation& mutation,
                                               Deadline deadline) override;
  absl::StatusOr<std::optional<KeyRecord>> FindKeyMutation(std::string_view tenant,
                                                           const Mutation& mutation,
                                                           Deadline deadline) override;
  absl::StatusOr<KeyRecord> GetKey(std::string_view tenant, std::string_view name,
                                   Deadline deadline) override;
  absl::StatusOr<KeyRecord> GetKeyById(std::string_view tenant, uint64_t key_id,
                                       Deadline deadline) override;
  absl::StatusOr<KeyAndVersion> GetKeyWithPrimary(std::string_view tenant, std::string_view name,
                                                  Deadline deadline) override;
  absl::StatusOr<KeyAndVersion> GetKeyWithVersion(std::string_view tenant, uint64_t key_id,
                                                  uint32_t version, Deadline deadline) override;
  absl::StatusOr<std::string> TenantOfKey(uint64_t key_id, Deadline deadline) override;
  absl::StatusOr<std::vector<KeyRecord>> ListKeys(std::string_view tenant,
                                                  std::string_view after_name, size_t limit,
                                                  Deadline deadline) override;
  absl::StatusOr<KeyVersionRecord> GetKeyVersion(std::string_view tenant, uint64_t key_id,
                                                 uint32_t version, Deadline deadline) override;
  absl::StatusOr<std::vector<KeyVersionRecord>> ListKeyVersions(std::string_view tenant,
                                                                uint64_t key_id, uint32_t before,
                                                                size_t limit,
                                                                Deadline deadline) override;
  absl::StatusOr<Applied<AliasRecord>> SetAlias(const AliasRecord& alias, const Mutation& mutation,
                                                Deadline deadline) override;
  absl::StatusOr<AliasRecord> GetAlias(std::string_view tenant, std::string_view alias,
                                       Deadline deadline) override;
  absl::StatusOr<std::vector<AliasRecord>> ListAliases(std::string_view tenant,
                                                       std::string_view after, size_t limit,
                                                       Deadline deadline) override;
  absl::StatusOr<Applied<FieldRecord>> PutField(const FieldRecord& field, const Mutation& mutation,
                                                Deadline deadline) override;
  absl::StatusOr<FieldRecord> GetField(std::string_view tenant, std::string_view name,
                                       Deadline deadline) override;
  absl::StatusOr<std::vector<FieldRecord>> ListFields(std::string_view tenant,
                                                      std::string_view after_name, size_t limit,
                                                      Deadline deadline) override;
  absl::StatusOr<std::vector<KeyRecord>> ListDueRotations(WallTime now, size_t limit,
                                                          Deadline deadline) override;
  absl::StatusOr<std::vector<KeyAndVersion>> ListDueDestructions(WallTime now, size_t limit,
                                                                 Deadline deadline) override;
  absl::StatusOr<uint64_t> WaitForChange(uint64_t after, Deadline until) override;
  absl::StatusOr<uint64_t> GetChangeNumber(Deadline deadline) override;
  absl::StatusOr<std::vector<Change>> ReadChanges(uint64_t after, size_t limit,
                                                  Deadline deadline) override;
  absl::Status PutLease(const LeaseRecord& lease, Deadline deadline) override;
  absl::StatusOr<LeaseRecord> GetLease(std::string_view tenant, std::string_view lease_id,
                                       Deadline deadline) override;
  absl::StatusOr<std::optional<WallTime>> LastLeaseEnd(std::string_view tenant, uint64_t key_id,
                                                       uint32_t version, bool encrypt_only,
                                                       WallTime now, Deadline deadline) override;
  absl::StatusOr<OperationRecord> PutOperation(const OperationRecord& operation,
                                               Deadline deadline) override;
  absl::StatusOr<OperationRecord> GetOperation(std::string_view operation_id,
                                               Deadline deadline) override;
  absl::StatusOr<std::vector<OperationRecord>> ListOperations(bool running_only, size_t limit,
                                                              Deadline deadline) override;
  absl::Status StageKeys(const ImportId& import, std::string_view tenant,
                         std::span<const WholeKey> keys, Deadline deadline) override;
  absl::Status StageAliases(const ImportId& import, std::string_view tenant,
                            std::span<const AliasRecord> aliases, Deadline deadline) override;
  absl::Status StageFields(const ImportId& import, std::string_view tenant,
                           std::span<const FieldRecord> fields, Deadline deadline) override;
  absl::StatusOr<uint64_t> ApplyStaged(const ImportId& import,
                                       std::span<const StagedTenant> tenants, ImportMode mode,
                                       uint64_t above, Deadline deadline) override;
  absl::Status DropStaged(const ImportId& import, std::string_view tenant,
                          Deadline deadline) override;
  absl::Status SetFrozen(bool frozen, Deadline deadline) override;
  absl::StatusOr<bool> IsFrozen(Deadline deadline) override;
  TokenStore& tokens() override { return store_->tokens(); }
  SubjectStore& subjects() override { return store_->subjects(); }
  RotationStore& rotations() override { return rotations_; }

 private:
  std::unique_ptr<Store> store_;
  Watch watch_;
  WatchedRotations rotations_{store_->rotations(), watch_};
};

// The real root, likewise: "Wrap" and "Unwrap".
class WatchedRoot final : public RootKey {
 public:
  explicit WatchedRoot(std::unique_ptr<RootKey> root) : root_(std::move(root)) {}
  Watch& watch() const { return watch_; }

  std::string Describe() const override { return root_->Describe(); }
  absl::StatusOr<std::string> Wrap(const SecretBytes& key, std::string_view context,
                                   Deadline d) const override;
  absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped, std::string_view context,
                                     Deadline d) const override;
  // From now on Unwrap gives this, whatever was wrapped.
  void SetAnswer(std::string_view answer) { answer_ = answer; }

 private:
  std::unique_ptr<RootKey> root_;
  std::string answer_;
  mutable Watch watch_;
};

// Gate holds up whoever comes until it is opened.
class Gate {
 public:
  // The hook that waits here.
  Watch::Hook Hook();
  void Open();
  // Waits until `count` calls have come.
  void AwaitArrivals(int count);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool open_ = false;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_KEYRING_WATCHED_H_
