// Strings of JSON: what they say, in which order they come, and how they are written by RFC 8785.
// Internal to crypto/field.
#ifndef FIELDKMS_CRYPTO_FIELD_JSON_STRING_H_
#define FIELDKMS_CRYPTO_FIELD_JSON_STRING_H_

#include <optional>
#include <string>
#include <string_view>

namespace fieldkms {

// The UTF-16 unit that four hex digits spell; nothing for other text.
std::optional<char32_t> HexUnit(std::string_view digits);

// A `string` below is JSON text of a string, with its quotation marks, that ReadJson accepts.

// Whether `a` says what comes before what `b` says, by UTF-16 units (RFC 8785, 3.2.3).
bool JsonStringLess(std::string_view a, std::string_view b);
// Whether `string` says `text` (UTF-8).
bool JsonStringIs(std::string_view string, std::string_view text);
// Appends what it says, in UTF-8.
void AppendJsonStringValue(std::string_view string, std::string* out);
// Appends it with no escapes but those it needs (RFC 8785, 3.2.2.2).
void AppendCanonicalString(std::string_view string, std::string* out);

// Appends the string that says `text` (UTF-8), as RFC 8785 writes it.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_JSON_STRING_H_
