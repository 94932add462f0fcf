// What formats and masks need of Unicode (15.0, by ICU 72). Pure; safe for concurrent use. Text
// that is ASCII alone never reaches ICU, and costs no allocation but that of `out`'s room.
//
// Texts are at most kMostUnicodeBytes long; std::bad_alloc where memory runs out, in ICU too.
// Copies that these functions make are wiped; ICU keeps none (it writes into our memory only).
#ifndef FIELDKMS_CRYPTO_FIELD_UNICODE_H_
#define FIELDKMS_CRYPTO_FIELD_UNICODE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fieldkms {

inline constexpr size_t kMostUnicodeBytes = size_t{1} << 28;  // ICU counts in int32_t

// Well-formed UTF-8 (RFC 3629): no surrogates, nothing overlong. Quick where all is ASCII.
bool IsUtf8(std::string_view text);
bool IsAscii(std::string_view text);
// Whether all is of U+0020 to U+007E: well-formed, in NFC, and with nothing in it that is
// invisible, unassigned or a control character.
bool IsPrintableAscii(std::string_view text);

// The rest take well-formed UTF-8 (of other bytes they make something, and read none beyond).

char32_t NextWideCodePoint(std::string_view text, size_t* at);
// The code point that begins at byte `*at`, which is moved behind it; U+FFFD for a byte that
// begins none.
inline char32_t NextCodePoint(std::string_view text, size_t* at) {
  const auto first = static_cast<uint8_t>(text[*at]);
  if (first >= 0x80) return NextWideCodePoint(text, at);
  ++*at;
  return first;
}
// Appends a code point that is no surrogate.
void AppendCodePoint(char32_t point, std::string* out);

bool IsWideWhiteSpace(char32_t point);
// White_Space
inline bool IsWhiteSpace(char32_t point) {
  return point < 0x80 ? point == ' ' || (point >= '\t' && point <= '\r') : IsWideWhiteSpace(point);
}
bool IsLetter(char32_t point);        // L
bool IsMark(char32_t point);          // M
bool IsNumber(char32_t point);        // N: Roman numerals and superscripts too
bool IsDecimalDigit(char32_t point);  // Nd: of any script
// No meaning yet: unassigned code points and noncharacters (Cn). Their normal form and their
// case may change with the next version of Unicode.
bool IsUnassigned(char32_t point);
// Nothing to see, or a turn of the text: Default_Ignorable_Code_Point, Bidi_Control (UAX #9) and
// the marks of annotations, U+FFF9 to U+FFFB. Not the two joiners (U+200C, U+200D) nor variation
// selectors, with which Persian, Indic and Japanese names and emoji are spelled.
bool IsInvisible(char32_t point);

// Nothing, or white space and invisible characters alone.
bool IsBlank(std::string_view text);
// Whether there is a control character (Cc), but for those of `allowed` (of ASCII).
bool HasControl(std::string_view text, std::string_view allowed = {});
// Whether there is an invisible character: what looks like one value and is another.
bool HasInvisible(std::string_view text);
bool HasUnassigned(std::string_view text);

// Each appends `text`, which does not lie in `out`, in another form: of at most 3 times its
// length, and one that stays as it is when it is brought into that form again.
void AppendNfc(std::string_view text, std::string* out);
// NFC, each character's own lower case (no rule for words or languages), NFC again.
void AppendLower(std::string_view text, std::string* out);
// NFC, full case folding, NFC again.
void AppendFolded(std::string_view text, std::string* out);
// White space at the ends taken off, runs of it within made one space.
void AppendCollapsed(std::string_view text, std::string* out);
// Collapsed, then folded: one spelling for names that read the same.
void AppendFoldedWords(std::string_view text, std::string* out);

// The length in bytes of the extended grapheme cluster (UAX #29, revision 41) at the start of
// `text`, which is not empty.
size_t GraphemeLength(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_UNICODE_H_
