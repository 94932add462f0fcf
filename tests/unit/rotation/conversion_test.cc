// The steps by which a column of plaintext becomes one of ciphertext, and back.
#include "rotation/conversion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/rotation/conversion_fixture.h"
#include "tests/unit/rotation/libpq_session.h"

namespace fieldkms::rotation {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kOneRow[] = "INSERT INTO customers (id, card) VALUES (1, '4111')";

class ConversionTest : public testing::ConversionTest {
 protected:
  std::string Columns(const std::string& table = "customers") {
    return Sql(
        "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY "
        "attnum) FROM pg_attribute WHERE attrelid = '" +
        table + "'::regclass AND attnum > 0 AND NOT attisdropped");
  }
  std::string Triggers() {
    return Sql("SELECT count(*) FROM pg_trigger WHERE tgname LIKE '~fieldkms%'");
  }
  std::string Functions() {
    return Sql(
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'kms'::regnamespace "
        "AND prorettype = 'trigger'::regtype");
  }
  std::string StageName() {
    return Sql("SELECT coalesce(conversion, 'none') FROM kms.protected_columns");
  }
  // What is refused leaves nothing behind.
  void RefusesToBegin(const ProtectedColumn& column, std::string_view field,
                      const std::string& text) {
    const std::string before = Columns();
    const auto begun = BeginProtect(database(), column);
    EXPECT_THAT(begun, StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField)) << text;
    EXPECT_EQ(FieldOf(begun.status()), field) << begun.status();
    EXPECT_THAT(std::string(begun.status().message()), HasSubstr(text));
    EXPECT_EQ(Columns(), before);
    EXPECT_EQ(Triggers() + Functions(), "00");
    EXPECT_THAT(List(), IsEmpty());
  }
  static ProtectedColumn Of(const std::string& table, const std::string& plain = "card") {
    ProtectedColumn column = Card();
    column.table.table = table;
    column.plain_column = plain;
    column.context_names = column.context_columns = {};
    return column;
  }
};

TEST_F(ConversionTest, BeginsWithColumnsTriggersAndALineOfTheRegistry) {
  const ProtectedColumn begun = Begin(CardWithIndex());
  EXPECT_EQ(Columns(),
            "id bigint, kind text, card text, note text, card_protected bytea, card_index bytea");
  EXPECT_EQ(begun.conversion, Conversion::kProtect);
  EXPECT_EQ(begun.plain_column, "card");
  EXPECT_EQ(begun.binding_id.size(), 16u);
  const auto listed = List();
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].column, "card_protected");
  EXPECT_EQ(listed[0].plain_column, "card");
  EXPECT_EQ(listed[0].index_column, "card_index");
  EXPECT_EQ(listed[0].index_key, "indexes");
  EXPECT_EQ(listed[0].conversion, Conversion::kProtect);
  EXPECT_EQ(listed[0].binding_id, begun.binding_id);
}

TEST_F(ConversionTest, BeginsAsOftenAsItIsAsked) {
  const ProtectedColumn begun = Begin(Card());
  const std::string columns = Columns(), triggers = Triggers();
  EXPECT_EQ(Begin(Card()).binding_id, begun.binding_id);
  EXPECT_EQ(Columns(), columns);
  EXPECT_EQ(Triggers(), triggers);
  ProtectedColumn other = Card();
  other.key = "others";
  EXPECT_THAT(BeginProtect(database(), other),
              StatusIs(StatusCode::kAlreadyExists, Reason::kDatabaseRefused));
  // What was made stays known as made.
  ASSERT_OK(AbandonConversion(database(), kTable, "card"));
  EXPECT_EQ(Columns(), "id bigint, kind text, card text, note text");
}

