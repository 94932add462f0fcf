#include "crypto/field/unicode.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "crypto/field/eight_bytes.h"
#include "crypto/field/wiped_text.h"
#include "crypto/utf8.h"

namespace fieldkms {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

UChar32 Icu(char32_t point) { return static_cast<UChar32>(point); }

bool IsOf(char32_t point, uint32_t categories) {
  return (U_GET_GC_MASK(Icu(point)) & categories) != 0;
}

// How many bytes at the start of `text` are ASCII.
size_t AsciiPrefix(std::string_view text) {
  size_t at = 0;
  for (uint64_t eight; at + sizeof eight <= text.size(); at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if (AnyBeyondAscii(eight) != 0) break;
  }
  while (at < text.size() && static_cast<uint8_t>(text[at]) < 0x80) ++at;
  return at;
}

template <class Predicate>
bool AnyCodePoint(std::string_view text, Predicate is) {
  for (size_t at = 0; at < text.size();) {
    if (is(NextCodePoint(text, &at))) return true;
  }
  return false;
}

// The joiners and the variation selectors.
bool IsInvisibleModifier(char32_t point) {
  return point == 0x200C || point == 0x200D || (point >= 0xFE00 && point <= 0xFE0F) ||
         (point >= 0xE0100 && point <= 0xE01EF) || (point >= 0x180B && point <= 0x180D) ||
         point == 0x180F;
}

}  // namespace

bool IsAscii(std::string_view text) { return NoByteIs(text, AnyBeyondAscii); }

bool IsPrintableAscii(std::string_view text) {
  return NoByteIs(text, [](uint64_t eight) {
    return AnyBeyondAscii(eight) | AnyBelow(eight, ' ') | AnyIs(eight, 0x7F);
  });
}

bool IsUtf8(std::string_view text) {
  while (true) {
    text.remove_prefix(AsciiPrefix(text));
    if (text.empty()) return true;
    char32_t point = 0;
    if (!TakeCodePoint(&text, &point)) return false;
  }
}

char32_t NextWideCodePoint(std::string_view text, size_t* at) {
  std::string_view rest = text.substr(*at);
  char32_t point = kReplacement;
  if (!TakeCodePoint(&rest, &point)) rest.remove_prefix(1);
  *at = text.size() - rest.size();
  return point;
}

void AppendCodePoint(char32_t point, std::string* out) {
  MakeRoom(4, out);
  AppendUtf8(point, out);
}

bool IsWideWhiteSpace(char32_t point) { return u_isUWhiteSpace(Icu(point)) != 0; }
bool IsLetter(char32_t point) {
  if (point < 0x80) return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z');
  return IsOf(point, U_GC_L_MASK);
}
bool IsNumber(char32_t point) {
  return point < 0x80 ? point >= '0' && point <= '9' : IsOf(point, U_GC_N_MASK);
}
bool IsDecimalDigit(char32_t point) {
  return point < 0x80 ? IsNumber(point) : IsOf(point, U_GC_ND_MASK);
}
bool IsMark(char32_t point) { return point >= 0x80 && IsOf(point, U_GC_M_MASK); }
bool IsUnassigned(char32_t point) { return point >= 0x80 && IsOf(point, U_GC_CN_MASK); }

bool IsInvisible(char32_t point) {
  if (point < 0x80 || IsInvisibleModifier(point)) return false;
  return (point >= 0xFFF9 && point <= 0xFFFB) ||
         u_hasBinaryProperty(Icu(point), UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0 ||
         u_hasBinaryProperty(Icu(point), UCHAR_BIDI_CONTROL) != 0;
}

bool IsBlank(std::string_view text) {
  return !AnyCodePoint(text, [](char32_t point) {
    // Joiners and variation selectors change what they stand by: alone, they show nothing.
    return !IsWhiteSpace(point) && !IsInvisible(point) && !IsInvisibleModifier(point);
  });
}

bool HasControl(std::string_view text, std::string_view allowed) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7F) {
      if (allowed.find(text[i]) == std::string_view::npos) return true;
    } else if (byte == 0xC2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xA0) {
      return true;  // U+0080 to U+009F
    }
  }
  return false;
}

bool HasInvisible(std::string_view text) {
  return !IsAscii(text) && AnyCodePoint(text, IsInvisible);
}

bool HasUnassigned(std::string_view text) {
  return !IsAscii(text) && AnyCodePoint(text, IsUnassigned);
}

void AppendCollapsed(std::string_view text, std::string* out) {
  MakeRoom(text.size(), out);
  const size_t before = out->size();
  for (size_t at = 0; at < text.size();) {
    // A word, if there is one here.
    const size_t begin = at;
    size_t end = at;
    while (at < text.size() && !IsWhiteSpace(NextCodePoint(text, &at))) end = at;
    if (end == begin) continue;
    if (out->size() > before) out->push_back(' ');
    out->append(text.substr(begin, end - begin));
  }
}

}  // namespace fieldkms
