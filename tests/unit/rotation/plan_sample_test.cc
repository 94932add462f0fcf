#include "rotation/plan_sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/rotation/plan_fixture.h"

namespace fieldkms::rotation {
namespace {

using ::fieldkms::testing::MadeUpEnvelope;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PlanSampleTest : public testing::PlanTest {
 protected:
  // A table whose column has these values, each ten times; a value is SQL.
  SampleCounts Sampled(const std::vector<std::string>& values) {
    Sql("DROP TABLE IF EXISTS t; CREATE TABLE t (id serial PRIMARY KEY, c bytea) "
        "WITH (fillfactor = 80); DELETE FROM kms.protected_columns");
    for (const std::string& value : values) {
      Sql("INSERT INTO t (c) SELECT " + value + " FROM generate_series(1, 10)");
    }
    Sql("ANALYZE t");
    Register("t", "c", {"id"});
    const JobPlan plan = Plan();
    findings_ = Said(plan);
    return plan.tables.at(0).sample;
  }
  const std::vector<std::string>& findings() const { return findings_; }

 private:
  std::vector<std::string> findings_;
};

TEST_F(PlanSampleTest, CountsWhatRowsHold) {
  const SampleCounts counts =
      Sampled({Bytes(1), Bytes(2), Bytes(3), "NULL", Bytes(1, 8), "'\\x34'::bytea"});
  EXPECT_EQ(counts.rows, 60u);
  EXPECT_EQ(counts.older, 10u);
  EXPECT_EQ(counts.current, 20u);
  EXPECT_EQ(counts.nulls, 10u);
  EXPECT_EQ(counts.other_key, 10u);
  EXPECT_EQ(counts.malformed, 10u);
}

TEST_F(PlanSampleTest, Plaintext) {
  Sampled({"'4111111111111111'::bytea", "NULL"});
  EXPECT_THAT(findings(), ElementsAre("refused PLAINTEXT t.c"));
}

TEST_F(PlanSampleTest, MixedContents) {
  Sampled({Bytes(1), "'4111111111111111'::bytea"});
  EXPECT_THAT(findings(), ElementsAre("refused MIXED_CONTENTS t.c"));
  Sampled({Bytes(1, 8), "''::bytea"});
  EXPECT_THAT(findings(), ElementsAre("refused MIXED_CONTENTS t.c"));
}

TEST_F(PlanSampleTest, OtherKeys) {
  Sampled({Bytes(1, 8), Bytes(1, 9), "NULL"});
  EXPECT_THAT(findings(), ElementsAre("refused OTHER_KEYS_ONLY t.c"));
  Sampled({Bytes(1, 8), Bytes(1)});
  EXPECT_THAT(findings(), ElementsAre("warning SOME_OTHER_KEYS t.c"));
}

TEST_F(PlanSampleTest, NothingIsSaidOfNothing) {
  Sampled({});
  EXPECT_THAT(findings(), IsEmpty());
  Sampled({"NULL"});
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(PlanSampleTest, MessagesHoldNoValues) {
  Sampled({"'4111111111111111'::bytea"});
  for (const Finding& finding : Plan().findings) {
    EXPECT_THAT(finding.message, ::testing::Not(::testing::HasSubstr("4111")));
  }
}

TEST_F(PlanSampleTest, AllShapes) {
  const std::string text = "'" + Text(1) + "'";
  Sql("CREATE TABLE t (id int PRIMARY KEY, a bytea, b text, c bytea[], d text[], e json, f jsonb) "
      "WITH (fillfactor = 80); INSERT INTO t VALUES (1, " +
      Bytes(1) + ", " + text + ", ARRAY[NULL, " + Bytes(1) + "], ARRAY[" + text +
      "], json_build_array(1, " + text + "), jsonb_build_object('a', " + text + ")); ANALYZE t");
  const Shape shapes[] = {Shape::kBytea,     Shape::kText, Shape::kByteaArray,
                          Shape::kTextArray, Shape::kJson, Shape::kJsonb};
  for (int i = 0; i < 6; ++i) {
    const std::string column(1, static_cast<char>('a' + i));
    Register("t", column, {"id"}, shapes[i]);
    PlanRequest request = Request();
    request.tables = {{{"public", "t"}, {column}}};
    const JobPlan plan = Plan(request);
    EXPECT_THAT(Said(plan), IsEmpty());
    EXPECT_EQ(plan.tables.at(0).sample.older, 1u) << column;
  }
  Sql("UPDATE t SET b = 'x', c = ARRAY['\\x00'::bytea], d = '{x}', a = ''");
  EXPECT_THAT(Findings(), ElementsAre("refused PLAINTEXT t.a", "refused PLAINTEXT t.b",
                                      "refused PLAINTEXT t.c", "refused PLAINTEXT t.d"));
}

TEST_F(PlanSampleTest, JsonWithoutAny) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, c jsonb) WITH (fillfactor = 80); "
      "INSERT INTO t VALUES (1, '{\"a\": \"plain\"}'); ANALYZE t");
  Register("t", "c", {"id"}, Shape::kJsonb);
  EXPECT_THAT(Findings(), ElementsAre("warning NO_ENVELOPES t.c"));
  Sql("INSERT INTO t VALUES (2, '[\"" + Text(1) + "\"]')");
  const JobPlan plan = Plan();
  EXPECT_THAT(Said(plan), IsEmpty());
  EXPECT_EQ(plan.tables.at(0).sample.nulls, 1u);
}

