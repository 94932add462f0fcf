// Plans of tables with many leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rotation/plan.h"
#include "tests/unit/rotation/plan_fixture.h"

namespace fieldkms::rotation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PlanPartitionsTest : public testing::PlanTest {
 protected:
  static std::vector<std::string> Leaves(const JobPlan& plan) {
    std::vector<std::string> leaves;
    for (const TableEstimate& table : plan.tables) {
      leaves.push_back(table.plan.root.table + "/" + table.plan.leaf.table);
    }
    return leaves;
  }
  // "p" with partitions p_0000 and so on, of a hundred ids each.
  void MakePartitions(int count) {
    Sql("CREATE TABLE p (id int PRIMARY KEY, c bytea) PARTITION BY RANGE (id)");
    OfPartitions(count,
                 "CREATE TABLE p_%1$s PARTITION OF p FOR VALUES FROM (%2$s) TO (%2$s + 100) "
                 "WITH (fillfactor = 80)");
    Register("p", "c", {"id"});
  }
  // Runs SQL with the name's end and the first id of each, a few at a time.
  void OfPartitions(int count, const std::string& sql) {
    for (int begin = 0; begin < count; begin += 50) {
      Sql("DO $$ BEGIN FOR i IN " + std::to_string(begin) + ".." + std::to_string(begin + 49) +
          " LOOP EXECUTE format('" + sql + "', lpad(i::text, 4, '0'), i * 100); END LOOP; END $$");
    }
  }
};

TEST_F(PlanPartitionsTest, EachHasItsOwnPlan) {
  Sql("CREATE TABLE p (area text, id int, c bytea, PRIMARY KEY (id, area)) "
      "PARTITION BY LIST (area); "
      "CREATE TABLE eu PARTITION OF p FOR VALUES IN ('eu') PARTITION BY RANGE (id); "
      "CREATE TABLE eu1 PARTITION OF eu FOR VALUES FROM (0) TO (10) WITH (fillfactor = 80); "
      // Its columns have other numbers.
      "CREATE TABLE us (c bytea, gone int, id int NOT NULL, area text NOT NULL); "
      "ALTER TABLE us DROP gone; ALTER TABLE us SET (fillfactor = 80); "
      "ALTER TABLE p ATTACH PARTITION us FOR VALUES IN ('us'); "
      "INSERT INTO p SELECT 'eu', i, " +
      Bytes(1) + " FROM generate_series(1, 3) i; INSERT INTO p VALUES ('us', 1, " + Bytes(2) +
      "); ANALYZE eu1, us");
  Register("p", "c", {"area", "id"});
  const JobPlan plan = Plan();
  EXPECT_THAT(Said(plan), IsEmpty());
  EXPECT_THAT(Leaves(plan), ElementsAre("p/eu1", "p/us"));
  for (const TableEstimate& table : plan.tables) {
    EXPECT_THAT(table.plan.scan_key,
                ElementsAre(PlainColumn{"id", "integer"}, PlainColumn{"area", "text"}));
    EXPECT_THAT(table.plan.row_key,
                ElementsAre(PlainColumn{"area", "text"}, PlainColumn{"id", "integer"}));
  }
  EXPECT_EQ(plan.tables[0].sample.older, 3u);
  EXPECT_EQ(plan.tables[1].sample.current, 1u);
}

TEST_F(PlanPartitionsTest, ChildrenAndTheRowsOfTheParent) {
  Sql("CREATE TABLE parent (id int PRIMARY KEY, c bytea) WITH (fillfactor = 80); "
      "CREATE TABLE child (more int) INHERITS (parent) WITH (fillfactor = 80); "
      "INSERT INTO parent VALUES (1, " +
      Bytes(1) + "); INSERT INTO child SELECT i, " + Bytes(1) +
      " FROM generate_series(1, 5) i; ANALYZE parent, child");
  Register("parent", "c", {"id"});
  const JobPlan plan = Plan();
  // Children inherit no keys.
  EXPECT_THAT(Said(plan), ElementsAre("note NO_UNIQUE_KEY child"));
  EXPECT_THAT(Leaves(plan), ElementsAre("parent/child", "parent/parent"));
  EXPECT_EQ(plan.tables[0].sample.rows, 5u);
  EXPECT_EQ(plan.tables[1].sample.rows, 1u);
}

