// UK national insurance numbers: HMRC, National Insurance Manual NIM39110.
#include <algorithm>
#include <array>

#include "crypto/field/characters.h"
#include "crypto/field/formats.h"

namespace fieldkms {
namespace {

constexpr char kSource[] = "HMRC, NIM39110";
constexpr std::array kRules = {
    FieldRule{"nino.characters",
              "a national insurance number is letters and digits, with single spaces between",
              kSource},
    FieldRule{"nino.structure",
              "a national insurance number is two letters, six digits and a letter A to D",
              kSource},
    FieldRule{"nino.letters",
              "neither of the first letters is D, F, I, Q, U or V, and the second is not O",
              kSource},
    FieldRule{"nino.prefix", "the first letters are none of BG, GB, KN, NK, NT, TN and ZZ",
              kSource}};
constexpr std::array<std::string_view, 7> kNoPrefixes = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"};

bool HasStructure(std::string_view text) {
  return text.size() == 9 && IsUpper(text[0]) && IsUpper(text[1]) && AllDigits(text.substr(2, 6)) &&
         text[8] >= 'A' && text[8] <= 'D';
}

}  // namespace

std::span<const FieldRule> NinoRules() { return kRules; }

const FieldRule* CanonicaliseNino(std::string_view value, const FormatContext&,
                                  std::string* canonical) {
  constexpr std::string_view kNever = "DFIQUV";
  const size_t begin = canonical->size();
  if (!AppendAlphanumeric(value, " ", canonical)) return &kRules[0];
  const std::string_view text = std::string_view(*canonical).substr(begin);
  if (!HasStructure(text)) return &kRules[1];
  if (kNever.find(text[0]) != std::string_view::npos ||
      kNever.find(text[1]) != std::string_view::npos || text[1] == 'O') {
    return &kRules[2];
  }
  const auto prefix = text.substr(0, 2);
  const bool none = std::find(kNoPrefixes.begin(), kNoPrefixes.end(), prefix) != kNoPrefixes.end();
  return none ? &kRules[3] : nullptr;
}

void MaskNino(const FieldValue& value, std::string* masked) {
  masked->append("** ** ** *").append(value.canonical.substr(7, 1)).append(" ");
  masked->append(value.canonical.substr(8));
}

}  // namespace fieldkms
