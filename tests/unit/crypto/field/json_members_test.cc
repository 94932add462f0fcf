#include "crypto/field/json_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A protection that shows what it was given, and can be undone.
absl::StatusOr<std::string> Quote(std::string_view pointer, std::string_view text) {
  return "<" + std::string(pointer) + "|" + std::string(text) + ">";
}
absl::StatusOr<std::string> Unquote(std::string_view pointer, std::string_view text) {
  const std::string begin = "<" + std::string(pointer) + "|";
  if (text.substr(0, begin.size()) != begin || text.back() != '>') {
    return DecryptError(Reason::kTagMismatch);
  }
  return std::string(text.substr(begin.size(), text.size() - begin.size() - 1));
}

absl::StatusOr<std::string> Protect(std::string_view document,
                                    const std::vector<std::string>& pointers) {
  std::string out = "as before";
  const absl::Status status = ProtectMembers(document, pointers, Quote, &out);
  EXPECT_TRUE(status.ok() || out.empty());
  FIELDKMS_RETURN_IF_ERROR(status);
  return out;
}

absl::StatusOr<std::string> Reveal(std::string_view document,
                                   const std::vector<std::string>& pointers) {
  std::string out = "as before";
  const absl::Status status = RevealMembers(document, pointers, Unquote, &out);
  EXPECT_TRUE(status.ok() || out.empty());
  FIELDKMS_RETURN_IF_ERROR(status);
  return out;
}

const absl::Status& StatusOf(const absl::Status& status) { return status; }
const absl::Status& StatusOf(const absl::StatusOr<std::string>& result) { return result.status(); }

MATCHER_P(RefusedAs, field, "") {
  return StatusOf(arg).code() == absl::StatusCode::kInvalidArgument &&
         ReasonOf(StatusOf(arg)) == Reason::kInvalidField && FieldOf(StatusOf(arg)) == field;
}

TEST(CheckPointersTest, TheSamplesOfRfc6901AreWellFormedButForTheWhole) {
  for (const char* pointer : {"/foo", "/foo/0", "/", "/a~1b", "/c%d", "/e^f", "/g|h", "/i\\j",
                              "/k\"l", "/ ", "/m~0n", "/*", "/*/*", "/-", "/\u00e4"}) {
    EXPECT_OK(CheckPointers({pointer}, "pointers")) << pointer;
  }
  EXPECT_THAT(CheckPointers({""}, "json.members"), RefusedAs("json.members"));
}

TEST(CheckPointersTest, RefusesWhatIsMalformed) {
  for (const std::string pointer : {"a", "a/b", "/~", "/~2", "/a~", "/a~/b", "/~x1", "/\xff"}) {
    EXPECT_THAT(CheckPointers({pointer}, "pointers"), RefusedAs("pointers")) << pointer;
  }
}

TEST(CheckPointersTest, RefusesWhatMayOverlap) {
  for (const auto& [a, b] : std::map<std::string, std::string>{{"/a", "/a"},
                                                               {"/b", "/b/c"},
                                                               {"/c/*", "/c/0"},
                                                               {"/d/*", "/d/*"},
                                                               {"/e/*/x", "/e/7"},
                                                               {"/*", "/12/a/b"},
                                                               {"/f/*/x", "/f/0/x/y"},
                                                               {"/", "//x"}}) {
    EXPECT_THAT(CheckPointers({a, b}, "pointers"), RefusedAs("pointers")) << a << " " << b;
    EXPECT_THAT(CheckPointers({b, "/z", a}, "pointers"), RefusedAs("pointers")) << a << " " << b;
  }
  EXPECT_OK(CheckPointers({"/a", "/b", "/ab", "/b~1c", "/c/0", "/c/1", "/d/*/x", "/d/*/y", "/e/*",
                           "/e/x", "/f/*", "/f/01", "/A"},
                          "pointers"));
}

