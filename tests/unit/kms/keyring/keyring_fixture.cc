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
  key->used = std::make_shared<std::atomic<bool>>(false);
  for (const uint32_t version : versions) {
    key->versions.push_back(std::make_shared<const LoadedVersion>(
        LoadedVersion{version, VersionState::kEnabled,
                      XaesKey::Create(SecretBytes::Random(32).value()).value(), nullptr}));
    key->record.primary_version = version;
  }
  return key;
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
  ASSERT_OK_AND_ASSIGN(auto store, OpenSqliteStore(store_path_, clock_));
  store_ = std::make_unique<WatchedStore>(std::move(store));
  ASSERT_OK_AND_ASSIGN(keyring_, Keyring::Open(*store_, *root_, clock_, options_));
}

void KeyringFixture::HaveTenant(std::string_view tenant) {
  ASSERT_OK(admin().CreateTenant(tenant, FreshId(), kNoDeadline));
}

KeyRecord KeyringFixture::HaveKey(std::string_view tenant, std::string_view name) {
  const auto key = admin().CreateKey(SpecOf(tenant, name), FreshId(), kNoDeadline);
  EXPECT_OK(key);
  EXPECT_OK(keyring().LoadByName(tenant, name, kNoDeadline));
  return key.ok() ? *key : KeyRecord();
}

KeySpec KeyringFixture::SpecOf(std::string_view tenant, std::string_view name) {
  KeySpec spec;
  spec.tenant = tenant;
  spec.name = name;
  return spec;
}

std::string KeyringFixture::FreshId() { return "request-" + std::to_string(++ids_); }

std::string KeyringFixture::Seal(const LoadedKey& key) {
  constexpr std::string_view kValue = "value";
  std::string sealed(kXaesNonceSize + kValue.size() + kXaesTagSize, '\0');
  const MutableBytes out(reinterpret_cast<uint8_t*>(sealed.data()), sealed.size());
  EXPECT_OK(RandomBytes(out.first<kXaesNonceSize>()));
  EXPECT_OK(key.Primary()->As<XaesKey>()->Seal(out.first<kXaesNonceSize>(), {}, AsBytes(kValue),
                                               out.subspan(kXaesNonceSize)));
  return sealed;
}

bool KeyringFixture::Opens(const LoadedKey& key, uint32_t version, const std::string& sealed) {
  const LoadedVersion* loaded = key.Find(version);
  if (loaded == nullptr || !loaded->HasMaterial()) return false;
  std::string value(sealed.size() - kXaesNonceSize - kXaesTagSize, '\0');
  const ByteView in = AsBytes(sealed);
  const absl::Status status =
      loaded->As<XaesKey>()->Open(in.first<kXaesNonceSize>(), {}, in.subspan(kXaesNonceSize),
                                  {reinterpret_cast<uint8_t*>(value.data()), value.size()});
  return status.ok() && value == "value";
}

}  // namespace fieldkms::testing
