#include <fmt/format.h>

#include <stdexcept>
#include <vector>

#include "crypto/status.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/report.h"
#include "tests/bench/server_process.h"

namespace fieldkms::bench {
namespace {

constexpr double kStartSeconds = 0.1;  // what a start may take, for counting rounds

// Starts a second: one start, whatever `seconds` says.
Contender StartsOf(ServerProcess& server) {
  return [&server](double /*seconds*/) {
    const auto took = server.MeasureRestart();
    if (!took.ok()) throw std::runtime_error(took.status().ToString());
    return 1 / *took;
  };
}

std::vector<std::string> Row(const std::string& name, const Rates& rates, const Rates& baseline) {
  const Ratio ratio = Compare(rates, baseline);
  return {name, fmt::format("{:.1f}", 1e3 / Median(rates)),
          fmt::format("{:.1f}", 1e3 / Percentile(rates, 0.1)), fmt::format("{:.3f}", ratio.median),
          fmt::format("{:.3f}-{:.3f}", ratio.low, ratio.high)};
}

}  // namespace

absl::StatusOr<BenchResult> RunStartup(const BenchOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto noop, ServerProcess::StartNoop());
  FIELDKMS_ASSIGN_OR_RETURN(const auto ours, ServerProcess::StartDaemon({}));
  const Contender contenders[] = {StartsOf(*ours), StartsOf(*noop)};
  const std::vector<Rates> rates = MeasureInTurn(contenders, options.seconds, kStartSeconds);
  PrintSettings({{"measured", "from exec to the first SERVING of the health service, warm files"},
                 {"store", "an existing data directory, checked (quick_check) at each start"},
                 {"access", DescribeAccess()},
                 {"audit", "synced; each start and stop is a record"},
                 {"starts", fmt::format("{} each", rates[0].size())}});
  PrintTable(
      {"server", "median ms", "p90 ms", "ratio", "middle half"},
      {Row("fieldkmsd", rates[0], rates[1]), Row("no-op server (baseline)", rates[1], rates[1])});
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     "starts/s"};
}

}  // namespace fieldkms::bench
