// SnapshotCell publishes immutable snapshots: written rarely, read by every call.
#ifndef FIELDKMS_KMS_SNAPSHOT_CELL_H_
#define FIELDKMS_KMS_SNAPSHOT_CELL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace fieldkms {

// Thread-safe.
template <class Snapshot>
class SnapshotCell {
 public:
  SnapshotCell() : id_(NextId()), current_(std::make_shared<const Snapshot>()) {}
  ~SnapshotCell() {
    if (ThreadSlot().cell_id == id_) ThreadSlot() = Slot();
  }
  SnapshotCell(const SnapshotCell&) = delete;
  SnapshotCell& operator=(const SnapshotCell&) = delete;

  // The newest snapshot, kept for the calling thread: one atomic load if it has
  // not changed. Valid until that thread's next call, on any cell of this type. A thread
  // that calls no more keeps its last snapshot until it ends.
  const Snapshot& ThreadView() const {
    Slot& slot = ThreadSlot();
    if (slot.cell_id == id_ && slot.epoch == epoch_.load(std::memory_order_acquire)) {
      return *slot.snapshot;
    }
    std::shared_ptr<const Snapshot> old = std::move(slot.snapshot);  // dropped without the lock
    const std::lock_guard lock(mutex_);
    slot.cell_id = id_;
    slot.epoch = epoch_.load(std::memory_order_relaxed);
    slot.snapshot = current_;
    return *slot.snapshot;
  }

  // The newest snapshot, kept by the caller; leaves the thread's view alone.
  std::shared_ptr<const Snapshot> Current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

  // Update publishes what `change` makes of the newest snapshot, or nothing if it returns
  // null. Changes run one at a time; readers do not wait for them.
  //   std::shared_ptr<const Snapshot> change(const Snapshot& current)
  template <class Change>
  void Update(const Change& change) {
    const std::lock_guard changing(changing_);
    const std::shared_ptr<const Snapshot> old = Current();  // outlives the lock below
    std::shared_ptr<const Snapshot> next = change(*old);
    if (!next) return;
    const std::lock_guard lock(mutex_);
    current_ = std::move(next);
    epoch_.fetch_add(1, std::memory_order_release);
  }

 private:
  // What the thread saw last. It owns its snapshot, so that a cell may be destroyed
  // at any time; ids are not used again, so that a later cell at the same address is
  // not mistaken for it.
  struct Slot {
    uint64_t cell_id = 0;
    uint64_t epoch = 0;
    std::shared_ptr<const Snapshot> snapshot;
  };
  static Slot& ThreadSlot() {
    thread_local Slot slot;
    return slot;
  }
  static uint64_t NextId() {
    static std::atomic<uint64_t> next{1};
    return next.fetch_add(1, std::memory_order_relaxed);
  }

  const uint64_t id_;  // of all cells of this type ever made in this process
  std::atomic<uint64_t> epoch_{1};
  std::mutex changing_;
  mutable std::mutex mutex_;  // held to copy or swap the pointer, no longer
  std::shared_ptr<const Snapshot> current_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SNAPSHOT_CELL_H_
