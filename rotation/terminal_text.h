// Text in columns of a terminal.
#ifndef FIELDKMS_ROTATION_TERMINAL_TEXT_H_
#define FIELDKMS_ROTATION_TERMINAL_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fieldkms::rotation {

// How many columns a terminal takes for it: two for characters of East Asian scripts and emoji,
// none for marks that stand on others. What terminals do not agree on may be off by a column.
// `text` is well-formed UTF-8 without control characters (kms/printable.h).
size_t DisplayWidth(std::string_view text);

// With spaces behind or before it, up to `width`; what is wider stays as it is.
std::string PaddedRight(std::string_view text, size_t width);
std::string PaddedLeft(std::string_view text, size_t width);

// Lines of up to `width` columns, broken at spaces, and within words that are wider by themselves.
// A character that is wider stands alone. At least one line; none ends with a space.
std::vector<std::string> Wrapped(std::string_view text, size_t width);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_TERMINAL_TEXT_H_
