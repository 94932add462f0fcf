#include "tests/bench/pgbench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/support/postgres_server.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::bench {
namespace {

using fieldkms::testing::PostgresServer;
using fieldkms::testing::TempDir;

// Of one thread: client, transaction, microseconds, and more.
void AddLatencies(const std::filesystem::path& log, std::vector<double>* latencies) {
  std::ifstream in(log);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string client, transaction;
    double microseconds = 0;
    if (fields >> client >> transaction >> microseconds) latencies->push_back(microseconds / 1e3);
  }
}

}  // namespace

Pgbench::Pgbench(std::string conninfo, int scale) : conninfo_(std::move(conninfo)) {
  Run({"--initialize", "--quiet", fmt::format("--scale={}", scale)});
}

std::string Pgbench::Run(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {PostgresServer::Program("pgbench")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.push_back(conninfo_);
  const testing::CommandResult result = testing::RunCommand({.argv = command});
  if (result.status.code != 0) throw std::runtime_error("pgbench: " + result.err);
  return result.out;
}

std::vector<std::string> Pgbench::For(double seconds) const {
  return {"--no-vacuum", fmt::format("--client={}", kClients), "--jobs=2",
          fmt::format("--time={}", std::max(1L, std::lround(seconds)))};
}

double Pgbench::Saturation(double seconds) const {
  static const std::regex kRate(R"(tps = ([0-9.]+))");
  const std::string out = Run(For(seconds));
  std::smatch match;
  if (!std::regex_search(out, match, kRate)) throw std::runtime_error("pgbench prints no rate");
  return std::stod(match[1]);
}

std::vector<double> Pgbench::Latencies(double rate, double seconds) const {
  const TempDir logs;
  std::vector<std::string> arguments = For(seconds);
  arguments.insert(arguments.end(), {fmt::format("--rate={:.3f}", rate), "--log",
                                     "--log-prefix=" + logs.File("log")});
  Run(arguments);
  std::vector<double> latencies;
  for (const auto& entry : std::filesystem::directory_iterator(logs.path())) {
    AddLatencies(entry.path(), &latencies);
  }
  if (latencies.empty()) throw std::runtime_error("pgbench has no log");
  return latencies;
}

}  // namespace fieldkms::bench
