// Arrays as PostgreSQL prints them (array_out of its src/backend/utils/adt/arrayfuncs.c): where
// each element stands, so that some can be replaced and all else kept. Pure functions.
#ifndef FIELDKMS_ROTATION_ARRAY_TEXT_H_
#define FIELDKMS_ROTATION_ARRAY_TEXT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldkms::rotation {

// Holds places in the text of the array.
struct ArrayElement {
  size_t begin = 0;  // of its text, with its quotation marks
  size_t end = 0;
  bool is_null = false;
};

// ReadArray returns the elements of an array of a type whose delimiter is the comma, in their
// order, of all dimensions. Nothing for what array_out does not print: white space, an element in
// quotes that needs none, rows of different lengths, bounds that are not those of the elements.
std::optional<std::vector<ArrayElement>> ReadArray(std::string_view text);

// What an element that is not null says, and the inverse: how array_out spells a value.
std::string ElementValue(std::string_view text, const ArrayElement& element);
std::string SpellElement(std::string_view value);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_ARRAY_TEXT_H_