TEST_F(PlanPartitionsTest, WhatIsSoOfSeveralIsSaidOnce) {
  Sql("CREATE TABLE p (id int PRIMARY KEY, c bytea) PARTITION BY LIST (id); "
      "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); "
      "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2); "
      "CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3) WITH (fillfactor = 80); "
      "CREATE INDEX ON p (c); ALTER TABLE p3 SET (autovacuum_enabled = off); "
      "INSERT INTO p SELECT i, " +
      Bytes(1) + " FROM generate_series(1, 3) i; ANALYZE p1, p2, p3");
  Register("p", "c", {"id"});
  const JobPlan plan = Plan();
  EXPECT_THAT(Said(plan), ElementsAre("warning INDEXED p.c", "warning FILLFACTOR p",
                                      "warning AUTOVACUUM_OFF p3"));
  EXPECT_THAT(plan.findings[0].message,
              HasSubstr("(3 partitions or children; the first is public.p1)"));
  EXPECT_THAT(plan.findings[1].message, HasSubstr("(2 partitions"));
  EXPECT_THAT(plan.findings[2].message, ::testing::Not(HasSubstr("partitions")));
}

TEST_F(PlanPartitionsTest, PartitionsThatSubscribersKnowAsTheirRoot) {
  Sql("CREATE TABLE p (id int PRIMARY KEY, c bytea) PARTITION BY LIST (id); "
      "CREATE TABLE p1 PARTITION OF p DEFAULT; "
      "CREATE PUBLICATION one FOR TABLE p WITH (publish_via_partition_root)");
  Register("p", "c", {"id"});
  EXPECT_THAT(Findings(), ElementsAre("warning PUBLISHED p1"));
}

TEST_F(PlanPartitionsTest, EmptyRootsHaveNoPlans) {
  Sql("CREATE TABLE p (id int, c bytea) PARTITION BY LIST (id)");
  Register("p", "c");
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_THAT(Plan().tables, IsEmpty());
}

// Of all, rows are looked at; and no question is asked once for each.
TEST_F(PlanPartitionsTest, FiveHundred) {
  MakePartitions(500);
  Sql("CREATE TABLE one AS SELECT " + Bytes(1) + " AS c");
  OfPartitions(
      500, "INSERT INTO p_%1$s SELECT i + %2$s, (SELECT c FROM one) FROM generate_series(0, 99) i");
  OfPartitions(500, "ANALYZE p_%1$s");
  Sql("CREATE EXTENSION pg_stat_statements");
  Sql("SELECT pg_stat_statements_reset()");
  const JobPlan plan = Plan();
  EXPECT_THAT(Said(plan), IsEmpty());
  ASSERT_THAT(plan.tables, SizeIs(500));
  for (const TableEstimate& table : plan.tables) {
    EXPECT_EQ(table.sample.rows, 20u) << table.plan.leaf.table;
    EXPECT_EQ(table.plan.estimated_rows, 100u);
  }
  EXPECT_LE(std::stoi(Sql("SELECT sum(calls) FROM pg_stat_statements s JOIN pg_database d "
                          "ON d.oid = dbid WHERE datname = current_database()")),
            100);
}

TEST_F(PlanPartitionsTest, MoreThanLocksCanBeHeldOf) {
  MakePartitions(900);
  EXPECT_ANY_THROW(Sql("SELECT count(*) FROM p"));
  EXPECT_THAT(Plan().tables, SizeIs(900));
}

}  // namespace
}  // namespace fieldkms::rotation
