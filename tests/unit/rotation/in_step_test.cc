// What the triggers of a conversion hold, whatever statement changes a row.
#include "rotation/in_step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/rotation/conversion_fixture.h"
#include "tests/unit/rotation/libpq_session.h"

namespace fieldkms::rotation {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kFull[] =
    "INSERT INTO customers (id, kind, card, card_protected, card_index) "
    "VALUES (1, 'a', '4111', '\\x11aa', '\\x01')";

class InStepTest : public testing::ConversionTest {
 protected:
  void SetUp() override {
    ConversionTest::SetUp();
    Begin(CardWithIndex());
  }
  std::string Full() { return Row(1, "card, card_protected, card_index"); }
};

TEST_F(InStepTest, NamesSortBehindAllOthersAndFitIntoTheCatalog) {
  const ProtectedColumn column = List()[0];
  EXPECT_THAT(InStepPrefix(column), StartsWith(kInStepPrefix));
  EXPECT_EQ(Sql("SELECT bool_and(tgname::text COLLATE \"C\" > 'zzzz' AND tgenabled = 'A' AND "
                "octet_length(tgname) < 63) FROM pg_trigger WHERE NOT tgisinternal"),
            "t");
}

TEST_F(InStepTest, AChangedLeaderClearsWhatWasMadeOfIt) {
  Sql(kFull);
  Sql("UPDATE customers SET note = 'x'");
  EXPECT_EQ(Full(), "4111/\\x11aa/\\x01");
  Sql("UPDATE customers SET card = '4111'");  // the same bytes
  EXPECT_EQ(Full(), "4111/\\x11aa/\\x01");
  Sql("UPDATE customers SET card = '4112'");
  EXPECT_EQ(Full(), "4112/-/-");
}

TEST_F(InStepTest, ALeaderThatBecomesNullTakesTheOtherAlong) {
  Sql(kFull);
  Sql("UPDATE customers SET card = NULL");
  EXPECT_EQ(Full(), "-/-/-");
}

TEST_F(InStepTest, AnApplicationThatWritesBothKeepsBoth) {
  Sql(kFull);
  Sql("UPDATE customers SET card = '4112', card_protected = '\\x11bb', card_index = '\\x02'");
  EXPECT_EQ(Full(), "4112/\\x11bb/\\x02");
  // Only the ciphertext: as a job, or a rotation, does.
  Sql("UPDATE customers SET card_protected = '\\x11cc'");
  EXPECT_EQ(Full(), "4112/\\x11cc/\\x02");
  Sql("UPDATE customers SET card_protected = NULL");
  EXPECT_EQ(Full(), "4112/-/\\x02");
  // An index that is of the value before goes, and one that is written along stays.
  Sql("UPDATE customers SET card = '4113'");
  EXPECT_EQ(Full(), "4113/-/-");
  Sql("UPDATE customers SET card = '4114', card_index = '\\x04'");
  EXPECT_EQ(Full(), "4114/-/\\x04");
}

TEST_F(InStepTest, ACiphertextIsBoundToKeyAndContext) {
  Sql(kFull);
  Sql("UPDATE customers SET kind = 'b'");
  EXPECT_EQ(Full(), "4111/-/-");
  Sql("UPDATE customers SET card_protected = '\\x11aa', card_index = '\\x01'");
  Sql("UPDATE customers SET id = 2");
  EXPECT_EQ(Row(2), "4111/-");
  Sql("UPDATE customers SET card_protected = '\\x11aa'");
  Sql("UPDATE customers SET id = 1, kind = NULL, card_protected = '\\x11bb'");
  EXPECT_EQ(Row(1), "4111/\\x11bb");
}

TEST_F(InStepTest, TypesMayCallDifferentTextsEqual) {
  Sql("CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = "
      "false); "
      "CREATE TABLE t (id int PRIMARY KEY, n numeric, c text COLLATE nocase, b bytea)");
  for (const std::string plain : {"n", "c"}) {
    ProtectedColumn column = Card();
    column.table.table = "t";
    column.plain_column = plain;
    column.column = plain + "_protected";
    column.context_names = column.context_columns = {};
    Begin(column);
  }
  Sql("INSERT INTO t VALUES (1, 1.0, 'a', NULL, '\\x11', '\\x11')");
  Sql("UPDATE t SET n = 1.00");
  EXPECT_EQ(Sql("SELECT n || (n_protected IS NULL)::text FROM t"), "1.00true");
  EXPECT_EQ(Sql("SELECT c_protected IS NULL FROM t"), "f");
  Sql("UPDATE t SET c = 'A'");
  EXPECT_EQ(Sql("SELECT c_protected IS NULL FROM t"), "t");
}

// Settings of a session that shorten what it prints change nothing.
TEST_F(InStepTest, NumbersAreComparedAsTheyStand) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, f float8)");
  ProtectedColumn column = Card();
  column.table.table = "t";
  column.plain_column = "f";
  column.column = "f_protected";
  column.context_names = column.context_columns = {};
  Begin(column);
  Sql("INSERT INTO t VALUES (1, 0.3, '\\x11'); SET extra_float_digits = -10; "
      "UPDATE t SET f = 0.1::float8 + 0.2::float8");
  EXPECT_EQ(Sql("SELECT f_protected IS NULL FROM t"), "t");
}

