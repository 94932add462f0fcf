#include "crypto/field/json_text.h"

#include <algorithm>
#include <array>
#include <optional>

#include "crypto/field/formats.h"
#include "crypto/field/json_number.h"
#include "crypto/field/json_string.h"

namespace fieldkms {
namespace {

enum Rule : size_t { kSyntax, kDepth, kSurrogate, kNumber, kMemberTwice };
constexpr std::array<FieldRule, 5> kRules = {{
    {"json.syntax", "a value is one JSON text, without a byte order mark", "RFC 8259, 2 to 8"},
    {"json.depth", "arrays and objects are at most 64 within one another", "FieldKMS"},
    {"json.surrogate", "\\u escapes of surrogates come in pairs", "RFC 7493 (I-JSON), 2.1"},
    {"json.number", "a number is not beyond what a double can hold", "RFC 7493 (I-JSON), 2.2"},
    {"json.member_twice", "the names within an object differ", "RFC 7493 (I-JSON), 2.3"},
}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Reads the grammar of RFC 8259 from left to right. Each function reads one thing that begins
// here, moves behind it and returns the rule that it breaks.
class Reader {
 public:
  Reader(std::string_view text, size_t most_depth, JsonNodes* nodes)
      : text_(text), most_depth_(most_depth), nodes_(nodes) {}

  const FieldRule* Read() {
    SkipSpace();
    if (const FieldRule* broken = Value(0, 0)) return broken;
    SkipSpace();
    return at_ == text_.size() ? nullptr : &kRules[kSyntax];
  }

 private:
  // '\0' at the end, which is no character of the grammar.
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
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

  void SkipSpace() {
    while (IsSpace(Peek())) ++at_;
  }

  const FieldRule* Value(size_t name_begin, size_t name_end) {
    const size_t number = nodes_->size();
    nodes_->push_back({JsonKind::kNull, at_, 0, name_begin, name_end, 0});
    if (const FieldRule* broken = Contents(number)) return broken;
    (*nodes_)[number].end = at_;
    (*nodes_)[number].next = nodes_->size();
    return nullptr;
  }

  const FieldRule* Contents(size_t node) {
    JsonKind& kind = (*nodes_)[node].kind;
    switch (Peek()) {
      case '{':
        kind = JsonKind::kObject;
        return Object(node);
      case '[':
        kind = JsonKind::kArray;
        return Array();
      case '"':
        kind = JsonKind::kString;
        return String();
      case 't':
      case 'f':
        kind = JsonKind::kBoolean;
        return TakeWord("true") || TakeWord("false") ? nullptr : &kRules[kSyntax];
      case 'n':
        return TakeWord("null") ? nullptr : &kRules[kSyntax];
      default:
        kind = JsonKind::kNumber;
        return Number();
    }
  }

  const FieldRule* Array() {
    if (++depth_ > most_depth_) return &kRules[kDepth];
    ++at_;
    SkipSpace();
    if (!Take(']')) {
      do {
        SkipSpace();
        if (const FieldRule* broken = Value(0, 0)) return broken;
        SkipSpace();
      } while (Take(','));
      if (!Take(']')) return &kRules[kSyntax];
    }
    --depth_;
    return nullptr;
  }

  const FieldRule* Object(size_t node) {
    if (++depth_ > most_depth_) return &kRules[kDepth];
    ++at_;
    SkipSpace();
    if (!Take('}')) {
      do {
        SkipSpace();
        if (const FieldRule* broken = Member()) return broken;
        SkipSpace();
      } while (Take(','));
      if (!Take('}')) return &kRules[kSyntax];
    }
    --depth_;
    return HasNameTwice(node) ? &kRules[kMemberTwice] : nullptr;
  }

  const FieldRule* Member() {
    const size_t begin = at_;
    if (const FieldRule* broken = String()) return broken;
    const size_t end = at_;
    SkipSpace();
    if (!Take(':')) return &kRules[kSyntax];
    SkipSpace();
    return Value(begin, end);
  }

  // Of an object whose members are all read.
  bool HasNameTwice(size_t node) const {
    std::vector<std::string_view> names;
    for (size_t i = node + 1; i < nodes_->size(); i = (*nodes_)[i].next) {
      names.push_back(NameOf(text_, (*nodes_)[i]));
    }
    std::sort(names.begin(), names.end(), JsonStringLess);
    const auto not_less = [](std::string_view a, std::string_view b) {
      return !JsonStringLess(a, b);
    };
    return std::adjacent_find(names.begin(), names.end(), not_less) != names.end();
  }

  const FieldRule* String() {
    if (!Take('"')) return &kRules[kSyntax];
    while (!Take('"')) {
      const char c = Peek();
      if (c == '\\') {
        if (const FieldRule* broken = Escape()) return broken;
      } else if (static_cast<uint8_t>(c) < 0x20) {  // the end of the text too
        return &kRules[kSyntax];
      } else {
        ++at_;
      }
    }
    return nullptr;
  }

  const FieldRule* Escape() {
    const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (kind != 'u') {
      at_ += 2;
      return kind != '\0' && std::string_view("\"\\/bfnrt").find(kind) != std::string_view::npos
                 ? nullptr
                 : &kRules[kSyntax];
    }
    const std::optional<char32_t> unit = TakeUnit();
    if (!unit) return &kRules[kSyntax];
    if (*unit < 0xD800 || *unit > 0xDFFF) return nullptr;
    if (*unit > 0xDBFF || !TakesLowSurrogate()) return &kRules[kSurrogate];
    return nullptr;
  }

  bool TakesLowSurrogate() {
    if (text_.substr(at_, 2) != "\\u") return false;
    const std::optional<char32_t> unit = TakeUnit();
    return unit && *unit >= 0xDC00 && *unit <= 0xDFFF;
  }

  std::optional<char32_t> TakeUnit() {
    const std::optional<char32_t> unit = HexUnit(text_.substr(at_ + 2, 4));
    at_ += 6;
    return unit;
  }

  const FieldRule* Number() {
    const size_t begin = at_;
    Take('-');
    if (!Take('0') && !TakeDigits()) return &kRules[kSyntax];
    if (Take('.') && !TakeDigits()) return &kRules[kSyntax];
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      if (!TakeDigits()) return &kRules[kSyntax];
    }
    return JsonNumber(text_.substr(begin, at_ - begin)) ? nullptr : &kRules[kNumber];
  }

  std::string_view text_;
  size_t most_depth_;
  JsonNodes* nodes_;
  size_t at_ = 0;
  size_t depth_ = 0;
};

}  // namespace

std::span<const FieldRule> JsonRules() { return kRules; }

const FieldRule* ReadJson(std::string_view text, size_t most_depth, JsonNodes* nodes) {
  nodes->clear();
  return Reader(text, most_depth, nodes).Read();
}

}  // namespace fieldkms
