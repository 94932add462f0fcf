#include "crypto/field/mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "crypto/field/unicode.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/crypto/field/unicode_texts.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;

std::string Masked(const MaskTemplate& mask, FieldFormat format, const FieldValue& value) {
  std::string masked = "as before";
  MaskValue(mask, format, value, &masked);
  return masked;
}

std::string MaskedPan(uint32_t first, uint32_t last, size_t digits) {
  const std::string pan = std::string("4929123456789012345").substr(0, digits);
  return Masked({.keep_first = first, .keep_last = last}, FieldFormat::kPan, {"spelled", pan});
}

std::string MaskedText(const MaskTemplate& mask, std::string_view text) {
  return Masked(mask, FieldFormat::kFreeText, {text, "canonical"});
}

TEST(CheckTemplateTest, TheLimitsThemselvesAreAllowed) {
  EXPECT_OK(CheckTemplate({}, FieldFormat::kFreeText, "mask"));
  EXPECT_OK(
      CheckTemplate({64, 64, MaskClass::kLettersAndDigits, "~", 64}, FieldFormat::kEmail, "mask"));
  EXPECT_OK(CheckTemplate({8, 4, MaskClass::kDigits, "!", 1}, FieldFormat::kPan, "mask"));
  EXPECT_OK(CheckTemplate({0, 0, MaskClass::kAll, "X", 3}, FieldFormat::kCvv, "mask"));
}

TEST(CheckTemplateTest, RefusesWhatIsOutOfBounds) {
  const std::vector<std::pair<MaskTemplate, FieldFormat>> bad = {
      {{.keep_first = 65}, FieldFormat::kFreeText},
      {{.keep_last = 65}, FieldFormat::kFreeText},
      {{.hides = static_cast<MaskClass>(0)}, FieldFormat::kFreeText},
      {{.hides = static_cast<MaskClass>(4)}, FieldFormat::kFreeText},
      {{.fill = ""}, FieldFormat::kFreeText},
      {{.fill = "**"}, FieldFormat::kFreeText},
      {{.fill = " "}, FieldFormat::kFreeText},
      {{.fill = "0"}, FieldFormat::kPan},
      {{.fill = "9"}, FieldFormat::kFreeText},
      {{.fill = "\n"}, FieldFormat::kFreeText},
      {{.fill = "\x7f"}, FieldFormat::kFreeText},
      {{.fill = "\u2022"}, FieldFormat::kFreeText},
      {{.fill = "\xff"}, FieldFormat::kFreeText},
      {{.fixed_length = 65}, FieldFormat::kFreeText},
      {{.keep_first = 9, .keep_last = 4}, FieldFormat::kPan},
      {{.keep_first = 6, .keep_last = 5}, FieldFormat::kPan},
      {{}, FieldFormat::kCvv},
      {{.keep_last = 1, .fixed_length = 3}, FieldFormat::kCvv},
      {{.keep_first = 1, .fixed_length = 3}, FieldFormat::kCvv},
      {{.hides = MaskClass::kDigits, .fixed_length = 3}, FieldFormat::kCvv},
      {{}, FieldFormat::kJson},
  };
  for (const auto& [mask, format] : bad) {
    const absl::Status status = CheckTemplate(mask, format, "fields[2].mask");
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
    EXPECT_EQ(FieldOf(status), "fields[2].mask");
  }
}

// PCI DSS 3.4.1 and FAQ 1091: what a template of the most that is allowed shows of each length.
TEST(MaskPanTest, NeverMoreThanBinAndLastFour) {
  const std::vector<std::pair<size_t, std::string>> most = {
      {10, "**********"},          {11, "492****8901"},       {12, "4929****9012"},
      {13, "49291****0123"},       {14, "492912****1234"},    {15, "492912*****2345"},
      {16, "49291234****3456"},    {17, "49291234*****4567"}, {18, "49291234******5678"},
      {19, "49291234*******6789"},
  };
  for (const auto& [digits, expected] : most) {
    std::string pan = MaskedPan(8, 4, digits);
    // The sample's own digits, counted from the front.
    const std::string sample = std::string("4929123456789012345").substr(0, digits);
    ASSERT_EQ(pan.size(), expected.size());
    for (size_t i = 0; i < pan.size(); ++i) {
      EXPECT_EQ(pan[i], expected[i] == '*' ? '*' : sample[i]) << digits << " at " << i;
    }
  }
}