TEST_F(ConversionTest, ShapesMakeColumnsOfTheirTypes) {
  Sql("ALTER TABLE customers ADD doc jsonb, ADD old json");
  ProtectedColumn column = Card();
  column.shape = Shape::kText;
  Begin(column);
  for (const auto& [plain, shape] :
       {std::pair("doc", Shape::kJsonb), std::pair("old", Shape::kJson)}) {
    column = Card();
    column.plain_column = plain;
    column.column = std::string(plain) + "_protected";
    column.shape = shape;
    EXPECT_EQ(FieldOf(BeginProtect(database(), column).status()), "field");
    column.field = "docs";
    column.field_id = "12345678";
    Begin(column);
  }
  EXPECT_THAT(Columns(), HasSubstr("card_protected text, doc_protected jsonb, old_protected json"));
  column.plain_column = "note";
  column.column = "note_protected";
  EXPECT_EQ(FieldOf(BeginProtect(database(), column).status()), "plain_column");
  column.shape = Shape::kByteaArray;
  EXPECT_EQ(FieldOf(BeginProtect(database(), column).status()), "shape");
  column.shape = Shape::kFpe;
  column.version_column = "note_version";
  Begin(column);
  EXPECT_THAT(Columns(), HasSubstr("note_protected text, note_version integer"));
}

TEST_F(ConversionTest, ColumnsThatAreThereAreChecked) {
  Sql("ALTER TABLE customers ADD card_protected bytea, ADD card_index bytea");
  Begin(CardWithIndex());
  ASSERT_OK(AbandonConversion(database(), kTable, "card"));
  EXPECT_EQ(Columns(),
            "id bigint, kind text, card text, note text, card_protected bytea, card_index bytea");
  EXPECT_EQ(Triggers() + Functions(), "00");
  // The line stays, with what the ciphertexts are bound to: they are not Begin's to forget.
  ASSERT_THAT(List(), SizeIs(1));
  EXPECT_EQ(StageName(), "none");
  const std::string binding_id = List()[0].binding_id;
  EXPECT_EQ(Begin(CardWithIndex()).binding_id, binding_id);
  ASSERT_OK(AbandonConversion(database(), kTable, "card"));
  ASSERT_OK(RemoveProtectedColumn(database(), kTable, "card_protected"));

  Sql("ALTER TABLE customers ALTER card_index TYPE text");
  RefusesToBegin(CardWithIndex(), "index_column", "bytea");
  Sql("ALTER TABLE customers ALTER card_protected SET NOT NULL");
  RefusesToBegin(Card(), "column", "NOT NULL");
  Sql("ALTER TABLE customers ALTER card_protected DROP NOT NULL, "
      "ALTER card_protected SET DEFAULT ''");
  RefusesToBegin(Card(), "column", "default");
  Sql("ALTER TABLE customers DROP card_protected, ADD card_protected int");
  RefusesToBegin(Card(), "shape", "type of the column");
  Sql("CREATE DOMAIN sealed AS bytea NOT NULL; "
      "ALTER TABLE customers DROP card_protected, ADD card_protected sealed");
  RefusesToBegin(Card(), "column", "never NULL");
}

TEST_F(ConversionTest, RefusesTablesWithoutTriggersOfTheirOwn) {
  Sql("CREATE VIEW v AS SELECT * FROM customers; CREATE MATERIALIZED VIEW m AS SELECT 1 AS id; "
      "CREATE TABLE parent (id int, card text); CREATE TABLE child () INHERITS (parent); "
      "CREATE TABLE parts (id int, card text) PARTITION BY LIST (id); "
      "CREATE TABLE part PARTITION OF parts FOR VALUES IN (1); "
      "CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw; "
      "CREATE FOREIGN TABLE f (id int, card text) SERVER s; "
      "CREATE TABLE mixed (id int, card text) PARTITION BY LIST (id); "
      "CREATE FOREIGN TABLE far PARTITION OF mixed FOR VALUES IN (1) SERVER s");
  RefusesToBegin(Of("v"), "table", "no table with rows of its own");
  RefusesToBegin(Of("m"), "table", "no table with rows of its own");
  RefusesToBegin(Of("f"), "table", "no table with rows of its own");
  RefusesToBegin(Of("mixed"), "table", "foreign");
  RefusesToBegin(Of("parent"), "table", "inherit");
  RefusesToBegin(Of("child"), "table", "child of another table");
  RefusesToBegin(Of("part"), "table", "partition");
  RefusesToBegin(Of("missing"), "table", "no table");
  ASSERT_OK(database().Write([&](Transaction& transaction) {
    transaction.RunOnce("CREATE TEMPORARY TABLE t (id int, card text)");
    return absl::OkStatus();
  }));
  ProtectedColumn temporary = Of("t");
  temporary.table.schema =
      Sql("SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
          "WHERE relname = 't'");
  RefusesToBegin(temporary, "table", "temporary");
}

