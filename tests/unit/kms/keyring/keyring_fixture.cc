#include "tests/unit/kms/keyring/keyring_fixture.h"

#include "crypto/random.h"
#include "kms/root/local_root.h"
#include "kms/store/sqlite_store.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {

std::shared_ptr<const LoadedKey> LoadedKeyOf(std::string_view tenant, std::string_view name,
                                             uint64_t key_id,
                                             std::initializer_list<uint32_t> versions) {
  auto key = std::make_shared<LoadedKey>();
  key->record.tenant = tenant;
  key->record.name = name;
  key->record.key_id = key_id;
  for (const uint32_t version : versions) {
    key->versions.push_back(std::make_shared<const LoadedVersion>(
        LoadedVersion{version, VersionState::kEnabled,
                      XaesKey::Create(SecretBytes::Random(32).value()).value()}));
    key->record.primary_version = version;
  }
  return key;
}

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

absl::StatusOr<std::optional<std::string>> WatchedStore::GetRootBinding(Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetRootBinding"));
  return store_->GetRootBinding(d);
}
absl::Status WatchedStore::SetRootBinding(std::string_view binding, Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("SetRootBinding"));
  return store_->SetRootBinding(binding, d);
}
absl::StatusOr<Applied<TenantRecord>> WatchedStore::CreateTenant(std::string_view tenant,
                                                                 const KekRecord& kek,
                                                                 const Mutation& m, Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("CreateTenant"));
  return store_->CreateTenant(tenant, kek, m, d);
}
absl::StatusOr<TenantRecord> WatchedStore::GetTenant(std::string_view tenant, Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetTenant"));
  return store_->GetTenant(tenant, d);
}
absl::StatusOr<std::vector<TenantRecord>> WatchedStore::ListTenants(std::string_view after,
                                                                    size_t limit, Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListTenants"));
  return store_->ListTenants(after, limit, d);
}
absl::StatusOr<KekRecord> WatchedStore::GetKek(std::string_view tenant, uint32_t version,
                                               Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetKek"));
  return store_->GetKek(tenant, version, d);
}
absl::StatusOr<Applied<KeyRecord>> WatchedStore::CreateKey(const KeyRecord& key,
                                                           const KeyVersionRecord& first,
                                                           const Mutation& m, Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("CreateKey"));
  return store_->CreateKey(key, first, m, d);
}
absl::StatusOr<KeyRecord> WatchedStore::GetKey(std::string_view tenant, std::string_view name,
                                               Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetKey"));
  return store_->GetKey(tenant, name, d);
}
absl::StatusOr<KeyRecord> WatchedStore::GetKeyById(uint64_t key_id, Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetKeyById"));
  return store_->GetKeyById(key_id, d);
}
absl::StatusOr<std::vector<KeyRecord>> WatchedStore::ListKeys(std::string_view tenant,
                                                              std::string_view after, size_t limit,
                                                              Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListKeys"));
  return store_->ListKeys(tenant, after, limit, d);
}
absl::StatusOr<Applied<KeyRecord>> WatchedStore::AddKeyVersion(std::string_view tenant,
                                                               std::string_view name,
                                                               const KeyVersionRecord& version,
                                                               const Mutation& m, Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("AddKeyVersion"));
  auto applied = store_->AddKeyVersion(tenant, name, version, m, d);
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("AddKeyVersion done"));
  return applied;
}
absl::StatusOr<std::optional<KeyRecord>> WatchedStore::FindKeyMutation(std::string_view tenant,
                                                                       const Mutation& m,
                                                                       Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("FindKeyMutation"));
  return store_->FindKeyMutation(tenant, m, d);
}
absl::StatusOr<KeyVersionRecord> WatchedStore::GetKeyVersion(uint64_t key_id, uint32_t version,
                                                             Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("GetKeyVersion"));
  return store_->GetKeyVersion(key_id, version, d);
}
absl::StatusOr<std::vector<KeyVersionRecord>> WatchedStore::ListKeyVersions(uint64_t key_id,
                                                                            uint32_t before,
                                                                            size_t limit,
                                                                            Deadline d) {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("ListKeyVersions"));
  return store_->ListKeyVersions(key_id, before, limit, d);
}

absl::StatusOr<std::string> WatchedRoot::Wrap(const SecretBytes& key, std::string_view context,
                                              Deadline d) const {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("Wrap"));
  return root_->Wrap(key, context, d);
}
absl::StatusOr<SecretBytes> WatchedRoot::Unwrap(std::string_view wrapped, std::string_view context,
                                                Deadline d) const {
  FIELDKMS_RETURN_IF_ERROR(watch_.Call("Unwrap"));
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

void KeyringFixture::SetUp() {
  ASSERT_OK(CreateLocalRoot(root_path_));
  Restart();
}

void KeyringFixture::Close() {
  keyring_.reset();
  store_.reset();
  root_.reset();
}

void KeyringFixture::Restart() {
  Close();
  ASSERT_OK_AND_ASSIGN(auto root, OpenLocalRoot(root_path_));
  root_ = std::make_unique<WatchedRoot>(std::move(root));
  ASSERT_OK_AND_ASSIGN(auto store, OpenSqliteStore(store_path_, SystemClock()));
  store_ = std::make_unique<WatchedStore>(std::move(store));
  ASSERT_OK_AND_ASSIGN(keyring_, Keyring::Open(*store_, *root_, SystemClock()));
}

void KeyringFixture::HaveTenant(std::string_view tenant) {
  ASSERT_OK(keyring().CreateTenant(tenant, FreshId(), kNoDeadline));
}

KeyRecord KeyringFixture::HaveKey(std::string_view tenant, std::string_view name) {
  const auto key = keyring().CreateKey(tenant, name, KeyPurpose::kEncrypt, FreshId(), kNoDeadline);
  EXPECT_OK(key);
  return key.ok() ? *key : KeyRecord();
}

std::string KeyringFixture::FreshId() { return "request-" + std::to_string(++ids_); }

std::string KeyringFixture::Seal(const LoadedKey& key) {
  constexpr std::string_view kValue = "value";
  std::string sealed(kXaesNonceSize + kValue.size() + kXaesTagSize, '\0');
  const MutableBytes out(reinterpret_cast<uint8_t*>(sealed.data()), sealed.size());
  EXPECT_OK(RandomBytes(out.first<kXaesNonceSize>()));
  EXPECT_OK(key.Primary().key.Seal(out.first<kXaesNonceSize>(), {}, AsBytes(kValue),
                                   out.subspan(kXaesNonceSize)));
  return sealed;
}

bool KeyringFixture::Opens(const LoadedKey& key, uint32_t version, const std::string& sealed) {
  const LoadedVersion* loaded = key.Find(version);
  if (loaded == nullptr) return false;
  std::string value(sealed.size() - kXaesNonceSize - kXaesTagSize, '\0');
  const ByteView in = AsBytes(sealed);
  const absl::Status status =
      loaded->key.Open(in.first<kXaesNonceSize>(), {}, in.subspan(kXaesNonceSize),
                       {reinterpret_cast<uint8_t*>(value.data()), value.size()});
  return status.ok() && value == "value";
}

}  // namespace fieldkms::testing
