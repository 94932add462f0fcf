#include "clients/cpp/row_context.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace fieldkms {
namespace {

using Columns = std::vector<std::string_view>;
using namespace std::string_literals;       // NOLINT: zero bytes in literals
using namespace std::string_view_literals;  // NOLINT

TEST(RowContextTest, EachColumnHasItsLengthBeforeIt) {
  EXPECT_EQ(RowKey("42"),
            "\0\0\0\x02"
            "42"s);
  EXPECT_EQ(RowKey(Columns{"de", "7"}),
            "\0\0\0\x02"
            "de\0\0\0\x01"
            "7"s);
  EXPECT_EQ(RowKey(Columns{""}), "\0\0\0\0"s);
  EXPECT_EQ(RowKey(Columns{}), "");
  const std::string wide(0x0102, 'x');
  EXPECT_EQ(RowKey(wide), "\0\0\x01\x02"s + wide);
}

TEST(RowContextTest, OneColumnIsAListOfOne) { EXPECT_EQ(RowKey("42"), RowKey(Columns{"42"})); }

TEST(RowContextTest, RowsThatLookAlikeWhenJoinedDiffer) {
  const std::vector<Columns> rows = {
      {"a", "bc"}, {"ab", "c"},     {"abc"},        {"abc", ""},
      {"", "abc"}, {"a", "b", "c"}, {"b", "a"},     {"a", "b"},
      {"1"},       {"01"},          {""},           {"", ""},
      {"a\0b"sv},  {"a\0"sv, "b"},  {"a", "\0b"sv}, {"\0\0\0\x01x"sv},
      {"x"},       {"Zoë"},
  };
  std::set<std::string> keys;
  for (const Columns& row : rows) keys.insert(RowKey(row));
  EXPECT_EQ(keys.size(), rows.size());
}

}  // namespace
}  // namespace fieldkms
