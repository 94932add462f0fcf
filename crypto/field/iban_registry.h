// The countries that have IBANs, as SWIFT registers them (ISO 13616-2).
#ifndef FIELDKMS_CRYPTO_FIELD_IBAN_REGISTRY_H_
#define FIELDKMS_CRYPTO_FIELD_IBAN_REGISTRY_H_

#include <cstddef>
#include <span>
#include <string_view>

namespace fieldkms {

// A country and the structure of its account numbers: "4!a6!n8!n" is 4 letters, 6 digits and 8
// digits; `c` is a letter or a digit.
struct IbanCountry {
  std::string_view code;
  std::string_view bban;

  // Of the whole IBAN.
  size_t length() const;
  // Whether an account number, upper case, has that structure.
  bool Fits(std::string_view account) const;
};

// In the order of their codes.
std::span<const IbanCountry> IbanCountries();
// Null: the country has none.
const IbanCountry* FindIbanCountry(std::string_view code);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_IBAN_REGISTRY_H_
