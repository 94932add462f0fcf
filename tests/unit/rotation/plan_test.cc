#include "rotation/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/rotation/plan_fixture.h"

namespace fieldkms::rotation {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using JobPlanTest = testing::PlanTest;

TEST_F(JobPlanTest, SaysNothingOfATableThatIsAsItShouldBe) {
  MakeTable();
  const JobPlan plan = Plan();
  EXPECT_THAT(Said(plan), IsEmpty());
  EXPECT_FALSE(plan.refused());
  ASSERT_THAT(plan.tables, SizeIs(1));
  const TableEstimate& table = plan.tables[0];
  EXPECT_EQ(table.plan.root, (TableName{"public", "t"}));
  EXPECT_EQ(table.plan.leaf, table.plan.root);
  EXPECT_EQ(std::to_string(table.plan.relation), Sql("SELECT 't'::regclass::oid"));
  EXPECT_EQ(table.plan.order, ScanOrder::kKey);
  EXPECT_THAT(table.plan.scan_key, ElementsAre(PlainColumn{"id", "bigint"}));
  EXPECT_EQ(table.plan.row_key, table.plan.scan_key);
  EXPECT_EQ(table.sample.rows, 10u);
  EXPECT_EQ(table.sample.older, 10u);
  EXPECT_EQ(table.rows_to_change.low, 10);
  EXPECT_EQ(table.rows_to_change.high, 10);
  EXPECT_EQ(table.batches, 1u);
}

TEST_F(JobPlanTest, HasWhatTheRegistrySays) {
  Sql("CREATE TABLE t (code text, id uuid PRIMARY KEY DEFAULT gen_random_uuid(), kind varchar(9), "
      "area int NOT NULL, card bytea, notes jsonb, names text[])");
  ProtectedColumn card;
  card.table = {"public", "t"};
  card.column = "card";
  card.tenant = "acme";
  card.key = "cards";
  card.field = "card_number";
  card.field_id = std::string("\x00", 1) + "1234567";
  card.key_columns = {"code", "area"};
  card.context_names = {"k", "a"};
  card.context_columns = {"kind", "area"};
  ASSERT_OK_AND_ASSIGN(card, AddProtectedColumn(database(), card));
  ProtectedColumn names = Register("t", "names", {"code", "area"}, Shape::kTextArray);
  ProtectedColumn notes = card;
  notes.column = "notes";
  notes.shape = Shape::kJsonb;
  notes.binding_id = notes.field_id = "";
  notes.field = std::nullopt;
  notes.key_columns = {};
  notes.context_names = {"z"};
  notes.context_columns = {"area"};
  ASSERT_OK_AND_ASSIGN(notes, AddProtectedColumn(database(), notes));

  const JobPlan plan = Plan();
  EXPECT_THAT(Said(plan), IsEmpty());
  ASSERT_THAT(plan.tables, SizeIs(1));
  const TablePlan& table = plan.tables[0].plan;
  EXPECT_THAT(table.scan_key, ElementsAre(PlainColumn{"id", "uuid"}));
  EXPECT_THAT(table.row_key,
              ElementsAre(PlainColumn{"code", "text"}, PlainColumn{"area", "integer"}));
  EXPECT_THAT(table.context_columns, ElementsAre(PlainColumn{"kind", "character varying(9)"},
                                                 PlainColumn{"area", "integer"}));
  ASSERT_THAT(table.columns, SizeIs(3));
  EXPECT_EQ(table.columns[0].name, "card");
  EXPECT_EQ(table.columns[0].type, "bytea");
  EXPECT_EQ(table.columns[0].binding_id, card.binding_id);
  EXPECT_EQ(table.columns[0].field_id, card.field_id);
  EXPECT_TRUE(table.columns[0].bound_to_row);
  EXPECT_THAT(table.columns[0].context_names, ElementsAre("k", "a"));
  EXPECT_THAT(table.columns[0].context_columns, ElementsAre(0, 1));
  EXPECT_EQ(table.columns[1].name, "names");
  EXPECT_EQ(table.columns[1].shape, Shape::kTextArray);
  EXPECT_EQ(table.columns[1].binding_id, names.binding_id);
  EXPECT_EQ(table.columns[1].field_id, "");
  EXPECT_THAT(table.columns[1].context_names, IsEmpty());
  EXPECT_EQ(table.columns[2].name, "notes");
  EXPECT_FALSE(table.columns[2].bound_to_row);
  EXPECT_THAT(table.columns[2].context_columns, ElementsAre(1));
  EXPECT_EQ(ParseTablePlan(TablePlanJson(table)).value(), table);
}

TEST_F(JobPlanTest, NamesMayBeAnything) {
  Sql("CREATE TABLE \"select\" (\"Zei\"\"le\" text, \"user\" int, \"g\u00e9h{},eim\" text, "
      "PRIMARY KEY (\"user\", \"Zei\"\"le\")); INSERT INTO \"select\" VALUES ('a', 1, '" +
      Text(1) + "'); ANALYZE \"select\"; ALTER TABLE \"select\" SET (fillfactor = 70)");
  Register("select", "g\u00e9h{},eim", {"Zei\"le"}, Shape::kText);
  const JobPlan plan = Plan();
  EXPECT_THAT(Said(plan), IsEmpty());
  ASSERT_THAT(plan.tables, SizeIs(1));
  EXPECT_THAT(plan.tables[0].plan.scan_key,
              ElementsAre(PlainColumn{"user", "integer"}, PlainColumn{"Zei\"le", "text"}));
  EXPECT_EQ(plan.tables[0].sample.older, 1u);
}

TEST_F(JobPlanTest, TakesTheColumnsOfTheTenantAndKey) {
  MakeTable();
  Sql("CREATE TABLE u (id int PRIMARY KEY, a bytea, b bytea, d bytea)");
  Register("u", "a");
  ProtectedColumn other = Register("u", "b");
  ASSERT_OK(RemoveProtectedColumn(database(), other.table, "b"));
  other.key = "other";
  ASSERT_OK(AddProtectedColumn(database(), other));
  other.column = "d";
  other.binding_id = "";
  other.tenant = "else";
  other.key = "cards";
  ASSERT_OK(AddProtectedColumn(database(), other));
  const JobPlan plan = Plan();
  ASSERT_THAT(plan.tables, SizeIs(2));
  EXPECT_EQ(plan.tables[0].plan.leaf.table, "t");
  EXPECT_EQ(plan.tables[1].plan.leaf.table, "u");
  ASSERT_THAT(plan.tables[1].plan.columns, SizeIs(1));
  EXPECT_EQ(plan.tables[1].plan.columns[0].name, "a");
}

TEST_F(JobPlanTest, TakesWhatIsAskedForInTheRegistrysOrder) {
  MakeTable();
  Sql("CREATE TABLE a (id int PRIMARY KEY, c bytea, d bytea, e bytea)");
  for (const std::string column : {"c", "d", "e"}) Register("a", column);
  PlanRequest request = Request();
  request.tables = {{{"public", "t"}, {}}, {{"public", "a"}, {"e", "c"}}};
  JobPlan plan = Plan(request);
  ASSERT_THAT(plan.tables, SizeIs(2));
  EXPECT_EQ(plan.tables[0].plan.leaf.table, "a");
  ASSERT_THAT(plan.tables[0].plan.columns, SizeIs(2));
  EXPECT_EQ(plan.tables[0].plan.columns[0].name, "e");
  request.tables.pop_back();
  plan = Plan(request);
  ASSERT_THAT(plan.tables, SizeIs(1));
  EXPECT_EQ(plan.tables[0].plan.leaf.table, "t");
}

TEST_F(JobPlanTest, NamesWhatIsNotInTheRegistry) {
  MakeTable();
  Sql("ALTER TABLE t ADD plain bytea; CREATE TABLE u (c bytea)");
  using Tables = std::vector<PlanRequest::Table>;
  const auto refuses = [&](const Tables& tables, std::string_view field) {
    PlanRequest request = Request();
    request.tables = tables;
    const auto plan = MakePlan(database(), request);
    EXPECT_THAT(plan, StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
    EXPECT_EQ(FieldOf(plan.status()), field);
  };
  refuses({{{"public", "u"}, {}}}, "tables[0]");
  refuses({{{"other", "t"}, {}}}, "tables[0]");
  refuses({{{"public", "t"}, {"c", "plain"}}}, "tables[0].columns[1]");
  refuses({{{"public", "t"}, {}}, {{"public", "no"}, {}}}, "tables[1]");
  refuses({{{"public", "t"}, {}}, {{"public", "t"}, {"c"}}}, "tables[1]");
  refuses({{{"public", "t"}, {"c", "c"}}}, "tables[0].columns[1]");
  PlanRequest request = Request();
  request.tables = {{{"public", "t"}, {}}};
  request.key_names = {"other"};
  EXPECT_EQ(FieldOf(MakePlan(database(), request).status()), "tables[0]");
}

TEST_F(JobPlanTest, NeedsTheSchema) {
  Sql("DROP SCHEMA kms CASCADE");
  const auto plan = MakePlan(database(), Request());
  EXPECT_THAT(plan, StatusIs(StatusCode::kFailedPrecondition, Reason::kDatabaseRefused));
  EXPECT_THAT(std::string(plan.status().message()), ::testing::HasSubstr("column init"));
}

TEST_F(JobPlanTest, NothingToDoIsRefused) {
  EXPECT_THAT(Findings(), ElementsAre("refused NO_COLUMNS "));
  EXPECT_TRUE(Plan().refused());
}

// What writes takes a transaction id. Counts of rows would say so too, but sessions report them
// late.
TEST_F(JobPlanTest, WritesNothing) {
  MakeTable(3000);
  Sql("CREATE TABLE p (id int, c bytea) PARTITION BY LIST (id); "
      "CREATE TABLE p1 PARTITION OF p DEFAULT; CREATE TABLE bare (c bytea)");
  Register("p", "c");
  Register("bare", "c");
  const std::string next = "SELECT pg_snapshot_xmax(pg_current_snapshot())";
  const std::string before = Sql(next);
  EXPECT_THAT(Plan().tables, SizeIs(3));
  EXPECT_EQ(Sql(next), before);
}

TEST_F(JobPlanTest, RowsThatLieElsewhereAreReadByPlace) {
  Sql("CREATE TABLE t (id uuid PRIMARY KEY, c bytea) WITH (fillfactor = 80); "
      "INSERT INTO t SELECT md5(i::text)::uuid, " +
      Bytes(1) + " FROM generate_series(1, 1000) i");
  Register("t", "c", {"id"});
  // Nobody knows yet.
  EXPECT_EQ(Plan().tables.at(0).plan.order, ScanOrder::kKey);
  Sql("ANALYZE t");
  const JobPlan plan = Plan();
  EXPECT_THAT(Said(plan), ElementsAre("warning KEY_ORDER t"));
  EXPECT_EQ(plan.tables.at(0).plan.order, ScanOrder::kPlace);
  EXPECT_THAT(plan.tables[0].plan.scan_key, SizeIs(1));
  // In reverse is an order too.
  Sql("CREATE TABLE r (id int PRIMARY KEY, c bytea) WITH (fillfactor = 80); "
      "INSERT INTO r SELECT -i, " +
      Bytes(1) + " FROM generate_series(1, 1000) i; ANALYZE r");
  Register("r", "c");
  EXPECT_EQ(Plan().tables.at(0).plan.order, ScanOrder::kKey);
}

TEST_F(JobPlanTest, TablesWithoutAKeyAreReadByPlace) {
  Sql("CREATE TABLE t (id int, c bytea)");
  Register("t", "c", {"id"});
  const JobPlan plan = Plan();
  EXPECT_THAT(Said(plan), ElementsAre("note NO_UNIQUE_KEY t"));
  EXPECT_FALSE(plan.refused());
  EXPECT_EQ(plan.tables.at(0).plan.order, ScanOrder::kPlace);
  EXPECT_THAT(plan.tables[0].plan.scan_key, IsEmpty());
  EXPECT_THAT(plan.tables[0].plan.row_key, SizeIs(1));
}

TEST_F(JobPlanTest, AKeyThatTheJobChangesIsNone) {
  Sql("CREATE TABLE t (id int NOT NULL, a int NOT NULL UNIQUE, c bytea NOT NULL, "
      "PRIMARY KEY (id, c))");
  Register("t", "c", {"id"});
  EXPECT_THAT(Plan().tables.at(0).plan.scan_key, ElementsAre(PlainColumn{"a", "integer"}));
}

TEST_F(JobPlanTest, DomainsCountAsWhatTheyAreOver) {
  Sql("CREATE DOMAIN sealed AS bytea; CREATE TABLE t (id int PRIMARY KEY, a sealed, b sealed[]); "
      "INSERT INTO t VALUES (1, " +
      Bytes(1) + ", ARRAY[NULL, " + Bytes(1) + "])");
  Register("t", "a");
  Register("t", "b", {}, Shape::kByteaArray);
  const JobPlan plan = Plan();
  ASSERT_THAT(plan.tables, SizeIs(1));
  EXPECT_EQ(plan.tables[0].plan.columns[0].type, "public.sealed");
  EXPECT_EQ(plan.tables[0].plan.columns[1].type, "public.sealed[]");
  EXPECT_EQ(plan.tables[0].sample.older, 1u);
}

}  // namespace
}  // namespace fieldkms::rotation
