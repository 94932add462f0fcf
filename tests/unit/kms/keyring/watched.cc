#include "tests/unit/kms/keyring/watched.h"

#include "crypto/status.h"

namespace fieldkms::testing {

absl::Status Watch::Call(const std::string& name) {
  Hook hook;
  {
    const std::lock_guard lock(mutex_);
    ++counts_[name];
    if (const auto found = hooks_.find(name); found != hooks_.end()) hook = found->second;
  }
  return hook ? hook() : absl::OkStatus();
}

int Watch::Count(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(name);
  return found != counts_.end() ? found->second : 0;
}

void Watch::SetHook(const std::string& name, Hook hook) {
  const std::lock_guard lock(mutex_);
  hooks_[name] = std::move(hook);
}

absl::StatusOr<std::optional<std::string>> WatchedStore::GetRootBinding(Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetRootBinding"));
  return store_->GetRootBinding(deadline);
}
absl::Status WatchedStore::SetRootBinding(std::string_view expected, std::string_view binding,
                                          Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("SetRootBinding"));
  return store_->SetRootBinding(expected, binding, deadline);
}
absl::StatusOr<Applied<TenantRecord>> WatchedStore::CreateTenant(std::string_view tenant,
                                                                 const KekRecord& kek,
                                                                 const Mutation& mutation,
                                                                 Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("CreateTenant"));
  return store_->CreateTenant(tenant, kek, mutation, deadline);
}
absl::StatusOr<TenantRecord> WatchedStore::GetTenant(std::string_view tenant, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetTenant"));
  return store_->GetTenant(tenant, deadline);
}
absl::StatusOr<std::vector<TenantRecord>> WatchedStore::ListTenants(std::string_view after,
                                                                    size_t limit,
                                                                    Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListTenants"));
  return store_->ListTenants(after, limit, deadline);
}
absl::StatusOr<Applied<TenantRecord>> WatchedStore::AddKek(std::string_view tenant,
                                                           const KekRecord& kek,
                                                           const Mutation& mutation,
                                                           Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("AddKek"));
  return store_->AddKek(tenant, kek, mutation, deadline);
}
absl::StatusOr<KekRecord> WatchedStore::GetKek(std::string_view tenant, uint32_t version,
                                               Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetKek"));
  return store_->GetKek(tenant, version, deadline);
}
absl::StatusOr<std::vector<KekRecord>> WatchedStore::ListKeks(std::string_view tenant,
                                                              Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListKeks"));
  return store_->ListKeks(tenant, deadline);
}
absl::StatusOr<size_t> WatchedStore::RewrapKeks(std::span<const RewrappedKek> keks,
                                                Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("RewrapKeks"));
  return store_->RewrapKeks(keks, deadline);
}
absl::StatusOr<size_t> WatchedStore::RewrapKeyVersions(std::string_view tenant,
                                                       std::span<const RewrappedVersion> versions,
                                                       Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("RewrapKeyVersions"));
  return store_->RewrapKeyVersions(tenant, versions, deadline);
}
absl::StatusOr<std::vector<KeyAndVersion>> WatchedStore::ListVersionsBelowKek(
    std::string_view tenant, uint32_t kek_version, uint64_t after_key_id, uint32_t after_version,
    size_t limit, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListVersionsBelowKek"));
  return store_->ListVersionsBelowKek(tenant, kek_version, after_key_id, after_version, limit,
                                      deadline);
}
absl::StatusOr<uint64_t> WatchedStore::CountVersionsBelowKek(std::string_view tenant,
                                                             uint32_t kek_version,
                                                             Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("CountVersionsBelowKek"));
  return store_->CountVersionsBelowKek(tenant, kek_version, deadline);
}
absl::StatusOr<Applied<KeyRecord>> WatchedStore::CreateKey(const KeyRecord& key,
                                                           const KeyVersionRecord& first,
                                                           const Mutation& mutation,
                                                           Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("CreateKey"));
  return store_->CreateKey(key, first, mutation, deadline);
}
absl::StatusOr<Applied<KeyRecord>> WatchedStore::ChangeKey(const KeyChange& change,
                                                           const Mutation& mutation,
                                                           Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ChangeKey"));
  auto applied = store_->ChangeKey(change, mutation, deadline);
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ChangeKey done"));
  return applied;
}
absl::StatusOr<std::optional<KeyRecord>> WatchedStore::FindKeyMutation(std::string_view tenant,
                                                                       const Mutation& mutation,
                                                                       Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("FindKeyMutation"));
  return store_->FindKeyMutation(tenant, mutation, deadline);
}
absl::StatusOr<KeyRecord> WatchedStore::GetKey(std::string_view tenant, std::string_view name,
                                               Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetKey"));
  return store_->GetKey(tenant, name, deadline);
}
absl::StatusOr<KeyRecord> WatchedStore::GetKeyById(std::string_view tenant, uint64_t key_id,
                                                   Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetKeyById"));
  return store_->GetKeyById(tenant, key_id, deadline);
}
absl::StatusOr<KeyAndVersion> WatchedStore::GetKeyWithPrimary(std::string_view tenant,
                                                              std::string_view name,
                                                              Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetKeyWithPrimary"));
  absl::StatusOr<KeyAndVersion> found = store_->GetKeyWithPrimary(tenant, name, deadline);
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetKeyWithPrimary done"));
  return found;
}
absl::StatusOr<KeyAndVersion> WatchedStore::GetKeyWithVersion(std::string_view tenant,
                                                              uint64_t key_id, uint32_t version,
                                                              Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetKeyWithVersion"));
  return store_->GetKeyWithVersion(tenant, key_id, version, deadline);
}
absl::StatusOr<std::string> WatchedStore::TenantOfKey(uint64_t key_id, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("TenantOfKey"));
  return store_->TenantOfKey(key_id, deadline);
}
absl::StatusOr<std::vector<KeyRecord>> WatchedStore::ListKeys(std::string_view tenant,
                                                              std::string_view after_name,
                                                              size_t limit, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListKeys"));
  return store_->ListKeys(tenant, after_name, limit, deadline);
}
absl::StatusOr<KeyVersionRecord> WatchedStore::GetKeyVersion(std::string_view tenant,
                                                             uint64_t key_id, uint32_t version,
                                                             Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetKeyVersion"));
  return store_->GetKeyVersion(tenant, key_id, version, deadline);
}
absl::StatusOr<std::vector<KeyVersionRecord>> WatchedStore::ListKeyVersions(
    std::string_view tenant, uint64_t key_id, uint32_t before, size_t limit, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListKeyVersions"));
  return store_->ListKeyVersions(tenant, key_id, before, limit, deadline);
}
absl::StatusOr<Applied<AliasRecord>> WatchedStore::SetAlias(const AliasRecord& alias,
                                                            const Mutation& mutation,
                                                            Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("SetAlias"));
  return store_->SetAlias(alias, mutation, deadline);
}
absl::StatusOr<AliasRecord> WatchedStore::GetAlias(std::string_view tenant, std::string_view alias,
                                                   Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetAlias"));
  return store_->GetAlias(tenant, alias, deadline);
}
absl::StatusOr<std::vector<AliasRecord>> WatchedStore::ListAliases(std::string_view tenant,
                                                                   std::string_view after,
                                                                   size_t limit,
                                                                   Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListAliases"));
  return store_->ListAliases(tenant, after, limit, deadline);
}
absl::StatusOr<Applied<FieldRecord>> WatchedStore::PutField(const FieldRecord& field,
                                                            const Mutation& mutation,
                                                            Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("PutField"));
  return store_->PutField(field, mutation, deadline);
}
absl::StatusOr<FieldRecord> WatchedStore::GetField(std::string_view tenant, std::string_view name,
                                                   Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetField"));
  absl::StatusOr<FieldRecord> found = store_->GetField(tenant, name, deadline);
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetField done"));
  return found;
}
absl::StatusOr<std::vector<FieldRecord>> WatchedStore::ListFields(std::string_view tenant,
                                                                  std::string_view after_name,
                                                                  size_t limit, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListFields"));
  return store_->ListFields(tenant, after_name, limit, deadline);
}
absl::StatusOr<std::vector<KeyRecord>> WatchedStore::ListDueRotations(WallTime now, size_t limit,
                                                                      Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListDueRotations"));
  return store_->ListDueRotations(now, limit, deadline);
}
absl::StatusOr<std::vector<KeyAndVersion>> WatchedStore::ListDueDestructions(WallTime now,
                                                                             size_t limit,
                                                                             Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListDueDestructions"));
  return store_->ListDueDestructions(now, limit, deadline);
}
absl::StatusOr<uint64_t> WatchedStore::WaitForChange(uint64_t after, Deadline until) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("WaitForChange"));
  return store_->WaitForChange(after, until);
}
absl::StatusOr<uint64_t> WatchedStore::GetChangeNumber(Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetChangeNumber"));
  return store_->GetChangeNumber(deadline);
}
absl::StatusOr<std::vector<Change>> WatchedStore::ReadChanges(uint64_t after, size_t limit,
                                                              Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ReadChanges"));
  return store_->ReadChanges(after, limit, deadline);
}
absl::Status WatchedStore::PutLease(const LeaseRecord& lease, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("PutLease"));
  return store_->PutLease(lease, deadline);
}
absl::StatusOr<LeaseRecord> WatchedStore::GetLease(std::string_view tenant,
                                                   std::string_view lease_id, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetLease"));
  return store_->GetLease(tenant, lease_id, deadline);
}
absl::StatusOr<std::optional<WallTime>> WatchedStore::LastLeaseEnd(std::string_view tenant,
                                                                   uint64_t key_id,
                                                                   uint32_t version,
                                                                   bool encrypt_only, WallTime now,
                                                                   Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("LastLeaseEnd"));
  return store_->LastLeaseEnd(tenant, key_id, version, encrypt_only, now, deadline);
}
absl::StatusOr<OperationRecord> WatchedStore::PutOperation(const OperationRecord& operation,
                                                           Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("PutOperation"));
  return store_->PutOperation(operation, deadline);
}
absl::StatusOr<OperationRecord> WatchedStore::GetOperation(std::string_view operation_id,
                                                           Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetOperation"));
  return store_->GetOperation(operation_id, deadline);
}
absl::StatusOr<std::vector<OperationRecord>> WatchedStore::ListOperations(bool running_only,
                                                                          size_t limit,
                                                                          Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListOperations"));
  return store_->ListOperations(running_only, limit, deadline);
}
absl::Status WatchedStore::StageKeys(const ImportId& import, std::string_view tenant,
                                     std::span<const WholeKey> keys, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("StageKeys"));
  return store_->StageKeys(import, tenant, keys, deadline);
}
absl::Status WatchedStore::StageAliases(const ImportId& import, std::string_view tenant,
                                        std::span<const AliasRecord> aliases, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("StageAliases"));
  return store_->StageAliases(import, tenant, aliases, deadline);
}
absl::Status WatchedStore::StageFields(const ImportId& import, std::string_view tenant,
                                       std::span<const FieldRecord> fields, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("StageFields"));
  return store_->StageFields(import, tenant, fields, deadline);
}
absl::StatusOr<uint64_t> WatchedStore::ApplyStaged(const ImportId& import,
                                                   std::span<const StagedTenant> tenants,
                                                   ImportMode mode, uint64_t above,
                                                   Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ApplyStaged"));
  return store_->ApplyStaged(import, tenants, mode, above, deadline);
}
absl::Status WatchedStore::DropStaged(const ImportId& import, std::string_view tenant,
                                      Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("DropStaged"));
  return store_->DropStaged(import, tenant, deadline);
}
absl::Status WatchedStore::SetFrozen(bool frozen, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("SetFrozen"));
  return store_->SetFrozen(frozen, deadline);
}
absl::StatusOr<bool> WatchedStore::IsFrozen(Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("IsFrozen"));
  return store_->IsFrozen(deadline);
}

absl::StatusOr<std::string> WatchedRoot::Wrap(const SecretBytes& key, std::string_view context,
                                              Deadline d) const {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("Wrap"));
  return root_->Wrap(key, context, d);
}
absl::StatusOr<SecretBytes> WatchedRoot::Unwrap(std::string_view wrapped, std::string_view context,
                                                Deadline d) const {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("Unwrap"));
  if (!answer_.empty()) return SecretBytes::CopyOf(AsBytes(answer_));
  return root_->Unwrap(wrapped, context, d);
}

Watch::Hook Gate::Hook() {
  return [this] {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    return absl::OkStatus();
  };
}

void Gate::Open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
  changed_.notify_all();
}

void Gate::AwaitArrivals(int count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return arrived_ >= count; });
}

}  // namespace fieldkms::testing
