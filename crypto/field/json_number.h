// Numbers of JSON as RFC 8785 has them: doubles, written as ECMAScript writes them. Internal to
// crypto/field.
#ifndef FIELDKMS_CRYPTO_FIELD_JSON_NUMBER_H_
#define FIELDKMS_CRYPTO_FIELD_JSON_NUMBER_H_

#include <optional>
#include <string>
#include <string_view>

namespace fieldkms {

// The double nearest to the number that `text` (RFC 8259, 6) spells; nothing if it is beyond the
// largest. What is nearer to zero than the smallest is zero.
std::optional<double> JsonNumber(std::string_view text);

// Appends a finite number as ECMAScript's Number::toString(number, 10) does.
void AppendCanonicalNumber(double number, std::string* out);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_JSON_NUMBER_H_