// A row is written if any of its columns is.
TEST_F(PlanSampleTest, RowsOfSeveralColumns) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, a bytea, b bytea) WITH (fillfactor = 80); "
      "INSERT INTO t VALUES (1, " +
      Bytes(2) + ", " + Bytes(1) + "), (2, " + Bytes(2) + ", NULL), (3, NULL, NULL), (4, " +
      Bytes(1, 8) + ", " + Bytes(2) + "); ANALYZE t");
  Register("t", "a", {"id"});
  Register("t", "b", {"id"});
  const SampleCounts counts = Plan().tables.at(0).sample;
  EXPECT_EQ(counts.rows, 4u);
  EXPECT_EQ(counts.older, 1u);
  EXPECT_EQ(counts.current, 1u);
  EXPECT_EQ(counts.nulls, 1u);
  EXPECT_EQ(counts.other_key, 1u);
}

TEST_F(PlanSampleTest, ARekeyTakesAllOfTheOldKey) {
  Sampled({Bytes(9), Bytes(1, 8), Bytes(2, 8), Bytes(5, 9)});
  PlanRequest request = Request();
  request.target_key_id = IdBytes(8);
  const SampleCounts counts = Plan(request).tables.at(0).sample;
  EXPECT_EQ(counts.older, 20u);  // of the old key, and of the new one below the version
  EXPECT_EQ(counts.current, 10u);
  EXPECT_EQ(counts.other_key, 10u);
}

TEST_F(PlanSampleTest, ContentsOfACell) {
  const PlanRequest request = Request();
  const auto array = [](const std::vector<std::string>& envelopes) {
    std::string text = "{NULL";
    for (const std::string& envelope : envelopes) text += "," + EncodeText(AsBytes(envelope));
    return text + "}";
  };
  const auto content = [&](const std::string& cell) {
    return ContentOf(Shape::kTextArray, cell, request);
  };
  const std::string older = MadeUpEnvelope(7, 1), current = MadeUpEnvelope(7, 2);
  const std::string other = MadeUpEnvelope(8, 1);
  EXPECT_EQ(content(array({})), Content::kNothing);
  EXPECT_EQ(content(array({current, current})), Content::kCurrent);
  EXPECT_EQ(content(array({current, other})), Content::kOtherKey);
  EXPECT_EQ(content(array({other, older, current})), Content::kOlder);
  EXPECT_EQ(content("{x}"), Content::kMalformed);
  EXPECT_EQ(ContentOf(Shape::kText, std::nullopt, request), Content::kNothing);
}

// Not the first ones, which were rewritten already.
TEST_F(PlanSampleTest, RowsComeFromAllOfALargeTable) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, c bytea) WITH (fillfactor = 80); "
      "INSERT INTO t SELECT i, CASE WHEN i <= 50000 THEN " +
      Bytes(2) + " ELSE " + Bytes(1) + " END FROM generate_series(1, 100000) i; ANALYZE t");
  Register("t", "c", {"id"});
  PlanRequest request = Request();
  request.sample_rows = 200;
  const TableEstimate table = Plan(request).tables.at(0);
  EXPECT_GT(table.sample.rows, 50u);
  EXPECT_LE(table.sample.rows, 800u);
  EXPECT_GT(table.sample.older, 0u);
  EXPECT_GT(table.sample.current, 0u);
  // Which fifty pages come is chance: of 95 % confidence, one range in sixty misses the half.
  EXPECT_LT(table.rows_to_change.low, 80'000);
  EXPECT_GT(table.rows_to_change.high, 20'000);
}

TEST_F(PlanSampleTest, AsManyRowsAsAskedFor) {
  MakeTable(500);
  PlanRequest request = Request();
  request.sample_rows = 100;
  EXPECT_EQ(Plan(request).tables.at(0).sample.rows, 100u);
  request.sample_rows = 1;
  EXPECT_EQ(Plan(request).tables.at(0).sample.rows, 1u);
  request.sample_rows = 0;
  EXPECT_LE(Plan(request).tables.at(0).sample.rows, 1u);
}

// Random pages of it have no rows, mostly.
TEST_F(PlanSampleTest, TablesThatAreAlmostEmpty) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, c bytea) WITH (fillfactor = 80); "
      "INSERT INTO t SELECT i, " +
      Bytes(1) + " FROM generate_series(1, 60000) i; ANALYZE t; DELETE FROM t WHERE id < 60000");
  Register("t", "c", {"id"});
  PlanRequest request = Request();
  request.sample_rows = 50;
  EXPECT_EQ(Plan(request).tables.at(0).sample.rows, 1u);
}

TEST_F(PlanSampleTest, ValuesThatAreTooLargeToLookAt) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, c bytea) WITH (fillfactor = 80); "
      "ALTER TABLE t ALTER c SET STORAGE EXTERNAL; "
      "INSERT INTO t SELECT i, " +
      Bytes(1) +
      " || convert_to(repeat('x', 70000), 'UTF8') FROM generate_series(1, 3) i; "
      "ANALYZE t");
  Register("t", "c", {"id"});
  EXPECT_THAT(Findings(), ElementsAre("warning NOT_SAMPLED t"));
  const TableEstimate table = Plan().tables.at(0);
  EXPECT_EQ(table.sample.rows, 0u);
  EXPECT_EQ(table.rows_to_change.low, 0);
  EXPECT_GT(table.rows_to_change.high, 3);
}

}  // namespace
}  // namespace fieldkms::rotation
