#include "rotation/array_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace fieldkms::rotation {
namespace {

using Values = std::vector<std::string>;

// NULL as "<null>"; nothing for what is no array.
std::optional<Values> ValuesOf(const std::string& text) {
  const auto elements = ReadArray(text);
  if (!elements) return std::nullopt;
  Values values;
  for (const ArrayElement& element : *elements) {
    values.push_back(element.is_null ? "<null>" : ElementValue(text, element));
  }
  return values;
}

TEST(ArrayTextTest, ReadsWhatPostgresqlPrints) {
  EXPECT_EQ(ValuesOf("{}"), Values());
  EXPECT_EQ(ValuesOf("{a}"), Values({"a"}));
  EXPECT_EQ(ValuesOf(R"({a,NULL,"NULL","null","",b})"),
            Values({"a", "<null>", "NULL", "null", "", "b"}));
  EXPECT_EQ(ValuesOf(R"({"a,b","c\"d","e\\f","{g}","h i"})"),
            Values({"a,b", "c\"d", "e\\f", "{g}", "h i"}));
  EXPECT_EQ(ValuesOf(R"({{a,b},{NULL,d}})"), Values({"a", "b", "<null>", "d"}));
  EXPECT_EQ(ValuesOf("{{{a}},{{b}}}"), Values({"a", "b"}));
  EXPECT_EQ(ValuesOf("{{{{{{a}}}}}}"), Values({"a"}));
  EXPECT_EQ(ValuesOf(R"({"\\x0a"})"), Values({"\\x0a"}));
  EXPECT_EQ(ValuesOf("{[x],:=,\xc3\xa9}"), Values({"[x]", ":=", "\xc3\xa9"}));
}

TEST(ArrayTextTest, ReadsBoundsThatDoNotBeginWithOne) {
  EXPECT_EQ(ValuesOf("[0:1]={a,b}"), Values({"a", "b"}));
  EXPECT_EQ(ValuesOf("[-3:-3]={a}"), Values({"a"}));
  EXPECT_EQ(ValuesOf("[1:2][0:0]={{a},{b}}"), Values({"a", "b"}));
  const std::string text = "[-2147483648:-2147483647]={a,b}";
  const auto elements = ReadArray(text);
  ASSERT_TRUE(elements.has_value());
  EXPECT_EQ(text.substr((*elements)[1].begin), "b}");
}

TEST(ArrayTextTest, RefusesWhatPostgresqlDoesNotPrint) {
  for (const std::string text :
       {"", "{", "}", "a", "{a", "{a,}", "{,a}", "{a,,b}", "{}}", "{{}}", "{{},{}}", "{a}b", "{ a}",
        "{a }", " {a}", "{a} ", "{a,\nb}", "{\"a}", "{\"a\\", "{\"a\\\"}", "{\"a\"}", "{\"a\"b}",
        "{\"a\"\"b\"}", "{a\"b}", "{a\\b}", "{\"\\a,\"}", "{null}", "{Null}", "{{a},b}", "{a,{b}}",
        "{{a},{b,c}}", "{{a},{{b}}}", "{{{{{{{a}}}}}}}",
        // Bounds.
        "[0:1]", "[0:1]=", "[0:1]={}", "[0:1]={a}", "[0:1]={a,b,c}", "[1:2]={a,b}", "[0:1]{a,b}",
        "[1:0]={}", "[0:0][1:1]={a}", "[0:0]={{a}}", "[00:1]={a,b}", "[+0:1]={a,b}", "[-0:1]={a,b}",
        "[0:1={a,b}", "[0]={a}", "[0:99999999999]={a}", "[ 0:1]={a,b}", "[0:1] ={a,b}", "={a}",
        "[]={a}", "[0:0][0:0][0:0][0:0][0:0][0:0][0:0]={{{{{{{a}}}}}}}"}) {
    EXPECT_EQ(ValuesOf(text), std::nullopt) << text;
  }
}

TEST(ArrayTextTest, SpellsElements) {
  EXPECT_EQ(SpellElement("a-b_c"), "a-b_c");
  EXPECT_EQ(SpellElement(""), R"("")");
  EXPECT_EQ(SpellElement("nUlL"), R"("nUlL")");
  EXPECT_EQ(SpellElement("nulls"), "nulls");
  EXPECT_EQ(SpellElement("\\x0a"), R"("\\x0a")");
  EXPECT_EQ(SpellElement("a\"b"), R"("a\"b")");
  EXPECT_EQ(SpellElement("a\vb"), "\"a\vb\"");
}

RC_GTEST_PROP(ArrayTextProperty, WhatIsSpelledIsRead, (const Values& strings, bool from_zero)) {
  Values values;
  std::string text;
  for (std::string value : strings) {
    value.erase(std::remove(value.begin(), value.end(), '\0'), value.end());  // text has none
    text += (text.empty() ? "{" : ",") + SpellElement(value);
    values.push_back(value);
  }
  RC_PRE(!values.empty());
  if (from_zero) text = "[0:" + std::to_string(values.size() - 1) + "]=" + text;
  RC_ASSERT(ValuesOf(text + "}") == values);
}

}  // namespace
}  // namespace fieldkms::rotation
