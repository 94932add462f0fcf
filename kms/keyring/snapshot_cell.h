// SnapshotCell publishes key snapshots: written rarely, read by every call.
#ifndef FIELDKMS_KMS_KEYRING_SNAPSHOT_CELL_H_
#define FIELDKMS_KMS_KEYRING_SNAPSHOT_CELL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "kms/keyring/key_snapshot.h"

namespace fieldkms {

// Thread-safe.
class SnapshotCell {
 public:
  SnapshotCell();
  ~SnapshotCell();
  SnapshotCell(const SnapshotCell&) = delete;
  SnapshotCell& operator=(const SnapshotCell&) = delete;

  // The newest snapshot, kept for the calling thread: one atomic load if it has
  // not changed. Valid until that thread's next call, on any cell. A thread that
  // calls no more keeps its last snapshot until it ends.
  const KeySnapshot& ThreadView() const;

  // The newest snapshot, kept by the caller; leaves the thread's view alone.
  std::shared_ptr<const KeySnapshot> Current() const;

  // Update publishes what `change` makes of the newest snapshot, or nothing if
  // it returns null. Changes run one at a time; readers do not wait for them.
  using Change = std::function<std::shared_ptr<const KeySnapshot>(const KeySnapshot& current)>;
  void Update(const Change& change);

 private:
  const uint64_t id_;  // of all cells ever made in this process
  std::atomic<uint64_t> epoch_{1};
  std::mutex changing_;
  mutable std::mutex mutex_;  // held to copy or swap the pointer, no longer
  std::shared_ptr<const KeySnapshot> current_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_SNAPSHOT_CELL_H_
