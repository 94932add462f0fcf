#include "tests/bench/sql_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "crypto/status.h"
#include "tests/support/paths.h"
#include "tests/support/subprocess.h"

namespace fieldkms::bench {
namespace {

using fieldkms::testing::PostgresServer;
using Clock = std::chrono::steady_clock;

constexpr double kTurnSeconds = 0.5;
constexpr char kDatabase[] = "postgres";
constexpr uint64_t kFirstId = 10'000'000;

std::string LastLineOf(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// Rows a second of a statement that is repeated for `seconds`, once at least.
double Repeat(SqlBench& bench, const SqlContender& contender, double seconds) {
  const uint64_t wanted = contender.rows > 0 ? contender.rows : bench.rows();
  const std::string all = std::to_string(wanted);
  const auto start = Clock::now();
  double spent = 0;
  double rows = 0;
  do {
    if (bench.session().Run(contender.sql) != all) {
      throw std::runtime_error(contender.name + " did not do all its rows");
    }
    rows += static_cast<double>(wanted);
    spent = std::chrono::duration<double>(Clock::now() - start).count();
  } while (spent < seconds);
  return rows / spent;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqlBench>> SqlBench::Start() {
  std::unique_ptr<SqlBench> bench(new SqlBench);
  FIELDKMS_ASSIGN_OR_RETURN(
      bench->shim_, ShimProcess::Start(ShimProcess::Peers::kDatabase, AuditDurability::kFsync));
  FIELDKMS_RETURN_IF_ERROR(bench->StartPostgres());
  bench->session_ = std::make_unique<SqlSession>(bench->conninfo());
  bench->session_->Run("CREATE EXTENSION fieldkms");
  bench->session_->Run("CREATE EXTENSION pgcrypto");
  return bench;
}

absl::Status SqlBench::StartPostgres() {
  const std::string build = std::filesystem::path(testing::BinDir()).parent_path();
  const testing::CommandResult made =
      testing::RunCommand({.argv = {testing::SourceDir() + "/deploy/private_postgres",
                                    shim_->directory() + "/pg", build}});
  if (made.status != testing::ExitStatus{0, 0}) {
    return absl::InternalError("private_postgres: " + made.err);
  }
  postgres_ = std::make_unique<PostgresServer>(
      PostgresServer::Installation{LastLineOf(made.out)},
      std::vector<std::string>{
          "fsync=on", "shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min",
          "autovacuum=off", "jit=off", "work_mem=256MB", "maintenance_work_mem=256MB",
          "max_parallel_workers_per_gather=0", "session_preload_libraries=fieldkms",
          "fieldkms.socket=" + shim_->socket(), fmt::format("fieldkms.tenant={}", kBenchTenant)});
  return absl::OkStatus();
}

std::string SqlBench::conninfo() const {
  return postgres_->Conninfo(kDatabase, PostgresServer::kSuperuser);
}

void SqlBench::MakeCards(uint64_t rows) {
  rows_ = rows;
  session_->Run("CREATE TABLE cards (id bigint PRIMARY KEY, card text, bytes bytea)");
  session_->Run(fmt::format(
      "INSERT INTO cards SELECT i, c, convert_to(c, 'UTF8') FROM (SELECT i, "
      "(4111111100000000 + i)::text AS c FROM generate_series({}::bigint, {}) AS i) AS made",
      kFirstId, kFirstId + rows - 1));
  session_->Run("VACUUM ANALYZE cards");
  session_->Run("CHECKPOINT");
}

std::string SqlBench::Tenth() const {
  return fmt::format("(SELECT * FROM cards LIMIT {}) AS tenth", tenth());
}

std::string SqlBench::RowContext() {
  return R"(kms.row_context('\x000102030405060708090a0b0c0d0e0f'::bytea, id::text))";
}

Settings SqlBench::DescribeSettings(bool leases) const {
  Settings settings = {
      {"database",
       "PostgreSQL with the extension, on the same machine; one session over a Unix socket; 512 MB "
       "of buffers, all of it in memory; no parallel workers, no JIT, no autovacuum meanwhile"}};
  for (auto& setting : shim_->DescribeSecurity(leases)) settings.push_back(std::move(setting));
  return settings;
}

absl::StatusOr<BenchResult> RunStatements(SqlBench& bench, const std::vector<SqlContender>& all,
                                          double seconds, Settings settings) {
  using Lease = SqlContender::Lease;
  std::vector<Contender> contenders;
  double turn = kTurnSeconds;  // or what the slowest statement takes
  for (const SqlContender& one : all) {
    contenders.push_back([&bench, &one](double s) { return Repeat(bench, one, s); });
    const auto start = Clock::now();
    Repeat(bench, one, 0);
    turn = std::max(turn, std::chrono::duration<double>(Clock::now() - start).count());
  }
  const std::vector<Rates> rates = MeasureInTurn(contenders, seconds, turn);
  for (const SqlContender& one : all) {
    if (one.lease == Lease::kNotAsked) continue;
    Repeat(bench, one, 0);
    FIELDKMS_RETURN_IF_ERROR(bench.shim().CheckLastCall(one.lease == Lease::kUsed));
  }

  settings.emplace_back(
      "rounds", fmt::format("{} of {:.1f} s each, at least one statement", rates[0].size(), turn));
  PrintSettings(settings);
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < all.size(); ++i) {
    const Ratio ratio = Compare(rates[i], rates[1]);
    rows.push_back({all[i].name, fmt::format("{:.0f}", Median(rates[i])),
                    fmt::format("{:.2f}", 1e6 / Median(rates[i])),
                    fmt::format("{:.3f}", ratio.median),
                    fmt::format("{:.3f}-{:.3f}", ratio.low, ratio.high)});
  }
  PrintTable({"statement", "rows/s", "us/row", "ratio", "middle half"}, rows);
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     "rows/s"};
}

}  // namespace fieldkms::bench
