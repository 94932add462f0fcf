// unary and batch: fieldkmsd against a no-op server on the same engine.
#include <fmt/format.h>
#include <time.h>

#include <array>
#include <memory>

#include "crypto/envelope.h"
#include "crypto/status.h"
#include "fieldkms/v1/crypto_service.pb.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/load_generator.h"
#include "tests/bench/report.h"
#include "tests/bench/server_process.h"

namespace fieldkms::bench {
namespace {

constexpr double kTurnSeconds = 0.5;

// What one case sends, and how large a right answer is.
struct Traffic {
  std::string method;
  std::unique_ptr<google::protobuf::Message> request;
  size_t response_size = 0;
  double values_a_call = 1;
  int in_flight = 64;
  std::string unit;
};

void AddRowContext(int row, google::protobuf::RepeatedPtrField<v1::ContextEntry>* context) {
  v1::ContextEntry* const primary_key = context->Add();
  primary_key->set_name("pk");
  primary_key->set_value(fmt::format("{:06}", row));
}

void AddColumnContext(google::protobuf::RepeatedPtrField<v1::ContextEntry>* context) {
  v1::ContextEntry* const binding = context->Add();
  binding->set_name("b");
  binding->set_value("0123456789abcdef");  // a binding id is of 16 bytes
}

constexpr const char* kValue = "4111111111111111";

Traffic UnaryTraffic() {
  auto request = std::make_unique<v1::EncryptRequest>();
  request->set_tenant(std::string(kBenchTenant));
  request->set_key(std::string(kBenchKey));
  request->set_plaintext(kValue);
  AddColumnContext(request->mutable_context());
  AddRowContext(7, request->mutable_context());
  v1::EncryptResponse response;
  response.set_ciphertext(
      std::string(request->plaintext().size() + EnvelopeOverhead(Suite::kXaes256Gcm), 'c'));
  response.set_key_version(1);
  return {"/fieldkms.v1.CryptoService/Encrypt",
          std::move(request),
          response.ByteSizeLong(),
          1,
          64,
          "calls/s"};
}

Traffic BatchTraffic() {
  constexpr int kValues = 1000;
  auto request = std::make_unique<v1::BatchEncryptRequest>();
  request->set_tenant(std::string(kBenchTenant));
  request->set_key(std::string(kBenchKey));
  AddColumnContext(request->mutable_shared_context());
  v1::BatchEncryptResponse response;
  for (int row = 0; row < kValues; ++row) {
    auto* const item = request->add_items();
    item->set_plaintext(kValue);
    AddRowContext(row, item->mutable_context());
    auto* const result = response.add_results();
    result->set_ciphertext(
        std::string(item->plaintext().size() + EnvelopeOverhead(Suite::kXaes256Gcm), 'c'));
    result->set_key_version(1);
  }
  return {"/fieldkms.v1.CryptoService/BatchEncrypt",
          std::move(request),
          response.ByteSizeLong(),
          kValues,
          8,
          "values/s"};
}

// Processor seconds of this process, all threads.
double OwnCpuSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// One server under load: rates, and what a value costs it.
class LoadedServer {
 public:
  LoadedServer(std::string name, std::unique_ptr<ServerProcess> server, const Traffic& traffic)
      : name_(std::move(name)),
        server_(std::move(server)),
        values_a_call_(traffic.values_a_call),
        load_({.target = server_->target(),
               .method = traffic.method,
               .request = traffic.request.get(),
               .response_size = traffic.response_size,
               .in_flight = traffic.in_flight}) {}

  double Measure(double seconds) {
    const double cpu = server_->CpuSeconds();
    const double client_cpu = OwnCpuSeconds();
    const LoadResult result = load_.Run(seconds);
    cpu_ += server_->CpuSeconds() - cpu;
    client_cpu_ += OwnCpuSeconds() - client_cpu;
    values_ += result.calls * values_a_call_;
    latencies_.insert(latencies_.end(), result.latencies_us.begin(), result.latencies_us.end());
    return result.calls * values_a_call_ / result.seconds;
  }

  std::vector<std::string> Row(const Rates& rates, const Rates& baseline) const {
    const Ratio ratio = Compare(rates, baseline);
    return {name_,
            fmt::format("{:.0f}", Median(rates)),
            fmt::format("{:.2f}", cpu_ / values_ * 1e6),
            fmt::format("{:.2f}", client_cpu_ / values_ * 1e6),
            fmt::format("{:.2f}", Percentile(latencies_, 0.5) / 1e3),
            fmt::format("{:.2f}", Percentile(latencies_, 0.99) / 1e3),
            fmt::format("{:.3f}", ratio.median),
            fmt::format("{:.3f}-{:.3f}", ratio.low, ratio.high)};
  }

 private:
  std::string name_;
  std::unique_ptr<ServerProcess> server_;
  double values_a_call_;
  LoadGenerator load_;
  double cpu_ = 0;
  double client_cpu_ = 0;
  double values_ = 0;
  std::vector<double> latencies_;
};

absl::StatusOr<BenchResult> RunTraffic(const Traffic& traffic, double seconds) {
  FIELDKMS_ASSIGN_OR_RETURN(auto noop, ServerProcess::StartNoop());
  FIELDKMS_ASSIGN_OR_RETURN(auto lazy, ServerProcess::StartDaemon(AuditDurability::kNone));
  FIELDKMS_ASSIGN_OR_RETURN(auto durable, ServerProcess::StartDaemon(AuditDurability::kFsync));
  LoadedServer servers[] = {{"fieldkmsd, audit not synced", std::move(lazy), traffic},
                            {"no-op server (baseline)", std::move(noop), traffic},
                            {"fieldkmsd, audit synced", std::move(durable), traffic}};
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
  PrintTable({"server", traffic.unit, "server us/value", "client us/value", "p50 ms", "p99 ms",
              "ratio", "middle half"},
             {servers[0].Row(rates[0], baseline), servers[1].Row(baseline, baseline),
              servers[2].Row(rates[2], baseline)});
  return BenchResult{Compare(rates[0], baseline).median, Median(rates[0]), Median(baseline),
                     traffic.unit};
}

}  // namespace

absl::StatusOr<BenchResult> RunUnary(double seconds) { return RunTraffic(UnaryTraffic(), seconds); }
absl::StatusOr<BenchResult> RunBatch(double seconds) { return RunTraffic(BatchTraffic(), seconds); }

}  // namespace fieldkms::bench
