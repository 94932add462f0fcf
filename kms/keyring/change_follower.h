// ChangeFollower keeps what is loaded true: it hears of what other replicas change, and
// has KEKs unwrapped again before they end.
#ifndef FIELDKMS_KMS_KEYRING_CHANGE_FOLLOWER_H_
#define FIELDKMS_KMS_KEYRING_CHANGE_FOLLOWER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "kms/keyring/core.h"
#include "kms/keyring/replica_announcer.h"

namespace fieldkms {

// Runs two threads from Start to its end: one follows the store, one keeps KEKs
// unwrapped. Thread-safe.
class ChangeFollower {
 public:
  // `from`: the newest change when nothing was loaded yet.
  ChangeFollower(KeyringCore& core, uint64_t from);
  ~ChangeFollower();

  // Announce says that this replica lives, and from now on which changes are in force there; before
  // Start, and before anything is loaded. Error: of the store.
  absl::Status Announce(std::string replica_id, Deadline deadline);
  void Start();
  // Stop ends the threads; nothing is heard of any more.
  void Stop();
  // Takes back what Announce said; after Stop.
  absl::Status Leave(Deadline deadline);

  uint64_t change() const { return change_.load(std::memory_order_relaxed); }
  // When the store last said what has changed, and all of it was heard.
  std::chrono::steady_clock::time_point store_seen() const;
  // Until when what is loaded may be used, if nothing more is heard.
  std::chrono::steady_clock::time_point fresh_until() const;
  bool started() const { return started_.load(std::memory_order_relaxed); }

  // One round of each thread, for tests and for who cannot wait. FollowOnce waits for a
  // change until `until`.
  absl::Status FollowOnce(Deadline until);
  absl::Status RefreshOnce();

 private:
  absl::Status CatchUp(uint64_t newest);
  absl::Status Hear(const Change& change);
  void NoteSeen(std::chrono::steady_clock::time_point asked);
  void Follow();
  void Refresh();
  // False: it is time to end.
  bool Pause(std::chrono::milliseconds time);

  KeyringCore& core_;
  std::atomic<uint64_t> change_;
  std::atomic<std::chrono::steady_clock::rep> store_seen_;
  std::atomic<std::chrono::steady_clock::rep> fresh_until_{0};
  std::optional<ReplicaAnnouncer> announcer_;  // the following thread's, once started
  std::atomic<bool> started_{false};

  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
  std::thread following_;
  std::thread refreshing_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_CHANGE_FOLLOWER_H_
