#include "kms/printable.h"

#include <gtest/gtest.h>

namespace fieldkms {
namespace {

TEST(PrintableTest, TextStaysAsItIs) {
  for (const char* text : {"", "customer-1047", "Zoë Müller, 山田 太郎", "\xc2\xa0\xc3\x9b",
                           "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80", "a\\x1b"}) {
    EXPECT_EQ(Printable(text), text);
  }
}

TEST(PrintableTest, NothingCommandsATerminal) {
  EXPECT_EQ(Printable("\x1b[2J\r\n\t\x7f"), "\\x1b[2J\\x0d\\x0a\\x09\\x7f");
  EXPECT_EQ(Printable("a\xc2\x9b"
                      "2Jb"),
            "a\\x9b2Jb");  // CSI in one character
  EXPECT_EQ(Printable(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(PrintableTest, NothingTurnsTheTextOrBreaksTheLine) {
  EXPECT_EQ(Printable("a\xe2\x80\xae"
                      "b"),
            "a\\u202eb");                                              // right to left from here on
  EXPECT_EQ(Printable("\xe2\x81\xa6\xe2\x81\xa9"), "\\u2066\\u2069");  // isolates
  EXPECT_EQ(Printable("\xe2\x80\x8f\xd8\x9c"), "\\u200f\\u061c");      // marks
  EXPECT_EQ(Printable("\xe2\x80\xa8"), "\\u2028");                     // line separator
}

TEST(PrintableTest, BytesThatAreNoUtf8AreShownAsBytes) {
  EXPECT_EQ(Printable("a\xff\xc3"), "a\\xff\\xc3");
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // half of a surrogate pair
  EXPECT_EQ(Printable("\xc0\xaf/"), "\\xc0\\xaf/");         // overlong
  EXPECT_EQ(Printable(Printable("\xff\x1b\xe2\x80\xae")), Printable("\xff\x1b\xe2\x80\xae"));
}

}  // namespace
}  // namespace fieldkms
