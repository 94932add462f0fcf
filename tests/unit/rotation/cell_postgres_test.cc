// Cells as a real PostgreSQL prints them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <pqxx/result>
#include <string>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "kms/postgres/value.h"
#include "rotation/array_text.h"
#include "rotation/cell.h"
#include "rotation/json_strings.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/database_fixture.h"
#include "tests/unit/rotation/envelopes.h"

namespace fieldkms::rotation {
namespace {

using ::fieldkms::testing::MadeUpEnvelope;

class CellPostgresTest : public testing::DatabaseTest {
 protected:
  std::string Printed(std::string_view expression, const std::vector<PostgresValue>& values) {
    return TextOf(database().Query("SELECT " + std::string(expression), values).value()[0][0]);
  }
};

TEST_F(CellPostgresTest, ArraysOfAnyTexts) {
  using Raw = std::vector<std::pair<bool, std::string>>;  // false: null
  rc::check("what an array has is read", [&](const Raw& raw) {
    std::vector<PostgresValue> values;
    std::vector<std::string> texts;
    for (auto [there, text] : raw) {
      std::erase_if(text, [](char c) { return c <= 0; });  // ASCII is UTF-8; texts have no zeros
      texts.push_back(there ? text : "<null>");
      values.push_back(there ? PostgresValue(text) : PostgresValue(std::nullopt));
    }
    const std::string printed = Printed("$1::text[]::text", {ArrayValue(values)});
    const auto elements = ReadArray(printed);
    RC_ASSERT(elements.has_value());
    std::vector<std::string> read;
    for (const ArrayElement& element : *elements) {
      read.push_back(element.is_null ? "<null>" : ElementValue(printed, element));
    }
    RC_ASSERT(read == texts);
  });
}

TEST_F(CellPostgresTest, ArraysOfAnyShape) {
  for (const std::string array :
       {"'{}'", "'{NULL,null,\"null\",\"\"}'", "'{{a,b},{c,NULL}}'", "'[0:1][-2:-2]={{a},{b}}'",
        "'[1:1][5:6]={{\" \",\"\\\\{\"}}'", "'{{{{{{a}}}}}}'", "array_fill('x'::text, '{2,3}')"}) {
    const std::string printed = Printed(array + "::text[]::text", {});
    EXPECT_TRUE(ReadArray(printed).has_value()) << printed;
  }
}

// What is printed with some envelopes, and then taken with others, has these.
TEST_F(CellPostgresTest, WhatIsReplacedIsTaken) {
  const std::string a = MadeUpEnvelope(7, 1), b = MadeUpEnvelope(7, 2);
  const auto text = [](const std::string& envelope) { return EncodeText(AsBytes(envelope)); };
  const auto replace = [&](Shape shape, const std::string& cell) {
    EXPECT_EQ(EnvelopesIn(shape, cell).value(), std::vector<std::string>({a}));
    return WithEnvelopes(shape, cell, std::vector<std::string>({b})).value();
  };
  const std::string bytes = Printed("ARRAY[NULL, $1::bytea]::text", {ByteaValue(a)});
  EXPECT_EQ(Printed("$1::bytea[] = ARRAY[NULL, $2::bytea]",
                    {replace(Shape::kByteaArray, bytes), ByteaValue(b)}),
            "t");
  const std::string texts = Printed("('[3:4]={NULL,' || $1::text || '}')::text[]::text", {text(a)});
  EXPECT_EQ(Printed("($1::text[])[4] = $2", {replace(Shape::kTextArray, texts), text(b)}), "t");
  const std::string document = "jsonb_build_object('a', $1::text, 'b', 1.50, 'c', E'\\u00e4\\\\')";
  const std::string json = Printed(document + "::text", {text(a)});
  EXPECT_EQ(Printed("$2::jsonb = " + document, {text(b), replace(Shape::kJsonb, json)}), "t");
}

TEST_F(CellPostgresTest, JsonThatPostgresqlKeeps) {
  for (const std::string json :
       {"{\"a\": 1, \"a\": \"\\ud83d\"}", " [1e400, \"\\u0000\"]\n", "\"\xc3\xa9\""}) {
    EXPECT_TRUE(ReadJsonStrings(Printed("$1::json::text", {json})).has_value()) << json;
  }
}

}  // namespace
}  // namespace fieldkms::rotation
