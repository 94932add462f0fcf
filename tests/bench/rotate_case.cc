// rotate, rotate_wal, rotate_scale: a job against the UPDATEs that it comes down to.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "crypto/status.h"
#include "rotation/range_runner.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/report.h"
#include "tests/bench/rotation_bench.h"

namespace fieldkms::bench {
namespace {

constexpr int kWorkers = 2;
constexpr size_t kBatchRows = 5'000;  // what a job's batches grow to
constexpr int kRounds = 3;

std::vector<std::string> RowOf(const std::string& name, const TableRun& run) {
  return {name, fmt::format("{:.1f} s", run.seconds),
          run.sweep_seconds > 0 ? fmt::format("{:.1f} s", run.sweep_seconds) : "",
          fmt::format("{:.0f}", run.rows_per_second()), fmt::format("{:.0f}", run.wal_per_row())};
}
const std::vector<std::string> kHeader = {"", "took", "of it sweep", "rows/s", "WAL bytes/row"};

}  // namespace

absl::StatusOr<BenchResult> RunRotate(const BenchOptions& options) {
  RotationBench bench(options.rows > 0 ? options.rows : 1'000'000);
  PrintSettings(bench.DescribeSettings());
  std::vector<std::vector<std::string>> rows;
  Rates ours;
  Rates baseline;
  for (int round = 0; round < kRounds; ++round) {
    FIELDKMS_ASSIGN_OR_RETURN(const TableRun job, bench.RunJob(kWorkers, NoThrottle()));
    bench.Rewrite();
    FIELDKMS_ASSIGN_OR_RETURN(const TableRun bare,
                              bench.RunUpdates(kWorkers, kBatchRows, rotation::kInterleave));
    rows.push_back(RowOf("job, two workers", job));
    rows.push_back(RowOf("bare UPDATE of the same batches (baseline)", bare));
    ours.push_back(job.rows_per_second());
    baseline.push_back(bare.rows_per_second());
    // The updates have written over the cards: seal them anew.
    bench.bed().Refill();
    bench.Rewrite();
  }
  PrintTable(kHeader, rows);
  return BenchResult{Compare(ours, baseline).median, Median(ours), Median(baseline), "rows/s"};
}

absl::StatusOr<BenchResult> RunRotateWal(const BenchOptions& options) {
  RotationBench bench(options.rows > 0 ? options.rows : 200'000);
  PrintSettings(bench.DescribeSettings());
  FIELDKMS_ASSIGN_OR_RETURN(const TableRun job, bench.RunJob(kWorkers, NoThrottle()));
  bench.Rewrite();
  FIELDKMS_ASSIGN_OR_RETURN(const TableRun bare, bench.RunUpdates(kWorkers, kBatchRows, 1));
  PrintTable(kHeader, {RowOf("job, two workers", job),
                       RowOf("bare UPDATE in the order of the key (baseline)", bare)});
  return BenchResult{bare.wal_per_row() / job.wal_per_row(), job.wal_per_row(), bare.wal_per_row(),
                     "bytes/row,baseline/ours"};
}

absl::StatusOr<BenchResult> RunRotateScale(const BenchOptions& options) {
  const uint64_t many = options.rows > 0 ? options.rows : 5'000'000;
  TableRun large;
  TableRun small;
  for (const auto& [rows, run] : {std::pair(many / 10, &small), std::pair(many, &large)}) {
    RotationBench bench(rows);
    if (run == &small) PrintSettings(bench.DescribeSettings());
    FIELDKMS_ASSIGN_OR_RETURN(*run, bench.RunJob(kWorkers, NoThrottle()));
  }
  PrintTable(kHeader, {RowOf(fmt::format("{} rows", large.rows), large),
                       RowOf(fmt::format("{} rows (baseline)", small.rows), small)});
  return BenchResult{large.rows_per_second() / small.rows_per_second(), large.rows_per_second(),
                     small.rows_per_second(), "rows/s"};
}

}  // namespace fieldkms::bench
