#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

#include "tests/bench/bare_evp.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/processor_rate.h"
#include "tests/bench/report.h"
#include "tests/bench/sample_sealer.h"

namespace fieldkms::bench {
namespace {

// Both sides make the same envelope from the same nonce.
absl::Status CheckSameBytes(SampleSealer& sample, BareEvpSealer& bare) {
  std::array<uint8_t, kXaesNonceSize> nonce;
  for (size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<uint8_t>(i);
  std::string ours, theirs;
  FIELDKMS_RETURN_IF_ERROR(sample.SealWithNonce(nonce, kSampleValue, &ours));
  bare.SealWithNonce(nonce, kSampleValue, &theirs);
  if (ours != theirs) return absl::InternalError("the baseline makes other bytes");
  bare.Seal(kSampleValue, &theirs);
  return sample.CheckOpens(theirs);
}

}  // namespace

absl::StatusOr<BenchResult> RunSeal(const BenchOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(SampleSealer sample, SampleSealer::Create());
  const auto header = sample.header_bytes();
  BareEvpSealer bare(sample.raw_key(), header, sample.aad_tail());
  FIELDKMS_RETURN_IF_ERROR(CheckSameBytes(sample, bare));

  std::string ours, with_context, theirs;  // reused buffers
  const std::array<Contender, 3> contenders = {
      [&](double s) {
        return ProcessorRate(s, [&] { CheckOk(sample.Seal(kSampleValue, &ours)); });
      },
      [&](double s) { return ProcessorRate(s, [&] { bare.Seal(kSampleValue, &theirs); }); },
      [&](double s) {
        return ProcessorRate(s,
                             [&] { CheckOk(sample.SealWithContext(kSampleValue, &with_context)); });
      }};
  const std::vector<Rates> rates =
      MeasureInTurn(contenders, options.seconds, kProcessorTurnSeconds);
  FIELDKMS_RETURN_IF_ERROR(sample.CheckOpens(ours));

  PrintSettings({{"value", "16 bytes, AAD 32 bytes, one thread"},
                 {"suite", "1 (XAES-256-GCM), a fresh random nonce for each value"},
                 {"keys", "locked slab; derived keys and used nonces wiped"},
                 {"baseline",
                  "the same bytes from bare EVP: ciphers fetched before, contexts and "
                  "buffer reused, nonce pool"},
                 {"rounds", fmt::format("{} of {:.0f} ms of processor time each", rates[0].size(),
                                        kProcessorTurnSeconds * 1e3)}});
  PrintTable(SealHeader(), {SealRow("FieldSealer", rates[0], rates[1]),
                            SealRow("bare EVP (baseline)", rates[1], rates[1]),
                            SealRow("FieldSealer, context set each time", rates[2], rates[1])});
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     "seals/s"};
}

}  // namespace fieldkms::bench
