#include "kms/watch/caller_state.h"

#include <algorithm>

namespace fieldkms {
namespace {

// 1 - 2^(-1/168).
constexpr double kWeightOfAnHour = 0.004117;

bool IsWithin(WallTime then, WallTime now, std::chrono::seconds window) {
  return now - then < window && then - now < window;
}

}  // namespace

size_t FailureWindow::Note(const WatchRules& rules, WallTime now, uint64_t failures) {
  std::erase_if(times_, [&](WallTime then) { return !IsWithin(then, now, rules.failures_within); });
  const size_t kept = rules.most_failures + 1;
  times_.insert(times_.end(), std::min<uint64_t>(failures, kept), now);
  if (times_.size() > kept) {
    times_.erase(times_.begin(), times_.end() - static_cast<std::ptrdiff_t>(kept));
  }
  return times_.size();
}

std::optional<VolumeBaseline::Excess> VolumeBaseline::Note(const WatchRules& rules, WallTime now,
                                                           uint64_t items) {
  const auto hour = std::chrono::floor<std::chrono::hours>(now);
  if (hour_ && *hour_ != hour) EndHour(rules);
  hour_ = hour;
  items_ += std::min(items, UINT64_MAX - items_);
  const double limit = Limit(rules);
  if (hours_ == 0 || told_ || static_cast<double>(items_) <= limit) return std::nullopt;
  told_ = true;
  return Excess{items_, static_cast<uint64_t>(limit)};
}

double VolumeBaseline::Limit(const WatchRules& rules) const {
  return std::max(static_cast<double>(rules.volume_floor), rules.volume_factor * average_);
}

void VolumeBaseline::EndHour(const WatchRules& rules) {
  auto items = static_cast<double>(items_);
  if (hours_ > 0) items = std::min(items, Limit(rules));
  ++hours_;
  // The first hours weigh the same.
  const double weight = std::max(1.0 / static_cast<double>(hours_), kWeightOfAnHour);
  average_ += weight * (items - average_);
  items_ = 0;
  told_ = false;
}

bool NameSet::Add(size_t hash) {
  if (full_ || hashes_.contains(hash)) return false;
  full_ = hashes_.size() >= most_;
  return !full_ && hashes_.insert(hash).second;
}

std::optional<uint64_t> RaisedAlarms::Take(const WatchRules& rules, AlarmRule rule, WallTime now) {
  Raised& last = raised_[static_cast<size_t>(rule)];
  if (last.at && IsWithin(*last.at, now, rules.repeat)) {
    ++last.kept_back;
    return std::nullopt;
  }
  const uint64_t more = last.kept_back;
  last = {now, 0};
  return more;
}

}  // namespace fieldkms
