#include "crypto/field/unicode.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "tests/support/paths.h"
#include "tests/support/vectors.h"
#include "tests/unit/crypto/field/unicode_texts.h"

namespace fieldkms {
namespace {

using Append = void (*)(std::string_view, std::string*);

std::string Made(Append append, std::string_view text) {
  std::string out;
  append(text, &out);
  return out;
}

std::string Utf8(char32_t point) {
  std::string text;
  AppendCodePoint(point, &text);
  return text;
}

// The code points of the planes that have any assigned but private ones.
template <class Test>
void ForEachCodePoint(Test test) {
  for (char32_t point = 0; point < 0x110000; ++point) {
    if (point == 0xD800) point = 0xE000;
    if (point == 0x40000) point = 0xE0000;
    if (point == 0xF0000) point = 0x10FFFD;
    test(point);
  }
}

TEST(Utf8Test, EveryCodePointIsReadAsItWasWritten) {
  ForEachCodePoint([](char32_t point) {
    const std::string text = Utf8(point);
    size_t at = 0;
    ASSERT_TRUE(IsUtf8(text));
    ASSERT_TRUE(NextCodePoint(text, &at) == point);
    ASSERT_EQ(at, text.size());
  });
}

// Table 3-7 of the standard: all sequences of two bytes, and those of three and four by the bytes
// at the ends of its ranges.
TEST(Utf8Test, IsWhatTheStandardsTableHas) {
  const auto in = [](uint8_t byte, uint8_t low, uint8_t high) {
    return byte >= low && byte <= high;
  };
  const auto legal = [&in](const std::vector<uint8_t>& b) {
    if (b.size() == 2) return in(b[0], 0xC2, 0xDF) && in(b[1], 0x80, 0xBF);
    for (size_t i = 2; i < b.size(); ++i) {
      if (!in(b[i], 0x80, 0xBF)) return false;
    }
    if (b.size() == 3) {
      return (b[0] == 0xE0 && in(b[1], 0xA0, 0xBF)) ||
             (in(b[0], 0xE1, 0xEC) && in(b[1], 0x80, 0xBF)) ||
             (b[0] == 0xED && in(b[1], 0x80, 0x9F)) ||
             (in(b[0], 0xEE, 0xEF) && in(b[1], 0x80, 0xBF));
    }
    return (b[0] == 0xF0 && in(b[1], 0x90, 0xBF)) ||
           (in(b[0], 0xF1, 0xF3) && in(b[1], 0x80, 0xBF)) || (b[0] == 0xF4 && in(b[1], 0x80, 0x8F));
  };
  const std::vector<uint8_t> ends = {0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0};
  size_t count = 0;
  const auto check = [&](const std::vector<uint8_t>& bytes) {
    const std::string text(bytes.begin(), bytes.end());
    ++count;
    ASSERT_EQ(IsUtf8(text), legal(bytes)) << count;
    ASSERT_EQ(IsUtf8("0123456789" + text + "0123456789"), legal(bytes)) << count;
  };
  for (int first = 0x80; first < 0x100; ++first) {
    const auto lead = static_cast<uint8_t>(first);
    for (int second = 0x80; second < 0x100; ++second) check({lead, static_cast<uint8_t>(second)});
    for (const uint8_t second : ends) {
      for (const uint8_t third : ends) {
        if (first >= 0xE0) check({lead, second, third});
        for (const uint8_t fourth : ends) {
          if (first >= 0xF0) check({lead, second, third, fourth});
        }
      }
    }
  }
}

TEST(Utf8Test, AByteThatBeginsNoneIsReplacedAndNoneBeyondIsRead) {
  for (const std::string text : {"\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xff"}) {
    size_t at = 0;
    EXPECT_TRUE(NextCodePoint(text, &at) == 0xFFFD);
    EXPECT_EQ(at, 1u);
  }
}

TEST(AsciiTest, EachByteIsPrintableOrNotAtEachPlace) {
  for (size_t size = 0; size < 20; ++size) {
    for (const char other : {' ', 'a', '~', '!', '\x01', '\x7f', '\x80', '\xff'}) {
      std::string text(size, other);
      const bool is = other >= ' ' && other <= '~';
      EXPECT_EQ(IsPrintableAscii(text), is || size == 0);
      for (size_t i = 0; i < size; ++i) {
        for (int byte = 0; byte < 256; ++byte) {
          text[i] = static_cast<char>(byte);
          const bool changed = byte >= 0x20 && byte <= 0x7e && (is || size == 1);
          ASSERT_EQ(IsPrintableAscii(text), changed) << size << " " << i << " " << byte;
        }
        text[i] = other;
      }
    }
  }
}

TEST(AsciiTest, AByteBeyondIsSeenAtEachPlace) {
  for (size_t size = 0; size < 40; ++size) {
    std::string text(size, 'a');
    EXPECT_TRUE(IsAscii(text));
    for (size_t i = 0; i < size; ++i) {
      text[i] = '\x80';
      EXPECT_FALSE(IsAscii(text));
      EXPECT_FALSE(IsUtf8(text));
      text[i] = 'a';
    }
  }
}

TEST(CharacterTest, BlankIsWhatShowsNothing) {
  for (const char* text : {"", " ", "\t\r\n\v\f", "\u00a0\u2003\u3000\u2028", "\u200b\ufeff\u2060",
                           " \u200d\ufe0f", "\u3164", "\u00ad"}) {
    EXPECT_TRUE(IsBlank(text)) << text;
  }
  for (const char* text : {"a", " . ", "\u200ba", "\u0301", "\x01", "\u2800"}) {
    EXPECT_FALSE(IsBlank(text)) << text;
  }
}

TEST(CharacterTest, ControlsAreThoseOfCategoryCc) {
  ForEachCodePoint([](char32_t point) {
    const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
    ASSERT_EQ(HasControl("a" + Utf8(point) + "b"), control) << static_cast<uint32_t>(point);
  });
  EXPECT_FALSE(HasControl("a\tb\n", "\t\n"));
  EXPECT_TRUE(HasControl("a\tb\r", "\t\n"));
  EXPECT_TRUE(HasControl(std::string("a\0", 2), "\t"));
}

TEST(CharacterTest, InvisibleIsWhatTurnsOrHidesText) {
  for (const char32_t point : std::vector<char32_t>{
           0xAD,   0x34F,  0x61C,  0x115F, 0x1160,  0x17B4,  0x180E,  0x200B,  0x200E,
           0x200F, 0x202A, 0x202E, 0x2060, 0x2064,  0x2066,  0x2069,  0x206A,  0x3164,
           0xFEFF, 0xFFA0, 0xFFF9, 0xFFFB, 0x1BCA0, 0x1D173, 0xE0001, 0xE0020, 0xE007F}) {
    EXPECT_TRUE(HasInvisible("a" + Utf8(point))) << static_cast<uint32_t>(point);
  }
  for (const char32_t point :
       std::vector<char32_t>{0x20, 0x61, 0xA0, 0x301, 0x600, 0x6DD, 0x180B, 0x200C, 0x200D, 0x2028,
                             0xFE0F, 0xFFFD, 0x1F468, 0xE0100}) {
    EXPECT_FALSE(HasInvisible("a" + Utf8(point))) << static_cast<uint32_t>(point);
  }
}

TEST(CharacterTest, Categories) {
  EXPECT_TRUE(IsLetter('a') && IsLetter('Z') && IsLetter(0xDF) && IsLetter(0x4E2D));
  EXPECT_FALSE(IsLetter('0') || IsLetter('_') || IsLetter('@') || IsLetter('[') || IsLetter(0x301));
  EXPECT_TRUE(IsNumber('0') && IsNumber('9') && IsNumber(0xB2) && IsNumber(0x2163));
  EXPECT_FALSE(IsNumber('/') || IsNumber(':') || IsNumber('a'));
  EXPECT_TRUE(IsDecimalDigit('5') && IsDecimalDigit(0x661) && IsDecimalDigit(0xFF15));
  EXPECT_FALSE(IsDecimalDigit(0xB2) || IsDecimalDigit(0x2163));
  EXPECT_TRUE(IsMark(0x301) && IsMark(0x940) && IsMark(0x20DD));
  EXPECT_FALSE(IsMark('^') || IsMark(0xB4));
  EXPECT_TRUE(HasUnassigned("a\u0378") && HasUnassigned(Utf8(0x10FFFF)));
  EXPECT_FALSE(HasUnassigned("a\u0377") || HasUnassigned(Utf8(0xE000)));
  EXPECT_TRUE(IsWhiteSpace(' ') && IsWhiteSpace('\v') && IsWhiteSpace(0x85));
  EXPECT_TRUE(IsWhiteSpace(0x3000) && IsWhiteSpace(0x2029));
  EXPECT_FALSE(IsWhiteSpace(0x1C) || IsWhiteSpace(0x200B) || IsWhiteSpace('a') || IsWhiteSpace(8));
}

std::string ReadPoints(const std::string& hex) {
  std::istringstream words(hex);
  std::string text;
  for (std::string word; words >> word;) {
    AppendCodePoint(static_cast<char32_t>(std::stoul(word, nullptr, 16)), &text);
  }
  return text;
}

TEST(FormTest, NormalFormsOfUnicodesOwnTest) {
  std::ifstream file = OpenFile(testing::VectorsDir() + "/unicode/NormalizationTest.txt");
  size_t lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t semicolon = line.find(';');
    EXPECT_EQ(Made(AppendNfc, ReadPoints(line.substr(0, semicolon))),
              ReadPoints(line.substr(semicolon + 1)))
        << line;
    ++lines;
  }
  EXPECT_EQ(lines, 289u);
}

TEST(FormTest, FoldingAndLowering) {
  const std::vector<std::vector<std::string>> cases = {
      // text, lowered, folded
      {"Stra\u00dfE", "stra\u00dfe", "strasse"},
      {"\u1e9e", "\u00df", "ss"},
      {"\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c3", "\u03bf\u03b4\u03bf\u03c3"},
      {"\u03c2", "\u03c2", "\u03c3"},
      {"\u0130", "i", "i\u0307"},
      {"I", "i", "i"},
      {"\u212a", "k", "k"},
      {"E\u0301", "\u00e9", "\u00e9"},
      {"\ufb00", "\ufb00", "ff"},
      {"\U00010400", "\U00010428", "\U00010428"},
      {"\u1f88", "\u1f80", "\u1f00\u03b9"},
      {"\u13a0", "\uab70", "\u13a0"},  // Cherokee folds to its capitals
  };
  for (const std::vector<std::string>& c : cases) {
    EXPECT_EQ(Made(AppendLower, c[0]), c[1]) << c[0];
    EXPECT_EQ(Made(AppendFolded, c[0]), c[2]) << c[0];
  }
}

TEST(FormTest, WhiteSpaceIsCollapsed) {
  EXPECT_EQ(Made(AppendCollapsed, "  a \t\n b\u00a0\u3000c  "), "a b c");
  EXPECT_EQ(Made(AppendCollapsed, " \u2003 "), "");
  EXPECT_EQ(Made(AppendCollapsed, "\u3042"), "\u3042");
  EXPECT_EQ(Made(AppendFoldedWords, "  A \n B "), "a b");
  EXPECT_EQ(Made(AppendFoldedWords, "  \u00c4 \u3000 \u00df "), "\u00e4 ss");
}

TEST(FormTest, AreAppended) {
  for (const Append append :
       {AppendNfc, AppendLower, AppendFolded, AppendCollapsed, AppendFoldedWords}) {
    for (const char* text : {"a", "\u00e4"}) {
      std::string out = "Be ";
      append(text, &out);
      EXPECT_EQ(out, "Be " + std::string(text));
    }
  }
}

constexpr Append kForms[] = {AppendNfc, AppendLower, AppendFolded, AppendFoldedWords};

TEST(FormTest, OfEachCodePointStayAsTheyAreAndGrowThreefoldAtMost) {
  ForEachCodePoint([](char32_t point) {
    const std::string text = Utf8(point);
    for (const Append append : kForms) {
      const std::string form = Made(append, text);
      ASSERT_EQ(Made(append, form), form) << static_cast<uint32_t>(point);
      ASSERT_LE(form.size(), 3 * text.size()) << static_cast<uint32_t>(point);
    }
  });
}

RC_GTEST_PROP(FormProperty, StayAsTheyAreAndGrowThreefoldAtMost, ()) {
  const std::string text = *Text();
  for (const Append append : kForms) {
    const std::string form = Made(append, text);
    RC_ASSERT(IsUtf8(form));
    RC_ASSERT(Made(append, form) == form);
    RC_ASSERT(form.size() <= 3 * text.size());
  }
}

RC_GTEST_PROP(FormProperty, CaseOfTextThatIsTheSameIsTheSame, ()) {
  const std::string text = *Text();
  const std::string normal = Made(AppendNfc, text);
  RC_ASSERT(Made(AppendFolded, normal) == Made(AppendFolded, text));
  RC_ASSERT(Made(AppendLower, normal) == Made(AppendLower, text));
  RC_ASSERT(Made(AppendFolded, Made(AppendFolded, text)) == Made(AppendFolded, text));
}

RC_GTEST_PROP(GraphemeProperty, EndAtCodePointsAndCoverTheText, ()) {
  const std::string text = *Text();
  for (std::string_view rest = text; !rest.empty();) {
    const size_t length = GraphemeLength(rest);
    RC_ASSERT(length >= 1u);
    RC_ASSERT(length <= rest.size());
    RC_ASSERT(IsUtf8(rest.substr(0, length)));
    RC_ASSERT(GraphemeLength(rest.substr(0, length)) == length);
    rest.remove_prefix(length);
  }
}

}  // namespace
}  // namespace fieldkms
