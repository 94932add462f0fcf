#include "rotation/json_strings.h"

#include <charconv>
#include <cstdint>

namespace fieldkms::rotation {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The number that four hex digits at `at` are.
std::optional<uint16_t> HexUnit(std::string_view text, size_t at) {
  if (text.size() - at < 4) return std::nullopt;
  uint16_t unit = 0;
  const char* const begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + 4, unit, 16);
  if (error != std::errc() || end != begin + 4) return std::nullopt;
  return unit;
}

// Reads the grammar from left to right, without recursion: what PostgreSQL takes may be nested
// deeper than our stack is.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<std::vector<JsonString>> Read() {
    do {
      if (!TakeValue()) return std::nullopt;
      while (!open_.empty() && TakeSpaced(open_.back())) open_.pop_back();
      if (open_.empty()) break;
    } while (TakeSpaced(',') && (open_.back() == ']' || TakeName()));
    SkipSpace();
    if (!open_.empty() || at_ != text_.size()) return std::nullopt;
    return std::move(strings_);
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void SkipSpace() {
    while (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r') ++at_;
  }
  bool TakeSpaced(char c) {
    SkipSpace();
    return Take(c);
  }
  bool TakeWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool TakeDigits() {
    const size_t begin = at_;
    while (IsDigit(Peek())) ++at_;
    return at_ > begin;
  }

  // A value; of arrays and objects that are not empty up to the end of their first value that is
  // neither.
  bool TakeValue() {
    while (true) {
      SkipSpace();
      if (Take('[')) {
        if (TakeSpaced(']')) return true;
        open_ += ']';
      } else if (Take('{')) {
        if (TakeSpaced('}')) return true;
        if (!TakeName()) return false;
        open_ += '}';
      } else {
        return TakeScalar();
      }
    }
  }

  bool TakeName() {
    SkipSpace();
    return TakeString() && TakeSpaced(':');
  }

  bool TakeScalar() {
    const size_t begin = at_;
    if (Peek() != '"') {
      return TakeWord("true") || TakeWord("false") || TakeWord("null") || TakeNumber();
    }
    if (!TakeString()) return false;
    strings_.push_back({begin, at_});
    return true;
  }

  bool TakeNumber() {
    Take('-');
    if (!Take('0') && !TakeDigits()) return false;
    if (Take('.') && !TakeDigits()) return false;
    if (!Take('e') && !Take('E')) return true;
    if (!Take('+')) Take('-');
    return TakeDigits();
  }

  bool TakeString() {
    if (!Take('"')) return false;
    while (!Take('"')) {
      if (static_cast<uint8_t>(Peek()) < 0x20) return false;  // the end of the text too
      if (!(Peek() == '\\' ? TakeEscape() : Take(Peek()))) return false;
    }
    return true;
  }

  bool TakeEscape() {
    ++at_;
    if (Peek() == '\0' || std::string_view("\"\\/bfnrtu").find(Peek()) == std::string_view::npos) {
      return false;
    }
    if (!Take('u')) return Take(Peek());
    if (!HexUnit(text_, at_)) return false;
    at_ += 4;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string open_;  // what ends each array and object that has begun
  std::vector<JsonString> strings_;
};

}  // namespace

std::optional<std::vector<JsonString>> ReadJsonStrings(std::string_view text) {
  return Reader(text).Read();
}

std::optional<std::string> AsciiValue(std::string_view text, const JsonString& string) {
  constexpr std::string_view kLetters = "bfnrt", kMeaning = "\b\f\n\r\t";
  const std::string_view content = text.substr(string.begin + 1, string.end - string.begin - 2);
  std::string value;
  value.reserve(content.size());
  for (size_t at = 0; at < content.size(); ++at) {
    uint16_t unit = static_cast<uint8_t>(content[at]);
    if (unit == '\\' && content[++at] == 'u') {
      unit = HexUnit(content, at + 1).value_or(0xffff);
      at += 4;
    } else if (unit == '\\') {
      const size_t letter = kLetters.find(content[at]);
      unit = static_cast<uint8_t>(letter == kLetters.npos ? content[at] : kMeaning[letter]);
    }
    if (unit >= 0x80) return std::nullopt;
    value += static_cast<char>(unit);
  }
  return value;
}

}  // namespace fieldkms::rotation
