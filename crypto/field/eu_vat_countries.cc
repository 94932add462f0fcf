#include "crypto/field/eu_vat_countries.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "crypto/field/number_text.h"

namespace fieldkms {
namespace {

// Structures: European Commission, VIES, "What is the structure of a VAT number?". Check digits:
// European Commission, DG TAXUD, "VIES - VAT number construction rules", version 15.0, and what
// states have published since. Prefixes: Directive 2006/112/EC, article 215.
constexpr std::array kCountries = {
    VatCountry{"AT", "U99999999", CheckAtVat, "BMF, Umsatzsteuer-Identifikationsnummer"},
    VatCountry{"BE", "0N99999999|1999999999", CheckBeVat, "FPS Economy, enterprise number"},
    VatCountry{"BG", "999999999|9999999999", CheckBgVat, "NRA; GRAO (EGN)"},
    VatCountry{"CY", "99999999L", CheckCyVat, "Tax Department"},
    VatCountry{"CZ", "99999999|999999999|9999999999", CheckCzVat, "Act 133/2000 Coll., s. 13"},
    VatCountry{"DE", "N99999999", CheckDeVat, "BZSt, Umsatzsteuer-Identifikationsnummer"},
    VatCountry{"DK", "N9999999", CheckDkVat, "Erhvervsstyrelsen, CVR number"},
    VatCountry{"EE", "109999999", CheckEeVat, "EMTA, KMKR number"},
    VatCountry{"EL", "999999999", CheckElVat, "AADE, AFM"},
    VatCountry{"ES", "X9999999X", CheckEsVat, "Orden EHA/451/2008; Real Decreto 1065/2007"},
    VatCountry{"FI", "99999999", CheckFiVat, "PRH, Y-tunnus"},
    VatCountry{"FR", "XX999999999", CheckFrVat, "INSEE, SIREN"},
    VatCountry{"HR", "99999999999", CheckHrVat, "Porezna uprava, OIB"},
    VatCountry{"HU", "99999999", CheckHuVat, "NAV, adószám"},
    VatCountry{"IE", "9S99999L|9999999LL", CheckIeVat, "Revenue, VAT and PPS numbers"},
    VatCountry{"IT", "99999999999", CheckItVat, "Agenzia delle Entrate, partita IVA"},
    VatCountry{"LT", "999999919|999999999919", CheckLtVat, "VMI, PVM mokėtojo kodas"},
    VatCountry{"LU", "99999999", CheckLuVat, "AED, numéro TVA"},
    VatCountry{"LV", "99999999999", CheckLvVat, "Law on the Register of Natural Persons"},
    VatCountry{"MT", "N9999999", CheckMtVat, "CFR, VAT number"},
    VatCountry{"NL", "999999999B99", CheckNlVat, "Belastingdienst, btw-id since 2020"},
    VatCountry{"PL", "9999999999", CheckPlVat, "Act of 13 October 1995 on NIP"},
    VatCountry{"PT", "N99999999", CheckPtVat, "Autoridade Tributária, NIF"},
    VatCountry{"RO", "N9|N99|N999|N9999|N99999|N999999|N9999999|N99999999|N999999999", CheckRoVat,
               "ANAF, CIF"},
    VatCountry{"SE", "999999999999", CheckSeVat, "Skatteverket, organisationsnummer"},
    VatCountry{"SI", "N9999999", CheckSiVat, "FURS, davčna številka"},
    VatCountry{"SK", "N999999999", CheckSkVat, "Finančná správa, IČ DPH"},
    VatCountry{"XI", "999999999|999999999999|GD999|HA999", CheckXiVat,
               "HMRC, VAT numbers modulus 97 and 9755"},
};
static_assert(std::is_sorted(kCountries.begin(), kCountries.end(),
                             [](const VatCountry& a, const VatCountry& b) {
                               return a.code < b.code;
                             }));

bool Fits(char c, char pattern) {
  const bool letter = IsAsciiUpper(c);
  const bool digit = IsAsciiDigit(c);
  switch (pattern) {
    case '9':
      return digit;
    case 'N':
      return digit && c != '0';
    case 'L':
      return letter;
    case 'X':
      return letter || digit;
    case 'S':
      return letter || digit || c == '+' || c == '*';
    default:
      return c == pattern;
  }
}

}  // namespace

std::span<const VatCountry> VatCountries() { return kCountries; }

const VatCountry* FindVatCountry(std::string_view code) {
  const auto found = std::lower_bound(
      kCountries.begin(), kCountries.end(), code,
      [](const VatCountry& country, std::string_view sought) { return country.code < sought; });
  return found != kCountries.end() && found->code == code ? &*found : nullptr;
}

bool FitsVatPattern(std::string_view number, std::string_view patterns) {
  while (true) {
    const size_t end = std::min(patterns.find('|'), patterns.size());
    const std::string_view pattern = patterns.substr(0, end);
    if (std::equal(number.begin(), number.end(), pattern.begin(), pattern.end(), Fits)) return true;
    if (end == patterns.size()) return false;
    patterns.remove_prefix(end + 1);
  }
}

}  // namespace fieldkms
