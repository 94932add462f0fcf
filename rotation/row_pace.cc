#include "rotation/row_pace.h"

#include <algorithm>
#include <cmath>

namespace fieldkms::rotation {

double RowPace::At(Time now) const {
  const std::chrono::duration<double> since = now - time_;
  return std::min(per_second_, rows_ + per_second_ * since.count());
}

void RowPace::SetRate(double per_second, Time now) {
  if (per_second == per_second_) return;
  rows_ = per_second_ > 0 ? std::min(At(now), per_second) : per_second;
  per_second_ = per_second;
  time_ = now;
}

void RowPace::Done(uint64_t rows, Time now) {
  if (per_second_ <= 0) return;
  rows_ = At(now) - static_cast<double>(rows);
  time_ = now;
}

std::chrono::microseconds RowPace::Wait(Time now) const {
  if (per_second_ <= 0) return std::chrono::microseconds(0);
  // Less than a millionth of a row is what adding up leaves.
  const double owed = -At(now);
  if (owed < 1e-6) return std::chrono::microseconds(0);
  // A year is for ever, and keeps the number within its type.
  const double seconds = std::min(owed / per_second_, 366.0 * 86'400);
  return std::chrono::microseconds(static_cast<int64_t>(std::ceil(seconds * 1e6)));
}

}  // namespace fieldkms::rotation