TEST_F(InStepTest, LongValuesThatAreStoredElsewhereAreCompared) {
  Sql("INSERT INTO customers (id, card, card_protected) "
      "SELECT 1, string_agg(md5(i::text), ''), '\\x11' FROM generate_series(1, 9000) i");
  Sql("UPDATE customers SET note = 'x'");
  EXPECT_EQ(Sql("SELECT card_protected IS NULL FROM customers"), "f");
  Sql("UPDATE customers SET card = left(card, -1) || 'x'");
  EXPECT_EQ(Sql("SELECT card_protected IS NULL FROM customers"), "t");
}

TEST_F(InStepTest, SeesWhatOtherTriggersHaveWritten) {
  Sql("CREATE FUNCTION trims() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN NEW.card := replace(NEW.card, '' '', ''''); RETURN NEW; END'; "
      "CREATE TRIGGER zz_trims BEFORE INSERT OR UPDATE ON customers "
      "FOR EACH ROW EXECUTE FUNCTION trims()");
  Sql(kFull);
  Sql("UPDATE customers SET card = '41 11'");
  EXPECT_EQ(Full(), "4111/\\x11aa/\\x01");
  Sql("UPDATE customers SET card = '41 12'");
  EXPECT_EQ(Full(), "4112/-/-");
}

TEST_F(InStepTest, UpsertsAndCopiesAreNoWayAround) {
  Sql(kFull);
  const std::string upsert =
      "INSERT INTO customers (id, card) VALUES (1, '4112') "
      "ON CONFLICT (id) DO UPDATE SET card = EXCLUDED.card";
  Sql(upsert);
  EXPECT_EQ(Full(), "4112/-/-");
  ASSERT_OK(Close());
  Refuses(upsert, "card_protected must not be NULL");
  Sql("INSERT INTO customers (id, card, card_protected) VALUES (1, '4113', '\\x11dd') "
      "ON CONFLICT (id) DO UPDATE SET card = EXCLUDED.card, "
      "card_protected = EXCLUDED.card_protected");
  EXPECT_EQ(Row(1), "4113/\\x11dd");
  Refuses("COPY customers (id, card) FROM PROGRAM 'printf \"7\\t4111\\n\"'",
          "card_protected must not be NULL");
  Sql("COPY customers (id, card, card_protected) FROM PROGRAM 'printf "
      "\"7\\t4111\\t\\\\\\\\\\\\\\\\x1101\\n\"'");
  EXPECT_EQ(Row(7), "4111/\\x1101");
}

TEST_F(InStepTest, ReplicationFiresTheTriggersToo) {
  Sql(kFull);
  Sql("SET session_replication_role = replica; UPDATE customers SET card = '4112'");
  EXPECT_EQ(Full(), "4112/-/-");
  ASSERT_OK(Close());
  Refuses(
      "SET session_replication_role = replica; INSERT INTO customers (id, card) "
      "VALUES (2, '4111')",
      "must not be NULL");
}