TEST_F(ConversionTest, RefusesColumnsThatOthersHangOn) {
  Sql("CREATE TYPE pair AS (a int, b int); CREATE DOMAIN strict AS text NOT NULL; "
      "CREATE TABLE t (id int PRIMARY KEY, other int REFERENCES t, made text GENERATED ALWAYS AS "
      "('x') STORED, number int GENERATED ALWAYS AS IDENTITY, read text, reader text GENERATED "
      "ALWAYS AS (read) STORED, p pair, s strict DEFAULT 'x', r int NOT NULL UNIQUE); "
      "ALTER TABLE t REPLICA IDENTITY USING INDEX t_r_key; "
      "CREATE TABLE parts (id int, card text) PARTITION BY LIST (lower(card)); "
      "CREATE TABLE parts2 (id int, card text) PARTITION BY LIST (card)");
  const auto refuses = [&](const std::string& column, const std::string& text) {
    RefusesToBegin(Of("t", column), "plain_column", text);
  };
  refuses("other", "foreign key t_other_fkey");
  refuses("made", "generated");
  refuses("number", "identity");
  refuses("read", "generated column reader");
  refuses("p", "composite");
  refuses("s", "never NULL");
  refuses("r", "replica identity");
  refuses("ctid", "no column");
  refuses("missing", "no column");
  RefusesToBegin(Of("parts"), "plain_column", "partition key");
  RefusesToBegin(Of("parts2"), "plain_column", "partition key");
  ProtectedColumn unbound = Of("t", "id");
  unbound.key_columns = {};
  RefusesToBegin(unbound, "plain_column", "primary key");
  ProtectedColumn bound = Of("t", "read");
  bound.key_columns = {"id", "made"};
  RefusesToBegin(bound, "key_columns[1]", "generated");
  bound.key_columns = {"id", "gone"};
  RefusesToBegin(bound, "key_columns[1]", "no column");
  bound.key_columns = {"id", "read"};
  RefusesToBegin(bound, "key_columns[1]", "is what is converted");
  bound = Of("t", "read");
  bound.index_column = "read";
  RefusesToBegin(bound, "index_column", "another of the columns");
}

TEST_F(ConversionTest, RefusesWhatAnotherProtectedColumnStandsOn) {
  Begin(Card());
  const auto field_of = [&](ProtectedColumn column) {
    const auto begun = BeginProtect(database(), column);
    EXPECT_THAT(begun, StatusIs(Reason::kInvalidField));
    return FieldOf(begun.status());
  };
  ProtectedColumn kind = Of("customers", "kind");
  kind.column = "kind_protected";
  EXPECT_EQ(field_of(kind), "plain_column");
  ProtectedColumn note = Of("customers", "note");
  EXPECT_EQ(field_of(note), "column");  // card_protected is taken
  note.column = "note_protected";
  note.key_columns = {"id", "card"};
  EXPECT_EQ(field_of(note), "key_columns[1]");
  note.key_columns = {"id"};
  Begin(note);
  EXPECT_THAT(List(), SizeIs(2));
}

TEST_F(ConversionTest, RefusesATriggerThatWouldComeBehindItsOwn) {
  const auto make = [&](const std::string& name, const std::string& when) {
    Sql("CREATE TRIGGER \"" + name + "\" " + when +
        " ON customers FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()");
  };
  make("~g", "AFTER UPDATE");
  make("~a", "BEFORE UPDATE");
  make("\u00fcber", "BEFORE DELETE");
  Begin(Card());
  ASSERT_OK(AbandonConversion(database(), kTable, "card"));
  make("\u00dcber", "BEFORE UPDATE");  // behind ~, byte by byte
  RefusesToBegin(Card(), "table", "\u00dcber");
  Sql("DROP TRIGGER \"\u00dcber\" ON customers");
  Begin(Card());
  make("~z", "BEFORE UPDATE");
  EXPECT_EQ(FieldOf(Close().status()), "table");
  EXPECT_EQ(StageName(), "protect");
}

