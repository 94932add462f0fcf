#include "rotation/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/database_fixture.h"

namespace fieldkms::rotation {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CatalogTest : public testing::DatabaseTest {
 protected:
  Oid OidOf(const std::string& table) {
    return static_cast<Oid>(std::stoul(Sql("SELECT '" + table + "'::regclass::oid")));
  }
  // What a question answers about tables, for a role.
  template <class Question, class Asked>
  auto Ask(const Question& question, const Asked& asked,
           std::string_view user = testing::PostgresServer::kSuperuser) {
    decltype(question(std::declval<Transaction&>(), asked)) answer;
    EXPECT_OK(Connect(user)->Read([&](Transaction& transaction) {
      answer = question(transaction, asked);
      return absl::OkStatus();
    }));
    return answer;
  }
  Relation RelationOf(const std::string& table,
                      std::string_view user = testing::PostgresServer::kSuperuser) {
    const std::vector<Oid> oids = {OidOf(table)};
    return Ask(RelationsOf, Oids(oids), user).at(oids[0]);
  }
  std::vector<Column> ColumnsOfTable(const std::string& table,
                                     std::string_view user = testing::PostgresServer::kSuperuser) {
    const std::vector<Oid> oids = {OidOf(table)};
    return Ask(ColumnsOf, Oids(oids), user).at(oids[0]);
  }
  std::vector<std::string> Leaves(const std::vector<std::string>& roots) {
    std::vector<Oid> oids;
    for (const std::string& root : roots) oids.push_back(OidOf(root));
    std::vector<std::string> names;
    for (const Leaf& leaf : Ask(LeavesOf, Oids(oids))) {
      names.push_back(Sql("SELECT " + std::to_string(leaf.root) + "::regclass || '/' || " +
                          std::to_string(leaf.oid) + "::regclass"));
    }
    return names;
  }
  // The keys of a table, as names: "a,b".
  std::vector<std::string> Keys(const std::string& table) {
    const std::vector<Oid> oids = {OidOf(table)};
    std::vector<std::string> keys;
    auto found = Ask(UniqueKeysOf, Oids(oids));
    for (const auto& numbers : found[oids[0]]) {
      std::string& key = keys.emplace_back();
      for (const int16_t number : numbers) {
        key += (key.empty() ? "" : ",") +
               Sql("SELECT attname FROM pg_attribute WHERE attrelid = " + std::to_string(oids[0]) +
                   " AND attnum = " + std::to_string(number));
      }
    }
    return keys;
  }
};

TEST_F(CatalogTest, LeavesHoldTheRows) {
  Sql("CREATE TABLE plain (id int); "
      "CREATE TABLE p (id int) PARTITION BY RANGE (id); "
      "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id); "
      "CREATE TABLE p21 PARTITION OF p2 DEFAULT; "
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); "
      "CREATE TABLE empty (id int) PARTITION BY RANGE (id); "
      "CREATE TABLE parent (id int); CREATE TABLE a () INHERITS (parent); "
      "CREATE TABLE b () INHERITS (parent); CREATE TABLE both_of_them () INHERITS (a, b)");
  EXPECT_THAT(Leaves({"plain"}), ElementsAre("plain/plain"));
  EXPECT_THAT(Leaves({"p", "plain"}), ElementsAre("p/p1", "p/p21", "plain/plain"));
  EXPECT_THAT(Leaves({"empty"}), IsEmpty());
  EXPECT_THAT(Leaves({"parent"}),
              ElementsAre("parent/a", "parent/b", "parent/both_of_them", "parent/parent"));
}

TEST_F(CatalogTest, FindsByName) {
  Sql("CREATE TABLE \"odd \"\"name\" (id int)");
  const auto find = [&](const TableName& name) { return Ask(FindRelation, name); };
  EXPECT_EQ(find({"public", "odd \"name"}), OidOf("\"odd \"\"name\""));
  EXPECT_EQ(find({"public", "other"}), 0u);
  EXPECT_EQ(find({"other", "odd \"name"}), 0u);
}

TEST_F(CatalogTest, Kinds) {
  Sql("CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t; "
      "CREATE MATERIALIZED VIEW m AS SELECT * FROM t; "
      "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE SEQUENCE s; "
      "CREATE UNLOGGED TABLE u (id int); CREATE FOREIGN DATA WRAPPER w; "
      "CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (id int) SERVER s");
  EXPECT_EQ(RelationOf("t").kind, RelationKind::kTable);
  EXPECT_EQ(RelationOf("v").kind, RelationKind::kView);
  EXPECT_EQ(RelationOf("m").kind, RelationKind::kMaterializedView);
  EXPECT_EQ(RelationOf("p").kind, RelationKind::kPartitioned);
  EXPECT_EQ(RelationOf("f").kind, RelationKind::kForeign);
  EXPECT_EQ(RelationOf("s").kind, RelationKind::kOther);
  EXPECT_EQ(RelationOf("t_pkey").kind, RelationKind::kOther);
  EXPECT_TRUE(RelationOf("u").unlogged);
  EXPECT_FALSE(RelationOf("t").unlogged);
  EXPECT_FALSE(RelationOf("t").temporary);
}

