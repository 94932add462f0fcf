// KeyLoader brings keys from the store into the snapshot, and keeps what is there true.
#ifndef FIELDKMS_KMS_KEYRING_KEY_LOADER_H_
#define FIELDKMS_KMS_KEYRING_KEY_LOADER_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "kms/keyring/kek_cache.h"
#include "kms/keyring/key_snapshot.h"
#include "kms/single_flight.h"
#include "kms/snapshot_cell.h"
#include "kms/store/store.h"

namespace fieldkms {

// Thread-safe. A load and a change of one key may cross: the load reads the store before
// the change and publishes after the change was heard of, by whom the key was not yet
// loaded. So each load asks whether anything was heard of while it ran, and if so
// whether its key is still what it read.
class KeyLoader {
 public:
  KeyLoader(Store& store, KekCache& keks, SnapshotCell<KeySnapshot>& cell, const Clock& clock,
            size_t most_versions)
      : store_(store),
        keks_(keks),
        cell_(cell),
        clock_(clock),
        most_versions_(most_versions),
        loads_(clock) {}

  // As Keyring's.
  absl::Status LoadByName(std::string_view tenant, std::string_view name, Deadline deadline);
  absl::Status LoadById(std::string_view tenant, uint64_t key_id, uint32_t version,
                        Deadline deadline);

  // HearOfKey makes the snapshot as true as the store is after a change: a key that is
  // loaded has the record and the version states of the store, and its new primary version,
  // if that can be had at once; other versions that lack their material are loaded when they
  // are next asked for. A key that cannot be read is dropped from the snapshot, and the
  // error returned.
  absl::Status HearOfKey(std::string_view tenant, uint64_t key_id, Deadline deadline);
  void HearOfAlias(std::string_view tenant, std::string_view alias);
  // Forget drops all that is loaded.
  void Forget();

 private:
  struct Wanted {
    std::function<absl::StatusOr<KeyAndVersion>()> read;
    uint32_t version = 0;   // 0: the primary
    std::string_view name;  // that it is asked for by, or ""
  };

  bool IsLoaded(const LoadedKey* key, uint32_t version) const;
  absl::Status Load(const Wanted& wanted, Deadline deadline);
  absl::StatusOr<KeyRecord> LoadOnce(const Wanted& wanted, bool* published, Deadline deadline);
  absl::StatusOr<std::shared_ptr<const LoadedVersion>> Unwrap(const KeyAndVersion& found,
                                                              Deadline deadline);
  bool Publish(const KeyRecord& record, std::shared_ptr<const LoadedVersion> version,
               std::string_view name);
  absl::StatusOr<bool> Refresh(const LoadedKey& old, Deadline deadline);
  void Warm(std::string_view tenant, uint64_t key_id, Deadline deadline);
  void Enqueue(uint64_t key_id);
  void Drop(uint64_t key_id);
  void Evict(size_t versions);

  Store& store_;
  KekCache& keks_;
  SnapshotCell<KeySnapshot>& cell_;
  const Clock& clock_;
  const size_t most_versions_;
  SingleFlight<absl::Status> loads_;  // by name, or by id and version
  std::atomic<uint64_t> heard_{0};    // how often anything was heard of

  std::mutex mutex_;
  std::deque<uint64_t> order_;  // of loading: whom to think of evicting next
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_KEY_LOADER_H_
