#include "deploy/sample/text_table.h"

#include <gtest/gtest.h>

#include <clocale>

namespace fieldkms::sample {
namespace {

class TextTableTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr); }
};

TEST_F(TextTableTest, WidthInCells) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("Zoë"), 3U);
  EXPECT_EQ(DisplayWidth("王秀英"), 6U);
  EXPECT_EQ(DisplayWidth(""), 0U);
  EXPECT_EQ(DisplayWidth("\xff\xff"), 2U);  // not UTF-8: a cell a byte
}

TEST_F(TextTableTest, AlignsWithoutTrailingBlanks) {
  EXPECT_EQ(FormatTable({"id", "name", "x"}, {{"1", "王", "a"}, {}, {"20", "Zoë"}}),
            "    id  name  x\n"
            "    --  ----  -\n"
            "    1   王    a\n"
            "\n"
            "    20  Zoë\n");
}

TEST_F(TextTableTest, GroupsThousands) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(12345678), "12,345,678");
}

}  // namespace
}  // namespace fieldkms::sample