TEST_F(ConversionTest, StagesComeOneAfterTheOther) {
  const auto refused = StatusIs(StatusCode::kFailedPrecondition, Reason::kDatabaseRefused);
  EXPECT_THAT(Close(), StatusIs(StatusCode::kNotFound, Reason::kDatabaseRefused));
  Sql(kOneRow);
  Begin(Card());
  EXPECT_THAT(Switch(), refused);
  EXPECT_THAT(DropPlain(), refused);
  EXPECT_THAT(DropCiphertext(database(), kTable, "card"), refused);
  EXPECT_THAT(Unprotect(), StatusIs(StatusCode::kAlreadyExists, Reason::kDatabaseRefused));
  ASSERT_OK(Close("card_protected"));  // by either name
  EXPECT_EQ(StageName(), "protect_closed");
  ASSERT_OK(Close());
  ASSERT_OK(Reopen());
  ASSERT_OK(Reopen());
  EXPECT_EQ(StageName(), "protect");
  ASSERT_OK(Close());
  EXPECT_EQ(*CountUnfilled(database(), List()[0]), 1u);
  const auto early = Switch();
  EXPECT_THAT(early, refused);
  EXPECT_THAT(std::string(early.status().message()), HasSubstr("1 rows"));
  Fill();
  EXPECT_EQ(*CountUnfilled(database(), List()[0]), 0u);
  ASSERT_OK_AND_ASSIGN(const ProtectedColumn switched, Switch());
  EXPECT_EQ(switched.column, "card");
  EXPECT_EQ(switched.plain_column, "card_plain");
  EXPECT_EQ(switched.conversion, Conversion::kProtected);
  ASSERT_OK_AND_ASSIGN(const ProtectedColumn again, Switch());
  EXPECT_EQ(again.column, "card");
  EXPECT_EQ(again.plain_column, "card_plain");
  EXPECT_EQ(Columns(), "id bigint, kind text, card_plain text, note text, card bytea");
  EXPECT_THAT(Close(), refused);
  EXPECT_THAT(Reopen(), refused);
  EXPECT_THAT(AbandonConversion(database(), kTable, "card"), refused);
  EXPECT_THAT(RemoveProtectedColumn(database(), kTable, "card"), refused);
  ASSERT_OK(DropPlain());
  EXPECT_EQ(Columns(), "id bigint, kind text, note text, card bytea");
  EXPECT_EQ(StageName(), "none");
  EXPECT_EQ(Triggers() + Functions(), "00");
  EXPECT_THAT(DropPlain(), refused);
  EXPECT_THAT(Close(), refused);
}

TEST_F(ConversionTest, TheWayBackEndsWithoutALineOfTheRegistry) {
  ProtectAll(CardWithIndex(), kOneRow);
  ASSERT_OK(DropPlain());
  EXPECT_EQ(FieldOf(Unprotect("no such type").status()), "type");
  EXPECT_EQ(FieldOf(Unprotect("text; DROP TABLE customers").status()), "type");
  EXPECT_EQ(FieldOf(Unprotect("text DEFAULT 1").status()), "type");
  EXPECT_EQ(FieldOf(Unprotect("serial").status()), "type");
  ASSERT_OK(Unprotect("character varying(19)"));
  ASSERT_OK(Unprotect("character varying(19)"));
  EXPECT_THAT(Columns(), HasSubstr("card_clear character varying(19)"));
  EXPECT_EQ(*CountUnfilled(database(), List()[0]), 1u);
  ASSERT_OK(Close());
  ASSERT_OK(Reopen());
  ASSERT_OK(AbandonConversion(database(), kTable, "card"));
  EXPECT_EQ(StageName(), "none");
  EXPECT_EQ(Columns(), "id bigint, kind text, note text, card bytea, card_index bytea");
  EXPECT_THAT(AbandonConversion(database(), kTable, "card"), StatusIs(Reason::kDatabaseRefused));
  ASSERT_OK(Unprotect());
  Sql("UPDATE customers SET card_clear = '4111'");
  ASSERT_OK(Close());
  ASSERT_OK_AND_ASSIGN(const ProtectedColumn switched, Switch());
  EXPECT_EQ(switched.column, "card_protected");
  EXPECT_EQ(switched.plain_column, "card");
  const std::string binding_id = switched.binding_id;
  ASSERT_OK_AND_ASSIGN(const ProtectedColumn gone, DropCiphertext(database(), kTable, "card"));
  EXPECT_EQ(gone.binding_id, binding_id);
  EXPECT_EQ(Columns(), "id bigint, kind text, note text, card text");
  EXPECT_THAT(List(), IsEmpty());
  EXPECT_EQ(Triggers() + Functions(), "00");
  EXPECT_EQ(Row(1, "id, card"), "1/4111");
}

