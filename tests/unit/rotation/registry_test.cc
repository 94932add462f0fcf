#include "rotation/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/registry_fixture.h"

namespace fieldkms::rotation {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using RegistryTest = testing::RegistryTest;

TEST_F(RegistryTest, KeepsWhatIsAdded) {
  ASSERT_OK_AND_ASSIGN(const ProtectedColumn added, AddProtectedColumn(database(), Card()));
  EXPECT_EQ(added.binding_id.size(), 16u);
  EXPECT_EQ(std::to_string(added.relation), Sql("SELECT 'customers'::regclass::oid"));
  const auto listed = List();
  ASSERT_THAT(listed, SizeIs(1));
  const ProtectedColumn& column = listed[0];
  EXPECT_EQ(column.binding_id, added.binding_id);
  EXPECT_EQ(column.table, (TableName{"public", "customers"}));
  EXPECT_EQ(column.relation, added.relation);
  EXPECT_EQ(column.column, "card");
  EXPECT_EQ(column.tenant, "acme");
  EXPECT_EQ(column.key, "customers.card");
  EXPECT_EQ(column.field, "card_number");
  EXPECT_EQ(column.field_id, Card().field_id);
  EXPECT_EQ(column.shape, Shape::kBytea);
  EXPECT_THAT(column.key_columns, ElementsAre("region", "id"));
  EXPECT_THAT(column.context_names, ElementsAre("kind"));
  EXPECT_THAT(column.context_columns, ElementsAre("kind"));
  EXPECT_EQ(column.index_column, "card_index");
}

TEST_F(RegistryTest, KeepsAGivenBindingIdAndWhatIsLeftOut) {
  ProtectedColumn notes = Notes();
  notes.binding_id = std::string("\x00\xff", 2) + std::string(14, 'b');
  Adds(notes);
  const auto listed = List("other");
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].binding_id, notes.binding_id);
  EXPECT_EQ(listed[0].field, std::nullopt);
  EXPECT_EQ(listed[0].field_id, "");
  EXPECT_EQ(listed[0].index_column, std::nullopt);
  EXPECT_THAT(listed[0].key_columns, IsEmpty());
  EXPECT_THAT(listed[0].context_names, IsEmpty());
}

TEST_F(RegistryTest, ListsByTenantInTheOrderOfNames) {
  Sql("CREATE SCHEMA a; CREATE TABLE a.z (c bytea)");
  Adds(Notes());
  Adds(Card());
  ProtectedColumn other = Notes();
  other.table = {"a", "z"};
  other.column = "c";
  other.shape = Shape::kBytea;
  Adds(other);
  std::vector<std::string> names;
  for (const ProtectedColumn& column : List()) names.push_back(column.table.table + column.column);
  EXPECT_THAT(names, ElementsAre("zc", "customerscard", "customersnotes"));
  EXPECT_THAT(List("acme"), SizeIs(1));
  EXPECT_THAT(List("nobody"), IsEmpty());
}

TEST_F(RegistryTest, NamesMayBeAnything) {
  Sql("CREATE SCHEMA \"Sch\u00f6n \"\"e\"\"\"; CREATE TABLE \"Sch\u00f6n \"\"e\"\"\".\"select\" "
      "(\"user\" int, \"a,b{}\\\" text, \"NULL\" text[])");
  ProtectedColumn column = Notes();
  column.table = {"Sch\u00f6n \"e\"", "select"};
  column.column = "NULL";
  column.shape = Shape::kTextArray;
  column.key_columns = {"a,b{}\\", "user"};
  Adds(column);
  const auto listed = List();
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].table, column.table);
  EXPECT_EQ(listed[0].column, "NULL");
  EXPECT_EQ(listed[0].key_columns, column.key_columns);
  EXPECT_OK(RemoveProtectedColumn(database(), column.table, "NULL"));
  EXPECT_THAT(List(), IsEmpty());
}

TEST_F(RegistryTest, TypesCountWithoutTheirDomains) {
  Sql("CREATE DOMAIN sealed AS bytea NOT NULL; CREATE DOMAIN twice AS sealed CHECK (VALUE <> ''); "
      "CREATE DOMAIN list AS twice[]; "
      "CREATE TABLE t (a twice, b twice[], c varchar(80), d varchar[], e json, f list, g list[], "
      "h char(9), i name, j xml, k int)");
  const auto add = [&](const std::string& column, Shape shape) {
    ProtectedColumn added = Notes();
    added.table = {"public", "t"};
    added.column = column;
    added.shape = shape;
    return AddProtectedColumn(database(), added);
  };
  EXPECT_OK(add("a", Shape::kBytea));
  EXPECT_OK(add("b", Shape::kByteaArray));
  EXPECT_OK(add("c", Shape::kText));
  EXPECT_OK(add("d", Shape::kTextArray));
  EXPECT_OK(add("e", Shape::kJson));
  EXPECT_OK(add("f", Shape::kByteaArray));
  for (const std::string column : {"g", "h", "i", "j", "k"}) {
    for (const Shape shape : {Shape::kBytea, Shape::kText, Shape::kByteaArray, Shape::kTextArray,
                              Shape::kJson, Shape::kJsonb}) {
      EXPECT_THAT(add(column, shape), StatusIs(Reason::kInvalidField)) << column;
    }
  }
}

