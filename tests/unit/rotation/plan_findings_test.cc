// What speaks against a job, and what should be known: each on a real table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rotation/plan_checks.h"
#include "rotation/plan_leaf.h"
#include "tests/unit/rotation/plan_fixture.h"

namespace fieldkms::rotation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kTriggerFunction[] =
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';";

using PlanFindingsTest = testing::PlanTest;

TEST_F(PlanFindingsTest, Views) {
  MakeTable();
  Sql("CREATE VIEW v AS SELECT * FROM t; CREATE MATERIALIZED VIEW m AS SELECT * FROM t");
  Register("v", "c");
  Register("m", "c");
  const JobPlan plan = Plan();
  EXPECT_THAT(Said(plan), ElementsAre("refused VIEW m", "refused VIEW v"));
  EXPECT_TRUE(plan.refused());
  EXPECT_THAT(plan.tables, SizeIs(1));
}

TEST_F(PlanFindingsTest, ForeignTables) {
  MakeTable();
  Sql("CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; "
      "CREATE FOREIGN TABLE f (id int, c bytea) SERVER files OPTIONS (filename '/dev/null'); "
      "CREATE TABLE p (id int, c bytea) PARTITION BY LIST (id); "
      "CREATE FOREIGN TABLE p1 PARTITION OF p FOR VALUES IN (1) SERVER files "
      "OPTIONS (filename '/dev/null'); CREATE TABLE p2 PARTITION OF p DEFAULT");
  Register("f", "c");
  Register("p", "c");
  const JobPlan plan = Plan();
  EXPECT_THAT(Said(plan), ElementsAre("refused FOREIGN_TABLE f", "refused FOREIGN_TABLE p1",
                                      "note NO_UNIQUE_KEY p2"));
  EXPECT_THAT(plan.tables, SizeIs(2));
}

TEST_F(PlanFindingsTest, TemporaryTables) {
  const auto session = Connect();
  ASSERT_OK(session->Query("CREATE TEMP TABLE mine (id int PRIMARY KEY, c bytea)"));
  ProtectedColumn column;
  column.table = {Sql("SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
                      "WHERE relname = 'mine'"),
                  "mine"};
  column.column = "c";
  column.tenant = "acme";
  column.key = "cards";
  ASSERT_OK(AddProtectedColumn(database(), column));
  EXPECT_THAT(Findings(), ElementsAre("refused TEMPORARY_TABLE mine"));
}

TEST_F(PlanFindingsTest, RightsThatAreMissing) {
  MakeTable();
  const std::string role = MakeRole();
  Sql("GRANT USAGE ON SCHEMA kms TO " + role + "; GRANT SELECT ON ALL TABLES IN SCHEMA kms TO " +
      role + "; REVOKE ALL ON SCHEMA public FROM PUBLIC");
  const auto findings = [&] { return Findings(Request(), role); };
  EXPECT_THAT(findings(), ElementsAre("refused SELECT_DENIED t", "refused SELECT_DENIED t.c",
                                      "refused SELECT_DENIED t.id", "refused UPDATE_DENIED t.c"));
  Sql("GRANT USAGE ON SCHEMA public TO " + role + "; GRANT SELECT (c) ON t TO " + role);
  EXPECT_THAT(findings(), ElementsAre("refused SELECT_DENIED t.id", "refused UPDATE_DENIED t.c"));
  Sql("GRANT SELECT (id) ON t TO " + role);
  EXPECT_THAT(findings(), ElementsAre("refused UPDATE_DENIED t.c"));
  Sql("GRANT UPDATE (id) ON t TO " + role);
  EXPECT_THAT(findings(), ElementsAre("refused UPDATE_DENIED t.c"));
  Sql("GRANT UPDATE (c) ON t TO " + role);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(PlanFindingsTest, ReadingByPlaceTakesTheWholeTable) {
  Sql("CREATE TABLE t (id int, c bytea)");
  Register("t", "c");
  const std::string role = MakeRole();
  Sql("GRANT USAGE ON SCHEMA kms TO " + role + "; GRANT SELECT ON ALL TABLES IN SCHEMA kms TO " +
      role + "; GRANT SELECT (c), UPDATE (c) ON t TO " + role);
  EXPECT_THAT(Findings(Request(), role),
              ElementsAre("refused SELECT_DENIED t", "note NO_UNIQUE_KEY t"));
}

TEST_F(PlanFindingsTest, RowSecurity) {
  MakeTable();
  const std::string role = MakeRole();
  Sql("GRANT USAGE ON SCHEMA kms TO " + role + "; GRANT SELECT ON ALL TABLES IN SCHEMA kms TO " +
      role + "; GRANT SELECT, UPDATE ON t TO " + role +
      "; ALTER TABLE t ENABLE ROW LEVEL SECURITY");
  EXPECT_THAT(Findings(Request(), role), ElementsAre("refused ROWS_HIDDEN t"));
  Sql("ALTER ROLE " + role + " BYPASSRLS");
  EXPECT_THAT(Findings(Request(), role), IsEmpty());
}

TEST_F(PlanFindingsTest, Triggers) {
  MakeTable();
  Sql(std::string(kTriggerFunction) +
      "ALTER TABLE t ADD other int; "
      "CREATE TRIGGER elsewhere BEFORE UPDATE OF other ON t FOR EACH ROW EXECUTE FUNCTION f()");
  EXPECT_THAT(Findings(), IsEmpty());
  Sql("CREATE TRIGGER here BEFORE UPDATE OF c, other ON t FOR EACH ROW EXECUTE FUNCTION f()");
  JobPlan plan = Plan();
  EXPECT_THAT(Said(plan), ElementsAre("refused UPDATE_TRIGGER t"));
  EXPECT_THAT(plan.findings[0].message, HasSubstr("BEFORE trigger \"here\""));
  PlanRequest request = Request();
  request.accept_triggers = true;
  plan = Plan(request);
  EXPECT_THAT(Said(plan), ElementsAre("warning UPDATE_TRIGGER t"));
  EXPECT_FALSE(plan.refused());
  EXPECT_THAT(FindingsAfter("ALTER TABLE t DISABLE TRIGGER here"), IsEmpty());
}

TEST_F(PlanFindingsTest, Rules) {
  MakeTable();
  Sql("CREATE RULE r AS ON UPDATE TO t DO ALSO NOTHING");
  PlanRequest request = Request();
  request.accept_triggers = true;
  EXPECT_THAT(Findings(request), ElementsAre("refused UPDATE_RULE t"));
}

TEST_F(PlanFindingsTest, GeneratedColumns) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, a bytea, "
      "c bytea GENERATED ALWAYS AS (a || '\\x00') STORED)");
  Register("t", "c");
  EXPECT_THAT(Findings(), ElementsAre("refused GENERATED_COLUMN t.c"));
}

