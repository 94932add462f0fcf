#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <iterator>
#include <string>
#include <vector>

#include "crypto/field/json_string.h"
#include "crypto/field/json_text.h"
#include "crypto/field/unicode.h"
#include "tests/support/hex.h"
#include "tests/support/paths.h"
#include "tests/support/text_formats.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

constexpr TextFormat kJson = kTextFormats[6];

std::string ReadAll(const std::string& path) {
  std::ifstream file = OpenFile(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(JsonFieldTest, DocumentsOfTheRfcsAuthors) {
  for (const std::string name : {"arrays", "french", "structures", "unicode", "values", "weird"}) {
    const std::string path = testing::VectorsDir() + "/jcs/" + name;
    EXPECT_EQ(Canonical(kJson, ReadAll(path + ".input.json")), ReadAll(path + ".output.json"))
        << name;
  }
}

// What CanonicaliseField does first.
bool IsLegal(std::string_view text) { return IsUtf8(text) && BrokenRule(kJson, text).empty(); }

TEST(JsonFieldTest, JsonTestSuite) {
  size_t legal = 0, refused = 0;
  for (const RspCase& c : ReadRsp(testing::VectorsDir() + "/json_test_suite.rsp", "Name")) {
    const std::string& name = c.at("Name");
    const std::vector<uint8_t> bytes = FromHex(c.at("Text"));
    const std::string text(bytes.begin(), bytes.end());
    if (name.rfind("y_object_duplicated_key", 0) == 0) {
      EXPECT_EQ(BrokenRule(kJson, text), "json.member_twice") << name;
      continue;
    }
    if (name[0] != 'i') {
      EXPECT_EQ(IsLegal(text), name[0] == 'y') << name;
    }
    ++(IsLegal(text) ? legal : refused);
    // nlohmann takes a byte order mark, and the end of a text to be at a NUL.
    const bool bom = text.rfind("\xef\xbb\xbf", 0) == 0;
    if (bom || text.find('\0') != std::string::npos) continue;
    if (BrokenRule(kJson, text) == "json.depth") continue;
    EXPECT_EQ(IsLegal(text), nlohmann::json::accept(text)) << name;
  }
  EXPECT_GT(legal, 90u);
  EXPECT_GT(refused, 200u);
}

TEST(JsonFieldTest, WhatIsNestedDeepIsRefusedWithoutRecursion) {
  EXPECT_EQ(BrokenRule(kJson, std::string(100000, '[')), "json.depth");
  std::string text;
  for (int i = 0; i < 50000; ++i) text += "[{\"\":";
  EXPECT_EQ(BrokenRule(kJson, text), "json.depth");
}

TEST(JsonFieldTest, ManyMembersAreSortedInGoodTime) {
  std::string text = "{", last;
  for (int i = 0; i < 100000; ++i) text += "\"k" + std::to_string(999999 - i) + "\":" + "0,";
  text.back() = '}';
  const std::string canonical = Canonical(kJson, text).value_or("");
  EXPECT_EQ(canonical.substr(0, 25), "{\"k900000\":0,\"k900001\":0,");
  EXPECT_EQ(canonical.size(), text.size());
  text.insert(1, "\"k900000\":1,");
  EXPECT_EQ(BrokenRule(kJson, text), "json.member_twice");
}

TEST(JsonTextTest, NodesSayWhereValuesStand) {
  const std::string text = " { \"a\" : [ 1 , \"x\" ] , \"b\":null } ";
  JsonNodes nodes;
  ASSERT_EQ(ReadJson(text, kMostJsonDepth, &nodes), nullptr);
  ASSERT_EQ(nodes.size(), 5u);
  const std::vector<std::string_view> texts = {"{ \"a\" : [ 1 , \"x\" ] , \"b\":null }",
                                               "[ 1 , \"x\" ]", "1", "\"x\"", "null"};
  const std::vector<JsonKind> kinds = {JsonKind::kObject, JsonKind::kArray, JsonKind::kNumber,
                                       JsonKind::kString, JsonKind::kNull};
  const std::vector<size_t> next = {5, 4, 3, 4, 5};
  for (size_t i = 0; i < nodes.size(); ++i) {
    EXPECT_EQ(TextOf(text, nodes[i]), texts[i]);
    EXPECT_EQ(nodes[i].kind, kinds[i]);
    EXPECT_EQ(nodes[i].next, next[i]);
  }
  EXPECT_EQ(NameOf(text, nodes[1]), "\"a\"");
  EXPECT_EQ(NameOf(text, nodes[2]), "");
  EXPECT_EQ(NameOf(text, nodes[4]), "\"b\"");
}

TEST(JsonTextTest, TheDepthIsTheCallers) {
  JsonNodes nodes;
  EXPECT_EQ(ReadJson("1", 0, &nodes), nullptr);
  EXPECT_EQ(ReadJson("[]", 0, &nodes)->id, "json.depth");
  EXPECT_EQ(ReadJson("[]", 1, &nodes), nullptr);
  EXPECT_EQ(ReadJson("[1,[],{}]", 1, &nodes)->id, "json.depth");
  EXPECT_EQ(ReadJson("[[],[],{\"a\":[]}]", 2, &nodes)->id, "json.depth");
  EXPECT_EQ(ReadJson("[[],[],{\"a\":1}]", 2, &nodes), nullptr);
}

TEST(JsonStringTest, OrderIsThatOfUtf16) {
  const std::vector<std::string> sorted = {"\"\"",
                                           "\"\\u0000\"",
                                           "\"\\r\"",
                                           "\"1\"",
                                           "\"a\"",
                                           "\"ab\"",
                                           "\"\u00f6\"",
                                           "\"\\u20ac\"",
                                           "\"\\ud7ff\"",
                                           "\"\U0001f600\"",
                                           "\"\\ud83d\\ude01\"",
                                           "\"\\ufb33\""};
  for (size_t i = 0; i < sorted.size(); ++i) {
    for (size_t j = 0; j < sorted.size(); ++j) {
      EXPECT_EQ(JsonStringLess(sorted[i], sorted[j]), i < j) << sorted[i] << sorted[j];
    }
  }
}

TEST(JsonStringTest, EscapesAreRead) {
  std::string said;
  AppendJsonStringValue(R"("\"\\\/\b\f\n\r\t\u0041\u00E9\u20ac\uD83d\uDE00x")", &said);
  EXPECT_EQ(said, "\"\\/\b\f\n\r\tA\u00e9\u20ac\U0001f600x");
  EXPECT_TRUE(JsonStringIs(R"("\u0061/b")", "a/b"));
  EXPECT_FALSE(JsonStringIs(R"("\u0061/b")", "a/"));
  EXPECT_FALSE(JsonStringIs(R"("a")", "a/b"));
  EXPECT_FALSE(JsonStringIs(R"("")", "a"));
  EXPECT_TRUE(JsonStringIs(R"("")", ""));
}

// A string of any text is what nlohmann reads as that text, and canonical.
RC_GTEST_PROP(JsonStringProperty, WritesWhatNlohmannReads, (const std::vector<uint32_t>& points)) {
  std::string text, string, said, canonical;
  for (const uint32_t point : points) {
    const char32_t kept = point % 0x110000;
    AppendCodePoint(kept >= 0xD800 && kept <= 0xDFFF ? 'x' : kept, &text);
  }
  AppendJsonString(text, &string);
  RC_ASSERT(nlohmann::json::parse(string).get<std::string>() == text);
  AppendJsonStringValue(string, &said);
  RC_ASSERT(said == text);
  RC_ASSERT(JsonStringIs(string, text));
  RC_ASSERT(Canonical(kJson, string) == string);
  // As nlohmann escapes it, with \u everywhere.
  AppendCanonicalString(nlohmann::json(text).dump(-1, ' ', true), &canonical);
  RC_ASSERT(canonical == string);
}

}  // namespace
}  // namespace fieldkms
