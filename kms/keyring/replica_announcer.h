// ReplicaAnnouncer tells the store which changes are in force on this replica, and that it lives,
// so that others know from when on no replica acts on what was before (kms/rotations).
#ifndef FIELDKMS_KMS_KEYRING_REPLICA_ANNOUNCER_H_
#define FIELDKMS_KMS_KEYRING_REPLICA_ANNOUNCER_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

// The replica's record says: all changes up to this number are in force since `seen`, and the
// replica refuses (Keyring::CheckFresh) when its `stale_limit` has passed since, unless it says so
// anew. To keep that word it says so four times in a stale limit, and the record's limit is longer
// by one of these times: so a replica whose store goes away may go on for all of its own limit.
//
// The first Announce is before anything else; after that it is used by one thread.
class ReplicaAnnouncer {
 public:
  // `stale_limit`: how long the replica goes on without the store.
  ReplicaAnnouncer(Store& store, const Clock& clock, std::string replica_id,
                   std::chrono::seconds stale_limit);

  // One moment on both clocks.
  struct Moment {
    WallTime wall;
    std::chrono::steady_clock::time_point steady;
  };
  static Moment Now(const Clock& clock) { return {clock.Now(), clock.Steady()}; }

  // Announce writes the record: `change` is in force, as was asked for at `asked`. Blocks.
  absl::Status Announce(uint64_t change, Moment asked, Deadline deadline);
  // The same if it is time to: for a new change soon, else each quarter of the limit; what failed
  // is tried again. Now and then forgets replicas that are gone for long.
  absl::Status AnnounceIfDue(uint64_t change, Moment asked, Deadline deadline);
  // Takes the record away. Nothing may be announced after it.
  absl::Status Leave(Deadline deadline);

  // When the word that was given last loses its force: from then on nobody counts with this
  // replica, save for kUnannouncedLimit after it last heard from the store.
  std::chrono::steady_clock::time_point word_until() const { return word_until_; }

 private:
  void Forget(WallTime now, Deadline deadline);

  Store& store_;
  const Clock& clock_;
  const std::string id_;
  const std::chrono::milliseconds pause_;  // between two words
  const std::chrono::seconds limit_;       // the record's

  std::optional<uint64_t> announced_;
  std::chrono::steady_clock::time_point word_until_;
  std::chrono::steady_clock::time_point next_;  // at the latest
  std::chrono::steady_clock::time_point not_before_;
  std::chrono::steady_clock::time_point forget_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_REPLICA_ANNOUNCER_H_
