#include "rotation/work_share.h"

#include <algorithm>

namespace fieldkms::rotation {

std::chrono::microseconds WorkShare::RestAt(Time now) const {
  using std::chrono::microseconds;
  const auto worked = std::chrono::duration_cast<microseconds>(now - since_);
  // Before the product: a machine that was asleep may have "worked" for days.
  const auto counted = std::clamp<microseconds>(worked, microseconds(0), 100 * kLongestRest);
  return std::min<microseconds>(counted * (100 - percent_) / percent_, kLongestRest);
}

}  // namespace fieldkms::rotation
