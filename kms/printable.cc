#include "kms/printable.h"

#include "crypto/utf8.h"

namespace fieldkms {
namespace {

bool IsControl(char32_t point) { return point < 0x20 || (point >= 0x7f && point <= 0x9f); }

// Marks, embeddings, overrides and isolates of direction, and separators of lines and paragraphs.
bool Misleads(char32_t point) {
  return point == 0x061c || point == 0x200e || point == 0x200f ||
         (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

// The lowest `digits` hexadecimal digits of a number.
std::string Hex(char32_t number, int digits) {
  std::string text;
  for (int i = digits - 1; i >= 0; --i) text += "0123456789abcdef"[number >> (4 * i) & 15];
  return text;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    char32_t point = 0;
    if (!TakeCodePoint(&text, &point)) {
      out += "\\x" + Hex(static_cast<unsigned char>(before.front()), 2);
      text.remove_prefix(1);
    } else if (IsControl(point)) {
      out += "\\x" + Hex(point, 2);
    } else if (Misleads(point)) {
      out += "\\u" + Hex(point, 4);
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  return out;
}

}  // namespace fieldkms
