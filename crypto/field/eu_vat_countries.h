// The VAT numbers of each EU state. Internal to crypto/field.
#ifndef FIELDKMS_CRYPTO_FIELD_EU_VAT_COUNTRIES_H_
#define FIELDKMS_CRYPTO_FIELD_EU_VAT_COUNTRIES_H_

#include <span>
#include <string_view>

#include "crypto/field/eu_vat_checks.h"

namespace fieldkms {

struct VatCountry {
  std::string_view code;  // the prefix
  // What follows it, "|" between alternatives: 9 is a digit, N one that is not 0, L a letter, X
  // a letter or a digit, S one of these, + or *; all else is itself. The notation of the EC.
  std::string_view patterns;
  VatFlaw (*check)(std::string_view number);  // of what fits a pattern, without the prefix
  std::string_view source;                    // of `check`, besides the EC's own documents
};

// The 27 member states and Northern Ireland, in the order of their prefixes.
std::span<const VatCountry> VatCountries();

// Null: no state of the EU.
const VatCountry* FindVatCountry(std::string_view code);

// Whether upper-case `number` is as one of the patterns has it.
bool FitsVatPattern(std::string_view number, std::string_view patterns);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_EU_VAT_COUNTRIES_H_
