// International bank account numbers: ISO 13616-1.
#include <array>

#include "crypto/field/characters.h"
#include "crypto/field/check_digits.h"
#include "crypto/field/formats.h"
#include "crypto/field/iban_registry.h"

namespace fieldkms {
namespace {

constexpr char kRegistry[] = "SWIFT, IBAN Registry (ISO 13616-2), release 99";
constexpr std::array kRules = {
    FieldRule{"iban.characters", "an IBAN is letters and digits, with single spaces between",
              "ISO 13616-1:2020"},
    FieldRule{"iban.country", "an IBAN begins with a registered country and two digits", kRegistry},
    FieldRule{"iban.length", "an IBAN has the length of its country", kRegistry},
    FieldRule{"iban.structure", "letters and digits stand where the country has them", kRegistry},
    FieldRule{"iban.check_digits", "the check digits are those of the rest (MOD 97-10)",
              "ISO 13616-1:2020, annex A; ISO/IEC 7064"}};

// 98 minus a remainder below 97 is 02 to 98: other check digits may give remainder 1, too.
bool HasCheckDigits(std::string_view iban) {
  const unsigned check = NumberOf(iban, 2, 2);
  return check >= 2 && check <= 98 && Mod97(iban.substr(0, 4), Mod97(iban.substr(4))) == 1;
}

}  // namespace

std::span<const FieldRule> IbanRules() { return kRules; }

const FieldRule* CanonicaliseIban(std::string_view value, const FormatContext&,
                                  std::string* canonical) {
  const size_t begin = canonical->size();
  if (!AppendAlphanumeric(value, " ", canonical)) return &kRules[0];
  const std::string_view iban = std::string_view(*canonical).substr(begin);
  const IbanCountry* const country = FindIbanCountry(iban.substr(0, 2));
  if (country == nullptr || !AllDigits(iban.substr(2, 2))) return &kRules[1];
  if (iban.size() != country->length()) return &kRules[2];
  if (!country->Fits(iban.substr(4))) return &kRules[3];
  return HasCheckDigits(iban) ? nullptr : &kRules[4];
}

// In groups of four, as IBANs are printed: the first group and the last four characters.
void MaskIban(const FieldValue& value, std::string* masked) {
  const std::string_view iban = value.canonical;
  for (size_t i = 0; i < iban.size(); ++i) {
    if (i > 0 && i % 4 == 0) masked->push_back(' ');
    masked->push_back(i < 4 || i + 4 >= iban.size() ? iban[i] : '*');
  }
}

}  // namespace fieldkms
