// unary and batch: fieldkmsd against a no-op server on the same engine.
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

absl::StatusOr<BenchResult> RunTraffic(const Traffic& traffic, double seconds) {
  FIELDKMS_ASSIGN_OR_RETURN(auto noop, ServerProcess::StartNoop());
  FIELDKMS_ASSIGN_OR_RETURN(auto lazy,
                            ServerProcess::StartDaemon({.durability = AuditDurability::kNone}));
  FIELDKMS_ASSIGN_OR_RETURN(auto durable,
                            ServerProcess::StartDaemon({.durability = AuditDurability::kFsync}));
  LoadedServer servers[] = {{"fieldkmsd, audit not synced", {std::move(lazy)}, traffic},
                            {"no-op server (baseline)", {std::move(noop)}, traffic},
                            {"fieldkmsd, audit synced", {std::move(durable)}, traffic}};
  std::vector<Contender> contenders;
  for (LoadedServer& server : servers) {
    contenders.push_back([&server](double s) { return server.Measure(s); });
  }
  const std::vector<Rates> rates = MeasureInTurn(contenders, seconds, kTurnSeconds);

  PrintSettings(
      {{"load", fmt::format("{} calls in flight on {} connections, {:.0f} value(s) of 16 "
                            "bytes a call, client on the same machine",
                            traffic.in_flight, LoadOptions{}.connections, traffic.values_a_call)},
       {"transport", "gRPC over a Unix socket, async completion queues, one a core"},
       {"suite", "1 (XAES-256-GCM)"},
       {"access", DescribeAccess()},
       {"audit", "one record a call; the ratio is without its durability"},
       {"baseline", "the same engine, listener and messages; no access, audit or crypto"},
       {"rounds", fmt::format("{} of {:.1f} s each", rates[0].size(), kTurnSeconds)}});
  const Rates& baseline = rates[1];
  PrintTable(LoadedServer::Header(traffic),
             {servers[0].Row(rates[0], baseline), servers[1].Row(baseline, baseline),
              servers[2].Row(rates[2], baseline)});
  return BenchResult{Compare(rates[0], baseline).median, Median(rates[0]), Median(baseline),
                     traffic.unit};
}

}  // namespace

absl::StatusOr<BenchResult> RunUnary(const BenchOptions& options) {
  return RunTraffic(UnaryTraffic(), options.seconds);
}

absl::StatusOr<BenchResult> RunBatch(const BenchOptions& options) {
  return RunTraffic(BatchTraffic({BatchRequest()}), options.seconds);
}

}  // namespace fieldkms::bench