TEST_F(PlanFindingsTest, TypesThatDoNotFit) {
  MakeTable();
  EXPECT_THAT(FindingsAfter("ALTER TABLE t ALTER c TYPE text USING encode(c, 'base64')"),
              ElementsAre("refused TYPE_MISMATCH t.c"));
  EXPECT_THAT(Plan().tables, IsEmpty());
}

TEST_F(PlanFindingsTest, ColumnsThatAreGone) {
  MakeTable();
  Sql("ALTER TABLE t ADD area int, ADD kind text, ADD d bytea");
  ProtectedColumn column = Register("t", "d", {"id"});
  ASSERT_OK(RemoveProtectedColumn(database(), column.table, "d"));
  column.key_columns = {"id"};
  column.context_names = {"k"};
  column.context_columns = {"kind"};
  ASSERT_OK(AddProtectedColumn(database(), column));
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_THAT(FindingsAfter("ALTER TABLE t DROP COLUMN kind"),
              ElementsAre("refused CONTEXT_COLUMN_GONE t.kind"));
  EXPECT_THAT(FindingsAfter("ALTER TABLE t DROP COLUMN d"), ElementsAre("warning ORPHAN "));
  EXPECT_THAT(
      FindingsAfter("ALTER TABLE t DROP COLUMN id"),
      ElementsAre("refused KEY_COLUMN_GONE t.id", "warning ORPHAN ", "note NO_UNIQUE_KEY t"));
}

TEST_F(PlanFindingsTest, OtherKeyColumns) {
  MakeTable();
  Sql("ALTER TABLE t ADD d bytea, ADD e bytea, ADD area int");
  Register("t", "d", {"area", "id"});
  Register("t", "e");  // bound to no row: goes with any
  EXPECT_THAT(Findings(), ElementsAre("refused KEY_COLUMNS_DIFFER t.d"));
  PlanRequest request = Request();
  request.tables = {{{"public", "t"}, {"d", "e"}}};
  EXPECT_THAT(Findings(request), IsEmpty());
}

TEST_F(PlanFindingsTest, TablesOfTwoRoots) {
  Sql("CREATE TABLE p (id int PRIMARY KEY, c bytea) PARTITION BY LIST (id); "
      "CREATE TABLE p1 PARTITION OF p DEFAULT");
  Register("p", "c");
  Register("p1", "c");
  EXPECT_THAT(Findings(), ElementsAre("refused TABLE_TWICE p1"));
}

TEST_F(PlanFindingsTest, KeysOnOldServers) {
  FindingList findings;
  LeafFacts facts;
  facts.relation.name = {"public", "t"};
  PlannedRoot root{1, {"public", "t"}, {}};
  LeafPlan leaf;
  leaf.root = &root;
  leaf.facts = &facts;
  CheckKey(leaf, std::nullopt, 130000, &findings);
  leaf.plan.scan_key = {{"id", "uuid"}};
  CheckKey(leaf, 0.1, 130000, &findings);
  JobPlan plan;
  plan.findings = findings.Merged();
  EXPECT_THAT(Said(plan), ElementsAre("refused NO_UNIQUE_KEY t", "warning KEY_ORDER t"));
}

