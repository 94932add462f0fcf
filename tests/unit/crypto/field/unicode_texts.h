// Texts that make trouble for whoever takes a byte for a character.
#ifndef FIELDKMS_TESTS_UNIT_CRYPTO_FIELD_UNICODE_TEXTS_H_
#define FIELDKMS_TESTS_UNIT_CRYPTO_FIELD_UNICODE_TEXTS_H_

#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "crypto/field/unicode.h"

namespace fieldkms {

// Any code point; those with rules of their own more often.
inline rc::Gen<char32_t> CodePoint() {
  return rc::gen::exec([] {
    static const std::vector<char32_t> special = {
        ' ',     '\t',    '\r',    '\n',    ',',     '@',     '.',     '-',    'K',     's',
        0x85,    0xA0,    0xAD,    0xDF,    0x130,   0x149,   0x1F0,   0x300,  0x301,   0x323,
        0x345,   0x390,   0x3A3,   0x3C2,   0x600,   0x915,   0x94D,   0x940,  0x958,   0xD4E,
        0x1100,  0x1161,  0x11A8,  0xAC00,  0xAC01,  0x1E9E,  0x1F80,  0x1FB3, 0x200B,  0x200D,
        0x202E,  0x2028,  0x2126,  0x212A,  0x2F868, 0xFB00,  0xFB1D,  0xFE0F, 0xFEFF,  0xFF10,
        0x10400, 0x1D160, 0x1F1E9, 0x1F468, 0x1F3FD, 0xE0041, 0xE0100, 0x0378, 0x10FFFF};
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        return *rc::gen::elementOf(special);
      case 1:
        return static_cast<char32_t>(*rc::gen::inRange(0x20, 0x7F));
      case 2:
        return static_cast<char32_t>(*rc::gen::inRange(0x80, 0x3000));
      default: {
        const auto point = static_cast<char32_t>(*rc::gen::inRange(0x3000, 0x110000));
        return point >= 0xD800 && point <= 0xDFFF ? U'x' : point;
      }
    }
  });
}

inline rc::Gen<std::string> Text() {
  return rc::gen::map(rc::gen::container<std::vector<char32_t>>(CodePoint()),
                      [](const std::vector<char32_t>& points) {
                        std::string text;
                        for (const char32_t point : points) AppendCodePoint(point, &text);
                        return text;
                      });
}

// Text without what names and addresses may not have.
inline rc::Gen<std::string> VisibleText() {
  return rc::gen::map(Text(), [](const std::string& text) {
    std::string visible;
    for (size_t at = 0; at < text.size();) {
      const char32_t point = NextCodePoint(text, &at);
      const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
      if (!control && !IsUnassigned(point) && !IsInvisible(point)) AppendCodePoint(point, &visible);
    }
    return visible;
  });
}

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_UNIT_CRYPTO_FIELD_UNICODE_TEXTS_H_