TEST(CheckPointersTest, TheLimitsThemselvesAreAllowed) {
  EXPECT_THAT(CheckPointers({}, "pointers"), RefusedAs("pointers"));
  std::vector<std::string> pointers;
  for (int i = 0; i < 64; ++i) pointers.push_back("/" + std::to_string(i));
  EXPECT_OK(CheckPointers(pointers, "pointers"));
  pointers.emplace_back("/x");
  EXPECT_THAT(CheckPointers(pointers, "pointers"), RefusedAs("pointers"));
  EXPECT_OK(CheckPointers({"/" + std::string(1023, 'a')}, "pointers"));
  EXPECT_THAT(CheckPointers({"/" + std::string(1024, 'a')}, "pointers"), RefusedAs("pointers"));
  EXPECT_OK(CheckPointers({std::string(64, '/')}, "pointers"));
  EXPECT_THAT(CheckPointers({std::string(65, '/')}, "pointers"), RefusedAs("pointers"));
}

TEST(ProtectMembersTest, ReplacesWhatIsNamedAndKeepsAllElse) {
  const std::string document =
      "{ \"name\" : \"J\\u00f6rg\",\n  \"ssn\":078.050e+0 , \"open\": [1.0, 2E5],\t\"a\":{\"b\":"
      "{ \"c\" : [ true ] }} }";
  ASSERT_OK_AND_ASSIGN(const std::string out, Protect("{\"ssn\":7.050e+0}", {"/ssn"}));
  EXPECT_EQ(out, "{\"ssn\":\"</ssn|7.050e+0>\"}");
  EXPECT_THAT(Protect(document, {"/ssn"}), RefusedAs("value"));  // 078 is no number
  const std::string legal =
      "{ \"name\" : \"J\\u00f6rg\",\n  \"n\":78.050e+0 , \"open\": [1.0, 2E5],\t\"a\":{\"b\":"
      "{ \"c\" : [ true ] }} }";
  ASSERT_OK_AND_ASSIGN(const std::string hidden, Protect(legal, {"/a/b", "/name", "/n"}));
  EXPECT_EQ(
      hidden,
      "{ \"name\" : \"</name|\\\"J\\\\u00f6rg\\\">\",\n  \"n\":\"</n|78.050e+0>\" , \"open\": "
      "[1.0, 2E5],\t\"a\":{\"b\":\"</a/b|{ \\\"c\\\" : [ true ] }>\"} }");
  EXPECT_EQ(Reveal(hidden, {"/a/b", "/name", "/n"}).value(), legal);
}

TEST(JsonDocumentTest, IsReadOnceAndServesOften) {
  const std::string text = R"({"a":[1,{"b":"x"}],"c":"y"})";
  JsonDocument document;
  ASSERT_EQ(document.Read(text), nullptr);
  for (const std::vector<std::string>& pointers :
       {std::vector<std::string>{"/a"}, {"/a/1/b", "/c"}, {"/none"}}) {
    std::string out = "as before";
    EXPECT_OK(ProtectMembers(document, pointers, Quote, &out));
    EXPECT_EQ(out, Protect(text, pointers).value());
  }
  std::string out = "as before";
  EXPECT_THAT(ProtectMembers(document, {"a"}, Quote, &out), RefusedAs("pointers"));
  EXPECT_EQ(out, "");
}

TEST(JsonDocumentTest, TellsTheRulesThatCanonicalisingDoes) {
  const FormatInfo& json = *FindFormat(FieldFormat::kJson);
  JsonDocument document;
  for (const std::string& text :
       {std::string(" "), std::string("\xff"), std::string("[\0]", 3), std::string("[1,]"),
        std::string("{\"a\":1,\"\\u0061\":2}"), std::string("1e999"), std::string(65, '['),
        std::string((1u << 20) + 1, ' '), std::string(" {\"a\": [1.50, null]} ")}) {
    std::string canonical;
    const FieldRule* const rule = CanonicaliseField(json, text, {}, &canonical);
    const FieldRule* const broken = document.Read(text);
    EXPECT_EQ(broken == nullptr ? "" : broken->id, rule == nullptr ? "" : rule->id);
  }
  EXPECT_EQ(document.Read("[1]"), nullptr);  // after one that was none
  std::string out;
  EXPECT_OK(ProtectMembers(document, {"/0"}, Quote, &out));
  EXPECT_EQ(out, R"(["</0|1>"])");
}

