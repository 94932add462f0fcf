// A keyring over a real store and root, both watched: tests count their calls,
// make them fail and hold them up.
#ifndef FIELDKMS_TESTS_UNIT_KMS_KEYRING_KEYRING_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_KMS_KEYRING_KEYRING_FIXTURE_H_

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kms/keyring/keyring.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

// A key as a snapshot holds it, with random material; the last version is primary.
std::shared_ptr<const LoadedKey> LoadedKeyOf(std::string_view tenant, std::string_view name,
                                             uint64_t key_id,
                                             std::initializer_list<uint32_t> versions);

// Watch counts calls by name, and runs a hook before each, which may block or
// return an error instead of the call.
class Watch {
 public:
  using Hook = std::function<absl::Status()>;

  absl::Status Call(const std::string& name);
  int Count(const std::string& name) const;
  // An empty hook takes the last one back.
  void SetHook(const std::string& name, Hook hook);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> counts_;
  std::map<std::string, Hook> hooks_;
};

// The real store, each call announced to a Watch under its method's name; a
// rotation also after it is done, as "AddKeyVersion done", where a hook's error
// stands for an answer that is lost.
class WatchedStore final : public Store {
 public:
  explicit WatchedStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}
  Watch& watch() { return watch_; }

  absl::StatusOr<std::optional<std::string>> GetRootBinding(Deadline d) override;
  absl::Status SetRootBinding(std::string_view binding, Deadline d) override;
  absl::StatusOr<Applied<TenantRecord>> CreateTenant(std::string_view tenant, const KekRecord& kek,
                                                     const Mutation& m, Deadline d) override;
  absl::StatusOr<TenantRecord> GetTenant(std::string_view tenant, Deadline d) override;
  absl::StatusOr<std::vector<TenantRecord>> ListTenants(std::string_view after, size_t limit,
                                                        Deadline d) override;
  absl::StatusOr<KekRecord> GetKek(std::string_view tenant, uint32_t version, Deadline d) override;
  absl::StatusOr<Applied<KeyRecord>> CreateKey(const KeyRecord& key, const KeyVersionRecord& first,
                                               const Mutation& m, Deadline d) override;
  absl::StatusOr<KeyRecord> GetKey(std::string_view tenant, std::string_view name,
                                   Deadline d) override;
  absl::StatusOr<KeyRecord> GetKeyById(uint64_t key_id, Deadline d) override;
  absl::StatusOr<std::vector<KeyRecord>> ListKeys(std::string_view tenant, std::string_view after,
                                                  size_t limit, Deadline d) override;
  absl::StatusOr<Applied<KeyRecord>> AddKeyVersion(std::string_view tenant, std::string_view name,
                                                   const KeyVersionRecord& version,
                                                   const Mutation& m, Deadline d) override;
  absl::StatusOr<std::optional<KeyRecord>> FindKeyMutation(std::string_view tenant,
                                                           const Mutation& m, Deadline d) override;
  absl::StatusOr<KeyVersionRecord> GetKeyVersion(uint64_t key_id, uint32_t version,
                                                 Deadline d) override;
  absl::StatusOr<std::vector<KeyVersionRecord>> ListKeyVersions(uint64_t key_id, uint32_t before,
                                                                size_t limit, Deadline d) override;

 private:
  std::unique_ptr<Store> store_;
  Watch watch_;
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

 private:
  std::unique_ptr<RootKey> root_;
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

class KeyringFixture : public ::testing::Test {
 protected:
  void SetUp() override;
  // A new process: the store is opened again, nothing is loaded.
  void Restart();

  Keyring& keyring() { return *keyring_; }
  WatchedStore& store() { return *store_; }
  WatchedRoot& root() { return *root_; }
  const std::string& store_path() const { return store_path_; }
  const std::string& root_path() const { return root_path_; }

  // A tenant or a key that the test starts with.
  void HaveTenant(std::string_view tenant);
  KeyRecord HaveKey(std::string_view tenant, std::string_view name);
  // A request id that no other step of the test uses.
  std::string FreshId();

  // Seals or opens a value with a key as loaded now; fails the test otherwise.
  std::string Seal(const LoadedKey& key);
  bool Opens(const LoadedKey& key, uint32_t version, const std::string& sealed);

  void Close();

 private:
  TempDir directory_;
  const std::string store_path_ = directory_.File("store.db");
  const std::string root_path_ = directory_.File("root.key");
  std::unique_ptr<WatchedStore> store_;
  std::unique_ptr<WatchedRoot> root_;
  std::unique_ptr<Keyring> keyring_;
  int ids_ = 0;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_KEYRING_KEYRING_FIXTURE_H_
