#include "rotation/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/database_fixture.h"

namespace fieldkms::rotation {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kTable[] =
    "CREATE TABLE customers (gone int, id bigint PRIMARY KEY, region text NOT NULL, card bytea, "
    "card_index bytea, notes jsonb, names text[], kind varchar(9)); "
    "ALTER TABLE customers DROP COLUMN gone";

class RegistryTest : public testing::DatabaseTest {
 protected:
  void SetUp() override {
    ASSERT_OK(InstallTargetSchema(database()));
    Sql(kTable);
  }
  static ProtectedColumn Card() {
    ProtectedColumn column;
    column.table = {"public", "customers"};
    column.column = "card";
    column.tenant = "acme";
    column.key = "customers.card";
    column.field = "card_number";
    column.field_id = std::string("\x00\x01\xff", 3) + "field";
    column.shape = Shape::kBytea;
    column.key_columns = {"region", "id"};
    column.context_names = {"kind"};
    column.context_columns = {"kind"};
    column.index_column = "card_index";
    return column;
  }
  static ProtectedColumn Notes() {
    ProtectedColumn column;
    column.table = {"public", "customers"};
    column.column = "notes";
    column.tenant = "other";
    column.key = "notes";
    column.shape = Shape::kJsonb;
    return column;
  }
  std::vector<ProtectedColumn> List(std::string_view tenant = "") {
    return ListProtectedColumns(database(), tenant).value();
  }
  void Adds(const ProtectedColumn& column) { ASSERT_OK(AddProtectedColumn(database(), column)); }
  void Refuses(const ProtectedColumn& column, std::string_view field) {
    const auto added = AddProtectedColumn(database(), column);
    EXPECT_THAT(added, StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
    EXPECT_EQ(FieldOf(added.status()), field);
    EXPECT_THAT(List(), IsEmpty());
  }
};

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

TEST_F(RegistryTest, FollowsRenames) {
  Adds(Card());
  Sql("CREATE SCHEMA moved; ALTER TABLE customers RENAME TO clients; "
      "ALTER TABLE clients SET SCHEMA moved; ALTER TABLE moved.clients RENAME card TO pan; "
      "ALTER TABLE moved.clients RENAME region TO area; "
      "ALTER TABLE moved.clients RENAME kind TO sort; "
      "ALTER TABLE moved.clients RENAME card_index TO pan_index; "
      // Others now have the old names.
      "ALTER TABLE moved.clients ADD card bytea, ADD region text");
  const auto listed = List();
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].table, (TableName{"moved", "clients"}));
  EXPECT_EQ(listed[0].column, "pan");
  EXPECT_THAT(listed[0].key_columns, ElementsAre("area", "id"));
  EXPECT_THAT(listed[0].context_columns, ElementsAre("sort"));
  EXPECT_EQ(listed[0].index_column, "pan_index");
  // The new column of the old name is another one.
  ProtectedColumn card = Card();
  card.table = {"moved", "clients"};
  card.key_columns = {"id"};
  card.context_names = card.context_columns = {};
  card.index_column = std::nullopt;
  Adds(card);
  EXPECT_THAT(List(), SizeIs(2));
  EXPECT_EQ(Sql("SELECT string_agg(attribute, ',' ORDER BY attribute) FROM kms.protected_columns"),
            "card,pan");
  EXPECT_OK(RemoveProtectedColumn(database(), card.table, "pan"));
  EXPECT_EQ(List()[0].column, "card");
}

// In a restored copy the table has another number, and so may its columns have.
TEST_F(RegistryTest, FindsColumnsOfARestoredCopyByTheirNames) {
  Adds(Card());
  Sql("ALTER TABLE customers RENAME TO old; "
      "CREATE TABLE customers (notes jsonb, card bytea, id bigint, kind text, region text, "
      "card_index bytea); UPDATE kms.protected_columns SET relation = 'customers'::regclass");
  const auto check = [&] {
    const auto listed = List();
    ASSERT_THAT(listed, SizeIs(1));
    EXPECT_EQ(listed[0].column, "card");
    EXPECT_THAT(listed[0].key_columns, ElementsAre("region", "id"));
    EXPECT_THAT(listed[0].context_columns, ElementsAre("kind"));
  };
  check();
  // From then on, its own numbers count.
  ASSERT_OK(InstallTargetSchema(database()));
  EXPECT_EQ(Sql("SELECT relation_oid = relation::oid AND attribute_number = 2 AND "
                "key_numbers = '{5,3}' AND context_numbers = '{4}' AND index_number = 6 "
                "FROM kms.protected_columns"),
            "t");
  check();
  Sql("ALTER TABLE customers RENAME card TO pan");
  EXPECT_EQ(List()[0].column, "pan");
}

// Or a dump would have names that nothing has any more.
TEST_F(RegistryTest, InstallingWritesTheNamesOfNow) {
  Adds(Card());
  Sql("ALTER TABLE customers RENAME card TO pan; ALTER TABLE customers RENAME region TO area");
  EXPECT_EQ(Sql("SELECT attribute FROM kms.protected_columns"), "card");
  ASSERT_OK(InstallTargetSchema(database()));
  EXPECT_EQ(Sql("SELECT attribute FROM kms.protected_columns"), "pan");
  EXPECT_EQ(Sql("SELECT key_attributes FROM kms.protected_columns"), "{area,id}");
}

TEST_F(RegistryTest, NamesOrphansAndLetsThemBeRemoved) {
  Sql("CREATE TABLE other (id int, c bytea)");
  ProtectedColumn other = Notes();
  other.table = {"public", "other"};
  other.column = "c";
  other.shape = Shape::kBytea;
  ASSERT_OK_AND_ASSIGN(const ProtectedColumn added, AddProtectedColumn(database(), other));
  Adds(Card());
  Adds(Notes());
  Sql("DROP TABLE other; ALTER TABLE customers DROP COLUMN card, DROP COLUMN region");
  std::vector<std::string> orphans;
  ASSERT_OK_AND_ASSIGN(const auto listed, ListProtectedColumns(database(), "", &orphans));
  EXPECT_THAT(listed, SizeIs(1));
  const std::string oid = std::to_string(added.relation);
  EXPECT_THAT(orphans, ::testing::UnorderedElementsAre("public.customers.card", oid + ".c"));
  EXPECT_OK(RemoveProtectedColumn(database(), {"", oid}, "c"));
  EXPECT_OK(RemoveProtectedColumn(database(), {"public", "customers"}, "card"));
  EXPECT_EQ(Sql("SELECT count(*) FROM kms.protected_columns"), "1");
}

TEST_F(RegistryTest, KeyColumnsThatAreGoneKeepTheirNames) {
  Adds(Card());
  Sql("ALTER TABLE customers DROP COLUMN region");
  EXPECT_THAT(List()[0].key_columns, ElementsAre("region", "id"));
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
