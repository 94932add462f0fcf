// rotate_foreground: what an application feels of a job with the limits that it has by default.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "crypto/status.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/pgbench.h"
#include "tests/bench/report.h"
#include "tests/bench/rotation_bench.h"

namespace fieldkms::bench {
namespace {

constexpr int kWorkers = 2;
constexpr int kRounds = 3;
constexpr int kScale = 10;                  // a million accounts
constexpr double kShareOfLoad = 0.3;        // of what saturates the database
constexpr double kLeastShareOfRate = 0.25;  // a job that hardly works disturbs nobody

// One round: p99 with nothing beside it, with a job beside it, and how fast that was.
struct Round {
  double alone_ms = 0;
  double beside_ms = 0;
  double rows_per_second = 0;
};

double P99(const Pgbench& pgbench, double rate, double seconds) {
  return Percentile(pgbench.Latencies(rate, seconds), 0.99);
}

Round RunRound(RotationBench& bench, const Pgbench& pgbench, double rate, double seconds) {
  Round round;
  bench.Rewrite();
  round.alone_ms = P99(pgbench, rate, seconds);
  RunningJob job(bench.bed(), kWorkers, v1::RotationLimits());
  round.beside_ms = P99(pgbench, rate, seconds);
  round.rows_per_second =
      static_cast<double>(job.job().progress().counts().changed()) / job.seconds();
  return round;
}

void PrintRounds(const std::vector<Round>& rounds, double rate, double free_rate) {
  std::vector<std::vector<std::string>> rows;
  for (const Round& round : rounds) {
    rows.push_back({fmt::format("pgbench, {:.0f} transactions a second", rate),
                    fmt::format("{:.2f} ms", round.alone_ms),
                    fmt::format("{:.2f} ms", round.beside_ms),
                    fmt::format("{:.0f}", round.rows_per_second),
                    fmt::format("{:.0f} %", 100 * round.rows_per_second / free_rate)});
  }
  PrintTable({"", "p99 alone (baseline)", "p99 beside a job", "job's rows/s", "of its rate alone"},
             rows);
}

}  // namespace

absl::StatusOr<BenchResult> RunRotateForeground(const BenchOptions& options) {
  RotationBench bench(options.rows > 0 ? options.rows : 1'000'000, Upkeep::kAutovacuum);
  const double turn = options.seconds / (2 * kRounds + 1);
  const Pgbench pgbench(bench.bed().conninfo(), kScale);
  FIELDKMS_ASSIGN_OR_RETURN(const TableRun free, bench.RunJob(kWorkers, NoThrottle()));
  const double rate = kShareOfLoad * pgbench.Saturation(turn);
  PrintSettings(bench.DescribeSettings());
  PrintSettings(
      {{"application",
        fmt::format("pgbench, its own script, scale {}, {} clients", kScale, Pgbench::kClients)},
       {"limits", "those by default"},
       {"rate alone", fmt::format("{:.0f} rows/s, without limits", free.rows_per_second())}});
  std::vector<Round> rounds;
  Rates alone, beside, rates;
  for (int i = 0; i < kRounds; ++i) {
    const Round& round = rounds.emplace_back(RunRound(bench, pgbench, rate, turn));
    alone.push_back(round.alone_ms);
    beside.push_back(round.beside_ms);
    rates.push_back(round.rows_per_second);
  }
  PrintRounds(rounds, rate, free.rows_per_second());
  // One that is slower than it may be counts as much less.
  const double held = std::min(1.0, Median(rates) / (kLeastShareOfRate * free.rows_per_second()));
  return BenchResult{Compare(alone, beside).median * held, Median(beside), Median(alone),
                     "ms,p99,baseline/ours"};
}

}  // namespace fieldkms::bench
