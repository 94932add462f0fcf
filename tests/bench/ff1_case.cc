// ff1: format-preserving encryption of a card number's length, against Bouncy Castle.
#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

#include "crypto/fpe_text.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/bouncy_castle.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/processor_rate.h"
#include "tests/bench/report.h"

namespace fieldkms::bench {
namespace {

constexpr double kTurnSeconds = 0.1;  // a turn of the baseline takes a message there and back
constexpr std::string_view kDigits = "4111111111111111";
constexpr std::string_view kText = "4111 1111 1111 1111";
constexpr std::string_view kDomain = "acme/customers.card_number";
// With eight bytes of tweak, a round is one block of AES: what we gain by encrypting a longer
// tweak once for all rounds is not counted.
constexpr size_t kTweakSize = 8;

// What both sides encrypt, each its own last result.
class Sample {
 public:
  static absl::StatusOr<Sample> Create() {
    std::array<uint8_t, 32> raw;
    for (size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<uint8_t>(i);
    FIELDKMS_ASSIGN_OR_RETURN(SecretBytes bytes, SecretBytes::CopyOf(raw));
    FIELDKMS_ASSIGN_OR_RETURN(Ff1Key key, Ff1Key::Create(std::move(bytes)));
    FIELDKMS_ASSIGN_OR_RETURN(FpeAlphabet alphabet,
                              FpeAlphabet::Create({.keep_first = 6, .keep_last = 4}, "fpe"));
    return Sample(std::move(key), std::move(alphabet), EncodeHex(raw));
  }

  Ff1Sample ForBaseline() const { return {key_hex_, EncodeHex(tweak_), std::string(kDigits)}; }
  std::string Digits() const {
    std::string digits;
    for (const uint16_t numeral : numerals_) digits.push_back(static_cast<char>('0' + numeral));
    return digits;
  }
  absl::Status Encrypt() { return key_.Encrypt(10, tweak_, numerals_); }
  absl::Status Decrypt() { return key_.Decrypt(10, tweak_, numerals_); }
  absl::Status EncryptText() {
    return alphabet_.EncryptText(key_, AsBytes(kDomain), kText, &text_);
  }

 private:
  Sample(Ff1Key key, FpeAlphabet alphabet, std::string key_hex)
      : key_(std::move(key)), alphabet_(std::move(alphabet)), key_hex_(std::move(key_hex)) {
    for (size_t i = 0; i < kDigits.size(); ++i) {
      numerals_[i] = static_cast<uint16_t>(kDigits[i] - '0');
    }
  }

  Ff1Key key_;
  FpeAlphabet alphabet_;
  std::string key_hex_;
  std::array<uint8_t, kTweakSize> tweak_ = {1, 2, 3, 4, 5, 6, 7, 8};
  std::array<uint16_t, kDigits.size()> numerals_;
  std::string text_;
};

std::vector<std::string> Row(const std::string& who, const Rates& rates, const Rates& baseline) {
  const Ratio ratio = Compare(rates, baseline);
  return {who, fmt::format("{:.0f}", 1e9 / Median(rates)),
          fmt::format("{:.2f}", Median(rates) / 1e6), fmt::format("{:.1f}", ratio.median),
          fmt::format("{:.1f}-{:.1f}", ratio.low, ratio.high)};
}

}  // namespace

absl::StatusOr<BenchResult> RunFf1(const BenchOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(Sample sample, Sample::Create());
  FIELDKMS_ASSIGN_OR_RETURN(const auto baseline, BouncyCastle::Start(sample.ForBaseline()));
  FIELDKMS_RETURN_IF_ERROR(sample.Encrypt());
  if (sample.Digits() != baseline->ciphertext()) {
    return absl::InternalError("the baseline makes other digits");
  }

  const std::array<Contender, 4> contenders = {
      [&](double s) { return ProcessorRate(s, [&] { CheckOk(sample.Encrypt()); }); },
      [&](double s) { return baseline->Rate(s); },
      [&](double s) { return ProcessorRate(s, [&] { CheckOk(sample.Decrypt()); }); },
      [&](double s) { return ProcessorRate(s, [&] { CheckOk(sample.EncryptText()); }); }};
  const std::vector<Rates> rates = MeasureInTurn(contenders, options.seconds, kTurnSeconds);

  PrintSettings(
      {{"value", fmt::format("{} decimal digits, AES-256, tweak of {} bytes, one thread",
                             kDigits.size(), kTweakSize)},
       {"text", "\"dddd dddd dddd dddd\" with 6 + 4 digits kept, domain of 26 bytes"},
       {"keys", "locked slab; a keyed context in the thread; numbers wiped"},
       {"baseline", fmt::format("Bouncy Castle {}, FPEFF1Engine, initialised once, 4 s of warm-up; "
                                "processor time of its thread alone",
                                baseline->version())},
       {"rounds", fmt::format("{} of {:.0f} ms of processor time each", rates[0].size(),
                              kTurnSeconds * 1e3)}});
  PrintTable({"contender", "ns/value", "M/s", "ratio", "middle half"},
             {Row("Ff1Key::Encrypt", rates[0], rates[1]),
              Row("Bouncy Castle (baseline)", rates[1], rates[1]),
              Row("Ff1Key::Decrypt", rates[2], rates[1]),
              Row("FpeAlphabet::EncryptText", rates[3], rates[1])});
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     "values/s"};
}

}  // namespace fieldkms::bench
