// WorkShare: how long a worker rests after a piece of work, so that it works for a part of its time
// only, and evenly: what others wait for is never more than one piece.
#ifndef FIELDKMS_ROTATION_WORK_SHARE_H_
#define FIELDKMS_ROTATION_WORK_SHARE_H_

#include <chrono>
#include <cstdint>

namespace fieldkms::rotation {

// Pure: times are given, steady ones. For one thread.
class WorkShare {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kLongestRest{2};

  // 1 to 100.
  void SetPercent(uint32_t percent) { percent_ = percent; }
  // Work begins; what was before it was none.
  void Begin(Time now) { since_ = now; }
  // For how long to rest, and call Begin then, for the work since Begin to be the share of both;
  // no longer than kLongestRest.
  std::chrono::microseconds RestAt(Time now) const;

 private:
  uint32_t percent_ = 100;
  Time since_{};
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_WORK_SHARE_H_
