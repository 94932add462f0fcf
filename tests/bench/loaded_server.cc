#include "tests/bench/loaded_server.h"

#include <fmt/format.h>
#include <time.h>

#include <utility>

#include "crypto/envelope.h"
#include "tests/bench/sample_sealer.h"

namespace fieldkms::bench {
namespace {

using ContextField = google::protobuf::RepeatedPtrField<v1::ContextEntry>;

void AddRowContext(int row, ContextField* context) {
  v1::ContextEntry* const primary_key = context->Add();
  primary_key->set_name("pk");
  primary_key->set_value(fmt::format("{:06}", row));
}

void AddColumnContext(ContextField* context) {
  v1::ContextEntry* const binding = context->Add();
  binding->set_name("b");
  binding->set_value("0123456789abcdef");  // a binding id is of 16 bytes
}

std::string RightSizedCiphertext(const std::string& plaintext) {
  return std::string(plaintext.size() + EnvelopeOverhead(Suite::kXaes256Gcm), 'c');
}

LoadOptions LoadOf(const LoadedServer::Servers& servers, const Traffic& traffic) {
  LoadOptions load;
  for (const auto& server : servers) load.targets.push_back(server->target());
  load.method = traffic.method;
  for (const auto& request : traffic.requests) load.requests.push_back(request.get());
  load.make_request = traffic.make_request;
  load.response_size = traffic.response_size;
  load.in_flight = traffic.in_flight;
  return load;
}

}  // namespace

double OwnCpuSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Traffic UnaryTraffic() {
  auto request = std::make_unique<v1::EncryptRequest>();
  request->set_tenant(std::string(kBenchTenant));
  request->set_key(std::string(kBenchKey));
  request->set_plaintext(std::string(kSampleValue));
  AddColumnContext(request->mutable_context());
  AddRowContext(7, request->mutable_context());
  v1::EncryptResponse response;
  response.set_ciphertext(RightSizedCiphertext(request->plaintext()));
  response.set_key_version(1);
  Traffic traffic;
  traffic.method = "/fieldkms.v1.CryptoService/Encrypt";
  traffic.requests.push_back(std::move(request));
  traffic.response_size = response.ByteSizeLong();
  traffic.unit = "calls/s";
  return traffic;
}

v1::BatchEncryptRequest BatchRequest() {
  v1::BatchEncryptRequest request;
  request.set_tenant(std::string(kBenchTenant));
  request.set_key(std::string(kBenchKey));
  AddColumnContext(request.mutable_shared_context());
  for (int row = 0; row < kBatchValues; ++row) {
    auto* const item = request.add_items();
    item->set_plaintext(std::string(kSampleValue));
    AddRowContext(row, item->mutable_context());
  }
  return request;
}

Traffic BatchTraffic(std::vector<v1::BatchEncryptRequest> batches) {
  v1::BatchEncryptResponse response;
  for (const auto& item : batches.front().items()) {
    auto* const result = response.add_results();
    result->set_ciphertext(RightSizedCiphertext(item.plaintext()));
    result->set_key_version(1);
  }
  Traffic traffic;
  traffic.method = "/fieldkms.v1.CryptoService/BatchEncrypt";
  for (v1::BatchEncryptRequest& batch : batches) {
    traffic.requests.push_back(std::make_unique<v1::BatchEncryptRequest>(std::move(batch)));
  }
  traffic.response_size = response.ByteSizeLong();
  traffic.values_a_call = kBatchValues;
  traffic.in_flight = 8;
  traffic.unit = "values/s";
  return traffic;
}

LoadedServer::LoadedServer(std::string name, Servers servers, const Traffic& traffic)
    : name_(std::move(name)),
      servers_(std::move(servers)),
      values_a_call_(traffic.values_a_call),
      load_(LoadOf(servers_, traffic)) {}

double LoadedServer::ServersCpuSeconds() const {
  double seconds = 0;
  for (const auto& server : servers_) seconds += server->CpuSeconds();
  return seconds;
}

double LoadedServer::Measure(double seconds) {
  const double cpu = ServersCpuSeconds();
  const double client_cpu = OwnCpuSeconds();
  const LoadResult result = load_.Run(seconds);
  cpu_ += ServersCpuSeconds() - cpu;
  client_cpu_ += OwnCpuSeconds() - client_cpu;
  values_ += result.calls * values_a_call_;
  latencies_.insert(latencies_.end(), result.latencies_us.begin(), result.latencies_us.end());
  return result.calls * values_a_call_ / result.seconds;
}

std::vector<std::string> LoadedServer::Header(const Traffic& traffic) {
  return {"server", traffic.unit, "server us/value", "client us/value",
          "p50 ms", "p99 ms",     "ratio",           "middle half"};
}

std::vector<std::string> LoadRow(const std::string& name, const Rates& rates, const Rates& baseline,
                                 std::optional<double> server_cpu, double client_cpu,
                                 const std::vector<double>& latencies_us) {
  const Ratio ratio = Compare(rates, baseline);
  return {name,
          fmt::format("{:.0f}", Median(rates)),
          server_cpu ? fmt::format("{:.2f}", *server_cpu * 1e6) : "-",
          fmt::format("{:.2f}", client_cpu * 1e6),
          fmt::format("{:.2f}", Percentile(latencies_us, 0.5) / 1e3),
          fmt::format("{:.2f}", Percentile(latencies_us, 0.99) / 1e3),
          fmt::format("{:.3f}", ratio.median),
          fmt::format("{:.3f}-{:.3f}", ratio.low, ratio.high)};
}

std::vector<std::string> LoadedServer::Row(const Rates& rates, const Rates& baseline) const {
  return LoadRow(name_, rates, baseline, cpu_ / values_, client_cpu_ / values_, latencies_);
}

}  // namespace fieldkms::bench