TEST_F(ConversionTest, ThePlaintextMayHaveAnyNameAndNamesMayStay) {
  Sql("ALTER TABLE customers ADD card_plain text");
  Begin(Card());
  ASSERT_OK(Close());
  EXPECT_EQ(FieldOf(Switch().status()), "leader");
  EXPECT_EQ(FieldOf(Switch({.leader = std::string(64, 'x')}).status()), "leader");
  EXPECT_EQ(StageName(), "protect_closed");
  ASSERT_OK_AND_ASSIGN(const ProtectedColumn swapped, Switch({.leader = "card_protected"}));
  EXPECT_EQ(swapped.column, "card");
  EXPECT_EQ(swapped.plain_column, "card_protected");
  EXPECT_THAT(Columns(), HasSubstr("card_protected text"));
  ASSERT_OK(DropPlain());
  // Back, and both keep their names.
  ASSERT_OK(Unprotect());
  ASSERT_OK(Close());
  ASSERT_OK_AND_ASSIGN(const ProtectedColumn kept, Switch({.rename = false}));
  EXPECT_EQ(kept.column, "card");
  EXPECT_EQ(kept.plain_column, "card_clear");
  Sql("INSERT INTO customers (id, card_clear) VALUES (7, '4111')");
}

// The constraint of the column is that of the value, wherever it stands.
TEST_F(ConversionTest, NotNullGoesOverWithTheLead) {
  Sql("ALTER TABLE customers ALTER card SET NOT NULL, ALTER card SET DEFAULT '4000'");
  ProtectAll(Card(), kOneRow);
  Sql("INSERT INTO customers (id, card) VALUES (2, '\\x11')");
  EXPECT_EQ(ErrorOf("INSERT INTO customers (id) VALUES (3)").state, "23514");
  const std::string constraint =
      Sql("SELECT conname FROM pg_constraint WHERE conname LIKE '~fieldkms%' AND NOT convalidated");
  Sql("ALTER TABLE customers VALIDATE CONSTRAINT \"" + constraint + "\"");
  ASSERT_OK(DropPlain());
  ASSERT_OK(Unprotect());
  Sql("UPDATE customers SET card_clear = 'x'");
  ASSERT_OK(Close());
  ASSERT_OK(Switch());
  EXPECT_EQ(ErrorOf("INSERT INTO customers (id) VALUES (4)").state, "23514");
  Sql("INSERT INTO customers (id, card) VALUES (5, '4111')");
  ASSERT_OK(DropCiphertext(database(), kTable, "card"));
  EXPECT_EQ(ErrorOf("INSERT INTO customers (id) VALUES (6)").state, "23514");
}

