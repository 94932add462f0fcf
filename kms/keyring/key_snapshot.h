// KeySnapshot: the keys that are unwrapped right now, immutable. A change makes
// a new snapshot that shares all but O(log n) of the old one.
#ifndef FIELDKMS_KMS_KEYRING_KEY_SNAPSHOT_H_
#define FIELDKMS_KMS_KEYRING_KEY_SNAPSHOT_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/ff1.h"
#include "crypto/mac.h"
#include "crypto/secret_bytes.h"
#include "crypto/xaes_gcm.h"
#include "kms/keyring/persistent_map.h"
#include "kms/store/records.h"

namespace fieldkms {

// KekLife: until when the keys under one KEK may be used. Extended each time that the
// root unwraps the KEK again.
class KekLife {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit KekLife(Time end) : end_(end.time_since_epoch().count()) {}

  // Whether the keys serve at `now`; notes that they were asked for.
  bool Serves(Time now) const {
    if (!used_.load(std::memory_order_relaxed)) used_.store(true, std::memory_order_relaxed);
    return now.time_since_epoch().count() < end_.load(std::memory_order_relaxed);
  }
  // The same without noting it.
  bool Ended(Time now) const {
    return now.time_since_epoch().count() >= end_.load(std::memory_order_relaxed);
  }
  void Extend(Time end) { end_.store(end.time_since_epoch().count(), std::memory_order_relaxed); }
  // Whether they were asked for since the last call.
  bool TakeUsed() const { return used_.exchange(false, std::memory_order_relaxed); }

 private:
  std::atomic<Time::rep> end_;
  mutable std::atomic<bool> used_{true};
};

// What a version is used as, by the purpose of its key: XaesKey for ENCRYPT and TOKEN (and
// SIGN_AUDIT, which nothing uses yet), MacKey for MAC, Ff1Key for FPE, SecretBytes, from which
// indexes' keys are derived, for BLIND_INDEX.
using KeyMaterial = std::variant<std::monostate, XaesKey, MacKey, Ff1Key, SecretBytes>;

// MakeMaterial makes it out of the key's bytes. Error: kInvalidArgument for another length
// than the purpose takes.
absl::StatusOr<KeyMaterial> MakeMaterial(KeyPurpose purpose, SecretBytes key);

// LoadedVersion: one version. Immutable, shared between snapshots.
struct LoadedVersion {
  uint32_t version = 0;
  VersionState state = VersionState::kEnabled;
  KeyMaterial material;                 // of an enabled version; else nothing
  std::shared_ptr<const KekLife> life;  // how long it serves; of an enabled version

  bool HasMaterial() const { return !std::holds_alternative<std::monostate>(material); }
  // Null where the material is another.
  template <class Material>
  const Material* As() const {
    return std::get_if<Material>(&material);
  }
};

// LoadedKey: a key as of one moment, with those of its versions that were needed so
// far. Immutable but for `used`.
struct LoadedKey {
  KeyRecord record;
  std::vector<std::shared_ptr<const LoadedVersion>> versions;  // ascending
  std::vector<std::string> aliases;                            // that it was loaded by
  std::shared_ptr<std::atomic<bool>> used;  // since it was last thought of evicting it

  // Null if not loaded. O(log versions).
  const LoadedVersion* Find(uint32_t version) const;
  const LoadedVersion* Primary() const;
};

// Immutable; safe for concurrent use.
class KeySnapshot {
 public:
  // By its own name or an alias. Null if not loaded (which says nothing of whether the
  // key exists).
  const LoadedKey* FindByName(std::string_view tenant, std::string_view name) const;
  const LoadedKey* FindById(uint64_t key_id) const;

  // With returns a snapshot in which `key` replaces the key of its id and names.
  std::shared_ptr<const KeySnapshot> With(std::shared_ptr<const LoadedKey> key) const;
  // Without returns one without the key of an id, and all its names.
  std::shared_ptr<const KeySnapshot> Without(uint64_t key_id) const;

  size_t size() const;
  size_t versions() const { return versions_; }

 private:
  PersistentMap<uint64_t, std::shared_ptr<const LoadedKey>> by_id_;
  PersistentMap<std::string, std::shared_ptr<const LoadedKey>> by_name_;  // tenant ‖ '/' ‖ name
  size_t versions_ = 0;                                                   // of all keys
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_KEY_SNAPSHOT_H_
