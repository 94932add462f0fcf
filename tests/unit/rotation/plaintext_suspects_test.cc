// What is taken for a card number, a social security number or an address, and where it is looked
// for.
#include "tests/unit/rotation/requests_fixture.h"

namespace fieldkms::rotation {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PlaintextSuspectsTest : public testing::RequestsTest {
 protected:
  std::string In(const std::string& text) {
    return Sql("SELECT array_to_string(kms.suspects_in('" + text + "'), ',')");
  }
  // "table.column kind matched/seen", one after the other.
  std::string Found(const std::string& arguments = "",
                    std::string_view user = testing::PostgresServer::kSuperuser) {
    return Sql(
        "SELECT string_agg(relation || '.' || attribute || ' ' || kind || ' ' || "
        "rows_matched || '/' || rows_seen, '; ' ORDER BY relation::text, attribute, kind) "
        "FROM kms.plaintext_suspects(" +
            arguments + ") WHERE kind IS NOT NULL",
        user);
  }
  std::string Notes(std::string_view user = testing::PostgresServer::kSuperuser) {
    return Sql(
        "SELECT string_agg(relation || ': ' || note, '; ' ORDER BY relation::text) "
        "FROM kms.plaintext_suspects() WHERE note IS NOT NULL",
        user);
  }
};

TEST_F(PlaintextSuspectsTest, CardNumbersPassTheirCheck) {
  // Those that networks publish for tests.
  for (const std::string pan :
       {"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005",
        "30569309025904", "4222222222222", "6011111111111117", "5555555555554444",
        "3530111333300000", "6304000000000000", "pay 4111111111111111 now",
        "a,5555555555554444;b"}) {
    EXPECT_EQ(In(pan), "pan") << pan;
  }
  for (const std::string other :
       {"4111111111111112", "411111111111111", "41111111111111111", "1700000000000",
        "0000000000000000", "4111  1111 1111 1111", "4111.1111.1111.1111", "84111111111111111111",
        "89014103211118510720", "4111111111111111-1", "1 4111 1111 1111 1111", "four"}) {
    EXPECT_EQ(In(other), "") << other;
  }
}

TEST_F(PlaintextSuspectsTest, SocialSecurityNumbersAreOnesThatAreGivenOut) {
  for (const std::string ssn : {"536-90-4399", "536 90 4399", "ssn: 001-01-0001.", "899-99-9999"}) {
    EXPECT_EQ(In(ssn), "ssn") << ssn;
  }
  for (const std::string other : {"000-12-3456", "666-12-3456", "900-12-3456", "536-00-4399",
                                  "536-90-0000", "078-05-1120", "219-09-9999", "536904399",
                                  "536-90 4399", "1536-90-4399", "536-90-43991", "536-90-4399-1"}) {
    EXPECT_EQ(In(other), "") << other;
  }
}

TEST_F(PlaintextSuspectsTest, AddressesHaveADomain) {
  for (const std::string email :
       {"joe@example.com", "<joe.doe+tag@mail.example.co.uk>", "to joe_1@ex-ample.museum, now"}) {
    EXPECT_EQ(In(email), "email") << email;
  }
  for (const std::string other :
       {"joe@localhost", "@example.com", "joe@-example.com", "joe@example.c", "a @ b.com",
        "joe@example..com", "user@host:path.x1"}) {
    EXPECT_EQ(In(other), "") << other;
  }
  EXPECT_EQ(In("536-90-4399 joe@example.com 4111111111111111"), "ssn,pan,email");
}

TEST_F(PlaintextSuspectsTest, LooksIntoAllThatCanBeReadAsText) {
  Sql("CREATE DOMAIN short AS varchar(40); CREATE DOMAIN shorter AS short; "
      "CREATE TABLE people (id int, a text, b varchar(30), c char(20), d jsonb, e json, f bigint, "
      "g numeric, h shorter, i bytea, j date); "
      "INSERT INTO people SELECT i, 'joe@example.com', '536-90-4399', '4111111111111111', "
      "'{\"m\": \"joe@example.com\"}', '[\"536-90-4399\"]', 4111111111111111, 5555555555554444, "
      "'joe@example.com', 'joe@example.com', now() FROM generate_series(1, 10) i; "
      "UPDATE people SET a = NULL WHERE id > 8; UPDATE people SET a = 'joe' WHERE id > 4");
  EXPECT_EQ(Found(),
            "people.a email 4/10; people.b ssn 10/10; people.c pan 10/10; people.d email 10/10; "
            "people.e ssn 10/10; people.f pan 10/10; people.g pan 10/10; people.h email 10/10");
}

TEST_F(PlaintextSuspectsTest, PartitionsAndMaterializedViewsAreTablesOfTheirOwn) {
  Sql("CREATE TABLE parts (id int, m text) PARTITION BY LIST (id); "
      "CREATE TABLE one PARTITION OF parts FOR VALUES IN (1); "
      "CREATE TABLE two PARTITION OF parts FOR VALUES IN (2); "
      "INSERT INTO parts VALUES (1, 'joe@example.com'), (2, 'nothing'); "
      "CREATE MATERIALIZED VIEW copied AS SELECT m FROM parts; CREATE VIEW seen AS SELECT m FROM "
      "parts");
  EXPECT_EQ(Found(), "copied.m email 1/2; one.m email 1/1");
}

TEST_F(PlaintextSuspectsTest, SchemasAreAllOrThoseThatAreNamed) {
  Sql("CREATE SCHEMA \"O'ther\"; CREATE TABLE \"O'ther\".\"T\"\"1\" (\"M\"\"x\" text); "
      "INSERT INTO \"O'ther\".\"T\"\"1\" VALUES ('joe@example.com'); "
      "INSERT INTO customers VALUES (1, '4111111111111111')");
  EXPECT_EQ(Found(), "\"O'ther\".\"T\"\"1\".M\"x email 1/1; customers.card pan 1/1");
  EXPECT_EQ(Found("'{public}'"), "customers.card pan 1/1");
  EXPECT_EQ(Found("'{nothing}'"), "");
  EXPECT_THAT(ErrorOf("SELECT kms.plaintext_suspects(sample_rows => 0)", owner_),
              StartsWith("22023"));
}

TEST_F(PlaintextSuspectsTest, SamplesAreBounded) {
  Sql("INSERT INTO customers SELECT i, '4111111111111111' FROM generate_series(1, 50000) i; "
      "ANALYZE customers");
  const std::string found =
      Sql("SELECT rows_seen <= 500 AND rows_seen > 100 AND rows_matched = rows_seen AND share = 1 "
          "FROM kms.plaintext_suspects(sample_rows => 500)");
  EXPECT_EQ(found, "t");
}

TEST_F(PlaintextSuspectsTest, ProtectedColumnsAreKnownAndThoseOnTheirWaySaidSo) {
  Sql("CREATE TABLE cards (gone int, sealed text, plain text) PARTITION BY HASH (plain); "
      "ALTER TABLE cards DROP COLUMN gone; "
      "CREATE TABLE part PARTITION OF cards FOR VALUES WITH (MODULUS 1, REMAINDER 0); "
      "INSERT INTO cards VALUES ('joe@example.com', '4111111111111111'); "
      "INSERT INTO kms.protected_columns (binding_id, relation, relation_oid, attribute, "
      "attribute_number, tenant, key_name, shape, key_attributes, key_numbers, plain_attribute, "
      "plain_number, conversion) VALUES (decode(repeat('01', 16), 'hex'), 'cards', "
      "'cards'::regclass, 'sealed', 2, 'acme', 'k', 'text', '{}', '{}', 'plain', 3, 'protect')");
  EXPECT_EQ(Found(), "part.plain pan 1/1");  // where the numbers of columns are others
  EXPECT_EQ(Notes(), "part: is being converted: protect");
}

TEST_F(PlaintextSuspectsTest, SaysWhatItCouldNotRead) {
  Sql("CREATE TABLE hidden (a text); CREATE TABLE secured (a text); "
      "ALTER TABLE secured ENABLE ROW LEVEL SECURITY; GRANT SELECT ON secured TO " +
      owner_ + "; INSERT INTO customers VALUES (1, 'joe@example.com')");
  EXPECT_EQ(Found("", owner_), "customers.card email 1/1");
  EXPECT_EQ(Notes(owner_),
            "hidden: skipped: no right to read it, or row security hides rows; "
            "secured: skipped: no right to read it, or row security hides rows");
}

// Whoever looks at tables of others with greater rights runs nothing of theirs.
TEST_F(PlaintextSuspectsTest, RunsNothingOfTheOwnersOfTables) {
  Sql("CREATE TYPE mood AS ENUM ('joe@example.com'); CREATE TABLE moods (m mood); "
      "INSERT INTO moods VALUES ('joe@example.com')");
  Sql("CREATE FUNCTION trap(mood) RETURNS text LANGUAGE plpgsql AS "
      "'BEGIN RAISE EXCEPTION ''called''; END'; CREATE CAST (mood AS text) WITH FUNCTION "
      "trap(mood)");
  Sql("CREATE FUNCTION public.watch() RETURNS boolean LANGUAGE plpgsql AS "
      "'BEGIN RAISE EXCEPTION ''called''; END'; ALTER TABLE customers ENABLE ROW LEVEL SECURITY; "
      "CREATE POLICY p ON customers USING (watch()); INSERT INTO customers VALUES (1, 'a@b.de')",
      owner_);
  EXPECT_THAT(Found(), HasSubstr("customers.card email 1/1"));
  EXPECT_THAT(Found(), Not(HasSubstr("moods")));
}

// Neither answers nor notices have a value.
TEST_F(PlaintextSuspectsTest, ShowsNoValue) {
  Sql("INSERT INTO customers VALUES (1, '4111111111111111')");
  EXPECT_THAT(Sql("SELECT string_agg(s::text, ';') FROM kms.plaintext_suspects() s"),
              Not(HasSubstr("4111")));
}

}  // namespace
}  // namespace fieldkms::rotation
