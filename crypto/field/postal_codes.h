// Countries of postal addresses, and how their postcodes look. Internal to crypto/field.
#ifndef FIELDKMS_CRYPTO_FIELD_POSTAL_CODES_H_
#define FIELDKMS_CRYPTO_FIELD_POSTAL_CODES_H_

#include <span>
#include <string_view>

namespace fieldkms {

// Whether `code` is an officially assigned alpha-2 code element of ISO 3166-1, in lower case, or
// "xk": of the user-assigned ones the one that addresses of Kosovo have.
bool IsCountryCode(std::string_view code);

// The postcodes of one country: patterns between bars, in lower case. A letter, a digit or a
// hyphen stands for itself; "_" for a space or nothing, "~" for a hyphen or nothing. "#" is a
// digit, "P" a digit but 0, "A" a letter, "B" a letter of the second half of a British postcode,
// "C" the first letter of a Canadian one, "D" another letter of it, "E" a character of the second
// half of an Irish one.
struct PostalCodes {
  std::string_view country;  // lower case
  std::string_view patterns;
};

// All countries whose postcodes we know, in the order of their codes.
std::span<const PostalCodes> KnownPostalCodes();

// ContainsPostalCode: whether a postcode of `known` stands in `text` (lower case), with neither a
// letter or digit of ASCII nor a hyphen next to it. Before it may stand a letter and a hyphen, as
// in "D-10115".
bool ContainsPostalCode(const PostalCodes& known, std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_POSTAL_CODES_H_
