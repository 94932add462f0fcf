#include "tests/bench/processor_rate.h"

#include <fmt/format.h>
#include <time.h>

#include <stdexcept>

namespace fieldkms::bench {

double ThreadSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void CheckOk(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

std::vector<std::string> SealHeader() {
  return {"contender", "ns/seal", "M/s", "ratio", "middle half"};
}

std::vector<std::string> SealRow(const std::string& who, const Rates& rates,
                                 const Rates& baseline) {
  const Ratio ratio = Compare(rates, baseline);
  return {who, fmt::format("{:.0f}", 1e9 / Median(rates)),
          fmt::format("{:.2f}", Median(rates) / 1e6), fmt::format("{:.3f}", ratio.median),
          fmt::format("{:.3f}-{:.3f}", ratio.low, ratio.high)};
}

}  // namespace fieldkms::bench
