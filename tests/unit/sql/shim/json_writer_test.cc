#include "sql/shim/json_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace fieldkms::shim {
namespace {

TEST(JsonWriterTest, WritesAsItIsAsked) {
  JsonWriter out(0);
  out.Raw("{\"n\":").Number(18'446'744'073'709'551'615U).Raw(",\"t\":").Text("a\"\\\n\x01\u00e9");
  out.Raw(",\"b\":\"").Base64Of("hello?>").Raw("\"}");
  EXPECT_EQ(
      out.Take(),
      "{\"n\":18446744073709551615,\"t\":\"a\\\"\\\\\\n\\u0001\u00e9\",\"b\":\"aGVsbG8/Pg==\"}");
}

TEST(JsonWriterTest, EachCharacterIsWrittenAsNlohmannWritesIt) {
  for (int c = 0; c < 0x80; ++c) {
    const std::string text(1, static_cast<char>(c));
    EXPECT_EQ(JsonWriter(0).Text(text).Take(), nlohmann::json(text).dump()) << c;
  }
}

RC_GTEST_PROP(JsonWriterTest, GrowsAsItMust, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
  JsonWriter out(0);
  std::string expected;
  for (int i = 0; i < 5; ++i) {
    out.Text(text);
    expected += nlohmann::json(text).dump();
  }
  RC_ASSERT(out.Take() == expected);
}

}  // namespace
}  // namespace fieldkms::shim