TEST(MaskPanTest, EvenATemplateThatNobodyCheckedShowsNoMore) {
  for (uint32_t first = 0; first <= 64; first += 4) {
    for (uint32_t last = 0; last <= 64; last += 4) {
      for (size_t digits = 8; digits <= 19; ++digits) {
        const std::string masked = MaskedPan(first, last, digits);
        ASSERT_EQ(masked.size(), digits);
        const auto hidden = static_cast<size_t>(std::count(masked.begin(), masked.end(), '*'));
        EXPECT_GE(hidden, digits == 15 ? 5u : 4u) << first << "+" << last << " of " << digits;
        const size_t shown_first = std::min(masked.find('*'), digits);
        EXPECT_LE(shown_first, digits >= 16 ? 8u : 6u);
        EXPECT_LE(digits - 1 - masked.rfind('*'), 4u);
      }
    }
  }
}

TEST(MaskPanTest, LessIsShownWhereLessIsAskedFor) {
  EXPECT_EQ(MaskedPan(0, 4, 16), "************9012");
  EXPECT_EQ(MaskedPan(6, 4, 16), "492912******9012");
  EXPECT_EQ(MaskedPan(6, 0, 15), "492912*********");
  EXPECT_EQ(MaskedPan(0, 0, 16), "****************");
}

TEST(MaskValueTest, NumbersAreMaskedInTheirCanonicalFormAndTextAsWritten) {
  const MaskTemplate mask = {.keep_last = 4};
  const FieldValue value = {"078-05-112X", "078051129"};
  for (const FieldFormat format :
       {FieldFormat::kSsn, FieldFormat::kItin, FieldFormat::kEin, FieldFormat::kNino,
        FieldFormat::kEuVat, FieldFormat::kIban, FieldFormat::kPhone, FieldFormat::kEmail,
        FieldFormat::kDateOfBirth}) {
    EXPECT_EQ(Masked(mask, format, value), "*****1129");
  }
  for (const FieldFormat format :
       {FieldFormat::kFreeText, FieldFormat::kPersonName, FieldFormat::kPostalAddress}) {
    EXPECT_EQ(Masked(mask, format, value), "*******112X");
  }
}

TEST(MaskValueTest, TextIsMaskedInNfc) {
  EXPECT_EQ(MaskedText({.keep_first = 1}, "e\u0301a\u0308o"), "\u00e9**");
}

TEST(MaskValueTest, ClassesLeaveSeparators) {
  const std::string text = "AB-12 cd.34";
  EXPECT_EQ(MaskedText({}, text), "***********");
  EXPECT_EQ(MaskedText({.hides = MaskClass::kDigits}, text), "AB-** cd.**");
  EXPECT_EQ(MaskedText({.hides = MaskClass::kLettersAndDigits}, text), "**-** **.**");
  EXPECT_EQ(MaskedText({.keep_first = 1, .keep_last = 1, .hides = MaskClass::kDigits}, text),
            "AB-1* cd.*4");
  EXPECT_EQ(MaskedText({.keep_first = 3, .hides = MaskClass::kLettersAndDigits, .fill = "#"}, text),
            "AB-1# ##.##");
}

TEST(MaskValueTest, DigitsOfAllKindsAreDigits) {
  EXPECT_EQ(MaskedText({.hides = MaskClass::kDigits}, "\u0661\uff12\u2163\u00b2 x"), "**** x");
  // A digit within a character of several code points.
  EXPECT_EQ(MaskedText({.hides = MaskClass::kDigits}, "1\ufe0f\u20e3 \u06001 x"), "* * x");
  EXPECT_EQ(MaskedText({.hides = MaskClass::kLettersAndDigits}, "\u4e2d \u0905\u0940-\u03b1"),
            "* *-*");
}

TEST(MaskValueTest, AFixedLengthHidesHowManyThereAre) {
  const MaskTemplate mask = {.keep_first = 1, .keep_last = 1, .fixed_length = 3};
  EXPECT_EQ(MaskedText(mask, "abc"), "a***c");
  EXPECT_EQ(MaskedText(mask, "abcdefghijkl"), "a***l");
  EXPECT_EQ(MaskedText(mask, "ab"), "***");
  EXPECT_EQ(MaskedText(mask, ""), "");
  // Separators between hidden characters would say how many groups there are.
  const MaskTemplate digits = {
      .keep_last = 1, .hides = MaskClass::kDigits, .fill = "#", .fixed_length = 2};
  EXPECT_EQ(MaskedText(digits, "a-1-2-3-4-b"), "a-##-4-b");
  EXPECT_EQ(MaskedText(digits, "a-1-b"), "a-##-b");
  EXPECT_EQ(MaskedText(digits, "a-b"), "a-b");
}

