// Normal forms and case. ICU has them for UTF-16; each step is from one of our buffers, which are
// wiped, to another that has room for the longest outcome, so that ICU makes no copy of its own.
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include <cstdint>
#include <new>
#include <stdexcept>
#include <vector>

#include "crypto/field/unicode.h"
#include "crypto/field/wiped_text.h"
#include "crypto/wiped_string.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms {
namespace {

using Utf16 = std::vector<char16_t, WipingAllocator<char16_t>>;

// NFC and full case folding make of a text at most three times as many units (UAX #15, table 8;
// The Unicode Standard 15.0, 5.18).
constexpr size_t kGrowth = 3;

// What ICU can fail of here is memory: the texts are well-formed, and buffers have room.
void Check(UErrorCode error) {
  if (U_FAILURE(error)) throw std::bad_alloc();
}

int32_t Size(size_t size) { return static_cast<int32_t>(size); }

const UNormalizer2* Nfc() {
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2* const nfc = unorm2_getNFCInstance(&error);
  Check(error);
  return nfc;
}

Utf16 ToUtf16(std::string_view text) {
  if (text.size() > kMostUnicodeBytes) throw std::length_error("text for ICU");
  Utf16 units(text.size());
  UErrorCode error = U_ZERO_ERROR;
  int32_t length = 0;
  u_strFromUTF8WithSub(units.data(), Size(units.size()), &length, text.data(), Size(text.size()),
                       0xFFFD, nullptr, &error);
  Check(error);
  units.resize(static_cast<size_t>(length));
  return units;
}

void AppendUtf16(const Utf16& units, std::string* out) {
  const size_t before = out->size();
  MakeRoom(kGrowth * units.size(), out);
  out->resize(before + kGrowth * units.size());
  UErrorCode error = U_ZERO_ERROR;
  int32_t length = 0;
  u_strToUTF8WithSub(out->data() + before, Size(out->size() - before), &length, units.data(),
                     Size(units.size()), 0xFFFD, nullptr, &error);
  Check(error);
  out->resize(before + static_cast<size_t>(length));
}

bool IsNfc(const Utf16& units) {
  UErrorCode error = U_ZERO_ERROR;
  const bool is = unorm2_quickCheck(Nfc(), units.data(), Size(units.size()), &error) == UNORM_YES;
  Check(error);
  return is;
}

void MakeNfc(Utf16* units) {
  if (IsNfc(*units)) return;
  Utf16 normal(kGrowth * units->size());
  UErrorCode error = U_ZERO_ERROR;
  const int32_t length = unorm2_normalize(Nfc(), units->data(), Size(units->size()), normal.data(),
                                          Size(normal.size()), &error);
  Check(error);
  normal.resize(static_cast<size_t>(length));
  units->swap(normal);
}

void Fold(Utf16* units) {
  Utf16 folded(kGrowth * units->size());
  UErrorCode error = U_ZERO_ERROR;
  const int32_t length = u_strFoldCase(folded.data(), Size(folded.size()), units->data(),
                                       Size(units->size()), U_FOLD_CASE_DEFAULT, &error);
  Check(error);
  folded.resize(static_cast<size_t>(length));
  units->swap(folded);
}

void Lower(Utf16* units) {
  Utf16 lower(2 * units->size());
  size_t length = 0;
  for (size_t at = 0; at < units->size();) {
    UChar32 point = 0;
    U16_NEXT(units->data(), at, units->size(), point);
    U16_APPEND_UNSAFE(lower.data(), length, u_tolower(point));
  }
  lower.resize(length);
  units->swap(lower);
}

// Without a branch, so that a compiler can take several at a time.
char AsciiLower(char c) {
  return static_cast<char>(c | (static_cast<uint8_t>(c - 'A') < 26 ? 'a' - 'A' : 0));
}

void AppendAsciiLower(std::string_view text, std::string* out) {
  const size_t before = out->size();
  AppendText(text, out);
  for (size_t i = before; i < out->size(); ++i) (*out)[i] = AsciiLower((*out)[i]);
}

}  // namespace

void AppendNfc(std::string_view text, std::string* out) {
  if (IsAscii(text)) return AppendText(text, out);
  Utf16 units = ToUtf16(text);
  MakeNfc(&units);
  AppendUtf16(units, out);
}

void AppendLower(std::string_view text, std::string* out) {
  if (IsAscii(text)) return AppendAsciiLower(text, out);
  Utf16 units = ToUtf16(text);
  MakeNfc(&units);
  Lower(&units);
  MakeNfc(&units);
  AppendUtf16(units, out);
}

void AppendFolded(std::string_view text, std::string* out) {
  if (IsAscii(text)) return AppendAsciiLower(text, out);
  Utf16 units = ToUtf16(text);
  MakeNfc(&units);
  Fold(&units);
  MakeNfc(&units);
  AppendUtf16(units, out);
}

void AppendFoldedWords(std::string_view text, std::string* out) {
  if (IsAscii(text)) {
    const size_t before = out->size();
    AppendCollapsed(text, out);
    for (size_t i = before; i < out->size(); ++i) (*out)[i] = AsciiLower((*out)[i]);
    return;
  }
  WipedString collapsed;
  AppendCollapsed(text, collapsed.get());
  AppendFolded(*collapsed, out);
}

}  // namespace fieldkms
