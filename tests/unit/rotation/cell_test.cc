#include "rotation/cell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/hex.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/envelopes.h"

namespace fieldkms::rotation {
namespace {

using absl::StatusCode;
using ::fieldkms::testing::MadeUpEnvelope;
using ::testing::IsEmpty;

using Envelopes = std::vector<std::string>;

constexpr Shape kShapes[] = {Shape::kBytea,     Shape::kText, Shape::kByteaArray,
                             Shape::kTextArray, Shape::kJson, Shape::kJsonb};

const std::string kOne = MadeUpEnvelope(7, 1);
const std::string kTwo = MadeUpEnvelope(7, 2, 3, 'd', Suite::kSubjectXaes256Gcm);
const std::string kThree = MadeUpEnvelope(8, 1, 0, 'e', Suite::kKcXaes256Gcm);

std::string Text(const std::string& envelope) { return EncodeText(AsBytes(envelope)); }
std::string ByteaElement(const std::string& envelope) {
  return "\"\\\\x" + EncodeHex(AsBytes(envelope)) + "\"";
}

MATCHER(IsNoEnvelope, "") {
  return arg.status().code() == StatusCode::kInvalidArgument &&
         ReasonOf(arg.status()) == Reason::kEnvelopeMalformed;
}

// The cell has `before`; with `after` in their places it is `expected`, and back again.
void Replaces(Shape shape, const std::string& cell, const Envelopes& before, const Envelopes& after,
              const std::string& expected) {
  SCOPED_TRACE(ShapeName(shape));
  ASSERT_OK_AND_ASSIGN(const Envelopes found, EnvelopesIn(shape, cell));
  EXPECT_EQ(found, before);
  ASSERT_OK_AND_ASSIGN(const std::string replaced, WithEnvelopes(shape, cell, after));
  EXPECT_EQ(replaced, expected);
  EXPECT_EQ(EnvelopesIn(shape, expected).value(), after);
  EXPECT_EQ(WithEnvelopes(shape, expected, before).value(), cell);
}

TEST(CellTest, OfOneEnvelope) {
  Replaces(Shape::kBytea, kOne, {kOne}, {kTwo}, kTwo);
  Replaces(Shape::kText, Text(kOne), {kOne}, {kThree}, Text(kThree));
}

TEST(CellTest, OfArrays) {
  Replaces(Shape::kByteaArray, "{" + ByteaElement(kOne) + ",NULL," + ByteaElement(kTwo) + "}",
           {kOne, kTwo}, {kThree, kOne},
           "{" + ByteaElement(kThree) + ",NULL," + ByteaElement(kOne) + "}");
  Replaces(Shape::kTextArray, "[0:1][1:2]={{" + Text(kOne) + ",NULL},{NULL," + Text(kTwo) + "}}",
           {kOne, kTwo}, {kTwo, kThree},
           "[0:1][1:2]={{" + Text(kTwo) + ",NULL},{NULL," + Text(kThree) + "}}");
  for (const Shape shape : {Shape::kByteaArray, Shape::kTextArray}) {
    Replaces(shape, "{}", {}, {}, "{}");
    Replaces(shape, "{NULL}", {}, {}, "{NULL}");
  }
}

TEST(CellTest, OfJsonKeepsAllElse) {
  for (const Shape shape : {Shape::kJson, Shape::kJsonb}) {
    const auto document = [](const std::string& a, const std::string& b) {
      return "{ \"" + Text(kThree) + "\": [1.50, \"" + a + "\", \"fk1.\", \"x" + a +
             "\"],\n\"n\\u00e9\": {\"m\": \"" + b + "\", \"m\": null}, \"t\": \"\xc3\xa9 fk1.AA\"}";
    };
    const std::string cell = document(Text(kOne), Text(kTwo));
    ASSERT_OK_AND_ASSIGN(const Envelopes found, EnvelopesIn(shape, cell));
    EXPECT_EQ(found, Envelopes({kOne, kTwo}));
    ASSERT_OK_AND_ASSIGN(const std::string replaced,
                         WithEnvelopes(shape, cell, Envelopes({kTwo, kThree})));
    // What only begins or ends like an envelope is another string, and stays.
    std::string expected = document(Text(kTwo), Text(kThree));
    const std::string other = "\"x" + Text(kTwo);
    expected.replace(expected.find(other), other.size(), "\"x" + Text(kOne));
    EXPECT_EQ(replaced, expected);
  }
}

TEST(CellTest, OfJsonReadsEscapesAndWritesNone) {
  std::string escaped = Text(kOne);
  escaped.replace(0, 1, "\\u0066");
  const std::string cell = "[\"" + escaped + "\", \"\\u0041\"]";
  ASSERT_OK_AND_ASSIGN(const Envelopes found, EnvelopesIn(Shape::kJson, cell));
  EXPECT_EQ(found, Envelopes({kOne}));
  EXPECT_EQ(WithEnvelopes(Shape::kJson, cell, found).value(),
            "[\"" + Text(kOne) + "\", \"\\u0041\"]");
}

TEST(CellTest, OfJsonMayHaveNone) {
  for (const std::string cell : {"null", "\"\"", "\"fk1.!\"", "{\"a\": \"plain\"}"}) {
    EXPECT_THAT(EnvelopesIn(Shape::kJsonb, cell).value(), IsEmpty()) << cell;
    EXPECT_EQ(WithEnvelopes(Shape::kJsonb, cell, {}).value(), cell);
  }
}

TEST(CellTest, RefusesWhatIsNoEnvelope) {
  for (const Shape shape : {Shape::kBytea, Shape::kText, Shape::kByteaArray, Shape::kTextArray}) {
    for (const std::string& cell :
         {std::string(), std::string("4111111111111111"), kOne.substr(0, 52),
          "\x14" + kOne.substr(1), Text(kOne) + "=", " " + Text(kOne),
          "fk1." + std::string(80, 'A'), std::string("{a}"), "{" + Text(kOne) + ",a}",
          "{" + ByteaElement(kOne) + ",\"\\\\x11\"}", std::string("{\"\"}"),
          std::string("{\"\\\\x1\"}"), std::string("{\"\\\\xZZ\"}"),
          "{" + Text(kOne) + "," + ByteaElement(kOne) + "}"}) {
      EXPECT_THAT(EnvelopesIn(shape, cell), IsNoEnvelope()) << ShapeName(shape) << " " << cell;
      EXPECT_THAT(WithEnvelopes(shape, cell, {}), IsNoEnvelope());
    }
  }
  EXPECT_THAT(EnvelopesIn(Shape::kText, kOne), IsNoEnvelope());
  EXPECT_THAT(EnvelopesIn(Shape::kBytea, Text(kOne)), IsNoEnvelope());
}

TEST(CellTest, RefusesWhatPostgresqlDoesNotPrint) {
  for (const std::string cell : {"", "{", "{ }", "{NULL", "NULL", "{null}"}) {
    EXPECT_THAT(EnvelopesIn(Shape::kByteaArray, cell), IsNoEnvelope()) << cell;
    EXPECT_THAT(EnvelopesIn(Shape::kTextArray, cell), IsNoEnvelope()) << cell;
  }
  for (const std::string cell : {"", "{", "[\"a\"", "{'a':1}"}) {
    EXPECT_THAT(EnvelopesIn(Shape::kJson, cell), IsNoEnvelope()) << cell;
    EXPECT_THAT(EnvelopesIn(Shape::kJsonb, cell), IsNoEnvelope()) << cell;
  }
}

TEST(CellTest, TakesAsManyAsThereAre) {
  const Envelopes two = {kOne, kTwo};
  EXPECT_THAT(WithEnvelopes(Shape::kBytea, kOne, two), StatusIs(Reason::kInternal));
  EXPECT_THAT(WithEnvelopes(Shape::kText, Text(kOne), {}), StatusIs(Reason::kInternal));
  EXPECT_THAT(WithEnvelopes(Shape::kJson, "{}", two), StatusIs(Reason::kInternal));
}

TEST(CellTest, MessagesHoldNoData) {
  const auto status = EnvelopesIn(Shape::kText, "4111111111111111").status();
  EXPECT_EQ(status.message().find("4111"), std::string::npos);
}

std::string AnyEnvelope() {
  const Suite suite =
      *rc::gen::element(Suite::kXaes256Gcm, Suite::kKcXaes256Gcm, Suite::kSubjectXaes256Gcm);
  return MadeUpEnvelope(*rc::gen::inRange<uint64_t>(1, 9), *rc::gen::inRange<uint32_t>(1, 9),
                        *rc::gen::inRange<size_t>(0, 40), *rc::gen::arbitrary<char>(), suite);
}

// A cell of a shape that has these, among other things where the shape allows.
std::string CellOf(Shape shape, const Envelopes& envelopes) {
  if (shape == Shape::kBytea) return envelopes[0];
  if (shape == Shape::kText) return Text(envelopes[0]);
  const bool json = shape == Shape::kJson || shape == Shape::kJsonb;
  const auto other = [&]() -> std::string {
    if (!json) return "NULL";
    return *rc::gen::element<std::string>("1", "\"fk1.\"", "{\"fk1.\": [{}]}", " null ");
  };
  std::string cell = json ? "[" : "{";
  for (const std::string& envelope : envelopes) {
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i) cell += other() + ",";
    const std::string text = Text(envelope);
    if (json) {
      cell += *rc::gen::element("\"" + text + "\"", "{\"a\": \"" + text + "\"}");
    } else {
      cell += shape == Shape::kTextArray ? text : ByteaElement(envelope);
    }
    cell += ",";
  }
  return cell + other() + (json ? "]" : "}");
}

RC_GTEST_PROP(CellProperty, ReplacingAndPuttingBackIsTheSameCell, ()) {
  const Shape shape =
      *rc::gen::elementOf(std::vector<Shape>(std::begin(kShapes), std::end(kShapes)));
  Envelopes before, after;
  const bool one = shape == Shape::kBytea || shape == Shape::kText;
  for (int i = one ? 1 : *rc::gen::inRange(0, 5); i > 0; --i) {
    before.push_back(AnyEnvelope());
    after.push_back(AnyEnvelope());
  }
  const std::string cell = CellOf(shape, before);
  RC_ASSERT(EnvelopesIn(shape, cell).value() == before);
  RC_ASSERT(WithEnvelopes(shape, cell, before).value() == cell);
  const std::string replaced = WithEnvelopes(shape, cell, after).value();
  RC_ASSERT(EnvelopesIn(shape, replaced).value() == after);
  RC_ASSERT(WithEnvelopes(shape, replaced, before).value() == cell);
}

}  // namespace
}  // namespace fieldkms::rotation