TEST(MaskValueTest, AValueNoLongerThanWhatIsKeptIsHidden) {
  const MaskTemplate mask = {.keep_first = 2, .keep_last = 2};
  EXPECT_EQ(MaskedText(mask, "abcd"), "****");
  EXPECT_EQ(MaskedText(mask, "abcde"), "ab*de");
  EXPECT_EQ(MaskedText({.keep_first = 2, .hides = MaskClass::kDigits}, "a1b2c"), "a*b*c");
}

TEST(MaskValueTest, NoCharacterIsCut) {
  const std::string family = "\U0001f468\u200d\U0001f469\u200d\U0001f467";
  const std::string text = family + "\U0001f1e9\U0001f1ea" + "x\u0323\u0307" + family;
  EXPECT_EQ(MaskedText({.keep_first = 1}, text), family + "***");
  EXPECT_EQ(MaskedText({.keep_first = 1, .keep_last = 1}, text), family + "**" + family);
  EXPECT_EQ(MaskedText({.keep_first = 2, .keep_last = 1}, text),
            family + "\U0001f1e9\U0001f1ea*" + family);
}

// What a template makes of free text, character by character, by the words of mask.h.
std::string Expected(const MaskTemplate& mask, std::string_view text) {
  std::vector<std::string> characters;
  std::vector<size_t> of_class;
  while (!text.empty()) {
    const std::string character(text.substr(0, GraphemeLength(text)));
    bool is = mask.hides == MaskClass::kAll;
    for (size_t at = 0; at < character.size();) {
      const char32_t point = NextCodePoint(character, &at);
      is |= IsNumber(point) || (mask.hides == MaskClass::kLettersAndDigits && IsLetter(point));
    }
    if (is) of_class.push_back(characters.size());
    characters.push_back(character);
    text.remove_prefix(character.size());
  }
  const bool all = mask.keep_first + mask.keep_last >= of_class.size();
  const size_t begin = all ? 0u : mask.keep_first;
  const size_t end = of_class.size() - (all ? 0u : mask.keep_last);
  for (size_t i = begin; i < end; ++i) characters[of_class[i]] = mask.fill;
  if (mask.fixed_length > 0 && begin < end) {
    const size_t first = of_class[begin], last = of_class[end - 1];
    for (size_t i = first; i <= last; ++i) characters[i].clear();
    for (uint32_t i = 0; i < mask.fixed_length; ++i) characters[first] += mask.fill;
  }
  std::string masked;
  for (const std::string& character : characters) masked += character;
  return masked;
}

MaskTemplate AnyTemplate() {
  MaskTemplate mask;
  mask.keep_first = *rc::gen::inRange<uint32_t>(0, 6);
  mask.keep_last = *rc::gen::inRange<uint32_t>(0, 6);
  mask.hides = *rc::gen::element(MaskClass::kAll, MaskClass::kDigits, MaskClass::kLettersAndDigits);
  mask.fill = *rc::gen::element<std::string>("*", "x", "#");
  mask.fixed_length = *rc::gen::element<uint32_t>(0, 0, 1, 3, 64);
  return mask;
}

// Bytes of ASCII are masked in another way than characters are: of any length, so that each rest
// of eight comes, and with a CR or LF now and then.
RC_GTEST_PROP(MaskValueProperty, AsciiIsMaskedAsItsCharactersAre, ()) {
  const MaskTemplate mask = AnyTemplate();
  const auto byte = rc::gen::oneOf(rc::gen::inRange<char>(0x20, 0x7f),
                                   rc::gen::element('0', '9', 'a', 'Z', '@', '[', '`', '{', '/'));
  std::string text = *rc::gen::container<std::string>(byte);
  RC_ASSERT(MaskedText(mask, text) == Expected(mask, text));
  const auto at = *rc::gen::inRange<size_t>(0, text.size() + 1);
  text.insert(at, *rc::gen::element<std::string>("\r\n", "\r", "\n", "\n\r", "\t", "\x7f"));
  RC_ASSERT(MaskedText(mask, text) == Expected(mask, text));
}

