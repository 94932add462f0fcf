#include "rotation/limits.h"

#include <algorithm>

namespace fieldkms::rotation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr microseconds kShortestBatch = milliseconds(10);
constexpr microseconds kLongestBatch = std::chrono::seconds(10);
constexpr uint32_t kMostBatchRows = 50'000;
constexpr uint32_t kUnlimitedBatchRows = 5'000;
constexpr uint32_t kSessionsOfCore = 4;
constexpr uint32_t kMinutesOfDay = 24 * 60;
constexpr std::chrono::seconds kLongest = std::chrono::hours(24 * 365);  // no sum overflows

// Nothing for an unset one, and for one that is no limit.
std::optional<microseconds> DurationOf(bool set, const google::protobuf::Duration& duration) {
  if (!set) return std::nullopt;
  const std::chrono::seconds seconds(
      std::clamp<int64_t>(duration.seconds(), -kLongest.count(), kLongest.count()));
  const microseconds all =
      seconds + std::chrono::ceil<microseconds>(std::chrono::nanoseconds(duration.nanos()));
  if (all <= microseconds(0)) return std::nullopt;
  return all;
}

template <class Number>
Number Or(Number number, Number otherwise) {
  return number != 0 ? number : otherwise;
}

}  // namespace

ResolvedLimits ResolveLimits(const v1::RotationLimits& limits,
                             std::optional<uint32_t> server_cores) {
  ResolvedLimits all;
  all.unlimited = limits.unlimited();
  const auto batch_time = DurationOf(limits.has_batch_time(), limits.batch_time());
  all.batch_time = std::clamp(batch_time.value_or(all.batch_time), kShortestBatch, kLongestBatch);
  if (all.unlimited) {
    all.most_batch_rows = kUnlimitedBatchRows;
    all.most_busy_percent = 100;
  }
  all.most_batch_rows = std::min(Or(limits.most_batch_rows(), all.most_batch_rows), kMostBatchRows);
  all.most_busy_percent = std::min(Or(limits.most_busy_percent(), all.most_busy_percent), 100u);
  all.most_rows_per_second = limits.most_rows_per_second();
  if (const auto lag =
          DurationOf(limits.has_most_replication_lag(), limits.most_replication_lag())) {
    all.most_replication_lag = std::chrono::ceil<milliseconds>(*lag);
  }
  all.most_slot_bytes = Or(limits.most_slot_bytes(), all.most_slot_bytes);
  all.most_lock_waits = Or(limits.most_lock_waits(), all.most_lock_waits);
  if (server_cores) all.most_active_sessions = kSessionsOfCore * std::max(*server_cores, 1u);
  all.most_active_sessions = Or(limits.most_active_sessions(), all.most_active_sessions);
  all.most_dead_percent = Or(limits.most_dead_percent(), all.most_dead_percent);
  all.most_forced_checkpoint_percent =
      Or(limits.most_forced_checkpoint_percent(), all.most_forced_checkpoint_percent);
  all.critical_active_sessions = limits.critical_active_sessions();
  for (const v1::QuietHours& hours : limits.quiet_hours()) {
    all.quiet_hours.push_back({std::chrono::minutes(hours.from_minute() % kMinutesOfDay),
                               std::chrono::minutes(hours.until_minute() % kMinutesOfDay)});
  }
  all.most_quarantined = Or(limits.most_quarantined(), all.most_quarantined);
  return all;
}

}  // namespace fieldkms::rotation
