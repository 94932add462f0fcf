// What fieldkms-bench runs. A case measures FieldKMS and a baseline in turn, in
// one run on one machine, prints what it measured and under which settings, and
// returns one ratio, ours to baseline, of which more is better.
#ifndef FIELDKMS_TESTS_BENCH_BENCH_CASE_H_
#define FIELDKMS_TESTS_BENCH_BENCH_CASE_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fieldkms::bench {

struct BenchResult {
  double ratio = 0;
  double ours = 0;
  double baseline = 0;
  std::string unit;  // of ours and baseline; no spaces
};

struct BenchCase {
  std::string_view name;
  std::string_view what;  // one line for people
  double target;          // the least ratio
  double seconds;         // of measuring, by default
  // Runs the case for about `seconds` of measuring; prints to stdout.
  absl::StatusOr<BenchResult> (*run)(double seconds);
};

absl::StatusOr<BenchResult> RunSeal(double seconds);
absl::StatusOr<BenchResult> RunUnary(double seconds);
absl::StatusOr<BenchResult> RunBatch(double seconds);
absl::StatusOr<BenchResult> RunStartup(double seconds);
absl::StatusOr<BenchResult> RunIdle(double seconds);
absl::StatusOr<BenchResult> RunOverhead(double seconds);

// All cases, in the order in which `all` runs them.
std::span<const BenchCase> AllCases();

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_BENCH_CASE_H_
