// fieldkms-bench: how FieldKMS compares with the best that its parts allow.
//   fieldkms-bench list
//   fieldkms-bench CASE [--seconds N]
//   fieldkms-bench all [--seconds N]
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

constexpr BenchCase kCases[] = {
    {"seal", "seal a 16-byte value with 32 bytes of AAD, against bare EVP", 0.9, 6, RunSeal},
    {"unary", "Encrypt, 64 in flight over a Unix socket, against a no-op server", 0.85, 18,
     RunUnary},
    {"batch", "BatchEncrypt of 1,000 values of 16 bytes, against an echoing no-op server", 0.6, 18,
     RunBatch},
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

absl::StatusOr<BenchResult> RunOne(const BenchCase& bench, double seconds) {
  fmt::print("\n{}: {} (target: at least {:.2f})\n\n", bench.name, bench.what, bench.target);
  std::fflush(stdout);
  absl::StatusOr<BenchResult> result = absl::UnknownError("");
  try {
    result = bench.run(seconds > 0 ? seconds : bench.seconds);
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

int RunAll(double seconds) {
  std::vector<std::vector<std::string>> rows;
  bool all_met = true;
  for (const BenchCase& bench : AllCases()) {
    const auto result = RunOne(bench, seconds);
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
  double seconds = 0;
  const auto add_seconds = [&seconds](CLI::App* command) {
    command->add_option("--seconds", seconds, "Measure for about this long (a case)")
        ->check(CLI::PositiveNumber);
  };
  CLI::App* const list = app.add_subcommand("list", "Names the cases and their targets");
  CLI::App* const all = app.add_subcommand("all", "Runs all cases; fails if a target is missed");
  add_seconds(all);
  for (const BenchCase& bench : AllCases()) {
    add_seconds(app.add_subcommand(std::string(bench.name), std::string(bench.what)));
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
  if (all->parsed()) return RunAll(seconds);
  if (serve->parsed()) return ServeNoop(noop);
  if (serve_tcp->parsed()) return ServeTcp(tcp);
  for (const BenchCase& bench : AllCases()) {
    if (app.got_subcommand(std::string(bench.name))) return RunOne(bench, seconds).ok() ? 0 : 1;
  }
  return 2;
}

}  // namespace

std::span<const BenchCase> AllCases() { return kCases; }

}  // namespace fieldkms::bench

int main(int argc, char** argv) { return fieldkms::bench::Main(argc, argv); }
