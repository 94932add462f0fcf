// Extended grapheme clusters by the rules of UAX #29, revision 41 (Unicode 15.0), on ICU's
// properties: ICU's own iterator wants an object, an allocation and a copy of the text.
#include <unicode/uchar.h>

#include <cstdint>

#include "crypto/field/unicode.h"

namespace fieldkms {
namespace {

// What the rules ask of one code point.
struct Character {
  int32_t break_class;  // UGraphemeClusterBreak
  bool pictographic;    // Extended_Pictographic
};

Character CharacterOf(char32_t point) {
  const auto c = static_cast<UChar32>(point);
  return {u_getIntPropertyValue(c, UCHAR_GRAPHEME_CLUSTER_BREAK),
          u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC) != 0};
}

bool IsControl(int32_t c) { return c == U_GCB_CONTROL || c == U_GCB_CR || c == U_GCB_LF; }

// GB6 to GB8: the parts of a Hangul syllable.
bool IsWithinHangul(int32_t before, int32_t after) {
  switch (before) {
    case U_GCB_L:
      return after == U_GCB_L || after == U_GCB_V || after == U_GCB_LV || after == U_GCB_LVT;
    case U_GCB_LV:
    case U_GCB_V:
      return after == U_GCB_V || after == U_GCB_T;
    case U_GCB_LVT:
    case U_GCB_T:
      return after == U_GCB_T;
    default:
      return false;
  }
}

// What of the cluster so far decides whether it goes on.
class Cluster {
 public:
  explicit Cluster(Character first) { Take(first); }

  bool GoesOnWith(Character next) const {
    const int32_t after = next.break_class;
    if (IsControl(last_) || IsControl(after)) {
      return last_ == U_GCB_CR && after == U_GCB_LF;  // GB3 to GB5
    }
    return IsWithinHangul(last_, after) ||                                                // GB6-GB8
           after == U_GCB_EXTEND || after == U_GCB_ZWJ || after == U_GCB_SPACING_MARK ||  // GB9, a
           last_ == U_GCB_PREPEND ||                                                      // GB9b
           (joined_pictograph_ && next.pictographic) ||                                   // GB11
           (odd_indicators_ && after == U_GCB_REGIONAL_INDICATOR);                        // GB12-13
  }

  void Take(Character next) {
    last_ = next.break_class;
    joined_pictograph_ = pictograph_ && last_ == U_GCB_ZWJ;
    if (last_ != U_GCB_EXTEND) pictograph_ = next.pictographic;
    odd_indicators_ = last_ == U_GCB_REGIONAL_INDICATOR && !odd_indicators_;
  }

 private:
  int32_t last_ = U_GCB_OTHER;
  bool pictograph_ = false;         // a pictograph, and nothing but Extend after it
  bool joined_pictograph_ = false;  // that, and a joiner
  bool odd_indicators_ = false;     // half a flag
};

bool IsAsciiByte(char c) { return static_cast<uint8_t>(c) < 0x80; }

}  // namespace

size_t GraphemeLength(std::string_view text) {
  if (text.size() == 1) return 1;
  if (IsAsciiByte(text[0]) && IsAsciiByte(text[1]))
    return text[0] == '\r' && text[1] == '\n' ? 2 : 1;
  size_t length = 0;
  Cluster cluster(CharacterOf(NextCodePoint(text, &length)));
  while (length < text.size()) {
    size_t end = length;
    const Character next = CharacterOf(NextCodePoint(text, &end));
    if (!cluster.GoesOnWith(next)) break;
    cluster.Take(next);
    length = end;
  }
  return length;
}

}  // namespace fieldkms
