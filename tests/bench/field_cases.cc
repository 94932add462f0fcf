// protect: BatchProtect against BatchEncrypt of the same bytes; mask: a mask against a copy and a
// scan.
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "clients/cpp/field_client.h"
#include "crypto/field/mask.h"
#include "crypto/status.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/daemon_config.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/loaded_server.h"
#include "tests/bench/processor_rate.h"
#include "tests/bench/report.h"
#include "tests/bench/sample_sealer.h"

namespace fieldkms::bench {
namespace {

constexpr double kTurnSeconds = 0.5;
constexpr char kIndexKey[] = "bench.index";

// The fields of a customer, with a value each: published test values.
struct Sample {
  const char* field;
  v1::FieldFormat format;
  const char* value;
};
constexpr Sample kSamples[] = {
    {"card_number", v1::FIELD_FORMAT_PAN, "4111111111111111"},
    {"ssn", v1::FIELD_FORMAT_SSN, "536-22-1234"},
    {"iban", v1::FIELD_FORMAT_IBAN, "GB29NWBK60161331926819"},
    {"email", v1::FIELD_FORMAT_EMAIL, "alice.example@mail.example"},
    {"full_name", v1::FIELD_FORMAT_PERSON_NAME, "Alice Example"},
};

const Sample& SampleOf(int item) {
  return kSamples[static_cast<size_t>(item) % std::size(kSamples)];
}

absl::Status MakeFields(FieldClient& fields) {
  for (const Sample& sample : kSamples) {
    v1::CreateFieldRequest request;
    request.set_tenant(std::string(kBenchTenant));
    request.set_name(sample.field);
    request.set_format(sample.format);
    request.set_key(std::string(kBenchKey));
    request.mutable_blind_index()->set_key(kIndexKey);
    FIELDKMS_RETURN_IF_ERROR(fields.CreateField(request).status());
  }
  return absl::OkStatus();
}

absl::Status MakeIndexKey(Client& client) {
  v1::CreateKeyRequest request;
  request.set_tenant(std::string(kBenchTenant));
  request.set_name(kIndexKey);
  request.set_purpose(v1::KEY_PURPOSE_BLIND_INDEX);
  return client.CreateKey(request).status();
}

// The batch that is encrypted, and the same as values of fields.
v1::BatchEncryptRequest Plaintexts() {
  v1::BatchEncryptRequest batch = BatchRequest();
  for (int i = 0; i < batch.items_size(); ++i) {
    batch.mutable_items(i)->set_plaintext(SampleOf(i).value);
  }
  return batch;
}

v1::BatchProtectRequest Values() {
  const v1::BatchEncryptRequest batch = Plaintexts();
  v1::BatchProtectRequest request;
  request.set_tenant(batch.tenant());
  *request.mutable_shared_context() = batch.shared_context();
  for (int i = 0; i < batch.items_size(); ++i) {
    auto* const item = request.add_items();
    item->set_value(batch.items(i).plaintext());
    item->set_field(SampleOf(i).field);
    *item->mutable_context() = batch.items(i).context();
  }
  return request;
}

absl::StatusOr<Traffic> ProtectTraffic(FieldClient& fields) {
  const v1::BatchProtectRequest request = Values();
  FIELDKMS_ASSIGN_OR_RETURN(const v1::BatchProtectResponse response, fields.BatchProtect(request));
  if (response.failed_count() != 0) return absl::InternalError("a value was refused");
  Traffic traffic;
  traffic.method = "/fieldkms.v1.FieldService/BatchProtect";
  traffic.requests.push_back(std::make_unique<v1::BatchProtectRequest>(request));
  traffic.response_size = response.ByteSizeLong();
  traffic.values_a_call = kBatchValues;
  traffic.in_flight = 8;
  traffic.unit = "values/s";
  return traffic;
}

// What a mask cannot do without: the bytes are copied, and each is looked at.
inline size_t CopyAndScan(std::string_view value, char* out) {
  std::memcpy(out, value.data(), value.size());
  size_t digits = 0;
  for (const char c : value) digits += c >= '0' && c <= '9' ? 1 : 0;
  return digits;
}

// The same of a text of any length, as a mask has to take it. Where the compiler knows that there
// are 16 bytes, two or three instructions are left.
[[gnu::noinline]] size_t CopyAndScanAny(std::string_view value, char* out) {
  return CopyAndScan(value, out);
}

}  // namespace

absl::StatusOr<BenchResult> RunProtect(const BenchOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(auto started,
                            ServerProcess::StartDaemon({.durability = AuditDurability::kNone}));
  const std::shared_ptr<ServerProcess> server = std::move(started);
  FIELDKMS_ASSIGN_OR_RETURN(const auto client, Client::Create({.target = server->target()}));
  FieldClient fields(*client);
  FIELDKMS_RETURN_IF_ERROR(MakeIndexKey(*client));
  FIELDKMS_RETURN_IF_ERROR(MakeFields(fields));
  FIELDKMS_ASSIGN_OR_RETURN(const Traffic protect, ProtectTraffic(fields));
  const Traffic encrypt = BatchTraffic({Plaintexts()});
  LoadedServer ours("BatchProtect", {server}, protect);
  LoadedServer baseline("BatchEncrypt (baseline)", {server}, encrypt);
  const std::vector<Contender> contenders = {[&](double s) { return ours.Measure(s); },
                                             [&](double s) { return baseline.Measure(s); }};
  const std::vector<Rates> rates = MeasureInTurn(contenders, options.seconds, kTurnSeconds);
  PrintSettings(
      {{"load", fmt::format("{} values a call, of five fields in turn (card number, SSN, IBAN, "
                            "e-mail, name), 8 calls in flight",
                            kBatchValues)},
       {"ours", "checked, canonical form, encrypted, blind index, mask"},
       {"baseline", "the same bytes encrypted under one key, by the same daemon"},
       {"audit", "one record a call, not synced"},
       {"rounds", fmt::format("{} of {:.1f} s each", rates[0].size(), kTurnSeconds)}});
  PrintTable(LoadedServer::Header(protect),
             {ours.Row(rates[0], rates[1]), baseline.Row(rates[1], rates[1])});
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     protect.unit};
}

