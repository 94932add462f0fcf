// KeySnapshot: the keys that are unwrapped right now, immutable. A change makes
// a new snapshot that shares all but O(log n) of the old one.
#ifndef FIELDKMS_KMS_KEYRING_KEY_SNAPSHOT_H_
#define FIELDKMS_KMS_KEYRING_KEY_SNAPSHOT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/xaes_gcm.h"
#include "kms/keyring/persistent_map.h"
#include "kms/store/store.h"

namespace fieldkms {

// LoadedVersion: one unwrapped version. Immutable, shared between snapshots.
struct LoadedVersion {
  uint32_t version = 0;
  VersionState state = VersionState::kEnabled;
  XaesKey key;
};

// LoadedKey: a key as of one moment, with those of its versions that were
// needed so far; the primary is always among them. Immutable.
struct LoadedKey {
  KeyRecord record;
  std::vector<std::shared_ptr<const LoadedVersion>> versions;  // ascending

  // Null if not loaded. O(log versions).
  const LoadedVersion* Find(uint32_t version) const;
  const LoadedVersion& Primary() const;
};

// Immutable; safe for concurrent use.
class KeySnapshot {
 public:
  // Null if not loaded (which says nothing of whether the key exists).
  const LoadedKey* FindByName(std::string_view tenant, std::string_view name) const;
  const LoadedKey* FindById(uint64_t key_id) const;

  // With returns a snapshot in which `key` replaces the key of its id and name.
  std::shared_ptr<const KeySnapshot> With(std::shared_ptr<const LoadedKey> key) const;

  size_t size() const;

 private:
  PersistentMap<uint64_t, std::shared_ptr<const LoadedKey>> by_id_;
  PersistentMap<std::string, std::shared_ptr<const LoadedKey>> by_name_;  // tenant ‖ '/' ‖ name
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_KEY_SNAPSHOT_H_
