// fieldkms-bench: how FieldKMS compares with the best that its parts allow.
//   fieldkms-bench list
//   fieldkms-bench CASE [--seconds N] [--keys N] [--rows N]
//   fieldkms-bench all [--seconds N] [--keys N] [--rows N]
// The last line of a case is
//   case=NAME ratio=R ours=X baseline=Y unit=U
// with the ratio ours/baseline, more is better. Exit codes: 0, or 1 where a case
// could not run or, under `all`, missed its target; 2 for wrong usage.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "tests/bench/bench_case.h"
#include "tests/bench/noop_server.h"
#include "tests/bench/report.h"
#include "tests/bench/tcp_server.h"

namespace fieldkms::bench {
namespace {

constexpr size_t kKeys = 1'000'000;
constexpr size_t kMostRows = 100'000'000;
constexpr size_t kMostKeys = 10'000'000;  // for which names are long enough

constexpr BenchCase kCases[] = {
    {"seal", "seal a 16-byte value with 32 bytes of AAD, against bare EVP", 0.9, 6, RunSeal},
    {"unary", "Encrypt, 64 in flight over a Unix socket, against a no-op server", 0.85, 18,
     RunUnary},
    {"watch", "Encrypt as in unary, with the trail watched, against without", 0.97, 18, RunWatch},
    {"batch", "BatchEncrypt of 1,000 values of 16 bytes, against an echoing no-op server", 0.6, 18,
     RunBatch},
    {"protect", "BatchProtect of 1,000 values of five fields, against BatchEncrypt of the bytes",
     0.5, 12, RunProtect},
    {"mask", "mask a card number, against a copy and a scan", 0.5, 4, RunMask},
    {"keys_scale", "BatchEncrypt over 10,000 hot keys of 1,000,000, against one key", 0.8, 12,
     RunKeysScale},
    {"cold_unwrap", "first use of a data key, p50, against a bare read and a bare unwrap", 0.5, 6,
     RunColdUnwrap},
    {"leased", "seal a 16-byte value with a leased key in a client, against bare EVP", 0.7, 6,
     RunLeased},
    {"ff1", "FF1 on 16 digits, against Bouncy Castle's (needs Java and libbcprov-java)", 3.0, 8,
     RunFf1},
#ifdef FIELDKMS_STORE_POSTGRES
    {"tokenize", "BatchTokenize of 1,000 values, PostgreSQL, against a bare INSERT of the rows",
     0.6, 24, RunTokenize},
    {"replicas", "Encrypt over two daemons of one PostgreSQL, against one daemon", 0.95, 12,
     RunReplicas},
    {"rotate", "rotate a table of 1,000,000 rows, two workers, against bare UPDATEs", 0.6, 180,
     RunRotate},
    {"rotate_wal", "write-ahead log of a rotation, against UPDATE in the key's order", 1.2, 30,
     RunRotateWal},
    {"rotate_scale", "rotate 5,000,000 rows, against a table of a tenth", 0.9, 300, RunRotateScale},
    {"rotate_foreground", "p99 of pgbench at 30 % of its most, beside a job, against without", 0.8,
     140, RunRotateForeground},
#endif
#ifdef FIELDKMS_BENCH_SQL
    {"sql_many", "kms.encrypt_many over 200,000 rows in one statement, against encrypt_iv a row",
     1.5, 24, RunSqlMany},
    {"sql_scalar", "kms.encrypt a row over 20,000 rows, against pgp_sym_encrypt", 8, 60,
     RunSqlScalar},
    {"sql_hop", "kms.encrypt a row, against a bare echo of the same bytes over a Unix socket", 0.5,
     18, RunSqlHop},
    {"sql_search", "equality by blind index in 1,000,000 rows, against a plaintext btree", 0.8, 18,
     RunSqlSearch},
#endif
    {"shim_vault",
     "Vault's transit encrypt with a lease, batch of 250, against BatchEncrypt over gRPC", 0.5, 12,
     RunShimVault},
    {"startup", "from exec to serving, against the no-op server", 0.5, 8, RunStartup},
    {"idle", "p99 of a call over TCP after 1-3 s of silence, against p50 under steady load", 0.1,
     30, RunIdle},
    {"overhead", "bytes added to a 16-byte value, against 53", 1.0, 0, RunOverhead},
};

void List() {
  std::vector<std::vector<std::string>> rows;
  for (const BenchCase& bench : AllCases()) {
    rows.push_back({std::string(bench.name), std::string(bench.what),
                    fmt::format("{:.2f}", bench.target), fmt::format("{:.0f} s", bench.seconds)});
  }
  PrintTable({"case", "what", "target", "takes"}, rows);
}

absl::StatusOr<BenchResult> RunOne(const BenchCase& bench, BenchOptions options) {
  if (options.seconds <= 0) options.seconds = bench.seconds;

  fmt::print("\n{}: {} (target: at least {:.2f})\n\n", bench.name, bench.what, bench.target);
  std::fflush(stdout);
  absl::StatusOr<BenchResult> result = absl::UnknownError("");
  try {
    result = bench.run(options);
  } catch (const std::exception& e) {
    result = absl::InternalError(e.what());
  }
  if (!result.ok()) {
    std::fflush(stdout);
    fmt::print(stderr, "case {} failed: {}\n", bench.name, result.status().ToString());
    return result;
  }
  fmt::print("case={} ratio={:.3f} ours={:.4g} baseline={:.4g} unit={}\n", bench.name,
             result->ratio, result->ours, result->baseline, result->unit);
  std::fflush(stdout);
  return result;
}

int RunAll(const BenchOptions& options) {
  std::vector<std::vector<std::string>> rows;
  bool all_met = true;
  for (const BenchCase& bench : AllCases()) {
    const auto result = RunOne(bench, options);
    const bool met = result.ok() && result->ratio >= bench.target;
    all_met = all_met && met;
    rows.push_back({std::string(bench.name),
                    result.ok() ? fmt::format("{:.3f}", result->ratio) : "-",
                    fmt::format("{:.2f}", bench.target), met ? "PASS" : "FAIL"});
  }
  fmt::print("\n");
  PrintTable({"case", "ratio", "target", "verdict"}, rows);
  return all_met ? 0 : 1;
}

int Main(int argc, char** argv) {
  CLI::App app("Measures FieldKMS against baselines, in turn, on this machine.", "fieldkms-bench");
  app.require_subcommand(1);
  BenchOptions options;
  options.keys = kKeys;
  const auto add_options = [&options](CLI::App* command) {
    command->add_option("--seconds", options.seconds, "Measure for about this long (a case)")
        ->check(CLI::PositiveNumber);
    command->add_option("--keys", options.keys, "Keys in the store of keys_scale")
        ->check(CLI::Range(size_t{1}, kMostKeys));
    command->add_option("--rows", options.rows, "Rows of the table of a rotation or of SQL")
        ->check(CLI::Range(size_t{1'000}, kMostRows));
  };
  CLI::App* const list = app.add_subcommand("list", "Names the cases and their targets");
  CLI::App* const all = app.add_subcommand("all", "Runs all cases; fails if a target is missed");
  add_options(all);
  for (const BenchCase& bench : AllCases()) {
    add_options(app.add_subcommand(std::string(bench.name), std::string(bench.what)));
  }
  // Hidden: this program as the servers of the cases.
  NoopServerOptions noop;
  CLI::App* const serve = app.add_subcommand("serve-noop")->group("");
  serve->add_option("--socket", noop.socket)->required();
  TcpServerOptions tcp;
  CLI::App* const serve_tcp = app.add_subcommand("serve-tcp")->group("");
  serve_tcp->add_option("--data-dir", tcp.data_dir)->required();
  CLI11_PARSE(app, argc, argv);

  if (list->parsed()) {
    List();
    return 0;
  }
  if (all->parsed()) return RunAll(options);
  if (serve->parsed()) return ServeNoop(noop);
  if (serve_tcp->parsed()) return ServeTcp(tcp);
  for (const BenchCase& bench : AllCases()) {
    if (app.got_subcommand(std::string(bench.name))) return RunOne(bench, options).ok() ? 0 : 1;
  }
  return 2;
}

}  // namespace

std::span<const BenchCase> AllCases() { return kCases; }

}  // namespace fieldkms::bench

int main(int argc, char** argv) { return fieldkms::bench::Main(argc, argv); }
