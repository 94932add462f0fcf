// VAT identification numbers of the EU's member states, and of Northern Ireland (XI): structures as
// the European Commission publishes them (VIES), check digits as the states do.
#include <algorithm>
#include <array>

#include "crypto/field/characters.h"
#include "crypto/field/eu_vat_checks.h"
#include "crypto/field/formats.h"

namespace fieldkms {
namespace {

constexpr char kVies[] = "European Commission, VIES: structure of VAT numbers";
constexpr std::array kRules = {
    FieldRule{"eu_vat.characters",
              "a VAT number is letters and digits, with single spaces, dots or hyphens between",
              kVies},
    FieldRule{"eu_vat.country",
              "a VAT number begins with the code of a member state (EL for Greece) or XI", kVies},
    FieldRule{"eu_vat.structure", "the number has the structure of its country", kVies},
    FieldRule{"eu_vat.check_digit", "the check digits are those of the country's rule",
              "the states' tax administrations"}};

// A country and the structures of its numbers: 9 is a digit, a a letter, c either, x either but for
// I and O, other characters themselves.
struct VatCountry {
  std::string_view code;
  std::array<std::string_view, 4> structures;
  bool (*check)(std::string_view number);
};
constexpr VatCountry kCountries[] = {
    {"AT", {"U99999999"}, CheckAtVat},
    {"BE", {"0999999999", "1999999999"}, CheckBeVat},
    {"BG", {"999999999", "9999999999"}, CheckBgVat},
    {"CY", {"99999999a"}, CheckCyVat},
    {"CZ", {"99999999", "999999999", "9999999999"}, CheckCzVat},
    {"DE", {"999999999"}, CheckDeVat},
    {"DK", {"99999999"}, CheckDkVat},
    {"EE", {"999999999"}, CheckEeVat},
    {"EL", {"999999999"}, CheckElVat},
    {"ES", {"x9999999c"}, CheckEsVat},
    {"FI", {"99999999"}, CheckFiVat},
    {"FR", {"xx999999999"}, CheckFrVat},
    {"HR", {"99999999999"}, CheckHrVat},
    {"HU", {"99999999"}, CheckHuVat},
    {"IE", {"9999999a", "9999999aa", "9a99999a"}, CheckIeVat},
    {"IT", {"99999999999"}, CheckItVat},
    {"LT", {"999999999", "999999999999"}, CheckLtVat},
    {"LU", {"99999999"}, CheckLuVat},
    {"LV", {"99999999999"}, CheckLvVat},
    {"MT", {"99999999"}, CheckMtVat},
    {"NL", {"999999999B99"}, CheckNlVat},
    {"PL", {"9999999999"}, CheckPlVat},
    {"PT", {"999999999"}, CheckPtVat},
    {"RO", {"99", "9999999999"}, CheckRoVat},  // and all lengths between
    {"SE", {"999999999999"}, CheckSeVat},
    {"SI", {"99999999"}, CheckSiVat},
    {"SK", {"9999999999"}, CheckSkVat},
    {"XI", {"999999999", "999999999999", "GD999", "HA999"}, CheckXiVat},
};

bool Fits(char kind, char c) {
  switch (kind) {
    case '9':
      return IsDigit(c);
    case 'a':
      return IsUpper(c);
    case 'c':
      return IsDigit(c) || IsUpper(c);
    case 'x':
      return IsDigit(c) || (IsUpper(c) && c != 'I' && c != 'O');
    default:
      return c == kind;
  }
}

bool HasStructure(std::string_view number, std::string_view structure) {
  return number.size() == structure.size() &&
         std::equal(structure.begin(), structure.end(), number.begin(), Fits);
}

bool HasStructure(std::string_view number, const VatCountry& country) {
  if (country.code == "RO") return number.size() >= 2 && number.size() <= 10 && AllDigits(number);
  return std::any_of(country.structures.begin(), country.structures.end(),
                     [number](std::string_view structure) {
                       return !structure.empty() && HasStructure(number, structure);
                     });
}

}  // namespace

std::span<const FieldRule> EuVatRules() { return kRules; }

const FieldRule* CanonicaliseEuVat(std::string_view value, const FormatContext&,
                                   std::string* canonical) {
  const size_t begin = canonical->size();
  if (!AppendAlphanumeric(value, " .-", canonical)) return &kRules[0];
  const std::string_view text = std::string_view(*canonical).substr(begin);
  const auto country =
      std::find_if(std::begin(kCountries), std::end(kCountries),
                   [text](const VatCountry& one) { return text.starts_with(one.code); });
  if (country == std::end(kCountries)) return &kRules[1];
  const std::string_view number = text.substr(2);
  if (!HasStructure(number, *country)) return &kRules[2];
  return country->check(number) ? nullptr : &kRules[3];
}

void MaskEuVat(const FieldValue& value, std::string* masked) {
  const std::string_view text = value.canonical;
  masked->append(text.substr(0, 2));
  masked->append(text.size() - 4, '*');
  masked->append(text.substr(text.size() - 2));
}

}  // namespace fieldkms