TEST_F(ConversionTest, AbandonLosesNothingThatIsNowhereElse) {
  Sql(kOneRow);
  Begin(Card());
  Fill();
  Sql("INSERT INTO customers (id, card_protected) VALUES (2, '\\x11')");
  const absl::Status refused = AbandonConversion(database(), kTable, "card");
  EXPECT_THAT(refused, StatusIs(StatusCode::kFailedPrecondition, Reason::kDatabaseRefused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("1 rows"));
  Sql("UPDATE customers SET card_protected = NULL WHERE id = 2");
  Sql("CREATE VIEW v AS SELECT card_protected FROM customers");
  const absl::Status seen = AbandonConversion(database(), kTable, "card");
  EXPECT_THAT(seen, StatusIs(Reason::kDatabaseRefused));
  EXPECT_THAT(std::string(seen.message()), HasSubstr("view public.v"));
  EXPECT_EQ(StageName(), "protect");
  EXPECT_NE(Triggers(), "0");
  Sql("DROP VIEW v");
  ASSERT_OK(AbandonConversion(database(), kTable, "card"));
  EXPECT_EQ(Columns(), "id bigint, kind text, card text, note text");
  EXPECT_EQ(Triggers() + Functions(), "00");
  EXPECT_THAT(List(), IsEmpty());
  EXPECT_THAT(AbandonConversion(database(), kTable, "card"),
              StatusIs(StatusCode::kNotFound, Reason::kDatabaseRefused));
}

TEST_F(ConversionTest, FollowsRenamesBetweenTheSteps) {
  Sql(kOneRow);
  Begin(Card());
  Sql("ALTER TABLE customers RENAME card TO pan; ALTER TABLE customers RENAME card_protected TO "
      "sealed; ALTER TABLE customers RENAME id TO number; ALTER TABLE customers RENAME TO clients; "
      "CREATE SCHEMA moved; ALTER TABLE clients SET SCHEMA moved");
  const TableName table = {"moved", "clients"};
  ASSERT_OK(CloseConversion(database(), table, "pan"));
  Sql("UPDATE moved.clients SET sealed = '\\x11'");
  ASSERT_OK_AND_ASSIGN(const ProtectedColumn switched,
                       SwitchConversion(database(), table, "sealed"));
  EXPECT_EQ(switched.column, "pan");
  EXPECT_EQ(switched.plain_column, "pan_plain");
  EXPECT_THAT(switched.key_columns, ElementsAre("number"));
  ASSERT_OK(DropPlaintext(database(), table, "pan", true));
  EXPECT_EQ(Columns("moved.clients"), "number bigint, kind text, note text, pan bytea");
}

TEST_F(ConversionTest, TriggersThatWereDisabledOrDroppedStandInTheWayOfTheSwitch) {
  Begin(Card());
  ASSERT_OK(Close());
  Sql("ALTER TABLE customers DISABLE TRIGGER ALL");
  EXPECT_THAT(Switch(), StatusIs(StatusCode::kFailedPrecondition, Reason::kDatabaseRefused));
  Sql("ALTER TABLE customers ENABLE TRIGGER ALL");  // not as they were
  EXPECT_THAT(Switch(), StatusIs(Reason::kDatabaseRefused));
  ASSERT_OK(Close());
  ASSERT_OK(Switch());
}

// Rows that come with a partition went through no trigger.
TEST_F(ConversionTest, RowsOfAnAttachedPartitionAreCounted) {
  Sql("CREATE TABLE parts (id int, card text) PARTITION BY LIST (id); "
      "CREATE TABLE one PARTITION OF parts FOR VALUES IN (1)");
  Begin(Of("parts"));
  const TableName parts = {"public", "parts"};
  ASSERT_OK(CloseConversion(database(), parts, "card"));
  Sql("CREATE TABLE two (LIKE parts); INSERT INTO two VALUES (2, '4111'); "
      "ALTER TABLE parts ATTACH PARTITION two FOR VALUES IN (2)");
  EXPECT_THAT(SwitchConversion(database(), parts, "card"), StatusIs(Reason::kDatabaseRefused));
  Sql("UPDATE parts SET card_protected = '\\x11'");
  ASSERT_OK(SwitchConversion(database(), parts, "card"));
  EXPECT_EQ(Columns("two"), "id integer, card_plain text, card bytea");
}

TEST_F(ConversionTest, ABusyTableIsLeftAlone) {
  const auto busy = StatusIs(StatusCode::kAborted, Reason::kDatabaseBusy);
  testing::LibpqSession reader(server().Conninfo(name(), testing::PostgresServer::kSuperuser));
  const auto is_busy = [&](const auto& step) {
    reader.Run("BEGIN; SELECT count(*) FROM customers");
    EXPECT_THAT(step(), busy);
    reader.Run("COMMIT");
    EXPECT_OK(step());
  };
  is_busy([&] { return BeginProtect(database(), Card()); });
  is_busy([&] { return Close(); });
  is_busy([&] { return Reopen(); });
  ASSERT_OK(Close());
  is_busy([&] { return Switch(); });
  EXPECT_EQ(StageName(), "protected");
}

// Who wrote before the closing has ended by then, and what was written is counted.
TEST_F(ConversionTest, ClosingWaitsForWriters) {
  Begin(Card());
  testing::LibpqSession writer(server().Conninfo(name(), testing::PostgresServer::kSuperuser));
  writer.Run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM kms.protected_columns");
  testing::LibpqSession other(server().Conninfo(name(), testing::PostgresServer::kSuperuser));
  other.Run("BEGIN; INSERT INTO customers (id, card) VALUES (1, '4111')");
  EXPECT_THAT(Close(), StatusIs(Reason::kDatabaseBusy));
  other.Run("COMMIT");
  ASSERT_OK(Close());
  EXPECT_EQ(*CountUnfilled(database(), List()[0]), 1u);
  // One that began before it and writes after it is refused, whatever state it reads.
  EXPECT_THROW(writer.Run("INSERT INTO customers (id, card) VALUES (2, '4111')"),
               std::runtime_error);
  EXPECT_EQ(*CountUnfilled(database(), List()[0]), 1u);
}

TEST_F(ConversionTest, APreparedTransactionIsAWriterToo) {
  Begin(Card());
  Sql("BEGIN; INSERT INTO customers (id, card) VALUES (1, '4111'); PREPARE TRANSACTION 'p'");
  EXPECT_THAT(Close(), StatusIs(Reason::kDatabaseBusy));
  Sql("COMMIT PREPARED 'p'");
  ASSERT_OK(Close());
}

TEST_F(ConversionTest, TakesTheRightsOfTheOwner) {
  const std::string owner = MakeRole(), stranger = MakeRole();
  Sql("ALTER TABLE customers OWNER TO " + owner + "; GRANT USAGE, CREATE ON SCHEMA kms TO " +
      owner + ", " + stranger + "; GRANT USAGE, CREATE ON SCHEMA public TO " + owner +
      "; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA kms TO " + owner + ", " +
      stranger);
  EXPECT_THAT(BeginProtect(*Connect(stranger), Card()), StatusIs(Reason::kDatabaseRefused));
  const auto as_owner = Connect(owner);
  ASSERT_OK(BeginProtect(*as_owner, Card()));
  ASSERT_OK(CloseConversion(*as_owner, kTable, "card"));
  ASSERT_OK(SwitchConversion(*as_owner, kTable, "card"));
  ASSERT_OK(DropPlaintext(*as_owner, kTable, "card", true));
}

// Until another job has looked at them.
TEST_F(ConversionTest, WhatAJobHasQuarantinedIsNotSwitchedTo) {
  Sql("INSERT INTO customers (id, card) VALUES (1, 'a')");
  Begin(Card());
  Fill();
  ASSERT_OK(Close());
  const auto job = [&](const std::string& digit, const std::string& quarantine) {
    const std::string id = "'" + std::string(32, digit[0]) + "'";
    Sql("INSERT INTO kms.rotation_jobs (job_id, tenant, started, source_key_id, target_key_id, "
        "target_version) VALUES (" +
        id +
        ", 'acme', '1.0', decode('0000000000000000', 'hex'), "
        "decode('0000000000000000', 'hex'), 1); INSERT INTO kms.rotation_tables (job_id, table_no, "
        "relation, plan, estimated_rows) VALUES (" +
        id + ", 0, 'customers', '{}', 1)");
    Sql("INSERT INTO kms.rotation_quarantine (job_id, table_no, attribute, row_key, digest, "
        "reason) "
        "VALUES (" +
        id + ", 0, '" + quarantine + "', '{1}', decode(repeat('00', 32), 'hex'), 'r')");
  };
  job("1", "card_protected");
  EXPECT_THAT(Switch(), StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kDatabaseRefused));
  job("2", "another");
  EXPECT_OK(Switch());
}

}  // namespace
}  // namespace fieldkms::rotation
