// watch: a daemon that looks for suspicious calls, against one that does not.
#include <fmt/format.h>

#include <utility>

#include "crypto/status.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/loaded_server.h"
#include "tests/bench/report.h"

namespace fieldkms::bench {
namespace {

constexpr double kTurnSeconds = 0.5;

}  // namespace

absl::StatusOr<BenchResult> RunWatch(const BenchOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(auto watched, ServerProcess::StartDaemon({.watch = true}));
  FIELDKMS_ASSIGN_OR_RETURN(auto unwatched, ServerProcess::StartDaemon({.watch = false}));
  const Traffic traffic = UnaryTraffic();
  LoadedServer servers[] = {{"fieldkmsd, watched", {std::move(watched)}, traffic},
                            {"fieldkmsd, not watched (baseline)", {std::move(unwatched)}, traffic}};
  std::vector<Contender> contenders;
  for (LoadedServer& server : servers) {
    contenders.push_back([&server](double s) { return server.Measure(s); });
  }
  const std::vector<Rates> rates = MeasureInTurn(contenders, options.seconds, kTurnSeconds);
  PrintSettings({{"load", fmt::format("Encrypt, {} calls in flight, client on the same machine",
                                      traffic.in_flight)},
                 {"audit", "synced; one record a call"},
                 {"rules", "as shipped"},
                 {"rounds", fmt::format("{} of {:.1f} s each", rates[0].size(), kTurnSeconds)}});
  PrintTable(LoadedServer::Header(traffic),
             {servers[0].Row(rates[0], rates[1]), servers[1].Row(rates[1], rates[1])});
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     traffic.unit};
}

}  // namespace fieldkms::bench
