// The contract of Store (kms/store/store.h), for every implementation: a backend
// instantiates StoreContract with a way to make places for stores, and
// SharedStoreContract, too, if several processes may open one place at once.
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, ::testing::Values(&MakeSqlitePlace));
#ifndef FIELDKMS_TESTS_CONTRACT_STORE_CONTRACT_H_
#define FIELDKMS_TESTS_CONTRACT_STORE_CONTRACT_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms::testing {

// A clock whose wall time is set by the test; its monotonic time is the machine's.
class SettableClock final : public Clock {
 public:
  WallTime Now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  std::chrono::steady_clock::time_point Steady() const override {
    return std::chrono::steady_clock::now();
  }
  void Advance(std::chrono::microseconds by) {
    const std::lock_guard lock(mutex_);
    now_ += by;
  }

 private:
  mutable std::mutex mutex_;
  WallTime now_{std::chrono::microseconds(1'700'000'000'000'001)};
};

// StorePlace is where one store lives: a new one at first, the same one whenever
// it is opened again. At most one store of a place is open at a time, unless the
// place is Shared.
class StorePlace {
 public:
  virtual ~StorePlace() = default;
  virtual absl::StatusOr<std::unique_ptr<Store>> Open(const Clock& clock) = 0;
  virtual bool Shared() const { return false; }
};
using MakeStorePlace = std::unique_ptr<StorePlace> (*)();

class StoreContract : public ::testing::TestWithParam<MakeStorePlace> {
 protected:
  void SetUp() override;
  // Closes the store and opens it again, as after a restart.
  void Reopen();

  Store& store() { return *store_; }
  StorePlace& place() { return *place_; }
  SettableClock& clock() { return clock_; }
  WallTime Now() const { return clock_.Now(); }

  // Records as a keyring would make them. `tag` makes wrapped bytes differ.
  KekRecord Kek(std::string_view tag = "kek", uint32_t version = 1) const;
  KeyRecord Key(std::string_view tenant, std::string_view name, uint64_t key_id) const;
  // The same with a value in every field.
  KeyRecord FullKey(std::string_view tenant, std::string_view name, uint64_t key_id) const;
  KeyVersionRecord Version(uint32_t version, std::string_view tag = "dek") const;
  KeyVersionRecord Destroyed(uint32_t version) const;
  // What comes from elsewhere: a tenant with two KEKs, keys with one version or, with a value in
  // every field, with four in all states, of which the third is primary.
  WholeTenant NewTenant(std::string_view tenant) const;
  WholeKey PlainWhole(std::string_view tenant, std::string_view name, uint64_t key_id) const;
  WholeKey FullWhole(std::string_view tenant, std::string_view name, uint64_t key_id) const;
  FieldRecord Field(std::string_view tenant, std::string_view name, uint64_t field_id,
                    std::string_view policy = "{}") const;
  // `number` makes the id.
  LeaseRecord Lease(std::string_view tenant, uint64_t key_id, uint32_t number) const;
  OperationRecord Operation(std::string_view tenant, uint32_t number) const;

  // What a test needs before it starts: fail the test if it cannot be made.
  TenantRecord HaveTenant(std::string_view tenant);
  KeyRecord HaveKey(std::string_view tenant, std::string_view name, uint64_t key_id);
  KeyRecord HaveChanged(const KeyRecord& key, std::vector<KeyVersionRecord> versions = {});
  KeyRecord HaveRotated(const KeyRecord& key);
  AliasRecord HaveAlias(const AliasRecord& alias);
  FieldRecord HaveField(const FieldRecord& field);
  // All changes above `after`, and the newest number.
  std::vector<Change> ChangesAfter(uint64_t after);
  uint64_t NewestChange();
  // A mutation that no other test step uses. Thread-safe.
  Mutation Fresh();

 private:
  SettableClock clock_;
  std::unique_ptr<StorePlace> place_;
  std::unique_ptr<Store> store_;
  std::atomic<int> mutations_ = 0;
};

// As if by two processes: other() is a second store of the same place.
class SharedStoreContract : public StoreContract {
 protected:
  void SetUp() override;
  Store& other() { return *other_; }

 private:
  std::unique_ptr<Store> other_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_CONTRACT_STORE_CONTRACT_H_
