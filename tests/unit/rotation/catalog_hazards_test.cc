#include "rotation/catalog_hazards.h"

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

constexpr char kTable[] =
    "CREATE TABLE t (id int PRIMARY KEY, a text, b text, c int); "
    "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';";

class HazardsTest : public testing::DatabaseTest {
 protected:
  Oid OidOf(const std::string& table) {
    return static_cast<Oid>(std::stoul(Sql("SELECT '" + table + "'::regclass::oid")));
  }
  template <class Question>
  auto Ask(const Question& question, const std::vector<std::string>& tables = {"t"}) {
    std::vector<Oid> oids;
    for (const std::string& table : tables) oids.push_back(OidOf(table));
    decltype(question(std::declval<Transaction&>(), Oids())) answer;
    EXPECT_OK(database().Read([&](Transaction& transaction) {
      answer = question(transaction, oids);
      return absl::OkStatus();
    }));
    return answer;
  }
  // As "BEFORE name" or "BEFORE name of 2,3".
  std::vector<std::string> Triggers(const std::string& table = "t") {
    std::vector<std::string> found;
    auto triggers = Ask(UpdateTriggersOf, {table});
    for (const UpdateTrigger& trigger : triggers[OidOf(table)]) {
      std::string& text = found.emplace_back(trigger.when + " " + trigger.name);
      for (size_t i = 0; i < trigger.columns.size(); ++i) {
        text += (i == 0 ? " of " : ",") + std::to_string(trigger.columns[i]);
      }
    }
    return found;
  }
  // Of a column, as "i name".
  std::vector<std::string> Dependents(int16_t column, const std::string& table = "t") {
    std::vector<std::string> found;
    auto dependents = Ask(DependentsOf, {table});
    for (const Dependent& dependent : dependents[{OidOf(table), column}]) {
      found.push_back(std::string(1, static_cast<char>(dependent.kind)) + " " + dependent.name);
    }
    return found;
  }
};

TEST_F(HazardsTest, TriggersThatFireOnUpdate) {
  Sql(std::string(kTable) +
      "CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION nothing(); "
      "CREATE TRIGGER b AFTER INSERT OR UPDATE ON t EXECUTE FUNCTION nothing(); "
      "CREATE TRIGGER c BEFORE UPDATE OF b, a ON t FOR EACH ROW EXECUTE FUNCTION nothing(); "
      "CREATE TRIGGER d AFTER INSERT OR DELETE ON t EXECUTE FUNCTION nothing(); "
      "CREATE CONSTRAINT TRIGGER e AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION nothing()");
  EXPECT_THAT(Triggers(), ElementsAre("BEFORE a", "AFTER b", "BEFORE c of 3,2", "AFTER e"));
  Sql("ALTER TABLE t DISABLE TRIGGER a; ALTER TABLE t ENABLE REPLICA TRIGGER b; "
      "ALTER TABLE t ENABLE ALWAYS TRIGGER c");
  EXPECT_THAT(Triggers(), ElementsAre("BEFORE c of 3,2", "AFTER e"));
}

TEST_F(HazardsTest, TriggersOfSessionsThatReplicateAreOthers) {
  Sql(std::string(kTable) +
      "CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION nothing(); "
      "CREATE TRIGGER b BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION nothing(); "
      "ALTER TABLE t ENABLE REPLICA TRIGGER b");
  ASSERT_OK(database().Query("SET session_replication_role = replica"));
  EXPECT_THAT(Triggers(), ElementsAre("BEFORE b"));
}

TEST_F(HazardsTest, TriggersOfPartitionsAndViews) {
  Sql(std::string(kTable) +
      "CREATE TABLE p (id int, c bytea) PARTITION BY RANGE (id); "
      "CREATE TABLE p1 PARTITION OF p DEFAULT; "
      "CREATE TRIGGER row BEFORE UPDATE ON p FOR EACH ROW EXECUTE FUNCTION nothing(); "
      "CREATE TRIGGER whole AFTER UPDATE ON p EXECUTE FUNCTION nothing(); "
      "CREATE VIEW v AS SELECT * FROM t; "
      "CREATE TRIGGER in_place INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION nothing()");
  EXPECT_THAT(Triggers("p1"), ElementsAre("BEFORE row"));
  EXPECT_THAT(Triggers("v"), ElementsAre("INSTEAD OF in_place"));
}

TEST_F(HazardsTest, WhatForeignKeysAreMadeOfIsNoTrigger) {
  Sql(std::string(kTable) +
      "CREATE TABLE other (id int REFERENCES t ON UPDATE CASCADE, UNIQUE (id) DEFERRABLE)");
  EXPECT_THAT(Triggers(), IsEmpty());
  EXPECT_THAT(Triggers("other"), IsEmpty());
}

