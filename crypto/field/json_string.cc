#include "crypto/field/json_string.h"

#include <cstdint>

#include "crypto/field/unicode.h"
#include "crypto/field/wiped_text.h"

namespace fieldkms {
namespace {

std::string_view Content(std::string_view string) { return string.substr(1, string.size() - 2); }

// The code point that `content` has at `*at`, escaped or not, which is moved behind it.
char32_t NextSaid(std::string_view content, size_t* at) {
  if (content[*at] != '\\') return NextCodePoint(content, at);
  const char kind = content[*at + 1];
  if (kind != 'u') {
    *at += 2;
    constexpr std::string_view kLetters = "bfnrt", kMeaning = "\b\f\n\r\t";
    const size_t letter = kLetters.find(kind);
    return static_cast<uint8_t>(letter == std::string_view::npos ? kind : kMeaning[letter]);
  }
  const char32_t unit = HexUnit(content.substr(*at + 2, 4)).value_or(0);
  *at += 6;
  if (unit < 0xD800 || unit > 0xDFFF) return unit;
  const char32_t low = HexUnit(content.substr(*at + 2, 4)).value_or(0xDC00);
  *at += 6;
  return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

// Numbers that compare as code points do by their UTF-16 units: those beyond U+FFFF, whose first
// unit is a surrogate, come between U+D7FF and U+E000.
char32_t Rank(char32_t point) {
  if (point < 0xD800) return point;
  return point >= 0x10000 ? point - 0x10000 + 0xD800 : point + 0x100000;
}

void AppendEscaped(char32_t point, std::string* out) {
  constexpr std::string_view kMeaning = "\b\f\n\r\t\"\\", kLetters = "bfnrt\"\\";
  constexpr std::string_view kHex = "0123456789abcdef";
  if (point >= 0x80) return AppendCodePoint(point, out);
  const size_t letter = kMeaning.find(static_cast<char>(point));
  if (letter != std::string_view::npos) {
    AppendText("\\", out);
    AppendText(kLetters.substr(letter, 1), out);
  } else if (point < 0x20) {
    AppendText("\\u00", out);
    AppendText(kHex.substr(point >> 4, 1), out);
    AppendText(kHex.substr(point & 15, 1), out);
  } else {
    AppendCodePoint(point, out);
  }
}

}  // namespace

std::optional<char32_t> HexUnit(std::string_view digits) {
  if (digits.size() != 4) return std::nullopt;
  char32_t unit = 0;
  for (const char c : digits) {
    char32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<char32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<char32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<char32_t>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
    unit = unit << 4 | digit;
  }
  return unit;
}

bool JsonStringLess(std::string_view a, std::string_view b) {
  a = Content(a);
  b = Content(b);
  size_t a_at = 0, b_at = 0;
  while (a_at < a.size() && b_at < b.size()) {
    const char32_t of_a = Rank(NextSaid(a, &a_at)), of_b = Rank(NextSaid(b, &b_at));
    if (of_a != of_b) return of_a < of_b;
  }
  return a_at == a.size() && b_at < b.size();
}

bool JsonStringIs(std::string_view string, std::string_view text) {
  const std::string_view content = Content(string);
  size_t at = 0, text_at = 0;
  while (at < content.size() && text_at < text.size()) {
    if (NextSaid(content, &at) != NextCodePoint(text, &text_at)) return false;
  }
  return at == content.size() && text_at == text.size();
}

void AppendJsonStringValue(std::string_view string, std::string* out) {
  const std::string_view content = Content(string);
  MakeRoom(content.size(), out);
  for (size_t at = 0; at < content.size();) AppendCodePoint(NextSaid(content, &at), out);
}

void AppendCanonicalString(std::string_view string, std::string* out) {
  // Without escapes, there is nothing in it that needs one.
  if (string.find('\\') == std::string_view::npos) return AppendText(string, out);
  const std::string_view content = Content(string);
  MakeRoom(string.size(), out);
  AppendText("\"", out);
  for (size_t at = 0; at < content.size();) AppendEscaped(NextSaid(content, &at), out);
  AppendText("\"", out);
}

void AppendJsonString(std::string_view text, std::string* out) {
  MakeRoom(text.size() + 2, out);
  AppendText("\"", out);
  for (size_t at = 0; at < text.size();) AppendEscaped(NextCodePoint(text, &at), out);
  AppendText("\"", out);
}

}  // namespace fieldkms