TEST(OrderTest, ByPlaceWhereTheKeySaysNothingAndTheServerCan) {
  EXPECT_EQ(OrderOf(true, std::nullopt, 130000), ScanOrder::kKey);
  EXPECT_EQ(OrderOf(true, 0.5, 150000), ScanOrder::kKey);
  EXPECT_EQ(OrderOf(true, -0.5, 150000), ScanOrder::kKey);
  EXPECT_EQ(OrderOf(true, 0.49, 140000), ScanOrder::kPlace);
  EXPECT_EQ(OrderOf(true, -0.49, 140000), ScanOrder::kPlace);
  EXPECT_EQ(OrderOf(true, 0.0, 139999), ScanOrder::kKey);
  EXPECT_EQ(OrderOf(false, std::nullopt, 140000), ScanOrder::kPlace);
}

TEST_F(PlanFindingsTest, WhatTakesPartInAnUpdate) {
  MakeTable();
  EXPECT_THAT(FindingsAfter("CREATE INDEX of_c ON t (c)"), ElementsAre("warning INDEXED t.c"));
  EXPECT_THAT(Plan().findings.at(0).message, HasSubstr("\"of_c\""));
  EXPECT_THAT(FindingsAfter("DROP INDEX of_c; CREATE INDEX part ON t (id) WHERE c IS NULL; "
                            "CREATE INDEX head ON t (substring(c FROM 10 FOR 4))"),
              ElementsAre("warning EXPRESSION_INDEX t.c"));
  EXPECT_THAT(FindingsAfter("DROP INDEX part, head; ALTER TABLE t ADD version bytea "
                            "GENERATED ALWAYS AS (substring(c FROM 10 FOR 4)) STORED"),
              ElementsAre("warning GENERATED_FROM t.c"));
  EXPECT_THAT(FindingsAfter("ALTER TABLE t DROP version; CREATE TABLE other (c bytea PRIMARY KEY); "
                            "ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES other NOT VALID"),
              ElementsAre("warning FOREIGN_KEY t.c"));
}

TEST_F(PlanFindingsTest, Publications) {
  MakeTable();
  EXPECT_THAT(FindingsAfter("CREATE PUBLICATION p FOR TABLE t"),
              ElementsAre("warning PUBLISHED t"));
  EXPECT_THAT(FindingsAfter("ALTER TABLE t REPLICA IDENTITY NOTHING"),
              ElementsAre("refused NO_REPLICA_IDENTITY t", "warning PUBLISHED t"));
  EXPECT_THAT(FindingsAfter("ALTER TABLE t REPLICA IDENTITY FULL"),
              ElementsAre("warning PUBLISHED t"));
}

TEST_F(PlanFindingsTest, ReplicationSlots) {
  MakeTable();
  Sql("SELECT pg_create_physical_replication_slot('standby')");
  Sql("SELECT pg_create_logical_replication_slot('decoder', 'pgoutput')");
  const JobPlan plan = Plan();
  Sql("SELECT pg_drop_replication_slot('standby'), pg_drop_replication_slot('decoder')");
  EXPECT_THAT(Said(plan), ElementsAre("warning LOGICAL_SLOT ", "note PHYSICAL_SLOT "));
  EXPECT_THAT(plan.findings.at(0).message, HasSubstr("\"decoder\""));
}

TEST_F(PlanFindingsTest, Upkeep) {
  MakeTable();
  EXPECT_THAT(FindingsAfter("ALTER TABLE t SET (autovacuum_enabled = false)"),
              ElementsAre("warning AUTOVACUUM_OFF t"));
  EXPECT_THAT(FindingsAfter("ALTER TABLE t RESET (autovacuum_enabled, fillfactor)"),
              ElementsAre("warning FILLFACTOR t"));
  Sql("CREATE TABLE new (id int PRIMARY KEY, c bytea) WITH (fillfactor = 80)");
  Register("new", "c");
  EXPECT_THAT(FindingsAfter("ALTER TABLE t SET (fillfactor = 80)"), IsEmpty());
  EXPECT_THAT(FindingsAfter("INSERT INTO new VALUES (1, " + Bytes(1) + ")"),
              ElementsAre("warning NEVER_ANALYSED new"));
}

TEST_F(PlanFindingsTest, TheWorstComesFirst) {
  MakeTable();
  Sql("CREATE PUBLICATION p FOR TABLE t; CREATE RULE r AS ON UPDATE TO t DO ALSO NOTHING; "
      "CREATE TABLE bare (c bytea)");
  Register("bare", "c");
  EXPECT_THAT(Findings(), ElementsAre("refused UPDATE_RULE t", "warning PUBLISHED t",
                                      "note NO_UNIQUE_KEY bare"));
}

}  // namespace
}  // namespace fieldkms::rotation
