#include "sql/shim/json_body.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sql/shim/http_message.h"

namespace fieldkms::shim {
namespace {

bool IsRead(const std::string& text) { return JsonBody().Read(text); }

TEST(JsonBodyTest, ReadsMembersOfEachKind) {
  JsonBody body;
  ASSERT_TRUE(body.Read(R"({"t":"a\u00e9\n","n":-7,"f":true,"z":null,"a":[1],"o":{},"d":1.5})"));
  const JsonObject& root = body.root();
  EXPECT_EQ(root.Find("t")->text, "a\u00e9\n");
  EXPECT_EQ(root.Find("n")->number, -7);
  EXPECT_EQ(root.Find("f")->kind, JsonValue::Kind::kFlag);
  EXPECT_TRUE(root.Find("z")->is_null());
  EXPECT_EQ(root.Find("a")->kind, JsonValue::Kind::kArray);
  EXPECT_EQ(root.Find("o")->kind, JsonValue::Kind::kOther);
  EXPECT_EQ(root.Find("d")->kind, JsonValue::Kind::kOther);
  EXPECT_EQ(root.Find("x"), nullptr);
}

TEST(JsonBodyTest, NothingIsAnObjectWithoutMembers) {
  EXPECT_TRUE(IsRead(""));
  EXPECT_TRUE(IsRead("null"));
  EXPECT_TRUE(IsRead(" {} "));
}

TEST(JsonBodyTest, WhatIsNoJsonIsRefused) {
  for (const char* const bad : {"{", "[]", "1", "\"a\"", "{}x", "{} {}", R"({"a":1,})", "{'a':1}",
                                R"({"a":"\x"})", R"({"a":"\ud800"})", "{\"a\":\"\xff\"}",
                                "{\"a\":\"\n\"}", R"({"a":01})", R"({"a":NaN})", R"({a:1})"}) {
    EXPECT_FALSE(IsRead(bad)) << bad;
  }
}

TEST(JsonBodyTest, WhatIsDeepIsRefused) {
  // With the object around it.
  const auto nested = [](size_t depth) {
    return R"({"a":)" + std::string(depth - 1, '[') + "1" + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(IsRead(nested(16)));
  EXPECT_FALSE(IsRead(nested(17)));
  EXPECT_FALSE(IsRead(std::string(3'000'000, '[')));
  EXPECT_TRUE(IsRead(R"({"a":"[[[[[[[[[[[[[[[[[[[[","b":[{},{},{},{},{},{},{},{},{},{},{},{}]})"));
}

TEST(JsonBodyTest, TheLastOfANameCounts) {
  JsonBody body;
  ASSERT_TRUE(body.Read(R"({"a":"1","b":"2","a":"3"})"));
  EXPECT_EQ(body.root().Find("a")->text, "3");
}

TEST(JsonBodyTest, ReadsTheObjectsOfAnArray) {
  JsonBody body;
  ASSERT_TRUE(body.Read(R"({"other":[1,2,3],"items":[{"a":"1"},{},{"b":2,"a":"3"}]})"));
  const JsonValue& items = *body.root().Find("items");
  EXPECT_EQ(body.SizeOf(*body.root().Find("other")), 3u);
  EXPECT_EQ(body.SizeOf(items), 3u);
  std::vector<JsonObject> objects;
  ASSERT_TRUE(body.ReadObjects(items, &objects));
  ASSERT_EQ(objects.size(), 3u);
  EXPECT_EQ(objects[0].Find("a")->text, "1");
  EXPECT_EQ(objects[1].Find("a"), nullptr);
  EXPECT_EQ(objects[2].Find("b")->number, 2);
  EXPECT_EQ(objects[2].Find("a")->text, "3");
  EXPECT_FALSE(JsonBody().Read("[]"));
  std::vector<JsonObject> none;
  EXPECT_FALSE(body.ReadObjects(*body.root().Find("other"), &none));
}

TEST(JsonBodyTest, TakesNumbersAndFlagsAsTexts) {
  JsonBody body;
  ASSERT_TRUE(
      body.Read(R"({"n":"7","f":"true","bad":"x","null":null,"huge":9223372036854775808})"));
  const JsonObject& root = body.root();
  bool ok = true;
  EXPECT_EQ(root.NumberOf("n", 0, &ok), 7);
  EXPECT_TRUE(root.FlagOf("f", false, &ok));
  EXPECT_EQ(root.NumberOf("null", 5, &ok), 5);
  EXPECT_EQ(root.TextOf("null", &ok), "");
  EXPECT_EQ(root.TextOf("bad", &ok), "x");
  EXPECT_TRUE(ok);
  EXPECT_EQ(root.NumberOf("bad", 0, &ok), 0);
  EXPECT_FALSE(ok);
  ok = true;
  EXPECT_EQ(root.NumberOf("huge", 1, &ok), 1);
  EXPECT_FALSE(ok);
}

// The buffer of a thread's parser is used again; what stood there is gone.
TEST(JsonBodyTest, TextsAreWiped) {
  const char* text = nullptr;
  {
    JsonBody body;
    ASSERT_TRUE(body.Read(R"({"a":"4111111111111111"})"));
    text = body.root().Find("a")->text.data();
    ASSERT_EQ(std::string_view(text, 4), "4111");
  }
  JsonBody holds_it;
  EXPECT_EQ(std::string_view(text, 16), std::string(16, '\0'));
}

TEST(JsonBodyTest, BodiesAreUsedOneInAnother) {
  JsonBody outer;
  ASSERT_TRUE(outer.Read(R"({"a":"outer"})"));
  for (int i = 0; i < 3; ++i) {
    JsonBody inner;
    ASSERT_TRUE(inner.Read(R"({"a":"inner"})"));
    EXPECT_EQ(inner.root().Find("a")->text, "inner");
  }
  EXPECT_EQ(outer.root().Find("a")->text, "outer");
}

TEST(JsonBodyTest, SizesFromNothingToMuch) {
  for (const size_t size : {1, 15, 16, 31, 63, 64, 1'000, 300'000, 3}) {
    const std::string value(size, 'x');
    std::string text = R"({"a":")" + value + R"("})";
    for (const size_t room : {size_t{0}, kBodyPadding}) {
      std::string sized = text;
      sized.resize(text.size() + room);
      sized.resize(text.size());
      JsonBody body;
      ASSERT_TRUE(body.Read(sized));
      EXPECT_EQ(body.root().Find("a")->text, value);
      EXPECT_EQ(body.size(), text.size());
    }
  }
}

}  // namespace
}  // namespace fieldkms::shim
