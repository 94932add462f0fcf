// What fieldkms-bench runs. A case measures FieldKMS and a baseline in turn, in
// one run on one machine, prints what it measured and under which settings, and
// returns one ratio, ours to baseline, of which more is better.
#ifndef FIELDKMS_TESTS_BENCH_BENCH_CASE_H_
#define FIELDKMS_TESTS_BENCH_BENCH_CASE_H_

#include <cstddef>
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

struct BenchOptions {
  double seconds = 0;  // of measuring, about
  size_t keys = 0;     // in the store, where a case has a store of many
  size_t rows = 0;     // of the table, where a case has one; 0: the case's own number
};

struct BenchCase {
  std::string_view name;
  std::string_view what;  // one line for people
  double target;          // the least ratio
  double seconds;         // of measuring, by default
  // Runs the case; prints to stdout.
  absl::StatusOr<BenchResult> (*run)(const BenchOptions& options);
};

absl::StatusOr<BenchResult> RunSeal(const BenchOptions& options);
absl::StatusOr<BenchResult> RunUnary(const BenchOptions& options);
absl::StatusOr<BenchResult> RunBatch(const BenchOptions& options);
absl::StatusOr<BenchResult> RunWatch(const BenchOptions& options);
absl::StatusOr<BenchResult> RunKeysScale(const BenchOptions& options);
absl::StatusOr<BenchResult> RunColdUnwrap(const BenchOptions& options);
absl::StatusOr<BenchResult> RunFf1(const BenchOptions& options);  // with Java
absl::StatusOr<BenchResult> RunLeased(const BenchOptions& options);
absl::StatusOr<BenchResult> RunReplicas(const BenchOptions& options);  // with PostgreSQL
absl::StatusOr<BenchResult> RunProtect(const BenchOptions& options);
absl::StatusOr<BenchResult> RunMask(const BenchOptions& options);
absl::StatusOr<BenchResult> RunTokenize(const BenchOptions& options);          // with PostgreSQL
absl::StatusOr<BenchResult> RunRotate(const BenchOptions& options);            // with PostgreSQL
absl::StatusOr<BenchResult> RunRotateWal(const BenchOptions& options);         // with PostgreSQL
absl::StatusOr<BenchResult> RunRotateScale(const BenchOptions& options);       // with PostgreSQL
absl::StatusOr<BenchResult> RunRotateForeground(const BenchOptions& options);  // with PostgreSQL
// With PostgreSQL, the extension and the shim.
absl::StatusOr<BenchResult> RunSqlMany(const BenchOptions& options);
absl::StatusOr<BenchResult> RunSqlScalar(const BenchOptions& options);
absl::StatusOr<BenchResult> RunSqlHop(const BenchOptions& options);
absl::StatusOr<BenchResult> RunSqlSearch(const BenchOptions& options);
absl::StatusOr<BenchResult> RunShimVault(const BenchOptions& options);  // with the shim
absl::StatusOr<BenchResult> RunStartup(const BenchOptions& options);
absl::StatusOr<BenchResult> RunIdle(const BenchOptions& options);
absl::StatusOr<BenchResult> RunOverhead(const BenchOptions& options);

// All cases, in the order in which `all` runs them.
std::span<const BenchCase> AllCases();

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_BENCH_CASE_H_
