// How fast one thread does a thing, by its own processor time: what other processes take
// does not count.
#ifndef FIELDKMS_TESTS_BENCH_PROCESSOR_RATE_H_
#define FIELDKMS_TESTS_BENCH_PROCESSOR_RATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/bench/in_turn.h"

namespace fieldkms::bench {

// What a turn of these takes, of processor time.
inline constexpr double kProcessorTurnSeconds = 0.02;

// Processor time of the calling thread.
double ThreadSeconds();

// Calls `run` for `seconds`; returns calls a second. The clock is read once a thousand
// calls.
template <class Run>
double ProcessorRate(double seconds, const Run& run) {
  constexpr int kCallsAClock = 1000;
  const double start = ThreadSeconds();
  double calls = 0;
  double spent = 0;
  while (spent < seconds) {
    for (int i = 0; i < kCallsAClock; ++i) run();
    calls += kCallsAClock;
    spent = ThreadSeconds() - start;
  }
  return calls / spent;
}

// Throws std::runtime_error for an error: for what cannot return it.
void CheckOk(const absl::Status& status);

// One contender that seals, in a table under SealHeader(): ns/seal, M/s, ratio, middle half.
std::vector<std::string> SealHeader();
std::vector<std::string> SealRow(const std::string& who, const Rates& rates, const Rates& baseline);

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_PROCESSOR_RATE_H_
