#include "rotation/array_fields.h"

#include <charconv>
#include <string_view>

#include "rotation/array_text.h"

namespace fieldkms::rotation {

std::vector<std::string> TextsOf(const pqxx::field& field) {
  const std::string text = TextOf(field);
  const auto elements = ReadArray(text);
  if (!elements) RefuseRow();
  std::vector<std::string> values;
  for (const ArrayElement& element : *elements) {
    if (element.is_null) RefuseRow();
    values.push_back(ElementValue(text, element));
  }
  return values;
}

std::vector<int16_t> NumbersOf(const pqxx::field& field) {
  std::vector<int16_t> numbers;
  for (const std::string& text : TextsOf(field)) {
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, numbers.emplace_back());
    if (error != std::errc() || end != last) RefuseRow();
  }
  return numbers;
}

}  // namespace fieldkms::rotation
