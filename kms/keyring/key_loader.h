// KeyLoader brings keys from the store into the snapshot.
#ifndef FIELDKMS_KMS_KEYRING_KEY_LOADER_H_
#define FIELDKMS_KMS_KEYRING_KEY_LOADER_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "kms/keyring/kek_cache.h"
#include "kms/keyring/snapshot_cell.h"
#include "kms/single_flight.h"
#include "kms/store/store.h"

namespace fieldkms {

// Thread-safe. What it publishes only grows: a load that read the store before a
// rotation, and publishes after it, takes nothing back.
class KeyLoader {
 public:
  KeyLoader(Store& store, KekCache& keks, SnapshotCell& cell, const Clock& clock)
      : store_(store), keks_(keks), cell_(cell), records_(clock), versions_(clock) {}

  // As Keyring's.
  absl::Status LoadByName(std::string_view tenant, std::string_view name, Deadline deadline);
  absl::Status LoadById(std::string_view tenant, uint64_t key_id, uint32_t version,
                        Deadline deadline);

  // CatchUp loads the primary version of `record`, which the store holds, if the
  // snapshot has an older one. A key that is not loaded stays so.
  absl::Status CatchUp(const KeyRecord& record, Deadline deadline);

  // Publish adds `version` to the snapshot. `record` is the key when `version`
  // was its primary, or any time after that primary was published.
  void Publish(const KeyRecord& record, std::shared_ptr<const LoadedVersion> version);

 private:
  absl::Status LoadVersion(const KeyRecord& record, uint32_t version, Deadline deadline);
  absl::Status FetchVersion(const KeyRecord& record, uint32_t version, Deadline deadline);

  Store& store_;
  KekCache& keks_;
  SnapshotCell& cell_;
  SingleFlight<absl::Status> records_;   // by name or id: reading what to load
  SingleFlight<absl::Status> versions_;  // by id and version: loading it
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_KEY_LOADER_H_
