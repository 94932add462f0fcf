// What of the registry stays right when tables and columns are renamed, restored or dropped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rotation/registry.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/registry_fixture.h"

namespace fieldkms::rotation {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

using RegistryRenamesTest = testing::RegistryTest;

TEST_F(RegistryRenamesTest, FollowsRenames) {
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
TEST_F(RegistryRenamesTest, FindsColumnsOfARestoredCopyByTheirNames) {
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
TEST_F(RegistryRenamesTest, InstallingWritesTheNamesOfNow) {
  Adds(Card());
  Sql("ALTER TABLE customers RENAME card TO pan; ALTER TABLE customers RENAME region TO area");
  EXPECT_EQ(Sql("SELECT attribute FROM kms.protected_columns"), "card");
  ASSERT_OK(InstallTargetSchema(database()));
  EXPECT_EQ(Sql("SELECT attribute FROM kms.protected_columns"), "pan");
  EXPECT_EQ(Sql("SELECT key_attributes FROM kms.protected_columns"), "{area,id}");
}

TEST_F(RegistryRenamesTest, NamesOrphansAndLetsThemBeRemoved) {
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

TEST_F(RegistryRenamesTest, KeyColumnsThatAreGoneKeepTheirNames) {
  Adds(Card());
  Sql("ALTER TABLE customers DROP COLUMN region");
  EXPECT_THAT(List()[0].key_columns, ElementsAre("region", "id"));
}

}  // namespace
}  // namespace fieldkms::rotation
