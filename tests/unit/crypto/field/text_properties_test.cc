// What holds of every legal value of every format of text.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "crypto/field/mask.h"
#include "crypto/field/unicode.h"
#include "tests/support/text_formats.h"
#include "tests/unit/crypto/field/unicode_texts.h"

namespace fieldkms {
namespace {

std::string OneOf(const std::vector<std::string>& texts) { return *rc::gen::elementOf(texts); }

std::string Repeated(int low, int high, const std::vector<std::string>& texts) {
  std::string text;
  for (int i = *rc::gen::inRange(low, high + 1); i > 0; --i) text += OneOf(texts);
  return text;
}

const std::vector<std::string> kDigits = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
const std::vector<std::string> kLetters = {
    "a",      "Q",           "z", "7", "\u00c9", "e\u0301", "\u00df", "\u4e2d", "\u0915\u093f",
    "\u03a3", "\u1100\u1161"};

std::string Phone() {
  std::string number = "+" + OneOf({"44", "1", "49", "683", "7"});
  for (int i = *rc::gen::inRange(5, 12); i > 0; --i) {
    number += OneOf({"", "", " ", "-", "."}) + OneOf(kDigits);
  }
  return number;
}

std::string Email() {
  std::string mailbox = Repeated(1, 5, kLetters);
  if (*rc::gen::arbitrary<bool>()) mailbox += OneOf({".", "+", "-"}) + Repeated(1, 3, kLetters);
  mailbox += "@" + Repeated(1, 5, kLetters);
  if (*rc::gen::arbitrary<bool>()) mailbox += OneOf({".", "-"}) + Repeated(1, 5, kLetters);
  return mailbox + OneOf({".com", ".De", ".\u4e2d\u56fd"});
}

std::string Date() {
  const auto two = [](int number) { return std::to_string(100 + number).substr(1); };
  return std::to_string(*rc::gen::inRange(1900, 2026)) + "-" + two(*rc::gen::inRange(1, 13)) + "-" +
         two(*rc::gen::inRange(1, 29));
}

std::string Address() {
  return OneOf({"", " ", "\n"}) + *VisibleText() + OneOf({",", "\r\n"}) + Repeated(1, 9, kLetters) +
         OneOf({" 10115 ", "\n", "\u3000"}) + "," + *VisibleText() +
         OneOf({", DE", "\nae ", ",XK,"});
}

std::string Json() {
  std::string text;
  for (const char c : *Text()) {
    if (static_cast<uint8_t>(c) >= 0x20 && c != '"' && c != '\\') text += c;
  }
  return "{\"" + text + "\": [" + std::to_string(*rc::gen::arbitrary<int>()) +
         OneOf({"", ".50", "e3", "E-7"}) + ", \"\\u00e9" + text + "\"]}";
}

std::string ValueOf(FieldFormat format) {
  switch (format) {
    case FieldFormat::kPhone:
      return Phone();
    case FieldFormat::kEmail:
      return Email();
    case FieldFormat::kDateOfBirth:
      return Date();
    case FieldFormat::kPostalAddress:
      return Address();
    case FieldFormat::kJson:
      return Json();
    case FieldFormat::kPersonName:
      return *VisibleText() + OneOf({"", "\u00c4", "x", " y"});
    default:
      return *Text();
  }
}

// Where a value is legal, which most are.
RC_GTEST_PROP(TextProperty, CanonicalFormsAreTheirOwn, ()) {
  for (const TextFormat& format : kTextFormats) {
    const std::string value = ValueOf(format.format);
    const std::optional<std::string> canonical = Canonical(format, value);
    RC_CLASSIFY(canonical.has_value(), std::string(format.name));
    if (!canonical) continue;
    RC_ASSERT(IsUtf8(*canonical));
    RC_ASSERT(Canonical(format, *canonical) == canonical);
  }
}

RC_GTEST_PROP(TextProperty, TextThatReadsTheSameIsTheSame, ()) {
  for (const TextFormat& format : kTextFormats) {
    if (format.format == FieldFormat::kJson) continue;  // RFC 8785 leaves strings as they are
    const std::string value = ValueOf(format.format);
    std::string normal;
    AppendNfc(value, &normal);
    RC_ASSERT(Canonical(format, normal) == Canonical(format, value));
    RC_ASSERT(BrokenRule(format, normal) == BrokenRule(format, value));
  }
}

std::vector<std::string> Graphemes(std::string_view text) {
  std::vector<std::string> graphemes;
  while (!text.empty()) {
    graphemes.emplace_back(text.substr(0, GraphemeLength(text)));
    text.remove_prefix(graphemes.back().size());
  }
  return graphemes;
}

// How many characters of a default mask may be the value's own.
size_t MostShown(FieldFormat format, std::string_view canonical) {
  switch (format) {
    case FieldFormat::kPhone:
      return 6;  // three of the country code, three at the end
    case FieldFormat::kEmail:
      return 2 + Graphemes(canonical.substr(canonical.rfind('.') + 1)).size();
    case FieldFormat::kPersonName:
      return 2;
    case FieldFormat::kDateOfBirth:
      return 4;
    case FieldFormat::kPostalAddress:
      return 2;
    default:
      return 0;
  }
}

RC_GTEST_PROP(TextProperty, DefaultMasksShowNoMoreThanTheyMay, ()) {
  for (const TextFormat& format : kTextFormats) {
    const std::string value = ValueOf(format.format);
    const std::optional<std::string> canonical = Canonical(format, value);
    if (!canonical) continue;
    const std::string mask = Mask(format, {value, *canonical});
    RC_ASSERT(IsUtf8(mask));
    const std::vector<std::string> shown = Graphemes(mask);
    const auto own = std::count_if(shown.begin(), shown.end(), [](const std::string& grapheme) {
      return std::string_view("*@.,+- \"").find(grapheme) == std::string_view::npos;
    });
    RC_ASSERT(static_cast<size_t>(own) <= MostShown(format.format, *canonical));
  }
}

// A template shows the characters it keeps, those that it does not hide, and no others.
RC_GTEST_PROP(MaskProperty, KeepsAsManyAsItSaysAndCutsNone, ()) {
  std::string text = *Text(), normal;
  std::replace(text.begin(), text.end(), '*', 'x');
  AppendNfc(text, &normal);
  const MaskTemplate mask = {.keep_first = *rc::gen::inRange(0u, 9u),
                             .keep_last = *rc::gen::inRange(0u, 9u),
                             .fixed_length = *rc::gen::inRange(0u, 3u)};
  std::string masked;
  MaskValue(mask, FieldFormat::kFreeText, {text, text}, &masked);
  RC_ASSERT(IsUtf8(masked));
  const std::vector<std::string> all = Graphemes(normal);
  const bool short_one = all.size() <= mask.keep_first + mask.keep_last;
  const size_t first = short_one ? 0 : mask.keep_first, last = short_one ? 0 : mask.keep_last;
  const size_t hidden = all.size() - first - last;
  std::string expected;
  for (size_t i = 0; i < first; ++i) expected += all[i];
  expected += std::string(hidden == 0 || mask.fixed_length == 0 ? hidden : mask.fixed_length, '*');
  for (size_t i = all.size() - last; i < all.size(); ++i) expected += all[i];
  RC_ASSERT(masked == expected);
}

RC_GTEST_PROP(MaskProperty, NoDigitStaysWhereDigitsAreHidden, ()) {
  const std::string text = *Text();
  std::string masked;
  MaskValue({.hides = MaskClass::kDigits}, FieldFormat::kFreeText, {text, text}, &masked);
  for (size_t at = 0; at < masked.size();) RC_ASSERT(!IsNumber(NextCodePoint(masked, &at)));
}

}  // namespace
}  // namespace fieldkms
