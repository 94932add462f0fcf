// idle: does the first call after a silence wait?
//
// The silence must be the server's, not just a connection's: so there are many
// servers, each with one connection and nothing else to do, and each gives one
// sample every 1 to 3 seconds.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "fieldkms/v1/crypto_service.grpc.pb.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/daemon_config.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/report.h"
#include "tests/bench/tcp_server.h"
#include "tests/support/seeded_random.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kServers = 20;
constexpr int kWarmUpCalls = 200;
constexpr double kSteadySeconds = 1.5;  // before, and again after, the silences

// A server process on a TCP port of its own, and one connection to it.
class TcpEndpoint {
 public:
  TcpEndpoint() {
    const std::string out = dir_.File("port");
    process_ = std::make_unique<fieldkms::testing::Subprocess>(fieldkms::testing::SubprocessOptions{
        .argv = {"/proc/self/exe", "serve-tcp", "--data-dir", dir_.File("data")},
        .stdout_path = out,
        .stderr_path = dir_.File("log")});
    const std::string port = WaitForLine(out);
    grpc::ChannelArguments own_connection;
    own_connection.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = v1::CryptoService::NewStub(grpc::CreateCustomChannel(
        "127.0.0.1:" + port, grpc::InsecureChannelCredentials(), own_connection));
    request_.set_tenant(std::string(kBenchTenant));
    request_.set_key(std::string(kBenchKey));
    request_.set_plaintext("4111111111111111");
    for (int i = 0; i < kWarmUpCalls; ++i) CallMicroseconds();
  }

  // One call; how long it took.
  double CallMicroseconds() {
    grpc::ClientContext context;
    v1::EncryptResponse response;
    const auto start = SteadyClock::now();
    const grpc::Status status = stub_->Encrypt(&context, request_, &response);
    const auto end = SteadyClock::now();
    if (!status.ok()) throw std::runtime_error("Encrypt: " + status.error_message());
    return std::chrono::duration<double, std::micro>(end - start).count();
  }

 private:
  std::string WaitForLine(const std::string& path) {
    for (int i = 0; i < 3000; ++i) {
      const std::string text = fieldkms::testing::ReadFile(path);
      if (text.ends_with('\n')) return text.substr(0, text.size() - 1);
      if (process_->WaitFor(std::chrono::milliseconds(10))) break;
    }
    throw std::runtime_error("no TCP server: " + fieldkms::testing::ReadFile(dir_.File("log")));
  }

  fieldkms::testing::TempDir dir_;
  std::unique_ptr<fieldkms::testing::Subprocess> process_;
  std::unique_ptr<v1::CryptoService::Stub> stub_;
  v1::EncryptRequest request_;
};

std::vector<double> Steady(TcpEndpoint& endpoint, double seconds) {
  const auto end = SteadyClock::now() + std::chrono::duration<double>(seconds);
  std::vector<double> latencies;
  while (SteadyClock::now() < end) latencies.push_back(endpoint.CallMicroseconds());
  return latencies;
}

// One call after each silence of 1 to 3 s, at every server, for `seconds`.
std::vector<double> AfterSilences(std::vector<std::unique_ptr<TcpEndpoint>>& endpoints,
                                  double seconds) {
  const auto end = SteadyClock::now() + std::chrono::duration<double>(seconds);
  std::mutex mutex;
  std::vector<double> latencies;
  std::string failure;
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < endpoints.size(); ++i) {
    threads.emplace_back([&, i] {
      fieldkms::testing::SeededRandom random(i);
      try {
        for (;;) {
          const auto next =
              SteadyClock::now() + std::chrono::microseconds(1'000'000 + random.Below(2'000'000));
          if (next > end) return;
          std::this_thread::sleep_until(next);
          const double took = endpoints[i]->CallMicroseconds();
          const std::lock_guard lock(mutex);
          latencies.push_back(took);
        }
      } catch (const std::exception& e) {
        const std::lock_guard lock(mutex);
        failure = e.what();
      }
    });
  }
  threads.clear();  // joins
  if (!failure.empty()) throw std::runtime_error(failure);
  return latencies;
}

std::vector<std::string> Row(const std::string& name, const std::vector<double>& latencies) {
  std::vector<std::string> row = {name, fmt::format("{}", latencies.size())};
  for (const double p : {0.5, 0.9, 0.99, 1.0}) {
    row.push_back(fmt::format("{:.0f}", Percentile(latencies, p)));
  }
  return row;
}

}  // namespace

absl::StatusOr<BenchResult> RunIdle(const BenchOptions& options) {
  std::vector<std::unique_ptr<TcpEndpoint>> endpoints;
  for (int i = 0; i < kServers; ++i) endpoints.push_back(std::make_unique<TcpEndpoint>());
  std::vector<double> steady = Steady(*endpoints.front(), kSteadySeconds);
  const std::vector<double> idle =
      AfterSilences(endpoints, std::max(4.0, options.seconds - 2 * kSteadySeconds));
  for (const double latency : Steady(*endpoints.front(), kSteadySeconds)) steady.push_back(latency);

  PrintSettings({{"server",
                  "the whole service in a process of its own, on TCP loopback without TLS "
                  "(which fieldkmsd refuses: bench only)"},
                 {"silence",
                  fmt::format("1-3 s before each call, at {} servers of one connection", kServers)},
                 {"baseline", "one call in flight under steady load at one of them, median"},
                 {"access", "one principal, all actions, no rate limit"},
                 {"audit", "one synced record a call"}});
  PrintTable({"calls", "number", "p50 us", "p90 us", "p99 us", "max us"},
             {Row("after silence", idle), Row("steady (baseline: p50)", steady)});
  const double ours = Percentile(idle, 0.99);
  const double baseline = Median(steady);
  return BenchResult{baseline / ours, ours, baseline, "us"};
}

}  // namespace fieldkms::bench