absl::StatusOr<BenchResult> RunMask(const BenchOptions& options) {
  constexpr std::string_view kCard = "4111111111111111";
  const FormatInfo& format = *FindFormat(FieldFormat::kPan);
  const MaskTemplate mask = {.keep_first = 6, .keep_last = 4};
  const FieldValue value = {kCard, kCard};
  std::string masked, by_default;
  std::array<char, 64> copy{};
  size_t digits = 0;
  const std::array<Contender, 4> contenders = {
      [&](double s) {
        return ProcessorRate(s, [&] { MaskValue(mask, FieldFormat::kPan, value, &masked); });
      },
      [&](double s) {
        return ProcessorRate(s, [&] { digits += CopyAndScanAny(kCard, copy.data()); });
      },
      [&](double s) {
        return ProcessorRate(s,
                             [&] { MaskAtLevel(format, MaskLevel::kMasked, value, &by_default); });
      },
      [&](double s) {
        return ProcessorRate(s, [&] {
          const char* source = kCard.data();
          asm volatile("" : "+r"(source) : : "memory");  // read anew each time
          digits += CopyAndScan({source, kCard.size()}, copy.data());
        });
      }};
  const std::vector<Rates> rates =
      MeasureInTurn(contenders, options.seconds, kProcessorTurnSeconds);
  if (masked != "411111******1111" || by_default != "************1111" || digits == 0) {
    return absl::InternalError("a mask is not what it must be");
  }
  PrintSettings({{"value", "a card number of 16 digits, into a string that has room; one thread"},
                 {"ours", "a template that keeps the first 6 and last 4"},
                 {"baseline", "memcpy, and one scan that counts digits, of any number of bytes"},
                 {"rounds", fmt::format("{} of {:.0f} ms of processor time each", rates[0].size(),
                                        kProcessorTurnSeconds * 1e3)}});
  PrintTable(SealHeader(), {SealRow("MaskValue", rates[0], rates[1]),
                            SealRow("copy and scan (baseline)", rates[1], rates[1]),
                            SealRow("the format's own mask", rates[2], rates[1]),
                            SealRow("copy and scan of 16, as known", rates[3], rates[1])});
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     "masks/s"};
}

}  // namespace fieldkms::bench
