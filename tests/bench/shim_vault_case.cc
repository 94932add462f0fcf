// shim_vault: Vault's transit API by way of the shim, against the call that it comes down to.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "crypto/base64.h"
#include "crypto/bytes.h"
#include "crypto/status.h"
#include "fieldkms/v1/crypto_service.pb.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/daemon_config.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/loaded_server.h"
#include "tests/bench/report.h"
#include "tests/bench/sample_sealer.h"
#include "tests/bench/shim_process.h"
#include "tests/support/frame_client.h"

namespace fieldkms::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kTurnSeconds = 0.5;
constexpr int kItems = 250;
constexpr char kPath[] = "/v1/transit/encrypt/";

std::string RowOf(int item) { return fmt::format("{:016}", item); }

std::string Base64Of(std::string_view bytes) {
  std::string text(Base64Size(Base64::kPadded, bytes.size()), '\0');
  EncodeBase64(Base64::kPadded, AsBytes(bytes), AsMutableBytes(text));
  return text;
}

// The same values in the same contexts, as either side takes them.
std::string VaultBatch() {
  nlohmann::json batch;
  for (int i = 0; i < kItems; ++i) {
    batch["batch_input"].push_back(
        {{"plaintext", Base64Of(kSampleValue)}, {"associated_data", Base64Of(RowOf(i))}});
  }
  return batch.dump();
}

v1::BatchEncryptRequest GrpcBatch() {
  v1::BatchEncryptRequest request;
  request.set_tenant(std::string(kBenchTenant));
  request.set_key(kLeasedKey);
  for (int i = 0; i < kItems; ++i) {
    auto* const item = request.add_items();
    item->set_plaintext(std::string(kSampleValue));
    v1::ContextEntry* const entry = item->add_context();
    entry->set_name("vault.aad");  // as the shim binds it
    entry->set_value(RowOf(i));
  }
  return request;
}

absl::StatusOr<Traffic> GrpcTraffic(Client& client) {
  const v1::BatchEncryptRequest request = GrpcBatch();
  FIELDKMS_ASSIGN_OR_RETURN(const v1::BatchEncryptResponse response, client.BatchEncrypt(request));
  if (response.failed_count() != 0) return absl::InternalError("a value was refused");
  Traffic traffic;
  traffic.method = "/fieldkms.v1.CryptoService/BatchEncrypt";
  traffic.requests.push_back(std::make_unique<v1::BatchEncryptRequest>(request));
  traffic.response_size = response.ByteSizeLong();
  traffic.values_a_call = kItems;
  traffic.in_flight = 1;
  traffic.unit = "values/s";
  return traffic;
}

// One connection that is kept, one request after another; answers are checked for status and
// length, not parsed, as the baseline's are.
class VaultTraffic {
 public:
  VaultTraffic(const std::string& socket, const std::string& key)
      : http_(socket), path_(kPath + key), body_(VaultBatch()) {
    answer_size_ = Post();
  }

  // One more call.
  void CallOnce() { Post(); }

  double Measure(double seconds) {
    const double cpu = OwnCpuSeconds();
    const auto start = Clock::now();
    auto now = start;
    double calls = 0;
    for (; std::chrono::duration<double>(now - start).count() < seconds; ++calls) {
      const auto begin = now;
      const size_t size = Post();
      if (size != answer_size_) throw std::runtime_error("an answer of another length");
      now = Clock::now();
      latencies_us_.push_back(std::chrono::duration<double, std::micro>(now - begin).count());
    }
    cpu_ += OwnCpuSeconds() - cpu;
    calls_ += calls;
    return calls * kItems / std::chrono::duration<double>(now - start).count();
  }

  std::vector<std::string> Row(const std::string& name, const Rates& rates,
                               const Rates& baseline) const {
    return LoadRow("transit/encrypt by the shim, " + name, rates, baseline, std::nullopt,
                   cpu_ / (calls_ * kItems), latencies_us_);
  }
  size_t request_size() const { return body_.size(); }
  size_t answer_size() const { return answer_size_; }

 private:
  size_t Post() {
    const testing::RawResponse response = http_.Post(path_, "application/json", body_);
    if (response.status != 200) {
      throw std::runtime_error(fmt::format("the shim answered {}", response.status));
    }
    return response.body.size();
  }

  testing::RawHttp http_;
  const std::string path_;
  const std::string body_;
  size_t answer_size_ = 0;
  double cpu_ = 0;
  double calls_ = 0;
  std::vector<double> latencies_us_;
};

}  // namespace

absl::StatusOr<BenchResult> RunShimVault(const BenchOptions& options) {
  // Not synced: both sides would wait for the same disk, and look more alike than they are.
  FIELDKMS_ASSIGN_OR_RETURN(
      const auto shim, ShimProcess::Start(ShimProcess::Peers::kPrograms, AuditDurability::kNone));
  FIELDKMS_ASSIGN_OR_RETURN(const Traffic traffic, GrpcTraffic(shim->client()));
  VaultTraffic leased(shim->socket(), kLeasedKey);
  VaultTraffic unleased(shim->socket(), kUnleasedKey);
  LoadedServer grpc("BatchEncrypt over gRPC (baseline)", {shim->daemon()}, traffic);
  const Contender contenders[] = {[&leased](double s) { return leased.Measure(s); },
                                  [&unleased](double s) { return unleased.Measure(s); },
                                  [&grpc](double s) { return grpc.Measure(s); }};
  const std::vector<Rates> rates = MeasureInTurn(contenders, options.seconds, kTurnSeconds);
  leased.CallOnce();
  FIELDKMS_RETURN_IF_ERROR(shim->CheckLastCall(/*leased=*/true));
  unleased.CallOnce();
  FIELDKMS_RETURN_IF_ERROR(shim->CheckLastCall(/*leased=*/false));

  Settings settings = shim->DescribeSecurity(/*leases=*/true);
  settings.insert(
      settings.begin(),
      {{"load", fmt::format("batches of {} values of 16 bytes, each with associated data of 16; "
                            "one connection that is kept, one call at a time",
                            kItems)},
       {"transport", fmt::format("HTTP/1.1 over a Unix socket, {} bytes of JSON there and {} back; "
                                 "without a lease gRPC over another to the service, besides",
                                 leased.request_size(), leased.answer_size())},
       {"baseline", "the same values and contexts by gRPC to the same daemon; answers not parsed"},
       {"suite", "2 (KC-XAES-256-GCM)"}});
  settings.emplace_back("rounds",
                        fmt::format("{} of {:.1f} s each", rates[0].size(), kTurnSeconds));
  PrintSettings(settings);
  PrintTable(LoadedServer::Header(traffic),
             {leased.Row("with a lease", rates[0], rates[2]),
              unleased.Row("without", rates[1], rates[2]), grpc.Row(rates[2], rates[2])});
  return BenchResult{Compare(rates[0], rates[2]).median, Median(rates[0]), Median(rates[2]),
                     traffic.unit};
}

}  // namespace fieldkms::bench
