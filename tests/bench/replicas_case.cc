// replicas: what it costs that two daemons share the work, over one PostgreSQL.
#include <fmt/format.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crypto/status.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/loaded_server.h"
#include "tests/bench/report.h"
#include "tests/support/postgres_server.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::bench {
namespace {

using fieldkms::testing::PostgresServer;

constexpr double kTurnSeconds = 0.5;

// Two daemons of one root key and one store.
absl::StatusOr<LoadedServer::Servers> StartReplicas(PostgresServer& postgres,
                                                    const fieldkms::testing::TempDir& shared) {
  DaemonSettings settings;
  settings.durability = AuditDurability::kNone;
  settings.conninfo_file = shared.File("conninfo");
  settings.root_key = shared.File("root.key");
  fieldkms::testing::WriteFile(
      settings.conninfo_file,
      postgres.Conninfo(postgres.MakeStore(), PostgresServer::kServiceLogin) + "\n");
  LoadedServer::Servers replicas;
  for (int i = 0; i < 2; ++i) {
    FIELDKMS_ASSIGN_OR_RETURN(auto replica, ServerProcess::StartDaemon(settings));
    replicas.push_back(std::move(replica));
  }
  return replicas;
}

}  // namespace

absl::StatusOr<BenchResult> RunReplicas(const BenchOptions& options) {
  PostgresServer postgres;
  const fieldkms::testing::TempDir shared;
  FIELDKMS_ASSIGN_OR_RETURN(const LoadedServer::Servers replicas, StartReplicas(postgres, shared));
  const Traffic traffic = UnaryTraffic();
  LoadedServer both("two daemons", replicas, traffic);
  LoadedServer alone("one daemon (baseline)", {replicas.front()}, traffic);
  const Contender contenders[] = {[&both](double s) { return both.Measure(s); },
                                  [&alone](double s) { return alone.Measure(s); }};
  const std::vector<Rates> rates = MeasureInTurn(contenders, options.seconds, kTurnSeconds);

  PrintSettings(
      {{"load", fmt::format("Encrypt of 16 bytes, {} calls in flight on {} connections in all, "
                            "client on the same machine",
                            traffic.in_flight, LoadOptions{}.connections)},
       {"store", "PostgreSQL on the same machine, over a Unix socket; followed, the key is loaded"},
       {"access", DescribeAccess()},
       {"audit", "one record a call and daemon, not synced"},
       {"baseline", "all calls to one of the two daemons, the other idle"},
       {"rounds", fmt::format("{} of {:.1f} s each", rates[0].size(), kTurnSeconds)}});
  PrintTable(LoadedServer::Header(traffic),
             {both.Row(rates[0], rates[1]), alone.Row(rates[1], rates[1])});
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     traffic.unit};
}

}  // namespace fieldkms::bench