TEST_F(HazardsTest, RulesOnUpdate) {
  Sql(std::string(kTable) +
      "CREATE RULE \"a b\" AS ON UPDATE TO t DO INSTEAD NOTHING; "
      "CREATE RULE off AS ON UPDATE TO t DO ALSO NOTHING; ALTER TABLE t DISABLE RULE off; "
      "CREATE RULE other AS ON INSERT TO t DO ALSO NOTHING; CREATE VIEW v AS SELECT * FROM t");
  auto rules = Ask(UpdateRulesOf, {"t", "v"});
  EXPECT_THAT(rules[OidOf("t")], ElementsAre("a b"));
  EXPECT_THAT(rules[OidOf("v")], IsEmpty());
}

TEST_F(HazardsTest, Indexes) {
  Sql(std::string(kTable) +
      "CREATE INDEX i1 ON t (c, a); CREATE INDEX i2 ON t (c) INCLUDE (b); "
      "CREATE INDEX i3 ON t (lower(a)); CREATE INDEX i4 ON t (c) WHERE b IS NOT NULL; "
      "CREATE INDEX i5 ON t (a) WHERE a <> ''");
  EXPECT_THAT(Dependents(2), ElementsAre("e i3", "i i1", "i i5"));
  EXPECT_THAT(Dependents(3), ElementsAre("e i4", "i i2"));
  EXPECT_THAT(Dependents(4), ElementsAre("i i1", "i i2", "i i4"));
}

TEST_F(HazardsTest, GeneratedColumns) {
  Sql(std::string(kTable) +
      "ALTER TABLE t ADD \"g g\" text GENERATED ALWAYS AS (a || 'x') STORED; "
      "ALTER TABLE t ALTER b SET DEFAULT 'b'");
  EXPECT_THAT(Dependents(2), ElementsAre("g g g"));
  EXPECT_THAT(Dependents(3), IsEmpty());
}

TEST_F(HazardsTest, ForeignKeys) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, a text UNIQUE, b text); "
      "CREATE TABLE other (id int, a text CONSTRAINT to_t REFERENCES t (a)); "
      "CREATE TABLE named (b text PRIMARY KEY); "
      "ALTER TABLE t ADD CONSTRAINT from_t FOREIGN KEY (b) REFERENCES named");
  EXPECT_THAT(Dependents(2), ElementsAre("f to_t", "i t_a_key"));
  EXPECT_THAT(Dependents(3), ElementsAre("f from_t"));
  EXPECT_THAT(Dependents(2, "other"), ElementsAre("f to_t"));
}

TEST_F(HazardsTest, Publications) {
  Sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY); "
      "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); "
      "CREATE TABLE p1 PARTITION OF p DEFAULT; "
      "CREATE PUBLICATION one FOR TABLE t; CREATE PUBLICATION all_of_them FOR ALL TABLES; "
      "CREATE PUBLICATION inserts FOR TABLE u WITH (publish = 'insert, delete'); "
      "CREATE PUBLICATION parts FOR TABLE p; "
      "CREATE PUBLICATION roots FOR TABLE p WITH (publish_via_partition_root)");
  auto found = Ask(PublicationsOf, {"t", "u", "p", "p1"});
  EXPECT_THAT(found[OidOf("t")], ElementsAre("all_of_them", "one"));
  EXPECT_THAT(found[OidOf("u")], ElementsAre("all_of_them"));
  EXPECT_THAT(found[OidOf("p")], ElementsAre("roots"));
  EXPECT_THAT(found[OidOf("p1")], ElementsAre("all_of_them", "parts"));
}

TEST_F(HazardsTest, Slots) {
  Sql("CREATE TABLE t (id int); "
      "SELECT pg_create_physical_replication_slot('standby')");
  Sql("SELECT pg_create_logical_replication_slot('decoder', 'pgoutput')");
  const std::string other = server().MakeDatabase();
  server().Sql(other, testing::PostgresServer::kSuperuser,
               "SELECT pg_create_logical_replication_slot('of_another', 'pgoutput')");
  const auto slots = Ask([](Transaction& transaction, Oids) { return SlotsOf(transaction); });
  EXPECT_THAT(slots.logical, ElementsAre("decoder"));
  EXPECT_THAT(slots.physical, ElementsAre("standby"));
  for (const std::string slot : {"standby", "decoder", "of_another"}) {
    Sql("SELECT pg_drop_replication_slot('" + slot + "')");
  }
}

}  // namespace
}  // namespace fieldkms::rotation
