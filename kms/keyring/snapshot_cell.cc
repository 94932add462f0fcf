#include "kms/keyring/snapshot_cell.h"

#include <utility>

namespace fieldkms {
namespace {

uint64_t NextCellId() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

// What the thread saw last. It owns its snapshot, so that a cell may be destroyed
// at any time; ids are not used again, so that a later cell at the same address is
// not mistaken for it.
struct ThreadSlot {
  uint64_t cell_id = 0;
  uint64_t epoch = 0;
  std::shared_ptr<const KeySnapshot> snapshot;
};
thread_local ThreadSlot thread_slot;

}  // namespace

SnapshotCell::SnapshotCell() : id_(NextCellId()), current_(std::make_shared<const KeySnapshot>()) {}

SnapshotCell::~SnapshotCell() {
  if (thread_slot.cell_id == id_) thread_slot = ThreadSlot();
}

const KeySnapshot& SnapshotCell::ThreadView() const {
  ThreadSlot& slot = thread_slot;
  if (slot.cell_id == id_ && slot.epoch == epoch_.load(std::memory_order_acquire)) {
    return *slot.snapshot;
  }
  std::shared_ptr<const KeySnapshot> old = std::move(slot.snapshot);  // dropped without the lock
  const std::lock_guard lock(mutex_);
  slot.cell_id = id_;
  slot.epoch = epoch_.load(std::memory_order_relaxed);
  slot.snapshot = current_;
  return *slot.snapshot;
}

std::shared_ptr<const KeySnapshot> SnapshotCell::Current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void SnapshotCell::Update(const Change& change) {
  const std::lock_guard changing(changing_);
  const std::shared_ptr<const KeySnapshot> old = Current();  // outlives the lock below
  std::shared_ptr<const KeySnapshot> next = change(*old);
  if (!next) return;
  const std::lock_guard lock(mutex_);
  current_ = std::move(next);
  epoch_.fetch_add(1, std::memory_order_release);
}

}  // namespace fieldkms
