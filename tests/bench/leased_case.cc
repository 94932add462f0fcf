// leased: sealing in the client's own process, with a key that the service has leased.
#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "clients/cpp/client.h"
#include "clients/cpp/local_crypto.h"
#include "crypto/bytes.h"
#include "crypto/context.h"
#include "crypto/envelope.h"
#include "crypto/status.h"
#include "tests/bench/bare_evp.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/processor_rate.h"
#include "tests/bench/report.h"
#include "tests/bench/sample_sealer.h"
#include "tests/bench/server_process.h"

namespace fieldkms::bench {
namespace {

constexpr std::chrono::hours kLongest(1);
constexpr uint64_t kMostMessages = uint64_t{1} << 40;  // no renewal for want of messages
// AAD: header 13 + tenant 2 + 5 + context 2 + (2 + 1 + 4 + 3) = 32 bytes, as in `seal`.
constexpr ContextEntry kContext{"b", "042"};
constexpr size_t kAadSize = 32;

// A key that may be leased, leased.
absl::StatusOr<LocalKey*> LeasedKey(Client& client, LocalCrypto& local, const std::string& name,
                                    v1::Suite suite) {
  v1::CreateKeyRequest key;
  key.set_tenant(std::string(kBenchTenant));
  key.set_name(name);
  key.set_suite(suite);
  key.mutable_lease()->mutable_longest()->set_seconds(std::chrono::seconds(kLongest).count());
  key.mutable_lease()->set_most_messages(kMostMessages);
  FIELDKMS_RETURN_IF_ERROR(client.CreateKey(key).status());
  return local.Key(kBenchTenant, name);
}

// The bare sealer of envelopes as long as ours, of an AAD as long, under a key of its own:
// the leased key's material does not leave LocalCrypto.
absl::StatusOr<BareEvpSealer> BareLikeOurs() {
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes key, SecretBytes::Random(kXaesKeySize));
  std::array<uint8_t, kEnvelopeHeaderSize> header;
  EncodeHeader({.key_id = 0x0123456789abcdef, .version = 1}, header);
  std::string aad_tail(2, '\0');
  PutU16(reinterpret_cast<uint8_t*>(aad_tail.data()), static_cast<uint16_t>(kBenchTenant.size()));
  aad_tail += kBenchTenant;
  std::array<ContextEntry, 1> context = {kContext};
  FIELDKMS_RETURN_IF_ERROR(AppendContext(context, &aad_tail));
  if (header.size() + aad_tail.size() != kAadSize) {
    return absl::InternalError("the AAD is not of 32 bytes");
  }
  return BareEvpSealer(key.Expose().first<kXaesKeySize>(), header, aad_tail);
}

// What was sealed here, the service opens.
absl::Status CheckServiceOpens(Client& client, const std::string& ciphertext) {
  v1::DecryptRequest request;
  request.set_tenant(std::string(kBenchTenant));
  request.set_ciphertext(ciphertext);
  v1::ContextEntry* const entry = request.add_context();
  entry->set_name(std::string(kContext.name));
  entry->set_value(std::string(kContext.value));
  FIELDKMS_ASSIGN_OR_RETURN(const v1::DecryptResponse opened, client.Decrypt(request));
  if (opened.plaintext() != kSampleValue) return absl::InternalError("it opened to another value");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BenchResult> RunLeased(const BenchOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto server, ServerProcess::StartDaemon({}));
  FIELDKMS_ASSIGN_OR_RETURN(std::shared_ptr<Client> client,
                            Client::Create({.target = server->target()}));
  LocalCryptoOptions local_options;
  local_options.lease_time = kLongest;
  local_options.fallback = false;  // else it would not be seen that a lease is missing
  FIELDKMS_ASSIGN_OR_RETURN(const auto local, LocalCrypto::Create(client, local_options));
  FIELDKMS_ASSIGN_OR_RETURN(LocalKey* const plain,
                            LeasedKey(*client, *local, "leased.plain", v1::SUITE_XAES_256_GCM));
  FIELDKMS_ASSIGN_OR_RETURN(
      LocalKey* const committing,
      LeasedKey(*client, *local, "leased.committing", v1::SUITE_KC_XAES_256_GCM));
  FIELDKMS_ASSIGN_OR_RETURN(BareEvpSealer bare, BareLikeOurs());

  const std::array<ContextEntry, 1> context = {kContext};
  std::string ours, committed, theirs;  // reused buffers
  const auto seal = [&context](LocalKey* key, std::string* out) {
    return [&context, key, out](double seconds) {
      return ProcessorRate(seconds,
                           [&] { CheckOk(key->Encrypt(context, kSampleValue, out).status()); });
    };
  };
  const std::array<Contender, 3> contenders = {
      seal(plain, &ours),
      [&](double seconds) {
        return ProcessorRate(seconds, [&] { bare.Seal(kSampleValue, &theirs); });
      },
      seal(committing, &committed)};
  const std::vector<Rates> rates =
      MeasureInTurn(contenders, options.seconds, kProcessorTurnSeconds);
  FIELDKMS_RETURN_IF_ERROR(CheckServiceOpens(*client, ours));
  FIELDKMS_RETURN_IF_ERROR(CheckServiceOpens(*client, committed));
  if (ours.size() != theirs.size()) return absl::InternalError("the baseline makes other bytes");

  PrintSettings({{"value", "16 bytes, AAD 32 bytes, one thread, the context given each time"},
                 {"suite",
                  "1 (XAES-256-GCM); 2 (KC-XAES-256-GCM) is what a leased key has by default; a "
                  "fresh random nonce for each value"},
                 {"keys", "leased from fieldkmsd for an hour, in a locked slab; no audit hook"},
                 {"baseline", "as in `seal`: envelopes of the same form from bare EVP"},
                 {"rounds", fmt::format("{} of {:.0f} ms of processor time each", rates[0].size(),
                                        kProcessorTurnSeconds * 1e3)}});
  PrintTable(SealHeader(), {SealRow("LocalKey, suite 1", rates[0], rates[1]),
                            SealRow("bare EVP (baseline)", rates[1], rates[1]),
                            SealRow("LocalKey, suite 2", rates[2], rates[1])});
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     "seals/s"};
}

}  // namespace fieldkms::bench
