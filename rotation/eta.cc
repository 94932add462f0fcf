#include "rotation/eta.h"

#include <algorithm>
#include <cmath>

namespace fieldkms::rotation {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr uint64_t kTenth = 10;
constexpr double kLongest = 1e9;  // about thirty years, in seconds: says "never" as well

std::chrono::seconds Rounded(double seconds) {
  return std::chrono::seconds(static_cast<int64_t>(std::ceil(std::min(seconds, kLongest))));
}

}  // namespace

RowEstimate EstimateRows(uint64_t statistics) {
  const uint64_t most_more = UINT64_MAX - statistics;
  return {statistics - statistics / kTenth, statistics + std::min(statistics / kTenth, most_more)};
}

Eta::Eta(uint64_t rows, Time now) : begin_rows_(rows), begin_(now), rows_(rows), time_(now) {}

void Eta::Observe(uint64_t rows, Time now) {
  const double seconds = Seconds(now - time_).count();
  if (rows < rows_ || seconds <= 0) return;
  // Of the time between two observations all seconds had the same rate. What is before them becomes
  // older by all of it; of themselves, the sum of weights is that of exp(-age / 30).
  const double half_minute = Seconds(kHalfMinute).count();
  const double keep = std::exp(-seconds / half_minute);
  const double weight = half_minute * (1 - keep);
  const double rate = static_cast<double>(rows - rows_) / seconds;
  weighted_rows_ = weighted_rows_ * keep + rate * weight;
  weighted_seconds_ = weighted_seconds_ * keep + weight;
  rows_ = rows;
  time_ = now;
}

double Eta::rate() const { return weighted_seconds_ > 0 ? weighted_rows_ / weighted_seconds_ : 0; }

std::optional<TimeLeft> Eta::Left(const RowEstimate& all) const {
  const double seconds = Seconds(time_ - begin_).count();
  const uint64_t rows = rows_ - begin_rows_;
  if (seconds < Seconds(kEnoughTime).count() || rows < kEnoughRows || rows_ > all.high) {
    return std::nullopt;
  }
  const double mean = static_cast<double>(rows) / seconds;
  const auto [slow, fast] = std::minmax({mean, rate()});
  // Less than a row a minute is no way of going on.
  if (slow * 60 < 1) return std::nullopt;
  const uint64_t fewest = all.low - std::min(all.low, rows_);
  return TimeLeft{Rounded(static_cast<double>(fewest) / fast),
                  Rounded(static_cast<double>(all.high - rows_) / slow)};
}

}  // namespace fieldkms::rotation
