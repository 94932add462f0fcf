// What is left of the plaintext when it was dropped, and how dropping goes on where it stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "rotation/conversion.h"
#include "tests/unit/rotation/conversion_fixture.h"
#include "tests/unit/rotation/libpq_session.h"

namespace fieldkms::rotation {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ConversionDropTest : public testing::ConversionTest {
 protected:
  ConversionDropTest() { made_ = "decode(md5(card), 'hex')"; }
  // Whether a file of the table, or of what is stored outside of its rows, has the text.
  bool InFiles(const std::string& table, const std::string& text) {
    return Sql("CHECKPOINT; SELECT bool_or(position(convert_to('" + text +
               "', 'UTF8') IN pg_read_binary_file(pg_relation_filepath(oid))) > 0) FROM pg_class "
               "WHERE pg_relation_filenode(oid) <> 0 AND oid IN ('" +
               table + "'::regclass, (SELECT reltoastrelid FROM pg_class WHERE oid = '" + table +
               "'::regclass))") == "t";
  }
  std::string File(const std::string& table) {
    return Sql("SELECT pg_relation_filenode('" + table + "')");
  }
  void MakeParts() {
    Sql("CREATE TABLE parts (id int, card text) PARTITION BY LIST (id); "
        "CREATE TABLE one PARTITION OF parts FOR VALUES IN (1); "
        "CREATE TABLE two PARTITION OF parts FOR VALUES IN (2); "
        "INSERT INTO parts VALUES (1, '4111-first'), (2, '4111-second')");
    ProtectedColumn column = Card();
    column.table = kParts;
    column.context_names = column.context_columns = {};
    Begin(column);
    Sql("UPDATE parts SET card_protected = '\\x11'");
    ASSERT_OK(CloseConversion(database(), kParts, "card"));
    ASSERT_OK(SwitchConversion(database(), kParts, "card"));
  }
  absl::StatusOr<DroppedPlaintext> DropParts(bool rewrite) {
    return DropPlaintext(database(), kParts, "card", rewrite);
  }
  static inline const TableName kParts = {"public", "parts"};
  static inline const TableName kOne = {"public", "one"};
  static inline const TableName kTwo = {"public", "two"};
};

TEST_F(ConversionDropTest, FilesOfTheTableHaveNoPlaintextLeft) {
  Sql("INSERT INTO customers (id, card) SELECT i, 'plain-' || i FROM generate_series(1, 100) i; "
      "INSERT INTO customers (id, card) SELECT 0, string_agg('far-' || md5(i::text), '') "
      "FROM generate_series(1, 500) i; ALTER TABLE customers ALTER card SET STORAGE EXTERNAL; "
      "UPDATE customers SET card = card || ''");
  ProtectAll(Card());
  Sql("DELETE FROM customers WHERE id = 100");
  ASSERT_TRUE(InFiles("customers", "plain-77"));
  ASSERT_TRUE(InFiles("customers", "plain-100"));
  ASSERT_TRUE(InFiles("customers", "far-" + Sql("SELECT md5('9')")));
  ASSERT_OK_AND_ASSIGN(const DroppedPlaintext dropped, DropPlain());
  EXPECT_FALSE(InFiles("customers", "plain-"));
  EXPECT_FALSE(InFiles("customers", "far-" + Sql("SELECT md5('9')")));
  EXPECT_THAT(dropped.rewritten, ElementsAre(kTable));
  EXPECT_THAT(dropped.pending, IsEmpty());
  EXPECT_EQ(dropped.column.conversion, Conversion::kNone);
  EXPECT_EQ(dropped.column.plain_column, std::nullopt);
  EXPECT_EQ(
      Sql("SELECT '" + dropped.wal_position + "'::pg_lsn <= pg_current_wal_insert_lsn() AND '" +
          dropped.time + "'::timestamptz BETWEEN now() - interval '1 minute' AND now()"),
      "t");
}

TEST_F(ConversionDropTest, DroppingAloneLeavesThePlaintextInTheFiles) {
  ProtectAll(Card(), "INSERT INTO customers (id, card) VALUES (1, 'plain-1')");
  ASSERT_OK_AND_ASSIGN(const DroppedPlaintext dropped, DropPlain(false));
  EXPECT_THAT(dropped.pending, ElementsAre(kTable));
  EXPECT_THAT(dropped.rewritten, IsEmpty());
  EXPECT_EQ(dropped.column.conversion, Conversion::kRewriting);
  EXPECT_TRUE(InFiles("customers", "plain-1"));
  EXPECT_THAT(Unprotect(), StatusIs(Reason::kDatabaseRefused));
  EXPECT_THAT(RemoveProtectedColumn(database(), kTable, "card"),
              StatusIs(Reason::kDatabaseRefused));
  // A column of that name is another one.
  Sql("ALTER TABLE customers ADD card_plain text");
  EXPECT_EQ(List()[0].plain_column, std::nullopt);
  ASSERT_OK_AND_ASSIGN(const DroppedPlaintext again, DropPlain(true));
  EXPECT_THAT(again.rewritten, ElementsAre(kTable));
  EXPECT_FALSE(InFiles("customers", "plain-1"));
  EXPECT_EQ(List()[0].conversion, Conversion::kNone);
  EXPECT_EQ(Sql("SELECT count(*) FROM pg_attribute WHERE attname = 'card_plain'"), "1");
}

// Statistics have the most common values, as they are.
TEST_F(ConversionDropTest, StatisticsGoWithTheColumn) {
  Sql("INSERT INTO customers (id, card) SELECT i, 'common-value' FROM generate_series(1, 500) i; "
      "CREATE STATISTICS of_both (mcv) ON card, kind FROM customers; ANALYZE customers");
  ASSERT_THAT(Sql("SELECT most_common_vals FROM pg_stats WHERE attname = 'card'"),
              HasSubstr("common-value"));
  ProtectAll(Card());
  Sql("ANALYZE customers");
  ASSERT_THAT(Sql("SELECT most_common_vals FROM pg_stats WHERE attname = 'card_plain'"),
              HasSubstr("common-value"));
  ASSERT_EQ(Sql("SELECT count(*) FROM pg_stats_ext"), "1");
  ASSERT_OK(DropPlain());
  EXPECT_EQ(Sql("SELECT count(*) FROM pg_stats WHERE tablename = 'customers' AND "
                "most_common_vals::text LIKE '%common-value%'"),
            "0");
  EXPECT_EQ(Sql("SELECT count(*) FROM pg_statistic WHERE starelid = 'customers'::regclass AND "
                "row(pg_statistic)::text LIKE '%common-value%'"),
            "0");
  EXPECT_EQ(Sql("SELECT count(*) FROM pg_statistic_ext_data"), "0");
}

TEST_F(ConversionDropTest, IndexesGoWithTheColumn) {
  Sql("CREATE INDEX by_card ON customers (card); ALTER TABLE customers ADD UNIQUE (card)");
  ProtectAll(Card(), "INSERT INTO customers (id, card) VALUES (1, 'plain-1')");
  ASSERT_OK(DropPlain());
  EXPECT_EQ(Sql("SELECT string_agg(relname, ',') FROM pg_index JOIN pg_class ON oid = indexrelid "
                "WHERE indrelid = 'customers'::regclass"),
            "customers_pkey");
}

TEST_F(ConversionDropTest, WhatDependsOnTheColumnIsNamed) {
  ProtectAll(Card(), "INSERT INTO customers (id, card) VALUES (1, 'plain-1')");
  Sql("CREATE VIEW shown AS SELECT card_plain FROM customers");
  const auto refused = DropPlain();
  EXPECT_THAT(refused, StatusIs(StatusCode::kFailedPrecondition, Reason::kDatabaseRefused));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("view public.shown"));
  // Nothing has happened, to the triggers either.
  EXPECT_EQ(List()[0].conversion, Conversion::kProtected);
  Refuses("UPDATE customers SET card_plain = 'x'", "is not written");
  EXPECT_EQ(Sql("SELECT count(*) FROM kms.pending_rewrites"), "0");
}

