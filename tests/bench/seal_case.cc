#include <fmt/format.h>
#include <time.h>

#include <array>
#include <stdexcept>

#include "tests/bench/bare_evp.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/report.h"
#include "tests/bench/sample_sealer.h"

namespace fieldkms::bench {
namespace {

constexpr double kTurnSeconds = 0.02;

// The thread's processor time: what other processes take does not count.
double ProcessorSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Calls `seal` for `seconds`; returns calls a second. The clock is read once a
// thousand calls.
template <class Seal>
double RateOf(double seconds, Seal seal) {
  constexpr int kCallsAClock = 1000;
  const double start = ProcessorSeconds();
  double calls = 0;
  double spent = 0;
  while (spent < seconds) {
    for (int i = 0; i < kCallsAClock; ++i) seal();
    calls += kCallsAClock;
    spent = ProcessorSeconds() - start;
  }
  return calls / spent;
}

void CheckOk(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

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

std::vector<std::string> Row(const std::string& who, const Rates& rates, const Rates& baseline) {
  const Ratio ratio = Compare(rates, baseline);
  return {who, fmt::format("{:.0f}", 1e9 / Median(rates)),
          fmt::format("{:.2f}", Median(rates) / 1e6), fmt::format("{:.3f}", ratio.median),
          fmt::format("{:.3f}-{:.3f}", ratio.low, ratio.high)};
}

}  // namespace

absl::StatusOr<BenchResult> RunSeal(double seconds) {
  FIELDKMS_ASSIGN_OR_RETURN(SampleSealer sample, SampleSealer::Create());
  const auto header = sample.header_bytes();
  BareEvpSealer bare(sample.raw_key(), header, sample.aad_tail());
  FIELDKMS_RETURN_IF_ERROR(CheckSameBytes(sample, bare));

  std::string ours, with_context, theirs;  // reused buffers
  const std::array<Contender, 3> contenders = {
      [&](double s) { return RateOf(s, [&] { CheckOk(sample.Seal(kSampleValue, &ours)); }); },
      [&](double s) { return RateOf(s, [&] { bare.Seal(kSampleValue, &theirs); }); },
      [&](double s) {
        return RateOf(s, [&] { CheckOk(sample.SealWithContext(kSampleValue, &with_context)); });
      }};
  const std::vector<Rates> rates = MeasureInTurn(contenders, seconds, kTurnSeconds);
  FIELDKMS_RETURN_IF_ERROR(sample.CheckOpens(ours));

  PrintSettings({{"value", "16 bytes, AAD 32 bytes, one thread"},
                 {"suite", "1 (XAES-256-GCM), a fresh random nonce for each value"},
                 {"keys", "locked slab; derived keys and used nonces wiped"},
                 {"baseline",
                  "the same bytes from bare EVP: ciphers fetched before, contexts and "
                  "buffer reused, nonce pool"},
                 {"rounds", fmt::format("{} of {:.0f} ms of processor time each", rates[0].size(),
                                        kTurnSeconds * 1e3)}});
  PrintTable(
      {"contender", "ns/seal", "M/s", "ratio", "middle half"},
      {Row("FieldSealer", rates[0], rates[1]), Row("bare EVP (baseline)", rates[1], rates[1]),
       Row("FieldSealer, context set each time", rates[2], rates[1])});
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     "seals/s"};
}

}  // namespace fieldkms::bench
