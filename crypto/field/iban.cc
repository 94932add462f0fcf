#include <array>

#include "crypto/field/check_digits.h"
#include "crypto/field/formats.h"
#include "crypto/field/iban_registry.h"
#include "crypto/field/number_text.h"
#include "crypto/field/wiped_text.h"

namespace fieldkms {
namespace {

constexpr std::string_view kRegistry = "SWIFT, IBAN Registry, release 101";

constexpr FieldRule kCharacters{
    "iban.characters",
    "an IBAN is of letters A to Z and digits, single spaces or hyphens between them",
    "ISO 13616-1:2020"};
constexpr FieldRule kCountry{
    "iban.country", "the first two letters are the code of a country of the registry", kRegistry};
constexpr FieldRule kLength{"iban.length", "an IBAN is as long as those of its country", kRegistry};
constexpr FieldRule kStructure{
    "iban.structure",
    "two check digits, then letters and digits where those of the country have them", kRegistry};
constexpr FieldRule kCheckDigits{"iban.check_digits",
                                 "the check digits are 02 to 98 and right by MOD 97-10",
                                 "ISO 13616-1:2020; ISO/IEC 7064:2003"};
constexpr std::array kRules = {kCharacters, kCountry, kLength, kStructure, kCheckDigits};

constexpr NumberAlphabet kAlphabet(kAsciiLettersAndDigits, " -");
constexpr size_t kCodeLength = 2;
constexpr size_t kBbanAt = 4;
constexpr size_t kGroup = 4;

// 00, 01 and 99 would be as right as 97, 98 and 02, and are never the ones computed.
bool CheckDigitsHold(std::string_view iban) {
  const std::string_view digits = iban.substr(kCodeLength, 2);
  if (digits == "00" || digits == "01" || digits == "99") return false;
  return Mod97(iban.substr(0, kBbanAt), Mod97(iban.substr(kBbanAt))) == 1;
}

}  // namespace

std::span<const FieldRule> IbanRules() { return kRules; }

const FieldRule* CanonicaliseIban(std::string_view value, const FormatContext& /*context*/,
                                  std::string* canonical) {
  const std::string_view iban = AppendNumber(value, kAlphabet, canonical);
  if (iban.empty()) return &kCharacters;
  const IbanCountry* country = FindIbanCountry(iban.substr(0, kCodeLength));
  if (country == nullptr) return &kCountry;
  if (iban.size() != country->length) return &kLength;
  if (!AllDigits(iban.substr(kCodeLength, 2)) ||
      !HasBbanStructure(iban.substr(kBbanAt), country->bban)) {
    return &kStructure;
  }
  return CheckDigitsHold(iban) ? nullptr : &kCheckDigits;
}

// In groups of four, as ISO 13616 prints it; the first and the last four characters show.
void MaskIban(const FieldValue& value, std::string* masked) {
  const std::string_view iban = value.canonical;
  const size_t gaps = (iban.size() - 1) / kGroup, begin = masked->size();
  MakeRoom(iban.size() + gaps, masked);
  masked->append(iban.size() + gaps, '*');
  char* const out = masked->data() + begin;
  // Where the character of a place stands behind the gaps before it.
  const auto show = [&](size_t at) { out[at + at / kGroup] = iban[at]; };
  for (size_t i = 0; i < kGroup; ++i) show(i);
  for (size_t i = iban.size() - kGroup; i < iban.size(); ++i) show(i);
  for (size_t gap = 1; gap <= gaps; ++gap) out[gap * (kGroup + 1) - 1] = ' ';
}

}  // namespace fieldkms