TEST_F(CatalogTest, SizesAndSettings) {
  Sql("CREATE TABLE t (id int, wide text); ALTER TABLE t ALTER wide SET STORAGE EXTERNAL; "
      "CREATE TABLE set (id int) WITH (fillfactor = 70, autovacuum_enabled = off)");
  EXPECT_EQ(RelationOf("t").counted_rows, std::nullopt);
  EXPECT_EQ(RelationOf("t").heap_bytes, 0u);
  Sql("INSERT INTO t SELECT i, repeat('x', 4000) FROM generate_series(1, 1000) i; ANALYZE t");
  const Relation relation = RelationOf("t");
  EXPECT_EQ(relation.counted_rows, 1000);
  EXPECT_EQ(relation.counted_pages * 8192, relation.heap_bytes);
  EXPECT_GT(relation.table_bytes, 4'000'000u);
  EXPECT_LT(relation.heap_bytes, 200'000u);
  EXPECT_EQ(relation.fillfactor, 100);
  EXPECT_TRUE(relation.autovacuum);
  EXPECT_EQ(RelationOf("set").fillfactor, 70);
  EXPECT_FALSE(RelationOf("set").autovacuum);
  const auto settings = [](Transaction& transaction, int) { return SettingsOf(transaction); };
  EXPECT_TRUE(Ask(settings, 0).autovacuum);
  EXPECT_TRUE(Ask(settings, 0).full_page_writes);
}

TEST_F(CatalogTest, ReplicaIdentities) {
  Sql("CREATE TABLE keyed (id int PRIMARY KEY); CREATE TABLE bare (id int); "
      "CREATE TABLE whole (id int); ALTER TABLE whole REPLICA IDENTITY FULL; "
      "CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING; "
      "CREATE TABLE late (id int PRIMARY KEY DEFERRABLE); "
      "CREATE TABLE other (id int NOT NULL UNIQUE); "
      "ALTER TABLE other REPLICA IDENTITY USING INDEX other_id_key");
  EXPECT_TRUE(RelationOf("keyed").has_replica_identity);
  EXPECT_FALSE(RelationOf("bare").has_replica_identity);
  EXPECT_TRUE(RelationOf("whole").has_replica_identity);
  EXPECT_FALSE(RelationOf("nothing").has_replica_identity);
  EXPECT_FALSE(RelationOf("late").has_replica_identity);
  EXPECT_TRUE(RelationOf("other").has_replica_identity);
  Sql("ALTER TABLE other DROP CONSTRAINT other_id_key");
  EXPECT_FALSE(RelationOf("other").has_replica_identity);
}

TEST_F(CatalogTest, RightsAreThoseOfTheRole) {
  const std::string role = MakeRole(), admin = MakeRole();
  Sql("ALTER ROLE " + admin +
      " BYPASSRLS; CREATE SCHEMA s; CREATE TABLE s.t (id int, c bytea); "
      "ALTER TABLE s.t ENABLE ROW LEVEL SECURITY");
  EXPECT_FALSE(RelationOf("s.t", role).may_use_schema);
  EXPECT_FALSE(RelationOf("s.t", role).may_select);
  EXPECT_TRUE(RelationOf("s.t", role).rows_hidden);
  EXPECT_FALSE(RelationOf("s.t", admin).rows_hidden);
  EXPECT_FALSE(RelationOf("s.t").rows_hidden);
  Sql("GRANT USAGE ON SCHEMA s TO " + role + "; GRANT SELECT (id), UPDATE (c) ON s.t TO " + role);
  EXPECT_TRUE(RelationOf("s.t", role).may_use_schema);
  EXPECT_FALSE(RelationOf("s.t", role).may_select);
  const auto columns = ColumnsOfTable("s.t", role);
  EXPECT_TRUE(columns[0].may_select && !columns[0].may_update);
  EXPECT_TRUE(!columns[1].may_select && columns[1].may_update);
  Sql("GRANT SELECT ON s.t TO " + role);
  EXPECT_TRUE(RelationOf("s.t", role).may_select);
  EXPECT_TRUE(ColumnsOfTable("s.t", role)[1].may_select);
}

TEST_F(CatalogTest, Columns) {
  Sql("CREATE SCHEMA \"s s\"; CREATE DOMAIN \"s s\".\"d d\" AS bytea; "
      "CREATE TABLE t (gone int, id bigint NOT NULL, c \"s s\".\"d d\", "
      "v varchar(9), n numeric(5,2), g text GENERATED ALWAYS AS (v || 'x') STORED); "
      "ALTER TABLE t DROP COLUMN gone");
  const auto columns = ColumnsOfTable("t");
  ASSERT_THAT(columns, SizeIs(5));
  EXPECT_EQ(columns[0].number, 2);
  EXPECT_EQ(columns[0].name, "id");
  EXPECT_EQ(columns[0].type, "bigint");
  EXPECT_TRUE(columns[0].not_null);
  EXPECT_EQ(columns[0].shape, std::nullopt);
  EXPECT_EQ(columns[1].type, "\"s s\".\"d d\"");
  EXPECT_EQ(columns[1].shape, Shape::kBytea);
  EXPECT_FALSE(columns[1].not_null);
  EXPECT_EQ(columns[2].type, "character varying(9)");
  EXPECT_EQ(columns[2].shape, Shape::kText);
  EXPECT_EQ(columns[3].type, "numeric(5,2)");
  EXPECT_FALSE(columns[3].generated);
  EXPECT_TRUE(columns[4].generated);
}

TEST_F(CatalogTest, TypesOfOthersAreNoShapesWhateverTheirNames) {
  Sql("CREATE SCHEMA s; CREATE TYPE s.text AS ENUM ('a'); CREATE TYPE s.bytea AS (a int); "
      "CREATE TABLE t (a s.text, b s.bytea, c s.text[])");
  const auto columns = ColumnsOfTable("t");
  for (const Column& column : columns) {
    EXPECT_EQ(column.shape, std::nullopt) << column.name;
  }
}

TEST_F(CatalogTest, ThePrimaryKeyIsTheFirstKeyAndThenTheNarrowest) {
  Sql("CREATE TABLE t (a text NOT NULL UNIQUE, b int NOT NULL, c bigint NOT NULL UNIQUE, "
      "d bigint NOT NULL, e uuid NOT NULL, PRIMARY KEY (e, d), UNIQUE (b, d), UNIQUE (d, b, c))");
  EXPECT_THAT(Keys("t"), ElementsAre("e,d", "c", "b,d", "d,b,c", "a"));
}

TEST_F(CatalogTest, KeysTellRowsApartAndOrderThem) {
  Sql("CREATE TABLE t (a int NOT NULL, b int NOT NULL, n int, v varchar NOT NULL); "
      "CREATE INDEX ON t (a); CREATE UNIQUE INDEX ON t (n); CREATE UNIQUE INDEX ON t (a, n); "
      "CREATE UNIQUE INDEX ON t (a) WHERE b > 0; CREATE UNIQUE INDEX ON t ((a + 1)); "
      "CREATE UNIQUE INDEX ON t (a DESC, b); CREATE UNIQUE INDEX ON t (v COLLATE \"POSIX\"); "
      "CREATE UNIQUE INDEX ON t (v varchar_pattern_ops); "
      "ALTER TABLE t ADD UNIQUE (b) DEFERRABLE");
  EXPECT_THAT(Keys("t"), IsEmpty());
  Sql("CREATE UNIQUE INDEX ON t (a DESC, b DESC); CREATE UNIQUE INDEX ON t (b) INCLUDE (n); "
      "CREATE UNIQUE INDEX ON t (v)");
  EXPECT_THAT(Keys("t"), ElementsAre("b", "a,b", "v"));
}

// As CREATE UNIQUE INDEX CONCURRENTLY leaves it where rows are equal.
TEST_F(CatalogTest, InvalidIndexesAreNoKeys) {
  Sql("CREATE TABLE t (a int NOT NULL); INSERT INTO t VALUES (1), (1)");
  EXPECT_ANY_THROW(Sql("CREATE UNIQUE INDEX CONCURRENTLY ON t (a)"));
  EXPECT_EQ(Sql("SELECT indisvalid FROM pg_index WHERE indrelid = 't'::regclass"), "f");
  EXPECT_THAT(Keys("t"), IsEmpty());
}

TEST_F(CatalogTest, Correlations) {
  const std::string role = MakeRole();
  Sql("CREATE TABLE t (a int, b int, c int); "
      "INSERT INTO t SELECT i, -i, i * 7919 % 1000 FROM generate_series(1, 1000) i");
  const Oid oid = OidOf("t");
  const std::vector<ColumnPlace> places = {{oid, 1}, {oid, 2}, {oid, 3}, {oid, 9}};
  const auto ask = [&](std::string_view user) {
    return Ask([](Transaction& transaction,
                  const auto& asked) { return CorrelationsOf(transaction, asked); },
               places, user);
  };
  EXPECT_THAT(ask(testing::PostgresServer::kSuperuser), IsEmpty());
  Sql("ANALYZE t");
  const auto found = ask(testing::PostgresServer::kSuperuser);
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(found.at({oid, 1}), 1);
  EXPECT_EQ(found.at({oid, 2}), -1);
  EXPECT_LT(std::abs(found.at({oid, 3})), 0.5);
  EXPECT_THAT(ask(role), IsEmpty());
}

}  // namespace
}  // namespace fieldkms::rotation
