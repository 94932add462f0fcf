// Keyring: the key hierarchy (root key → tenant KEK → key versions) over a Store
// and a RootKey, as far as it is loaded.
//
// Reading is split so that the hot path is free of I/O and locks: Snapshot()
// gives what is loaded; where something is missing the caller leaves its event
// loop, calls a Load method, which blocks, and looks again. KeyAdmin changes
// keys; a follower thread hears of what other replicas change.
//
// How long what is loaded may be used:
// - A change is in force on the replica that made it when it is answered, on the
//   others when their store tells them: at once where notifications arrive, else
//   with the next poll (KeyringOptions::poll).
// - A replica that cannot reach its store goes on for `stale_limit` after the last time
//   that it could, and then fences itself (CheckFresh). So a disabled version stops
//   everywhere within that time, whatever is lost. One that can read its store and not
//   write to it cannot say that it lives (Announce): when its word has lost its force, it
//   goes on for kUnannouncedLimit only after it last heard from the store.
// - A KEK is unwrapped again, ahead of time, while it is used; if the root cannot do so
//   the keys under it serve until `root_limit` after the last time that it could.
#ifndef FIELDKMS_KMS_KEYRING_KEYRING_H_
#define FIELDKMS_KMS_KEYRING_KEYRING_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/keyring/change_listener.h"
#include "kms/keyring/key_admin.h"
#include "kms/keyring/key_snapshot.h"
#include "kms/keyring/key_transfer.h"
#include "kms/keyring/options.h"
#include "kms/root/root_key.h"
#include "kms/store/store.h"

namespace fieldkms {

// What a status page says of a keyring.
struct KeyringStatus {
  size_t loaded_keys = 0;
  size_t loaded_versions = 0;
  size_t loaded_keks = 0;
  uint64_t change = 0;                               // the last change heard of
  std::chrono::steady_clock::time_point store_seen;  // when the store last answered the follower
};

// Safe for concurrent use.
class Keyring {
 public:
  // Open ties `store` to `root`: a new store gets a binding (a random value
  // wrapped by the root), an old one must have a binding that this root opens.
  // A root that is down does not keep an old store from opening; then nothing new is
  // wrapped before the binding was seen to open. Error: kFailedPrecondition, reason
  // kRootWrongKey, saying what to do. Neither `store`, `root` nor `clock` is owned;
  // they must outlive the keyring.
  static absl::StatusOr<std::unique_ptr<Keyring>> Open(Store& store, const RootKey& root,
                                                       const Clock& clock,
                                                       const KeyringOptions& options = {});
  // Threads that called Snapshot() keep their last one, and so the keys in it,
  // until their next call on another keyring or their end.
  ~Keyring();

  // Who is to hear of changes that are not the keyring's own; before Start. It must outlive
  // the keyring. Not owned.
  void SetListener(ChangeListener& listener);

  // Announce says in the store that this replica lives, by an id that no other has, and from then
  // on which changes are in force there (ReplicaAnnouncer); before Start, and before anything is
  // loaded. Leave takes that back, when the replica answers nothing any more; nothing is heard
  // after it. A keyring without Announce is one that others do not count with. Both block. Errors:
  // those of the store; after one of Announce it is tried again once started.
  absl::Status Announce(std::string replica_id, Deadline deadline);
  absl::Status Leave(Deadline deadline);

  // Start begins to follow the store and to refresh KEKs, on two threads that end with
  // the keyring. Without it the keyring hears of nothing that others change.
  void Start();

  // The current snapshot. A thread keeps the one it saw last behind an atomic
  // epoch, so an unchanged snapshot costs one atomic load. The reference is
  // valid until the calling thread's next call of Snapshot() on any keyring.
  const KeySnapshot& Snapshot() const;

  // CheckFresh: OK, or kUnavailable, kStoreUnavailable, when the store has been out of
  // reach for too long at `now`; see above. Always OK before Start. One atomic load.
  absl::Status CheckFresh(std::chrono::steady_clock::time_point now) const;

  // Load brings a key's record and primary version into the snapshot, by its name or
  // an alias. Blocks on store and root; concurrent calls for one key share one load. It
  // leaves the calling thread's Snapshot() as it is. Errors: kInvalidField,
  // kTenantNotFound, kKeyNotFound, kStoreUnavailable, kRootUnavailable,
  // kDeadlineExceeded; kStoreCorrupt where wrapped keys were altered or moved; kMemoryLock.
  absl::Status LoadByName(std::string_view tenant, std::string_view name, Deadline deadline);
  // The same for the key and version that an envelope names. Errors here are
  // internal reasons of a failed decryption: kKeyIdUnknown, kKeyVersionUnknown,
  // kOtherTenant; and the others of LoadByName. A version that is not enabled loads as
  // that, without material.
  absl::Status LoadById(std::string_view tenant, uint64_t key_id, uint32_t version,
                        Deadline deadline);

  KeyAdmin& admin();
  KeyTransfer& transfer();
  KeyringCore& core();  // for the other parts of kms/keyring
  KeyringStatus Status() const;
  // The last change heard of. One atomic load.
  uint64_t Change() const;

 private:
  class Impl;
  explicit Keyring(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_KEYRING_H_