TEST(ProtectMembersTest, AStarIsEachElementOfAnArray) {
  const std::vector<std::string> pointers = {"/cards/*/pan", "/tags/*"};
  const std::string document =
      R"({"cards":[{"pan":"1"},{"x":2},{"pan":null},{"pan":[3]}],"tags":["a",["b"]],"*":0})";
  ASSERT_OK_AND_ASSIGN(const std::string hidden, Protect(document, pointers));
  EXPECT_EQ(hidden, R"({"cards":[{"pan":"</cards/0/pan|\"1\">"},{"x":2},{"pan":null},)"
                    R"({"pan":"</cards/3/pan|[3]>"}],)"
                    R"("tags":["</tags/0|\"a\">","</tags/1|[\"b\"]>"],"*":0})");
  EXPECT_EQ(Reveal(hidden, pointers).value(), document);
  // In an object it is a name as any other.
  EXPECT_EQ(Protect(R"({"*":0,"a":1})", {"/*"}).value(), R"({"*":"</*|0>","a":1})");
}

TEST(ProtectMembersTest, IndicesNamesAndEscapes) {
  EXPECT_EQ(Protect("[1,[2,3],4]", {"/1/0", "/2"}).value(), R"([1,["</1/0|2>",3],"</2|4>"])");
  EXPECT_EQ(Protect("[1,2]", {"/01", "/-", "/2", "/99999999999999999999"}).value(), "[1,2]");
  EXPECT_EQ(Protect(R"({"0":1,"01":2})", {"/0", "/01"}).value(),
            R"({"0":"</0|1>","01":"</01|2>"})");
  EXPECT_EQ(Protect(R"({"a/b":1,"m~n":2,"":3})", {"/a~1b", "/m~0n", "/"}).value(),
            R"({"a/b":"</a~1b|1>","m~n":"</m~0n|2>","":"</|3>"})");
  EXPECT_EQ(Protect(R"({"\u0061\ud83d\ude00":1})", {"/a\U0001f600"}).value(),
            "{\"\\u0061\\ud83d\\ude00\":\"</a\U0001f600|1>\"}");
}

TEST(ProtectMembersTest, WhatIsNotThereIsLeft) {
  for (const std::string document : {"{}", "[]", "null", "1", "\"a\"", R"({"b":{"a":1}})",
                                     R"({"a":null})", R"({"A":1,"aa":2})", " \n{\"a\" : null}\t"}) {
    EXPECT_EQ(Protect(document, {"/a"}).value(), document);
    EXPECT_EQ(Reveal(document, {"/a"}).value(), document);
  }
}

TEST(ProtectMembersTest, MembersComeInTheOrderOfTheDocument) {
  std::vector<std::string> seen;
  std::string out;
  ASSERT_OK(ProtectMembers(
      R"({"b":1,"a":[2,3],"c":4})", {"/c", "/a/*", "/b"},
      [&seen](std::string_view pointer, std::string_view text) -> absl::StatusOr<std::string> {
        seen.push_back(std::string(pointer) + "=" + std::string(text));
        return "";
      },
      &out));
  EXPECT_THAT(seen, ElementsAre("/b=1", "/a/0=2", "/a/1=3", "/c=4"));
  EXPECT_EQ(out, R"({"b":"","a":["",""],"c":""})");
}

TEST(ProtectMembersTest, RefusesWhatIsNoJsonAndNamesTheRule) {
  const std::map<std::string, std::string> bad = {
      {"{\"a\":1", "json.syntax"},
      {"", "json.syntax"},
      {"{\"a\":1,\"\\u0061\":2}", "json.member_twice"},
      {"{\"a\":" + std::string(64, '[') + std::string(64, ']') + "}", "json.depth"},
      {"{\"a\":1e999}", "json.number"},
      {"{\"a\":\"\\ud800\"}", "json.surrogate"},
      {"{\"a\":\"\xff\"}", "field.utf8"},
  };
  for (const auto& [document, rule] : bad) {
    for (const auto& result : {Protect(document, {"/a"}), Reveal(document, {"/a"})}) {
      EXPECT_THAT(result, RefusedAs("value"));
      EXPECT_THAT(std::string(MessageOf(result.status())), HasSubstr(rule));
    }
  }
  EXPECT_THAT(Protect("{}", {"a"}), RefusedAs("pointers"));
  EXPECT_THAT(Reveal("{}", {"/a", "/a"}), RefusedAs("pointers"));
}

TEST(ProtectMembersTest, ErrorsOfTheFunctionAreItsOwn) {
  const MemberFunction fail = [](std::string_view, std::string_view) {
    return absl::StatusOr<std::string>(DecryptError(Reason::kOtherKey));
  };
  std::string out = "as before";
  EXPECT_THAT(ProtectMembers("{\"secret\":1,\"a\":2}", {"/a"}, fail, &out),
              StatusIs(Reason::kOtherKey));
  EXPECT_EQ(out, "");
  EXPECT_THAT(RevealMembers("{\"secret\":1,\"a\":\"2\"}", {"/a"}, fail, &out),
              StatusIs(Reason::kOtherKey));
  EXPECT_EQ(out, "");
  const MemberFunction binary = [](std::string_view, std::string_view) {
    return absl::StatusOr<std::string>("\xff");
  };
  EXPECT_THAT(ProtectMembers("{\"a\":1}", {"/a"}, binary, &out),
              StatusIs(absl::StatusCode::kInternal, Reason::kInternal));
}

TEST(RevealMembersTest, AMemberThatIsNoStringIsRefused) {
  for (const char* document : {R"({"a":1})", R"({"a":true})", R"({"a":[]})", R"({"a":{}})"}) {
    EXPECT_THAT(Reveal(document, {"/a"}), RefusedAs("value")) << document;
  }
}

TEST(RevealMembersTest, OnlyOneValueComesBack) {
  const auto reveal_as = [](std::string text) {
    std::string out;
    return RevealMembers(
        R"({"a":"x","b":1})", {"/a"},
        [&text](std::string_view, std::string_view) { return absl::StatusOr<std::string>(text); },
        &out);
  };
  EXPECT_OK(reveal_as(R"({"b":2})"));
  for (const char* text : {"", "1,\"c\":2", "1}", "\"", "{\"a\":1,\"a\":2}", "\xff", "// 1"}) {
    EXPECT_THAT(reveal_as(text), RefusedAs("value")) << text;
  }
  // 64 deep with the object around it.
  EXPECT_OK(reveal_as(std::string(63, '[') + std::string(63, ']')));
  EXPECT_THAT(reveal_as(std::string(64, '[') + std::string(64, ']')), RefusedAs("value"));
}

// Documents with members of known names, spelled in many ways.
rc::Gen<std::string> Space() {
  return rc::gen::elementOf(std::vector<std::string>{"", " ", "\n\t"});
}

rc::Gen<std::string> Scalar() {
  return rc::gen::elementOf(std::vector<std::string>{
      "0", "-0.0", "1.50", "1e5", "12345678901234567890", "true", "false", "null", "\"\"", "\"a\"",
      R"("\u00e4\/\n")", "\"\U0001f600\"", R"("\ud83d\ude00")", R"("</a|1>")"});
}

rc::Gen<std::string> Value(int depth) {
  if (depth == 0) return Scalar();
  return rc::gen::exec([depth] {
    const std::string space = *Space();
    const int kind = *rc::gen::inRange(0, 3);
    if (kind == 0) return *Scalar();
    std::string text;
    for (const std::string name : {"a", "b", "0", "1", "a~b", "\\u0063"}) {
      if (*rc::gen::arbitrary<bool>()) continue;
      if (!text.empty()) text += space + ",";
      if (kind == 1) text += space + "\"" + name + "\":";
      text += space + *Value(depth - 1);
    }
    return kind == 1 ? "{" + text + "}" + space : "[" + text + space + "]";
  });
}

RC_GTEST_PROP(JsonMembersProperty, RevealIsTheInverseOfProtect, ()) {
  const std::string document = *Value(3);
  const std::vector<std::string> pointers =
      *rc::gen::elementOf(std::vector<std::vector<std::string>>{{"/a"},
                                                                {"/*"},
                                                                {"/0", "/a/b", "/c"},
                                                                {"/a/*/b", "/b/0", "/a~0b"},
                                                                {"/*/*", "/c/*"},
                                                                {"/a/*", "/b/*/a", "/b/a"}});
  ASSERT_OK_AND_ASSIGN(const std::string hidden, Protect(document, pointers));
  RC_ASSERT(nlohmann::json::accept(hidden));
  ASSERT_OK_AND_ASSIGN(const std::string revealed, Reveal(hidden, pointers));
  RC_ASSERT(revealed == document);
}

}  // namespace
}  // namespace fieldkms
