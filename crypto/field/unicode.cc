#include "crypto/field/unicode.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "crypto/field/wiped_text.h"

namespace fieldkms {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool IsAsciiSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

UChar32 Icu(char32_t point) { return static_cast<UChar32>(point); }

bool IsOf(char32_t point, uint32_t categories) {
  return (U_GET_GC_MASK(Icu(point)) & categories) != 0;
}

// How many bytes at the start of `text` are ASCII.
size_t AsciiPrefix(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  size_t at = 0;
  for (uint64_t eight; at + sizeof eight <= text.size(); at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if ((eight & kHighBits) != 0) break;
  }
  while (at < text.size() && static_cast<uint8_t>(text[at]) < 0x80) ++at;
  return at;
}

// How many bytes the well-formed sequence at the start of `text`, which is not empty, has; 0: there
// is none. The Unicode Standard 15.0, table 3-7: only the second byte's range depends on the first.
size_t SequenceLength(std::string_view text) {
  const auto byte = [text](size_t i) {
    return static_cast<uint8_t>(i < text.size() ? text[i] : 0);
  };
  const auto follows = [&byte](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !follows(1)) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) {
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
    return follows(2) ? 3 : 0;
  }
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
  return follows(2) && follows(3) ? 4 : 0;
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

bool IsAscii(std::string_view text) { return AsciiPrefix(text) == text.size(); }

bool IsUtf8(std::string_view text) {
  while (true) {
    text.remove_prefix(AsciiPrefix(text));
    if (text.empty()) return true;
    const size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
}

char32_t NextCodePoint(std::string_view text, size_t* at) {
  const auto first = static_cast<uint8_t>(text[*at]);
  if (first < 0x80) {
    ++*at;
    return first;
  }
  const size_t length = SequenceLength(text.substr(*at));
  if (length == 0) {
    ++*at;
    return kReplacement;
  }
  char32_t point = first & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    point = (point << 6) | (static_cast<uint8_t>(text[*at + i]) & 0x3Fu);
  }
  *at += length;
  return point;
}

void AppendCodePoint(char32_t point, std::string* out) {
  const auto following = [](char32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  MakeRoom(4, out);
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
    return;
  }
  if (point < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (point >> 6)));
  } else if (point < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | (point >> 12)));
    out->push_back(following(point >> 6));
  } else {
    out->push_back(static_cast<char>(0xF0 | (point >> 18)));
    out->push_back(following(point >> 12));
    out->push_back(following(point >> 6));
  }
  out->push_back(following(point));
}

bool IsWhiteSpace(char32_t point) {
  return point < 0x80 ? IsAsciiSpace(static_cast<char>(point)) : u_isUWhiteSpace(Icu(point)) != 0;
}
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
  bool begun = false, space = false;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    if (IsWhiteSpace(NextCodePoint(text, &at))) {
      space = begun;
      continue;
    }
    if (space) out->push_back(' ');
    out->append(text.substr(begin, at - begin));
    begun = true;
    space = false;
  }
}

}  // namespace fieldkms