TEST_F(ConversionDropTest, NoValueIsLostThatHasNoCiphertext) {
  ProtectAll(Card(), "INSERT INTO customers (id, card) VALUES (1, 'plain-1')");
  Sql("ALTER TABLE customers DISABLE TRIGGER ALL; UPDATE customers SET card = NULL; "
      "ALTER TABLE customers ENABLE TRIGGER ALL");
  const auto refused = DropPlain();
  EXPECT_THAT(refused, StatusIs(Reason::kDatabaseRefused));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("1 rows"));
  EXPECT_EQ(Row(1, "card_plain"), "plain-1");
}

TEST_F(ConversionDropTest, GoesOnWhereItStopped) {
  MakeParts();
  ASSERT_OK(DropParts(false));
  const std::string first = File("one");
  testing::LibpqSession reader(server().Conninfo(name(), testing::PostgresServer::kSuperuser));
  reader.Run("BEGIN; SELECT count(*) FROM two");
  EXPECT_THAT(DropParts(true), StatusIs(StatusCode::kAborted, Reason::kDatabaseBusy));
  const std::string rewritten = File("one");
  EXPECT_NE(rewritten, first);
  EXPECT_FALSE(InFiles("one", "4111-first"));
  EXPECT_TRUE(InFiles("two", "4111-second"));
  EXPECT_EQ(List()[0].conversion, Conversion::kRewriting);
  reader.Run("COMMIT");
  ASSERT_OK_AND_ASSIGN(const DroppedPlaintext rest, DropParts(true));
  EXPECT_THAT(rest.rewritten, ElementsAre(kTwo));
  EXPECT_EQ(File("one"), rewritten);
  EXPECT_FALSE(InFiles("two", "4111-second"));
  EXPECT_EQ(List()[0].conversion, Conversion::kNone);
}

