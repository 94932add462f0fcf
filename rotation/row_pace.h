// RowPace: rows a second, of batches whose rows are known only when they are done.
#ifndef FIELDKMS_ROTATION_ROW_PACE_H_
#define FIELDKMS_ROTATION_ROW_PACE_H_

#include <chrono>
#include <cstdint>

namespace fieldkms::rotation {

// A bucket into which `per_second` rows flow, up to those of one second, and which may be
// overdrawn: a batch may begin whenever it is not, and is paid for afterwards. In any time, that
// makes no more rows than flow in, those of one second, and one batch. Pure. For one thread.
class RowPace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // A change of the rate keeps what was saved or overdrawn, in rows. 0: no limit. Full at first.
  void SetRate(double per_second, Time now);
  // Done takes what a batch had.
  void Done(uint64_t rows, Time now);
  // For how long no batch may begin; zero: it may. Rounded up, so that it may after that.
  std::chrono::microseconds Wait(Time now) const;

 private:
  double At(Time now) const;

  double per_second_ = 0;
  double rows_ = 0;
  Time time_{};  // at which rows_ was so
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_ROW_PACE_H_
