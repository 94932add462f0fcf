#include "rotation/array_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace fieldkms::rotation {
namespace {

constexpr size_t kMostDimensions = 6;  // MAXDIM
constexpr std::string_view kNull = "NULL";
// What does not stand outside quotes: syntax, and what PostgreSQL takes for white space.
constexpr std::string_view kQuoted = "\"\\{}, \t\n\r\v\f";

bool SaysNull(std::string_view value) {
  return std::equal(value.begin(), value.end(), kNull.begin(), kNull.end(),
                    [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; });
}

struct Bounds {
  int32_t lower = 1;
  int32_t upper = 0;
};

// Reads from left to right. Each function reads one thing that begins here and moves behind it;
// false: it is not there.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<std::vector<ArrayElement>> Read() {
    if (!TakeBounds()) return std::nullopt;
    const bool empty = bounds_.empty() && text_ == "{}";
    if (!empty && (!TakeRow(0) || at_ != text_.size() || !BoundsFit())) return std::nullopt;
    return std::move(elements_);
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // As array_out prints it: no "+", no zeros in front.
  bool TakeNumber(int32_t* number) {
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), *number);
    if (error != std::errc()) return false;
    const std::string_view digits = text_.substr(at_, static_cast<size_t>(end - begin));
    at_ += digits.size();
    return digits == std::to_string(*number);
  }

  // "[0:1][2:3]=", of all dimensions, where one of them does not begin with 1.
  bool TakeBounds() {
    if (Peek() != '[') return true;
    while (Take('[')) {
      Bounds bounds;
      if (bounds_.size() == kMostDimensions || !TakeNumber(&bounds.lower) || !Take(':') ||
          !TakeNumber(&bounds.upper) || !Take(']') || bounds.upper < bounds.lower) {
        return false;
      }
      bounds_.push_back(bounds);
    }
    const bool plain = std::all_of(bounds_.begin(), bounds_.end(),
                                   [](const Bounds& bounds) { return bounds.lower == 1; });
    return !plain && Take('=');
  }

  // The rows of a dimension are all of rows, or all of elements, and equally long.
  bool TakeRow(size_t depth) {
    if (depth == kMostDimensions || !Take('{')) return false;
    const bool of_rows = Peek() == '{';
    if (!Agrees(of_rows ? 0 : depth + 1, &dimensions_)) return false;
    size_t length = 0;
    do {
      if (!(of_rows ? TakeRow(depth + 1) : TakeElement())) return false;
      ++length;
    } while (Take(','));
    return Take('}') && Agrees(length, &lengths_[depth]);
  }

  // `number` is what `known` is, where either is not 0.
  static bool Agrees(size_t number, size_t* known) {
    if (number == 0) return true;
    if (*known == 0) *known = number;
    return *known == number;
  }

  bool TakeElement() {
    const ArrayElement element = {at_, EndOfElement(), false};
    if (element.end == at_) return false;
    at_ = element.end;
    elements_.push_back(element);
    elements_.back().is_null = text_.substr(element.begin, element.end - element.begin) == kNull;
    return elements_.back().is_null || SpellElement(ElementValue(text_, element)) ==
                                           text_.substr(element.begin, element.end - element.begin);
  }

  size_t EndOfElement() const {
    if (Peek() != '"') return std::min(text_.find_first_of(kQuoted, at_), text_.size());
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    return end < text_.size() ? end + 1 : at_;
  }

  bool BoundsFit() const {
    if (bounds_.empty()) return true;
    if (bounds_.size() != dimensions_) return false;
    for (size_t i = 0; i < bounds_.size(); ++i) {
      const int64_t length = int64_t{bounds_[i].upper} - bounds_[i].lower + 1;
      if (lengths_[i] != static_cast<size_t>(length)) return false;
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Bounds> bounds_;
  size_t dimensions_ = 0;                             // 0: not known yet
  std::array<size_t, kMostDimensions> lengths_ = {};  // 0: not known yet
  std::vector<ArrayElement> elements_;
};

}  // namespace

std::optional<std::vector<ArrayElement>> ReadArray(std::string_view text) {
  return Reader(text).Read();
}

std::string ElementValue(std::string_view text, const ArrayElement& element) {
  std::string_view spelled = text.substr(element.begin, element.end - element.begin);
  if (!spelled.starts_with('"')) return std::string(spelled);
  spelled = spelled.substr(1, spelled.size() - 2);
  std::string value;
  value.reserve(spelled.size());
  for (size_t i = 0; i < spelled.size(); ++i) {
    if (spelled[i] == '\\') ++i;
    value += spelled[i];
  }
  return value;
}

std::string SpellElement(std::string_view value) {
  if (!value.empty() && value.find_first_of(kQuoted) == value.npos && !SaysNull(value)) {
    return std::string(value);
  }
  std::string spelled = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') spelled += '\\';
    spelled += c;
  }
  return spelled + '"';
}

}  // namespace fieldkms::rotation
