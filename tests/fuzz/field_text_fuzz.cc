// Values of the formats of text, the first byte choosing one: a canonical form is its own, and
// that of the same text in NFC; a refusal names a rule of the format; masks are well-formed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/field/mask.h"
#include "crypto/field/unicode.h"
#include "tests/fuzz/require.h"
#include "tests/support/text_formats.h"

namespace fieldkms {
namespace {

bool IsRuleOf(const TextFormat& format, const FieldRule* rule) {
  const auto rules = format.rules();
  return std::any_of(rules.begin(), rules.end(), [rule](const auto& r) { return &r == rule; });
}

void HoldsOfForms(const TextFormat& format, std::string_view value, const std::string& canonical) {
  Require(IsUtf8(canonical));
  Require(canonical.size() <= (format.format == FieldFormat::kJson ? 6 : 3) * value.size());
  Require(Canonical(format, canonical) == canonical);
  if (format.format == FieldFormat::kJson) return;  // its strings stay as they are
  std::string normal;
  AppendNfc(value, &normal);
  Require(Canonical(format, normal) == canonical);
}

void HoldsOfMasks(const TextFormat& format, const FieldValue& value) {
  Require(IsUtf8(Mask(format, value)));
  for (const MaskClass hides :
       {MaskClass::kAll, MaskClass::kDigits, MaskClass::kLettersAndDigits}) {
    for (const uint32_t kept : {0u, 1u, 4u}) {
      MaskTemplate mask;
      mask.keep_first = kept;
      mask.keep_last = kept / 2;
      mask.hides = hides;
      mask.fixed_length = kept;
      std::string masked;
      MaskValue(mask, format.format, value, &masked);
      Require(IsUtf8(masked));
    }
  }
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fieldkms;
  if (size == 0) return 0;
  const TextFormat& format = kTextFormats[data[0] % kTextFormats.size()];
  const std::string_view value = AsText(ByteView(data + 1, size - 1));
  std::string canonical;
  const FieldRule* broken = format.canonicalise(value, kToday, &canonical);
  Require(broken == nullptr || IsRuleOf(format, broken));
  if (broken != nullptr || !IsUtf8(value)) return 0;
  HoldsOfForms(format, value, canonical);
  HoldsOfMasks(format, {value, canonical});
  return 0;
}
