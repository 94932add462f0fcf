// LocalKeys: the keys that the shim holds leases of, and those that it may not have.
#ifndef FIELDKMS_SQL_SHIM_LOCAL_KEYS_H_
#define FIELDKMS_SQL_SHIM_LOCAL_KEYS_H_

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/local_crypto.h"

namespace fieldkms::shim {

// What one call used of leases, as LocalCrypto tells: for the audit record of the call. While it
// lives, what its thread seals and opens is counted here; what is done without one is refused.
class LocalUses {
 public:
  LocalUses();
  ~LocalUses();
  LocalUses(const LocalUses&) = delete;
  LocalUses& operator=(const LocalUses&) = delete;

  uint64_t count() const { return count_; }
  uint32_t key_version() const { return key_version_; }  // the last
  const std::string& lease_id() const { return lease_id_; }

  // LocalCryptoOptions::audit.
  static absl::Status Note(const LocalUse& use);

 private:
  LocalUses* const outer_;
  uint64_t count_ = 0;
  uint32_t key_version_ = 0;
  std::string lease_id_;
};

// What a call used of leases so far, on whatever threads, for its audit record.
struct LocalTally {
  void Add(const LocalUses& uses);

  uint64_t items = 0;
  uint32_t key_version = 0;  // the last
  std::string lease_id;      // of the last
};

// One key. Thread-safe.
class LeasableKey {
 public:
  explicit LeasableKey(LocalKey* key) : key_(*key) {}

  LocalKey& key() { return key_; }
  // False for a while after it could not be leased: the service is asked at once then.
  bool MayTry() const;
  // Of a call that found no lease: whether `status` is about the lease, not the value. Remembers
  // what the service refused or could not give just then.
  bool IsAboutLease(const absl::Status& status);

 private:
  LocalKey& key_;                        // LocalCrypto's
  std::atomic<int64_t> not_before_ = 0;  // steady clock, milliseconds
};

// Thread-safe.
class LocalKeys {
 public:
  static absl::StatusOr<std::unique_ptr<LocalKeys>> Create(std::shared_ptr<Client> client,
                                                           std::chrono::seconds lease_time);

  // The key of this name or alias: the same object each time, which lives as long as this. Null:
  // it is no name, or there are so many keys already that this one is left to the service.
  LeasableKey* Find(std::string_view tenant, std::string_view name);

  // Gives all leases back, and wipes them.
  void Close() { crypto_->Close(); }

 private:
  LocalKeys() = default;

  std::unique_ptr<LocalCrypto> crypto_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<LeasableKey>, std::less<>> keys_;  // by "tenant/name"
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_LOCAL_KEYS_H_