TEST_F(InStepTest, ClosedRefusesALeaderWithoutAFollower) {
  Sql("INSERT INTO customers (id, card) VALUES (1, '4111'), (2, NULL)");
  Sql("INSERT INTO customers (id, card, card_protected) VALUES (3, '4111', '\\x11aa')");
  ASSERT_OK(Close());
  Refuses("INSERT INTO customers (id, card) VALUES (9, '4111')",
          "table public.customers: column card_protected must not be NULL where card is not");
  Refuses("UPDATE customers SET card = '4112' WHERE id = 1", "must not be NULL");
  Refuses("UPDATE customers SET card = '4112' WHERE id = 2", "must not be NULL");
  Refuses("UPDATE customers SET card = '4112' WHERE id = 3", "must not be NULL");
  Refuses("UPDATE customers SET card_protected = NULL WHERE id = 3", "must not be NULL");
  Refuses("UPDATE customers SET id = 4 WHERE id = 3", "must not be NULL");
  // What was not filled before can be changed elsewhere, and filled.
  Sql("UPDATE customers SET note = 'x'; UPDATE customers SET kind = 'b' WHERE id = 1");
  EXPECT_EQ(Row(1, "card, card_protected, note"), "4111/-/x");
  Refuses("UPDATE customers SET kind = 'c' WHERE card_protected IS NOT NULL", "must not");
  Fill();
  EXPECT_EQ(Row(1), "4111/\\x1134313131");
  EXPECT_EQ(Row(2), "-/-");
  Sql("INSERT INTO customers (id, card, card_protected) VALUES (5, '4115', '\\x11ee'), "
      "(6, NULL, NULL)");
  Sql("UPDATE customers SET card = NULL WHERE id = 5");
  EXPECT_EQ(Row(5), "-/-");
}

TEST_F(InStepTest, ErrorsHaveNoValueAndSayWhatToDo) {
  ASSERT_OK(Close());
  const SqlError error = ErrorOf("INSERT INTO customers (id, card) VALUES (9, '4999')");
  EXPECT_THAT(error.message, Not(HasSubstr("4999")));
  EXPECT_EQ(Sql("DO $$ DECLARE a text; b text; c text; d text; e text; BEGIN "
                "INSERT INTO customers (id, card) VALUES (9, '4999'); "
                "EXCEPTION WHEN check_violation THEN GET STACKED DIAGNOSTICS a = SCHEMA_NAME, "
                "b = TABLE_NAME, c = COLUMN_NAME, d = PG_EXCEPTION_HINT, e = PG_EXCEPTION_DETAIL; "
                "CREATE TABLE caught AS SELECT a || '.' || b || '.' || c AS place, d AS hint, "
                "e AS detail; END $$; SELECT place || ' ' || hint || ' ' || detail FROM caught"),
            "public.customers.card_protected card is being converted, and both columns must be "
            "written by now. \"fieldkms column reopen\" lets rows with the one only in again. ");
}

TEST_F(InStepTest, ATransactionOfManyStatementsIsLookedAtRowByRow) {
  Sql(kFull);
  ASSERT_OK(Close());
  // Not at its end: a row in between would be seen by nobody, and the next one may not come.
  Refuses(
      "BEGIN; UPDATE customers SET card = '4112'; "
      "UPDATE customers SET card_protected = '\\x11bb'; COMMIT",
      "must not be NULL");
  Sql("BEGIN; DELETE FROM customers; INSERT INTO customers (id, card, card_protected) "
      "VALUES (1, '4112', '\\x11bb'); UPDATE customers SET note = 'x'; COMMIT");
  EXPECT_EQ(Row(1), "4112/\\x11bb");
}

TEST_F(InStepTest, TakesNoRightsOfTheWriterOnSchemaKms) {
  const std::string role = MakeRole();
  Sql("GRANT SELECT, INSERT, UPDATE ON customers TO " + role);
  Sql(kFull);
  ASSERT_EQ(Sql("SELECT has_schema_privilege('" + role + "', 'kms', 'USAGE')"), "f");
  Sql("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kms FROM public");
  Sql("UPDATE customers SET card = '4112'", role);
  EXPECT_EQ(Full(), "4112/-/-");
  ASSERT_OK(Close());
  EXPECT_EQ(ErrorOf("INSERT INTO customers (id, card) VALUES (2, '4111')", role).state, "23514");
}

// A function of the same name before pg_catalog, or an operator, is not what decides.
TEST_F(InStepTest, TheSearchPathOfAWriterDecidesNothing) {
  Sql(kFull);
  Sql("CREATE SCHEMA evil; CREATE FUNCTION evil.record_image_ne(record, record) RETURNS bool "
      "LANGUAGE plpgsql AS 'BEGIN RETURN false; END'; CREATE FUNCTION evil.format(text, VARIADIC "
      "text[]) "
      "RETURNS text LANGUAGE sql AS 'SELECT ''evil'''");
  Sql("SET search_path = evil, pg_catalog, public; UPDATE customers SET card = '4112'");
  EXPECT_EQ(Full(), "4112/-/-");
  ASSERT_OK(Close());
  Refuses(
      "SET search_path = evil, pg_catalog, public; INSERT INTO customers (id, card) "
      "VALUES (2, '4111')",
      "table public.customers");
}

