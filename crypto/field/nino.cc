#include <algorithm>
#include <array>

#include "crypto/field/formats.h"
#include "crypto/field/number_text.h"

namespace fieldkms {
namespace {

constexpr std::string_view kHmrc = "HMRC, National Insurance Manual NIM39110";

constexpr FieldRule kCharacters{
    "nino.characters",
    "a NINO is of letters A to Z and digits, single spaces or hyphens between them", kHmrc};
constexpr FieldRule kStructure{"nino.structure", "a NINO is 2 letters, 6 digits and a letter",
                               kHmrc};
constexpr FieldRule kLetters{
    "nino.letters",
    "the first two letters are other than D, F, I, Q, U and V, and the second other than O", kHmrc};
constexpr FieldRule kPrefix{
    "nino.prefix", "the first two letters are other than BG, GB, KN, NK, NT, TN and ZZ", kHmrc};
constexpr FieldRule kSuffix{"nino.suffix", "the last letter is A, B, C or D", kHmrc};
constexpr std::array kRules = {kCharacters, kStructure, kLetters, kPrefix, kSuffix};

constexpr NumberAlphabet kAlphabet(kAsciiLettersAndDigits, " -");
constexpr std::string_view kUnusedLetters = "DFIQUV";
constexpr std::array<std::string_view, 7> kUnusedPrefixes = {"BG", "GB", "KN", "NK",
                                                             "NT", "TN", "ZZ"};

bool HasStructure(std::string_view nino) {
  return nino.size() == 9 && IsAsciiUpper(nino[0]) && IsAsciiUpper(nino[1]) &&
         AllDigits(nino.substr(2, 6)) && IsAsciiUpper(nino[8]);
}

}  // namespace

std::span<const FieldRule> NinoRules() { return kRules; }

const FieldRule* CanonicaliseNino(std::string_view value, const FormatContext& /*context*/,
                                  std::string* canonical) {
  const std::string_view nino = AppendNumber(value, kAlphabet, canonical);
  if (nino.empty()) return &kCharacters;
  if (!HasStructure(nino)) return &kStructure;
  const std::string_view prefix = nino.substr(0, 2);
  if (prefix.find_first_of(kUnusedLetters) != std::string_view::npos || prefix[1] == 'O') {
    return &kLetters;
  }
  const bool unused =
      std::find(kUnusedPrefixes.begin(), kUnusedPrefixes.end(), prefix) != kUnusedPrefixes.end();
  if (unused) return &kPrefix;
  return nino[8] <= 'D' ? nullptr : &kSuffix;
}

// In pairs, as HMRC writes it: all but the last digit and the letter are hidden.
void MaskNino(const FieldValue& value, std::string* masked) {
  masked->append("** ** ** *");
  masked->push_back(value.canonical[7]);
  masked->push_back(' ');
  masked->push_back(value.canonical[8]);
}

}  // namespace fieldkms
