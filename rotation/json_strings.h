// JSON text as PostgreSQL prints json and jsonb: where the strings in it stand, so that some can be
// replaced and all else kept. It takes what PostgreSQL keeps, which has no limit of depth, may name
// a member twice and may have halves of surrogate pairs: crypto/field reads JSON of ours by tighter
// rules. Pure functions.
#ifndef FIELDKMS_ROTATION_JSON_STRINGS_H_
#define FIELDKMS_ROTATION_JSON_STRINGS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldkms::rotation {

// A value that is a string: places in the text.
struct JsonString {
  size_t begin = 0;  // with its quotation marks
  size_t end = 0;
};

// ReadJsonStrings returns the values that are strings, in their order, at any depth; names of
// members are none. Nothing for what is not one JSON text (RFC 8259). That text is UTF-8 is not
// looked at.
std::optional<std::vector<JsonString>> ReadJsonStrings(std::string_view text);

// AsciiValue returns what a string says, if that is ASCII only.
std::optional<std::string> AsciiValue(std::string_view text, const JsonString& string);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_JSON_STRINGS_H_
