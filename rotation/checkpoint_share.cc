#include "rotation/checkpoint_share.h"

namespace fieldkms::rotation {

double CheckpointShare::Observe(Time now, uint64_t timed, uint64_t forced) {
  if (!seen_.empty() && (seen_.back().timed > timed || seen_.back().forced > forced)) {
    seen_.clear();
  }
  if (seen_.empty() || seen_.back().timed != timed || seen_.back().forced != forced) {
    seen_.push_back({now, timed, forced});
  }
  while (seen_.size() > 1 && seen_[1].time <= now - kWindow) seen_.pop_front();
  const uint64_t of_them_forced = forced - seen_.front().forced;
  const uint64_t all = timed - seen_.front().timed + of_them_forced;
  if (all < kFewest) return 0;
  return 100.0 * static_cast<double>(of_them_forced) / static_cast<double>(all);
}

}  // namespace fieldkms::rotation
