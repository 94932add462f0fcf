#include "rotation/terminal_text.h"

#include <algorithm>
#include <iterator>

#include "crypto/utf8.h"

namespace fieldkms::rotation {
namespace {

struct Span {
  char32_t first;
  char32_t last;
};

// Of Unicode 15: marks of the scripts that are met most (Mn, Me), and what has no width at all.
constexpr Span kNoWidth[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489},  {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0900, 0x0902}, {0x093c, 0x093c},  {0x0941, 0x0948}, {0x094d, 0x094d}, {0x0e31, 0x0e31},
    {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e},  {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200d},
    {0x20d0, 0x20ff}, {0x302a, 0x302d},  {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    {0xfeff, 0xfeff}, {0xe0100, 0xe01ef}};
// East Asian Width W and F, in blocks.
constexpr Span kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},
                          {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97f},
                          {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
                          {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                          {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

template <size_t kCount>
bool IsIn(const Span (&spans)[kCount], char32_t point) {
  const auto* span = std::lower_bound(
      std::begin(spans), std::end(spans), point,
      [](const Span& candidate, char32_t value) { return candidate.last < value; });
  return span != std::end(spans) && span->first <= point;
}

size_t WidthOf(char32_t point) {
  if (point < kNoWidth[0].first) return 1;
  if (IsIn(kNoWidth, point)) return 0;
  return IsIn(kWide, point) ? 2 : 1;
}

// Takes a code point, or a byte that is none, off `text`, and returns its width.
size_t Take(std::string_view* text) {
  char32_t point = 0;
  if (TakeCodePoint(text, &point)) return WidthOf(point);
  text->remove_prefix(1);
  return 1;
}

// As much of the front of `text` as fits, and at least one character.
std::string_view Front(std::string_view text, size_t width) {
  std::string_view rest = text;
  for (size_t used = 0; !rest.empty();) {
    std::string_view next = rest;
    used += Take(&next);
    if (used > width && rest.size() < text.size()) break;
    rest = next;
  }
  return text.substr(0, text.size() - rest.size());
}

void AddWord(std::string_view word, size_t width, std::vector<std::string>* lines) {
  const size_t used = DisplayWidth(lines->back());
  const size_t gap = used == 0 ? 0 : 1;
  if (used + gap + DisplayWidth(word) <= width) {
    lines->back() += std::string(gap, ' ');
    lines->back() += word;
    return;
  }
  if (used > 0) lines->emplace_back();
  for (std::string_view front = Front(word, width); front.size() < word.size();
       front = Front(word, width)) {
    lines->back() = front;
    lines->emplace_back();
    word.remove_prefix(front.size());
  }
  lines->back() = word;
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) width += Take(&text);
  return width;
}

std::string PaddedRight(std::string_view text, size_t width) {
  const size_t used = DisplayWidth(text);
  return std::string(text) + std::string(width > used ? width - used : 0, ' ');
}

std::string PaddedLeft(std::string_view text, size_t width) {
  const size_t used = DisplayWidth(text);
  return std::string(width > used ? width - used : 0, ' ') + std::string(text);
}

std::vector<std::string> Wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (!word.empty()) AddWord(word, width, &lines);
  }
  return lines;
}

}  // namespace fieldkms::rotation