TEST_F(InStepTest, RenamesMidWayLeaveTheConditionsRight) {
  Sql(kFull);
  Sql("ALTER TABLE customers RENAME card TO pan; ALTER TABLE customers RENAME kind TO sort; "
      "ALTER TABLE customers ADD card text; ALTER TABLE customers RENAME TO clients");
  Sql("UPDATE clients SET card = 'another column'");
  EXPECT_EQ(Sql("SELECT card_protected IS NULL FROM clients"), "f");
  Sql("UPDATE clients SET pan = '4112'");
  EXPECT_EQ(Sql("SELECT card_protected IS NULL FROM clients"), "t");
  // The follower is cleared by its name. Where that is another column's now, nothing is done to the
  // wrong one, and the row is not left out of step.
  Sql("UPDATE clients SET card_protected = '\\x11bb'; "
      "ALTER TABLE clients RENAME card_protected TO pan_protected");
  EXPECT_EQ(ErrorOf("UPDATE clients SET pan = '4113'").state, "42703");
  Sql("ALTER TABLE clients ADD card_protected bytea DEFAULT '\\x77'");
  const SqlError stale = ErrorOf("UPDATE clients SET pan = '4113'");
  EXPECT_EQ(stale.state, "23514");
  EXPECT_THAT(stale.message, HasSubstr("columns were renamed"));
  // Each step makes the triggers anew.
  ASSERT_OK(ReopenConversion(database(), {"public", "clients"}, "pan"));
  Sql("UPDATE clients SET pan = '4113'");
  EXPECT_EQ(Sql("SELECT pan_protected IS NULL AND card_protected = '\\x77' FROM clients"), "t");
}

TEST_F(InStepTest, NamesMayBeAnything) {
  Sql("CREATE SCHEMA \"S \"\"x\"; CREATE TABLE \"S \"\"x\".\"T'\\ $in_step$\" "
      "(\"I'd\" int PRIMARY KEY, \"c\\'$in_step$\"\"%I\" text)");
  ProtectedColumn column = Card();
  column.table = {"S \"x", "T'\\ $in_step$"};
  column.plain_column = "c\\'$in_step$\"%I";
  column.column = "p'\\\"";
  column.index_column = "$in_step$";
  column.key_columns = {"I'd"};
  column.context_names = column.context_columns = {};
  Begin(column);
  const std::string table = "\"S \"\"x\".\"T'\\ $in_step$\"";
  Sql("INSERT INTO " + table + " VALUES (1, 'a', '\\x11', '\\x22')");
  Sql("SET standard_conforming_strings = off; UPDATE " + table +
      " SET \"c\\'$in_step$\"\"%I\" = 'b'");
  EXPECT_EQ(Sql("SELECT \"p'\\\"\"\" IS NULL AND \"$in_step$\" IS NULL FROM " + table), "t");
  ASSERT_OK(CloseConversion(database(), column.table, column.column));
  EXPECT_THAT(
      ErrorOf("SET standard_conforming_strings = off; INSERT INTO " + table + " VALUES (2, 'a')")
          .message,
      HasSubstr("must not be NULL"));
  ASSERT_OK(ReopenConversion(database(), column.table, *column.plain_column));
  ASSERT_OK(AbandonConversion(database(), column.table, column.column));
}

// A dump has triggers as SQL, which must make the same ones.
TEST_F(InStepTest, ComeOutOfADumpAsTheyWere) {
  Sql(kFull);
  ASSERT_OK(Close());
  const auto definitions = Rows(
      "SELECT pg_get_triggerdef(oid), tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 2");
  ASSERT_FALSE(definitions.empty());
  for (const auto& trigger : definitions) {
    Sql("DROP TRIGGER \"" + trigger[1] + "\" ON customers; SET search_path = ''; " + trigger[0] +
        "; ALTER TABLE public.customers ENABLE ALWAYS TRIGGER \"" + trigger[1] + "\"");
  }
  EXPECT_EQ(Rows("SELECT pg_get_triggerdef(oid), tgname FROM pg_trigger WHERE NOT tgisinternal "
                 "ORDER BY 2"),
            definitions);
  Refuses("UPDATE customers SET card = '4112'", "must not be NULL");
}