TEST_F(RegistryTest, TakesPartitionedTablesAndViewsButNoIndexes) {
  Sql("CREATE TABLE p (id int PRIMARY KEY, c bytea) PARTITION BY RANGE (id); "
      "CREATE VIEW v AS SELECT * FROM p");
  for (const std::string table : {"p", "v"}) {
    ProtectedColumn column = Notes();
    column.table.table = table;
    column.column = "c";
    column.shape = Shape::kBytea;
    column.key_columns = {"id"};
    EXPECT_OK(AddProtectedColumn(database(), column)) << table;
  }
  ProtectedColumn index = Notes();
  index.table.table = "p_pkey";
  index.column = "id";
  EXPECT_EQ(FieldOf(AddProtectedColumn(database(), index).status()), "table");
}

TEST_F(RegistryTest, RefusesWhatIsNotThere) {
  ProtectedColumn column = Card();
  column.table.table = "Customers";
  Refuses(column, "table");
  column = Card();
  column.table.schema = "";
  Refuses(column, "table");
  for (const std::string name : {"cards", "ctid", "gone", "........pg.dropped.1........"}) {
    column = Card();
    column.column = name;
    Refuses(column, "column");
    column = Card();
    column.key_columns = {"id", name};
    Refuses(column, "key_columns[1]");
    column = Card();
    column.context_columns = {name};
    Refuses(column, "context_columns[0]");
    column = Card();
    column.index_column = name;
    Refuses(column, "index_column");
  }
}

TEST_F(RegistryTest, RefusesWhatBreaksARule) {
  ProtectedColumn column = Card();
  column.tenant = "";
  Refuses(column, "tenant");
  column = Card();
  column.key = "A";
  Refuses(column, "key");
  column = Card();
  column.field = "A";
  Refuses(column, "field");
  column = Card();
  column.field = std::nullopt;
  Refuses(column, "field_id");
  column = Card();
  column.field_id = "";
  Refuses(column, "field_id");
  column = Card();
  column.binding_id = "short";
  Refuses(column, "binding_id");
  column = Card();
  column.shape = Shape::kText;
  Refuses(column, "shape");
  column = Card();
  column.key_columns = {"id", "id"};
  Refuses(column, "key_columns[1]");
  column.key_columns = {"card"};
  Refuses(column, "key_columns[0]");
  column = Card();
  column.context_names = {};
  Refuses(column, "context_columns");
  for (const std::string name : {"b", "pk", "f", "jp", "", "K"}) {
    column = Card();
    column.context_names = {name};
    Refuses(column, "context_names[0]");
  }
  column = Card();
  column.context_names = {"a", "a"};
  column.context_columns = {"kind", "id"};
  Refuses(column, "context_names[1]");
}

TEST_F(RegistryTest, RefusesWhatIsRegistered) {
  const auto registered = StatusIs(StatusCode::kAlreadyExists, Reason::kDatabaseRefused);
  ASSERT_OK_AND_ASSIGN(const ProtectedColumn added, AddProtectedColumn(database(), Card()));
  EXPECT_THAT(AddProtectedColumn(database(), Card()), registered);
  ProtectedColumn notes = Notes();
  notes.binding_id = added.binding_id;
  EXPECT_THAT(AddProtectedColumn(database(), notes), registered);
  EXPECT_THAT(List(), SizeIs(1));
}

TEST_F(RegistryTest, RemovesWhatIsThere) {
  Adds(Card());
  const auto missing = StatusIs(StatusCode::kNotFound, Reason::kDatabaseRefused);
  EXPECT_THAT(RemoveProtectedColumn(database(), {"public", "customers"}, "notes"), missing);
  EXPECT_THAT(RemoveProtectedColumn(database(), {"public", "other"}, "card"), missing);
  EXPECT_OK(RemoveProtectedColumn(database(), {"public", "customers"}, "card"));
  EXPECT_THAT(RemoveProtectedColumn(database(), {"public", "customers"}, "card"), missing);
  EXPECT_THAT(List(), IsEmpty());
}

}  // namespace
}  // namespace fieldkms::rotation
