// A keyring over a real store and root, both watched: tests count their calls,
// make them fail and hold them up.
#ifndef FIELDKMS_TESTS_UNIT_KMS_KEYRING_KEYRING_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_KMS_KEYRING_KEYRING_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "kms/keyring/keyring.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/keyring/watched.h"

namespace fieldkms::testing {

// A key as a snapshot holds it, with random material; the last version is primary.
std::shared_ptr<const LoadedKey> LoadedKeyOf(std::string_view tenant, std::string_view name,
                                             uint64_t key_id,
                                             std::initializer_list<uint32_t> versions);

// The machine's clocks, each moved on by a test.
class ShiftedClock final : public Clock {
 public:
  WallTime Now() const override { return SystemClock().Now() + wall_.load(); }
  std::chrono::steady_clock::time_point Steady() const override {
    return SystemClock().Steady() + steady_.load();
  }
  // Time passes.
  void Advance(std::chrono::microseconds by) {
    wall_ = wall_.load() + by;
    steady_ = steady_.load() + by;
  }
  // The wall clock is set.
  void Jump(std::chrono::microseconds by) { wall_ = wall_.load() + by; }

 private:
  std::atomic<std::chrono::microseconds> wall_{};
  std::atomic<std::chrono::microseconds> steady_{};
};

class KeyringFixture : public ::testing::Test {
 protected:
  void SetUp() override;
  // A new process: the store is opened again, nothing is loaded.
  void Restart();

  Keyring& keyring() { return *keyring_; }
  KeyAdmin& admin() { return keyring_->admin(); }
  WatchedStore& store() { return *store_; }
  WatchedRoot& root() { return *root_; }
  const std::string& store_path() const { return store_path_; }
  const std::string& root_path() const { return root_path_; }

  static KeySpec SpecOf(std::string_view tenant, std::string_view name);
  // A tenant or a key that the test starts with; the key is loaded.
  void HaveTenant(std::string_view tenant);
  KeyRecord HaveKey(std::string_view tenant, std::string_view name);
  // A request id that no other step of the test uses.
  std::string FreshId();

  // Seals or opens a value with a key as loaded now; fails the test otherwise.
  std::string Seal(const LoadedKey& key);
  bool Opens(const LoadedKey& key, uint32_t version, const std::string& sealed);

  void Close();

  // The machine's clock, moved on by what a test says.
  ShiftedClock& clock() { return clock_; }
  KeyringOptions options_;  // of the next Restart

 private:
  ShiftedClock clock_;
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