// After the switch the ciphertext leads.
class SwitchedTest : public testing::ConversionTest {};

TEST_F(SwitchedTest, PlaintextGoesWithItsCiphertextAndIsNotWritten) {
  ProtectAll(Card(), "INSERT INTO customers (id, card) VALUES (1, '4111'), (2, '4222')");
  EXPECT_EQ(Row(1, "card, card_plain"), "\\x1134313131/4111");
  Sql("UPDATE customers SET note = 'x', kind = 'k'");
  EXPECT_EQ(Row(1, "card, card_plain"), "\\x1134313131/4111");
  Sql("UPDATE customers SET card = '\\x11aa' WHERE id = 1");
  EXPECT_EQ(Row(1, "card, card_plain"), "\\x11aa/-");
  Refuses("UPDATE customers SET card_plain = '4112' WHERE id = 1", "card_plain is not written");
  Refuses("UPDATE customers SET card_plain = '4112' WHERE id = 2", "card_plain is not written");
  Refuses("UPDATE customers SET card = '\\x11', card_plain = '4112'", "card_plain is not written");
  Refuses("INSERT INTO customers (id, card_plain) VALUES (3, '4111')", "card_plain is not written");
  Refuses("INSERT INTO customers (id, card, card_plain) VALUES (3, '\\x11', '4111')",
          "card_plain is not written");
  Sql("UPDATE customers SET card_plain = NULL");
  Sql("INSERT INTO customers (id, card) VALUES (3, '\\x11')");
}

// PostgreSQL takes a literal for bytes as well as for text.
TEST_F(SwitchedTest, AnApplicationThatStillWritesPlaintextIsRefused) {
  ProtectAll(Card());
  Refuses("INSERT INTO customers (id, card) VALUES (1, '4111111111111111')",
          "what is written into column card is no ciphertext");
  Refuses("INSERT INTO customers (id, card) VALUES (1, '')", "is no ciphertext");
  Sql("INSERT INTO customers (id, card) VALUES (1, '\\x11aa'), (2, NULL)");
  Refuses("UPDATE customers SET card = '4111111111111111'", "is no ciphertext");
  Sql("UPDATE customers SET note = 'x'");
  EXPECT_THAT(ErrorOf("INSERT INTO customers (id, card) VALUES (3, '4111')").message,
              Not(HasSubstr("4111")));
}

TEST_F(SwitchedTest, TextsAreLookedAtByTheirPrefix) {
  Sql("INSERT INTO customers (id, card) VALUES (1, '4111')");
  ProtectedColumn column = Card();
  column.shape = Shape::kText;
  Begin(column);
  Sql("UPDATE customers SET card_protected = 'fk1.' || card");
  ASSERT_OK(Close());
  ASSERT_OK(Switch());
  Refuses("UPDATE customers SET card = '4111'", "is no ciphertext");
  Sql("UPDATE customers SET card = 'fk1.x'");
  EXPECT_EQ(Row(1, "card, card_plain"), "fk1.x/-");
}

TEST_F(SwitchedTest, TheOtherWayIsTheMirrorImage) {
  ProtectAll(CardWithIndex(), "INSERT INTO customers (id, card) VALUES (1, '4111'), (2, '4222')");
  ASSERT_OK(DropPlain());
  ASSERT_OK(Unprotect());
  // The ciphertext leads, so a change of what it is bound to is its own business.
  Sql("UPDATE customers SET card_clear = 'filled', card_index = '\\x01'");
  Sql("UPDATE customers SET kind = 'k'");
  EXPECT_EQ(Row(1, "card_clear, card_index"), "filled/\\x01");
  Sql("UPDATE customers SET card = '\\x11bb' WHERE id = 1");
  EXPECT_EQ(Row(1, "card, card_clear, card_index"), "\\x11bb/-/\\x01");
  ASSERT_OK(Close());
  Refuses("INSERT INTO customers (id, card) VALUES (3, '\\x11')", "card_clear must not be NULL");
  EXPECT_THAT(Switch(), StatusIs(Reason::kDatabaseRefused));
  Sql("UPDATE customers SET card_clear = 'filled' WHERE card_clear IS NULL");
  ASSERT_OK(Switch());
  EXPECT_EQ(Row(1, "card, card_protected"), "filled/\\x11bb");
  // The plaintext leads.
  Sql("UPDATE customers SET card = '4112' WHERE id = 1");
  EXPECT_EQ(Row(1, "card, card_protected, card_index"), "4112/-/-");
  Sql("UPDATE customers SET kind = 'other' WHERE id = 2");
  EXPECT_EQ(Row(2, "card, card_protected, card_index"), "filled/-/-");
  Refuses("UPDATE customers SET card_protected = '\\x11'", "card_protected is not written");
  Sql("INSERT INTO customers (id, card) VALUES (4, '4111')");
}