RC_GTEST_PROP(MaskValueProperty, OneCharacterBeyondAsciiChangesNothingElse, ()) {
  const MaskTemplate mask = AnyTemplate();
  std::string text = *rc::gen::container<std::string>(rc::gen::inRange<char>(0x20, 0x7f));
  const auto at = *rc::gen::inRange<size_t>(0, text.size() + 1);
  // Composed, none of them with what may stand before it, and extending nothing.
  text.insert(at,
              *rc::gen::element<std::string>("\u00e4", "\u4e2d", "\u0661", "\U0001f600", "\u2022"));
  RC_ASSERT(MaskedText(mask, text) == Expected(mask, text));
}

RC_GTEST_PROP(MaskValueProperty, TextIsMaskedAsItsCharactersAre, ()) {
  const MaskTemplate mask = AnyTemplate();
  std::string normal;
  AppendNfc(*Text(), &normal);
  RC_ASSERT(MaskedText(mask, normal) == Expected(mask, normal));
}

// A string that held more, less and as much.
TEST(MaskValueTest, NothingIsLeftOfWhatTheStringHeld) {
  for (const std::string& before : {std::string(), std::string("12"), std::string(300, '7')}) {
    for (const std::string& text :
         {std::string("ab"), std::string(16, 'a'), std::string(40, 'a')}) {
      std::string masked = before;
      MaskValue({}, FieldFormat::kFreeText, {text, text}, &masked);
      EXPECT_EQ(masked, std::string(text.size(), '*'));
      // Behind the end too, as far as the string had it: its memory is the same.
      const std::string_view held(masked.data(), std::max(text.size(), before.size()));
      ASSERT_GE(masked.capacity(), held.size());
      EXPECT_EQ(held.find('7'), std::string::npos);
    }
  }
}

TEST(MaskValueTest, OfACvvNothingIsShownWhateverTheTemplateSays) {
  EXPECT_EQ(Masked({.keep_first = 1, .keep_last = 1, .fixed_length = 3}, FieldFormat::kCvv,
                   {"123", "123"}),
            "***");
  EXPECT_EQ(Masked({.keep_last = 2}, FieldFormat::kCvv, {"1234", "1234"}), "*");
}

TEST(MaskValueTest, OfJsonNothingIsShownWhateverTheTemplateSays) {
  EXPECT_EQ(Masked({.keep_first = 5}, FieldFormat::kJson, {"[1,2,3]", "[1,2,3]"}), "\"***\"");
}

TEST(MaskAtLevelTest, ShowsWhatTheLevelSays) {
  FormatInfo info = {};
  info.format = FieldFormat::kPan;
  info.mask = [](const FieldValue&, std::string* masked) { masked->append("default"); };
  const FieldValue value = {"4111-1111-1111-1111", "4111111111111111"};
  std::string masked = "as before";
  MaskAtLevel(info, MaskLevel::kMasked, value, &masked);
  EXPECT_EQ(masked, "default");
  MaskAtLevel(info, MaskLevel::kBinLast4, value, &masked);
  EXPECT_EQ(masked, "41111111****1111");
  MaskAtLevel(info, MaskLevel::kBinLast4, {"3782 822463 10005", "378282246310005"}, &masked);
  EXPECT_EQ(masked, "378282*****0005");
  MaskAtLevel(info, MaskLevel::kFull, value, &masked);
  EXPECT_EQ(masked, "4111-1111-1111-1111");
  info.format = FieldFormat::kSsn;
  MaskAtLevel(info, MaskLevel::kBinLast4, value, &masked);
  EXPECT_EQ(masked, "default");
}

TEST(MaskLevelTest, EachHasAName) {
  EXPECT_EQ(MaskLevelName(MaskLevel::kMasked), "masked");
  EXPECT_EQ(MaskLevelName(MaskLevel::kBinLast4), "bin_last4");
  EXPECT_EQ(MaskLevelName(MaskLevel::kFull), "full");
  EXPECT_EQ(MaskLevelName(static_cast<MaskLevel>(0)), "");
  EXPECT_EQ(MaskLevelName(static_cast<MaskLevel>(4)), "");
}

}  // namespace
}  // namespace fieldkms
