#include "rotation/json_strings.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace fieldkms::rotation {
namespace {

using Values = std::vector<std::string>;

// What is not ASCII as "<other>"; nothing for what is no JSON.
std::optional<Values> ValuesOf(const std::string& text) {
  const auto strings = ReadJsonStrings(text);
  if (!strings) return std::nullopt;
  Values values;
  for (const JsonString& string : *strings) {
    values.push_back(AsciiValue(text, string).value_or("<other>"));
  }
  return values;
}

TEST(JsonStringsTest, FindsValuesAtAnyDepthAndNoNames) {
  EXPECT_EQ(ValuesOf(R"("a")"), Values({"a"}));
  EXPECT_EQ(ValuesOf(R"(["a",1,null,true,false,-0.5e+7,"b"])"), Values({"a", "b"}));
  EXPECT_EQ(ValuesOf(R"({"a":"b","c":{"d":["e",{"f":"g"}]},"h":[]})"), Values({"b", "e", "g"}));
  EXPECT_EQ(ValuesOf(R"({"a":"b","a":"c"})"), Values({"b", "c"}));  // json keeps both
  EXPECT_EQ(ValuesOf(" \t\r\n[ \"a\" , { } , [ ] , { \"b\" : \"c\" } ] \n"), Values({"a", "c"}));
  EXPECT_EQ(ValuesOf("{}"), Values());
  EXPECT_EQ(ValuesOf("1"), Values());
}

TEST(JsonStringsTest, ReadsWhatStringsSay) {
  EXPECT_EQ(ValuesOf(R"(["\u0066k1.\u002D","\"\\\/\b\f\n\r\t","\u0000"])"),
            Values({"fk1.-", "\"\\/\b\f\n\r\t", std::string(1, '\0')}));
  // A letter with an accent, as it is and escaped; half of a surrogate pair.
  EXPECT_EQ(ValuesOf("[\"\xc3\xa9\",\"\\u00e9\",\"\\ud83d\",\"a\\u0080\"]"),
            Values({"<other>", "<other>", "<other>", "<other>"}));
}

TEST(JsonStringsTest, KnowsNoLimitOfDepth) {
  const size_t depth = 200'000;
  const std::string text = std::string(depth, '[') + "\"a\"" + std::string(depth, ']');
  EXPECT_EQ(ValuesOf(text), Values({"a"}));
  EXPECT_EQ(ValuesOf(text.substr(0, text.size() - 1)), std::nullopt);
}

TEST(JsonStringsTest, RefusesWhatIsNoJson) {
  for (const std::string text :
       {"",        " ",        "[",         "]",           "[1",          "[1,]",
        "[,1]",    "[1 2]",    "{",         "{\"a\"}",     "{\"a\":}",    "{\"a\":1,}",
        "{a:1}",   "{1:2}",    "{\"a\":1]", "[1}",         "1 2",         "\"a",
        "\"a\\\"", "\"\\x\"",  "\"\\u12\"", "\"\\u12g4\"", "\"\\u+123\"", "\"\\",
        "\"\\u",   "\"a\nb\"", "\"a\tb\"",  "tru",         "nul",         "+1",
        "01",      "1.",       ".5",        "1e",          "1e+",         "-",
        "--1",     "NaN",      "'a'",       "[]]",         "{}}",         "\"a\"\"b\""}) {
    EXPECT_EQ(ValuesOf(text), std::nullopt) << text;
  }
}

RC_GTEST_PROP(JsonStringsProperty, TakesWhatAnotherReaderTakes, ()) {
  const auto pieces = *rc::gen::container<Values>(
      rc::gen::element<std::string>("[", "]", "{", "}", ",", ":", "\"a\"", "\"\\u0041\"", "1",
                                    "-2.5e3", "0", "true", "null", " ", "\"", "\\", "\n"));
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  RC_ASSERT(ReadJsonStrings(text).has_value() == nlohmann::json::accept(text));
}

RC_GTEST_PROP(JsonStringsProperty, ReadsStringsOfAnotherWriter, ()) {
  const auto values =
      *rc::gen::container<Values>(rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127)));
  RC_ASSERT(ValuesOf(nlohmann::json(values).dump()) == values);
}

}  // namespace
}  // namespace fieldkms::rotation
