// Templates and texts for FF1: whatever encrypts, decrypts to what it was, and the other way
// round; separators and kept characters stay; nothing is left of what is refused.
//
// An input is keep_first (1 byte), keep_last (1), the length of the alphabet (1), alphabet, text.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/fpe_text.h"
#include "crypto/status.h"
#include "crypto/utf8.h"
#include "tests/fuzz/require.h"

namespace fieldkms {
namespace {

const Ff1Key& Key() {
  static const Ff1Key* const key = [] {
    const std::array<uint8_t, 32> bytes = {1, 2, 3};
    return new Ff1Key(Ff1Key::Create(SecretBytes::CopyOf(bytes).value()).value());
  }();
  return *key;
}

std::vector<char32_t> PointsOf(std::string_view text) {
  std::vector<char32_t> points;
  for (char32_t point = 0; !text.empty(); points.push_back(point)) {
    Require(TakeCodePoint(&text, &point));
  }
  return points;
}

void HasTheShapeOf(const FpeTemplate& spec, std::string_view before, std::string_view after) {
  const std::vector<char32_t> alphabet = PointsOf(spec.alphabet);
  const auto known = [&alphabet](char32_t point) {
    return std::find(alphabet.begin(), alphabet.end(), point) != alphabet.end();
  };
  const std::vector<char32_t> from = PointsOf(before);
  const std::vector<char32_t> to = PointsOf(after);
  Require(from.size() == to.size());
  const auto count = static_cast<size_t>(std::count_if(from.begin(), from.end(), known));
  size_t place = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    if (!known(from[i])) {
      Require(from[i] == to[i]);
      continue;
    }
    const bool kept = place < spec.keep_first || place + spec.keep_last >= count;
    Require(kept ? from[i] == to[i] : known(to[i]));
    ++place;
  }
}

// One direction, and back where there is a way back: to encrypt has a floor.
void FuzzDirection(const FpeAlphabet& alphabet, const FpeTemplate& spec, bool encrypt,
                   std::string_view text) {
  const auto run = [&](bool forward, std::string_view from, std::string* to) {
    const ByteView domain = AsBytes("acme/field");
    return forward ? alphabet.EncryptText(Key(), domain, from, to)
                   : alphabet.DecryptText(Key(), domain, from, to);
  };
  std::string result = "earlier";
  const absl::Status status = run(encrypt, text, &result);
  if (!status.ok()) {
    Require(ReasonOf(status) == Reason::kInvalidField && FieldOf(status) == "value");
    return Require(result.empty());
  }
  HasTheShapeOf(spec, text, result);
  std::string again;
  const absl::Status back = run(!encrypt, result, &again);
  Require(back.ok() || (!encrypt && FieldOf(back) == "value"));
  Require(again == (back.ok() ? text : std::string_view()));
}

void FuzzFpeText(ByteView input) {
  if (input.size() < 3) return;
  const size_t alphabet_size = std::min<size_t>(input[2], input.size() - 3);
  const ByteView rest = input.subspan(3);
  const FpeTemplate spec = {std::string(AsText(rest.first(alphabet_size))), input[0], input[1]};
  const absl::StatusOr<FpeAlphabet> alphabet = FpeAlphabet::Create(spec, "fpe");
  if (!alphabet.ok()) return Require(FieldOf(alphabet.status()) == "fpe");
  for (const bool encrypt : {true, false}) {
    FuzzDirection(*alphabet, spec, encrypt, AsText(rest.subspan(alphabet_size)));
  }
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fieldkms::FuzzFpeText({data, size});
  return 0;
}
