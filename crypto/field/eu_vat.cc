#include <array>

#include "crypto/field/eu_vat_countries.h"
#include "crypto/field/formats.h"
#include "crypto/field/number_text.h"

namespace fieldkms {
namespace {

constexpr FieldRule kCharacters{
    "eu_vat.characters",
    "a VAT number is of letters A to Z, digits, + and *, single spaces, hyphens or dots between "
    "them",
    "European Commission, VIES: structure of VAT numbers"};
constexpr FieldRule kCountry{
    "eu_vat.country", "a VAT number begins with the prefix of an EU state, or XI",
    "Directive 2006/112/EC, article 215, as amended by Directive (EU) 2020/1756"};
constexpr FieldRule kStructure{"eu_vat.structure",
                               "digits and letters stand where the state has them",
                               "European Commission, VIES: structure of VAT numbers"};
constexpr FieldRule kParts{
    "eu_vat.parts",
    "what has a meaning within the number (a kind of holder, a province, a date) is one there is",
    "European Commission, VAT number construction rules, version 15.0"};
constexpr FieldRule kCheckDigit{
    "eu_vat.check_digit", "the check digits are right, where the state publishes how they are made",
    "European Commission, VAT number construction rules, version 15.0"};
constexpr std::array kRules = {kCharacters, kCountry, kStructure, kParts, kCheckDigit};

constexpr NumberAlphabet kAlphabet("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+*", " -.");
constexpr size_t kPrefix = 2;
constexpr size_t kShown = 2;
// Of a shorter number (Romania's begin at two digits) the last two would be most of it.
constexpr size_t kShortestShown = 5;

}  // namespace

std::span<const FieldRule> EuVatRules() { return kRules; }

const FieldRule* CanonicaliseEuVat(std::string_view value, const FormatContext& /*context*/,
                                   std::string* canonical) {
  const size_t begin = canonical->size();
  const std::string_view vat = AppendNumber(value, kAlphabet, canonical);
  if (vat.empty()) return &kCharacters;
  // Article 215 has ISO 3166's codes for prefixes and authorises Greece to use EL, which VIES and
  // Greece do: GR is another spelling of it.
  if (vat.substr(0, kPrefix) == "GR") canonical->replace(begin, kPrefix, "EL");
  const VatCountry* country = FindVatCountry(vat.substr(0, kPrefix));
  if (country == nullptr) return &kCountry;
  const std::string_view number = vat.substr(kPrefix);
  if (!FitsVatPattern(number, country->patterns)) return &kStructure;
  switch (country->check(number)) {
    case VatFlaw::kNone:
      return nullptr;
    case VatFlaw::kParts:
      return &kParts;
    case VatFlaw::kCheckDigit:
      break;
  }
  return &kCheckDigit;
}

void MaskEuVat(const FieldValue& value, std::string* masked) {
  const std::string_view number = value.canonical.substr(kPrefix);
  const size_t shown = number.size() < kShortestShown ? 0 : kShown;
  masked->append(value.canonical.substr(0, kPrefix))
      .append(number.size() - shown, '*')
      .append(number.substr(number.size() - shown));
}

}  // namespace fieldkms
