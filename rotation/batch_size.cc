#include "rotation/batch_size.h"

#include <algorithm>

namespace fieldkms::rotation {
namespace {

constexpr uint32_t kFewest = 10;
constexpr double kQuick = 0.9;
constexpr double kSlow = 1.5;
constexpr uint32_t kFifth = 5;
constexpr uint32_t kCarefulSteps = 32;
// Of the newest transaction in the average: rows of one table are alike, those of the next are not.
constexpr double kNewest = 0.3;

}  // namespace

BatchSize::BatchSize(const BatchBounds& bounds) : bounds_(bounds) { Set(size_); }

void BatchSize::SetBounds(const BatchBounds& bounds) {
  bounds_ = bounds;
  Set(size_);
}

uint32_t BatchSize::fewest() const { return bounds_.most_rows < kFewest ? 1 : kFewest; }

void BatchSize::Set(uint64_t rows) {
  size_ = static_cast<uint32_t>(
      std::clamp<uint64_t>(rows, fewest(), std::max(bounds_.most_rows, fewest())));
}

uint32_t BatchSize::rows() const {
  if (bytes_per_row_ * size_ <= kMostBytes) return size_;
  return std::max(1u, static_cast<uint32_t>(kMostBytes / bytes_per_row_));
}

void BatchSize::Committed(uint32_t rows, size_t bytes, std::chrono::microseconds took) {
  if (rows == 0) return;
  const double of_row = static_cast<double>(bytes) / rows;
  bytes_per_row_ =
      bytes_per_row_ == 0 ? of_row : bytes_per_row_ + kNewest * (of_row - bytes_per_row_);
  const auto time = static_cast<double>(took.count());
  const auto target = static_cast<double>(bounds_.target.count());
  if (time > kSlow * target) {
    Halve(rows);
  } else if (time < kQuick * target && rows >= size_) {
    Grow();
  }
}

void BatchSize::Refused(uint32_t rows) {
  if (rows > 0) Halve(rows);
}

void BatchSize::Grow() {
  if (size_ >= too_much_) too_much_ = 0;
  const uint32_t step = too_much_ == 0 ? size_ / kFifth : too_much_ / kCarefulSteps;
  Set(uint64_t{size_} + std::max(1u, step));
}

void BatchSize::Halve(uint32_t rows) {
  too_much_ = rows;
  Set(std::min(size_, rows / 2));
}

}  // namespace fieldkms::rotation