// Killed while it rewrites, or between that and writing it down.
TEST_F(ConversionDropTest, IsRepeatedAfterALostConnection) {
  MakeParts();
  ASSERT_OK(DropParts(false));
  testing::LibpqSession reader(server().Conninfo(name(), testing::PostgresServer::kSuperuser));
  reader.Run("BEGIN; SELECT count(*) FROM two");
  // It waits for a lock for 0.2 s; another session ends it then, or finds it gone: both are lost.
  absl::Status lost;
  std::thread worker([&] { lost = DropParts(true).status(); });
  while (Sql("SELECT count(*) FROM kms.pending_rewrites") == "2") {
  }
  Sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
      "'rotation_test' AND datname = current_database()");
  worker.join();
  EXPECT_FALSE(lost.ok());
  database().Query("SELECT 1").IgnoreError();  // the session may not know yet that it has ended
  EXPECT_EQ(Sql("SELECT conversion FROM kms.protected_columns"), "rewriting");
  reader.Run("COMMIT");
  // As if it had died after VACUUM: the file is another one already.
  const std::string before = File("two");
  Sql("VACUUM FULL two");
  const std::string rewritten = File("two");
  ASSERT_NE(rewritten, before);
  ASSERT_OK_AND_ASSIGN(const DroppedPlaintext rest, DropParts(true));
  EXPECT_THAT(rest.rewritten, IsEmpty());
  EXPECT_EQ(File("two"), rewritten);
  EXPECT_EQ(rest.column.conversion, Conversion::kNone);
}

TEST_F(ConversionDropTest, AnotherTablespaceIsNoRewriting) {
  const std::string directory = server().MakeDirectory("space_" + name());
  Sql("CREATE TABLESPACE space_" + name() + " LOCATION '" + directory + "'");
  MakeParts();
  ASSERT_OK(DropParts(false));
  Sql("ALTER TABLE one SET TABLESPACE space_" + name() + "; DROP TABLE two");
  ASSERT_TRUE(InFiles("one", "4111-first"));
  ASSERT_OK_AND_ASSIGN(const DroppedPlaintext dropped, DropParts(true));
  EXPECT_THAT(dropped.rewritten, ElementsAre(kOne));
  EXPECT_FALSE(InFiles("one", "4111-first"));
  EXPECT_EQ(dropped.column.conversion, Conversion::kNone);
  Sql("DROP TABLE parts");
  Sql("DROP TABLESPACE space_" + name());
}

// VACUUM says so in a warning only.
TEST_F(ConversionDropTest, WhatTheRoleMayNotRewriteStaysToBeDone) {
  MakeParts();
  ASSERT_OK(DropParts(false));
  const std::string role = MakeRole();
  Sql("GRANT USAGE ON SCHEMA kms TO " + role +
      "; GRANT SELECT, UPDATE, DELETE ON ALL TABLES IN SCHEMA kms TO " + role);
  EXPECT_THAT(DropPlaintext(*Connect(role), kParts, "card", true),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kDatabaseRefused));
  EXPECT_EQ(Sql("SELECT count(*) FROM kms.pending_rewrites"), "2");
}

TEST_F(ConversionDropTest, SaysWhoGetsTheLogWithThePlaintext) {
  ProtectAll(Card(), "INSERT INTO customers (id, card) VALUES (1, 'plain-1')");
  Sql("SELECT pg_create_logical_replication_slot('copies', 'test_decoding')");
  ASSERT_OK_AND_ASSIGN(const DroppedPlaintext dropped, DropPlain());
  Sql("SELECT pg_drop_replication_slot('copies')");
  EXPECT_THAT(dropped.slots.logical, ElementsAre("copies"));
  EXPECT_EQ(dropped.standbys, 0u);
}

}  // namespace
}  // namespace fieldkms::rotation
