#include "rotation/replay_lag.h"

#include <utility>

namespace fieldkms::rotation {

std::chrono::microseconds ReplayLag::Observe(Time now, uint64_t written,
                                             std::optional<uint64_t> replayed) {
  // Another primary, which began before the end of the last one.
  if (!marks_.empty() && marks_.back().written > written) marks_.clear();
  if (!replayed) marks_.clear();
  while (!marks_.empty() && marks_.front().written <= *replayed) marks_.pop_front();
  if (!replayed || *replayed >= written) return std::chrono::microseconds(0);
  Remember({written, now});
  return std::chrono::duration_cast<std::chrono::microseconds>(now - marks_.front().time);
}

void ReplayLag::Remember(const Mark& mark) {
  if (!marks_.empty() && marks_.back().written == mark.written) return;
  if (marks_.size() == kMost) {
    std::deque<Mark> fewer;
    for (size_t i = 0; i < marks_.size(); i += 2) fewer.push_back(marks_[i]);
    marks_ = std::move(fewer);
  }
  marks_.push_back(mark);
}

}  // namespace fieldkms::rotation
