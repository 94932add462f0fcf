#include "rotation/terminal_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "kms/printable.h"

namespace fieldkms::rotation {
namespace {

using ::testing::ElementsAre;

TEST(TerminalTextTest, Widths) {
  EXPECT_EQ(DisplayWidth(""), 0u);
  EXPECT_EQ(DisplayWidth("cards"), 5u);
  EXPECT_EQ(DisplayWidth("Müller"), 6u);
  EXPECT_EQ(DisplayWidth("Mu\xcc\x88ller"), 6u);  // a combining diaeresis
  EXPECT_EQ(DisplayWidth("顧客カード"), 10u);
  EXPECT_EQ(DisplayWidth("한글"), 4u);
  EXPECT_EQ(DisplayWidth("карты"), 5u);
  EXPECT_EQ(DisplayWidth("💳"), 2u);
  EXPECT_EQ(DisplayWidth("\xff"), 1u);
}

TEST(TerminalTextTest, Padding) {
  EXPECT_EQ(PaddedRight("顧客", 6), "顧客  ");
  EXPECT_EQ(PaddedLeft("ü", 3), "  ü");
  EXPECT_EQ(PaddedLeft("long", 3), "long");
  EXPECT_EQ(PaddedRight("long", 3), "long");
}

TEST(TerminalTextTest, LinesBreakAtSpaces) {
  EXPECT_THAT(Wrapped("", 10), ElementsAre(""));
  EXPECT_THAT(Wrapped("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrapped("  one   two ", 7), ElementsAre("one two"));
  EXPECT_THAT(Wrapped("one two", 6), ElementsAre("one", "two"));
}

TEST(TerminalTextTest, LongWordsBreakBetweenCharacters) {
  EXPECT_THAT(Wrapped("a bcdefgh", 4), ElementsAre("a", "bcde", "fgh"));
  EXPECT_THAT(Wrapped("顧客カード", 5), ElementsAre("顧客", "カー", "ド"));
  EXPECT_THAT(Wrapped("顧客", 1), ElementsAre("顧", "客"));
  EXPECT_THAT(Wrapped("abcdefgh ij", 4), ElementsAre("abcd", "efgh", "ij"));
}

RC_GTEST_PROP(TerminalTextProperty, LinesFitAndLoseNothing, (const std::string& text)) {
  const auto width = *rc::gen::inRange<size_t>(2, 30);
  const std::string printable = Printable(text);
  std::string lines;
  for (const std::string& line : Wrapped(printable, width)) {
    RC_ASSERT(DisplayWidth(line) <= width);
    lines += line;
  }
  std::string wanted = printable;
  std::erase(wanted, ' ');
  std::erase(lines, ' ');
  RC_ASSERT(lines == wanted);
}

}  // namespace
}  // namespace fieldkms::rotation
