// The countries of the IBAN registry: which numbers each has. Internal to crypto/field.
#ifndef FIELDKMS_CRYPTO_FIELD_IBAN_REGISTRY_H_
#define FIELDKMS_CRYPTO_FIELD_IBAN_REGISTRY_H_

#include <cstddef>
#include <span>
#include <string_view>

namespace fieldkms {

struct IbanCountry {
  std::string_view code;  // ISO 3166-1 alpha-2, or XK
  size_t length;          // of the whole number
  std::string_view bban;  // the registry's notation of what follows the check digits:
                          // "4!n4!a12!c" is 4 digits, 4 letters, 12 of letters and digits
};

// In the order of their codes.
std::span<const IbanCountry> IbanCountries();

// Null: no country of the registry.
const IbanCountry* FindIbanCountry(std::string_view code);

// Whether upper-case `bban` is as the registry's notation has it.
bool HasBbanStructure(std::string_view bban, std::string_view notation);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_IBAN_REGISTRY_H_
