// Eta estimates how long the rest of a pass takes.
#ifndef FIELDKMS_ROTATION_ETA_H_
#define FIELDKMS_ROTATION_ETA_H_

#include <chrono>
#include <cstdint>
#include <optional>

namespace fieldkms::rotation {

// How many rows a pass has: statistics are estimates.
struct RowEstimate {
  uint64_t low = 0;
  uint64_t high = 0;  // not below `low`
};

// EstimateRows takes reltuples as PostgreSQL keeps it up: right to a tenth, where autovacuum
// analyses a table once a tenth of it has changed.
RowEstimate EstimateRows(uint64_t statistics);

struct TimeLeft {
  std::chrono::seconds soonest{0};
  std::chrono::seconds latest{0};
};

// The rate is a moving average over the last half minute: of a second that is `age` seconds old the
// weight is exp(-age / 30), so that one more second counts with alpha = 1 - exp(-1/30) = 0.033.
// Time in which workers rest counts: it is part of how it goes. Pure. For one thread.
class Eta {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kHalfMinute{30};
  // What has to be seen before anything is said.
  static constexpr std::chrono::seconds kEnoughTime{10};
  static constexpr uint64_t kEnoughRows = 1'000;

  // A pass begins, or is found with `rows` done by others.
  Eta(uint64_t rows, Time now);

  // `rows` of the pass are done by now, of all workers or of one, as whoever asks wants it. Neither
  // goes backwards; what does is passed over.
  void Observe(uint64_t rows, Time now);

  // Rows a second over the last half minute; 0 before the second observation.
  double rate() const;

  // Between the fewest rows at the faster one of this rate and the mean of the whole pass, and the
  // most rows at the slower one. Nothing while too little was seen, nothing moves, or more rows are
  // done than there should be.
  std::optional<TimeLeft> Left(const RowEstimate& all) const;

 private:
  uint64_t begin_rows_;
  Time begin_;
  uint64_t rows_;
  Time time_;
  // Sums of rows and of seconds, each with its weight: their quotient needs no first value.
  double weighted_rows_ = 0;
  double weighted_seconds_ = 0;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_ETA_H_