class InStepPartitionsTest : public testing::ConversionTest {
 protected:
  void SetUp() override {
    ConversionTest::SetUp();
    // Columns of partitions have other numbers, and there are partitions of partitions.
    Sql("DROP TABLE customers; "
        "CREATE TABLE customers (gone int, id bigint, kind text, card text, note text, "
        "part int, PRIMARY KEY (id, part)) PARTITION BY LIST (part); "
        "ALTER TABLE customers DROP COLUMN gone; "
        "CREATE TABLE first PARTITION OF customers FOR VALUES IN (1); "
        "CREATE TABLE second (part int NOT NULL, note text, x int, card text, kind text, "
        "id bigint NOT NULL); ALTER TABLE second DROP COLUMN x; "
        "ALTER TABLE customers ATTACH PARTITION second FOR VALUES IN (2); "
        "CREATE TABLE deep PARTITION OF customers FOR VALUES IN (3, 4) PARTITION BY LIST (part); "
        "CREATE TABLE third PARTITION OF deep FOR VALUES IN (3)");
  }
};

TEST_F(InStepPartitionsTest, EachPartitionIsKeptInStep) {
  Begin(Card());
  Sql("CREATE TABLE later PARTITION OF deep FOR VALUES IN (4)");
  for (int part = 1; part <= 4; ++part) {
    const std::string id = std::to_string(part);
    Sql("INSERT INTO customers (id, part, card, card_protected) VALUES (" + id + ", " + id +
        ", '4111', '\\x11')");
  }
  Sql("UPDATE customers SET note = 'x'");
  EXPECT_EQ(Sql("SELECT count(*) FROM customers WHERE card_protected IS NULL"), "0");
  Sql("UPDATE second SET card = '4112'; UPDATE third SET card = '4112'");
  EXPECT_EQ(Sql("SELECT count(*) FROM customers WHERE card_protected IS NULL"), "2");
  ASSERT_OK(Close());
  Refuses("UPDATE later SET card = '4112'", "table public.later: column card_protected must not");
  Refuses("INSERT INTO first (id, part, card) VALUES (9, 1, '4111')", "must not be NULL");
  EXPECT_EQ(Sql("SELECT count(*) FROM pg_trigger WHERE tgname LIKE '~fieldkms%' AND "
                "tgenabled <> 'A'"),
            "0");
}

TEST_F(InStepPartitionsTest, RowsMoveBetweenPartitions) {
  Begin(Card());
  Sql("INSERT INTO customers (id, part, card, card_protected) VALUES (1, 1, '4111', '\\x11')");
  Sql("UPDATE customers SET part = 2");
  EXPECT_EQ(Row(1), "4111/\\x11");
  Sql("UPDATE customers SET part = 3, card = '4112'");
  EXPECT_EQ(Row(1), "4112/-");
  ASSERT_OK(Close());
  // It comes as a new row where it goes.
  Refuses("UPDATE customers SET part = 1", "must not be NULL");
  Fill();
  Sql("UPDATE customers SET part = 1");
  ASSERT_OK(Switch());
  EXPECT_EQ(Row(1, "card, card_plain, part"), "\\x1134313132/4112/1");
  Sql("UPDATE customers SET part = 2");  // loses what waits to be dropped
  EXPECT_EQ(Row(1, "card, card_plain, part"), "\\x1134313132/-/2");
  Refuses("INSERT INTO customers (id, part, card_plain) VALUES (5, 1, '4111')", "is not written");
}

TEST_F(InStepPartitionsTest, AKeyOfThePartitionCanBeOfTheContext) {
  ProtectedColumn column = Card();
  column.key_columns = {"id", "part"};
  Begin(column);
  Sql("INSERT INTO customers (id, part, card, card_protected) VALUES (1, 1, '4111', '\\x11')");
  Sql("UPDATE customers SET part = 2");
  EXPECT_EQ(Row(1), "4111/-");
}

}  // namespace
}  // namespace fieldkms::rotation
