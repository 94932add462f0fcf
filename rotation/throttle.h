// Throttle decides whether a worker may begin its next batch.
#ifndef FIELDKMS_ROTATION_THROTTLE_H_
#define FIELDKMS_ROTATION_THROTTLE_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kms/clock.h"
#include "rotation/limits.h"
#include "rotation/load_sample.h"
#include "rotation/row_pace.h"

namespace fieldkms::rotation {

struct Decision {
  enum class Kind : uint8_t {
    kGo,
    kRest,  // ask again in `look_again`, with a new sample
    kStop,  // end the job as failed
  };
  Kind kind = Kind::kGo;
  // Why not, in words, each reason with its number and its limit: "standby is 12 s behind, limit
  // 5 s; 40 active sessions, limit 32". Names tables, never a value. Empty for kGo.
  std::string reason;
  std::chrono::milliseconds look_again{0};
};

// Rests while a measure is above its limit, and then until it is down to 80 % of it, so that a load
// at its limit does not make workers start and stop with each look. What is not known counts as
// above its limit. The first look again is after 250 ms, each further one after twice as long, up
// to 10 s; once it goes, that begins anew. `unlimited` jobs rest for the service only.
//
// Pure: no I/O, and times are given; steady ones do not go backwards. For one thread.
class Throttle {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kFirstRest{250};
  static constexpr std::chrono::milliseconds kLongestRest{10'000};
  // How old a sample may be on which a worker goes on.
  static constexpr std::chrono::milliseconds kSampleAge{1'000};

  // `workers`: how many there are for the job, this one included; 0 is taken as 1. They share
  // most_rows_per_second evenly.
  Throttle(ResolvedLimits limits, uint32_t workers, Steady now);

  // Both may change while the job runs. New limits are a new beginning: what was above an old one
  // may be at once where it is not above the new one.
  void SetLimits(ResolvedLimits limits, Steady now);
  void SetWorkers(uint32_t workers, Steady now);
  const ResolvedLimits& limits() const { return limits_; }

  // The service refused a call (RATE_LIMITED, OVERLOADED), and asked to come back after
  // `retry_after`, if it said that; it is given 250 ms at least, and twice as long with each
  // refusal in a row, up to 10 s; and five minutes at most.
  void ServiceRefused(std::optional<std::chrono::milliseconds> retry_after, Steady now);
  // It did what it was asked for.
  void ServiceAnswered() { refusals_ = 0; }

  // A batch is done, of so many rows, whatever became of them.
  void BatchDone(uint64_t rows, Steady now) { pace_.Done(rows, now); }
  // Rows that the next batch may have for the pace's sake: those of one second, at least one.
  uint32_t MostRows() const;

  // Decide is called once before each batch, and once after each rest. `sample`: LoadSample{} where
  // measuring failed.
  Decision Decide(const LoadSample& sample, WallTime wall, Steady now);

 private:
  // What is limited by a number, in the order of throttle.cc.
  static constexpr size_t kMetricCount = 6;

  double share() const;
  void AddLoad(const LoadSample& sample, std::vector<std::string>* reasons);
  std::chrono::milliseconds NextRest();
  std::string PaceWords() const;

  ResolvedLimits limits_;
  uint32_t workers_;
  RowPace pace_;
  std::array<bool, kMetricCount>
      over_{};              // it was above its limit, and not down to where it ends yet
  uint32_t rests_ = 0;      // in a row
  uint32_t refusals_ = 0;   // in a row
  Steady service_until_{};  // the service wants to be left alone until then
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_THROTTLE_H_
