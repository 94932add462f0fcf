#include "kms/observe/call_stats.h"

#include <algorithm>

namespace fieldkms {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

template <size_t kSize>
std::array<uint64_t, kSize> Read(const std::array<std::atomic<uint64_t>, kSize>& counters) {
  std::array<uint64_t, kSize> numbers;
  std::transform(counters.begin(), counters.end(), numbers.begin(),
                 [](const std::atomic<uint64_t>& counter) { return counter.load(kRelaxed); });
  return numbers;
}

}  // namespace

void MethodStats::Note(absl::StatusCode code, std::chrono::nanoseconds took, uint32_t items,
                       uint32_t failed) {
  const auto number = static_cast<size_t>(code);
  by_code_[number < kCallCodes ? number : static_cast<size_t>(absl::StatusCode::kUnknown)]
      .fetch_add(1, kRelaxed);
  const auto* const bucket =
      std::lower_bound(kCallBuckets.begin(), kCallBuckets.end(), took.count());
  by_time_[static_cast<size_t>(bucket - kCallBuckets.begin())].fetch_add(1, kRelaxed);
  time_.fetch_add(took.count(), kRelaxed);
  items_.fetch_add(items, kRelaxed);
  if (failed != 0) failed_items_.fetch_add(failed, kRelaxed);
}

MethodCounts MethodStats::Counts() const {
  return {method_,
          Read(by_code_),
          Read(by_time_),
          std::chrono::nanoseconds(time_.load(kRelaxed)),
          items_.load(kRelaxed),
          failed_items_.load(kRelaxed)};
}

MethodStats& CallStats::Of(std::string_view method) {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(methods_.begin(), methods_.end(),
                   [method](const MethodStats& stats) { return stats.method() == method; });
  return found != methods_.end() ? *found : methods_.emplace_back(method);
}

std::vector<MethodCounts> CallStats::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<MethodCounts> all;
  for (const MethodStats& stats : methods_) all.push_back(stats.Counts());
  return all;
}

}  // namespace fieldkms
