// What kms.encryption_status says of protected columns.
#include "rotation/conversion.h"
#include "rotation/status_facts.h"
#include "tests/unit/rotation/requests_fixture.h"

namespace fieldkms::rotation {
namespace {

using ::testing::StartsWith;

// The first bytes of an envelope of suite 1 under a version, and its text form.
constexpr char kHeader[] =
    "decode('110123456789abcdef' || lpad(to_hex(%), 8, '0') || "
    "repeat('00', 40), 'hex')";

class EncryptionStatusTest : public testing::RequestsTest {
 protected:
  static std::string Envelope(const std::string& version) {
    std::string sql = kHeader;
    return sql.replace(sql.find('%'), 1, version);
  }
  static std::string TextEnvelope(const std::string& version) {
    return "'fk1.' || translate(rtrim(translate(encode(" + Envelope(version) +
           ", 'base64'), E'\\n', ''), '='), '+/', '-_')";
  }
  void Register(const std::string& table, const std::string& shape, const std::string& more = "") {
    Sql("INSERT INTO kms.protected_columns (binding_id, relation, relation_oid, attribute, "
        "attribute_number, tenant, key_name, shape, key_attributes, key_numbers) VALUES "
        "(decode(md5('" +
        table + "'), 'hex'), '" + table + "', '" + table +
        "'::regclass, 'c', 2, 'acme', 'cards', '" + shape + "', '{}', '{}'); " + more);
  }
  void KeyIs(const std::string& version) {
    Sql("INSERT INTO kms.key_facts (tenant, key_name, key_id, purpose, primary_version, "
        "created_at, "
        "primary_since) VALUES ('acme', 'cards', '0123456789abcdef', 'ENCRYPT', " +
        version + ", now() - interval '100 days', now() - interval '3 days')");
  }
  std::string Sample(const std::string& arguments = "") {
    return Sql(
        "SELECT string_agg(concat_ws(' ', relation, attribute, sampled_rows, skipped), '; ') "
        "FROM kms.sample_columns(" +
        arguments + ")");
  }
  std::string Status(const std::string& columns, const std::string& view = "encryption_status") {
    return Sql("SELECT string_agg(concat_ws('/', " + columns +
               "), '; ' ORDER BY relation::text) "
               "FROM kms." +
               view);
  }
};

TEST_F(EncryptionStatusTest, SaysHowMuchIsEncryptedUnderWhichVersions) {
  Sql("CREATE TABLE t (id int, c bytea, p text); INSERT INTO t SELECT i, CASE WHEN i <= 60 THEN " +
      Envelope("CASE WHEN i <= 45 THEN 3 ELSE 2 END") +
      " END, CASE WHEN i <= 90 THEN 'x' END FROM generate_series(1, 100) i; ANALYZE t");
  Register("t", "bytea",
           "UPDATE kms.protected_columns SET plain_attribute = 'p', plain_number = 3, "
           "conversion = 'protect'");
  EXPECT_EQ(Status("relation, stage, coverage, rotation_debt"), "t/protect");  // nothing is known
  EXPECT_EQ(Sample(), "t c 100");
  KeyIs("3");
  EXPECT_EQ(Status("relation, attribute, key_name, stage, estimated_rows, sampled_rows, coverage, "
                   "rotation_debt, primary_version, versions"),
            "t/c/cards/protect/100/100/0.6667/0.2500/3/"
            R"({"0123456789abcdef/2": 15, "0123456789abcdef/3": 45})");
  EXPECT_EQ(Status("key_age > interval '99 days', version_age < interval '4 days'",
                   "vw_encryption_status"),
            "t/t");
  Sql("DELETE FROM kms.protected_columns");
  EXPECT_EQ(Sql("SELECT count(*) FROM kms.column_samples"), "0");
}

TEST_F(EncryptionStatusTest, ReadsHeadersOfEveryShape) {
  Sql("CREATE TABLE b (id int, c bytea[]); CREATE TABLE j (id int, c jsonb); "
      "CREATE TABLE f (id int, c text, v smallint); CREATE TABLE t (id int, c text); "
      "CREATE TABLE a (id int, c text[]); CREATE TABLE o (id int, c json)");
  Sql("INSERT INTO a VALUES (1, ARRAY[NULL, " + TextEnvelope("70000") +
      "]); INSERT INTO b VALUES "
      "(1, ARRAY[" +
      Envelope("1") + ", " + Envelope("2") +
      ", NULL]), (2, '{}'); INSERT INTO f VALUES "
      "(1, '123', 4), (2, '456', NULL), (3, NULL, 9); INSERT INTO j SELECT 1, jsonb_build_object("
      "'a', " +
      TextEnvelope("5") + ", 'b', ARRAY['x', " + TextEnvelope("5") +
      "]); "
      "INSERT INTO o VALUES (1, '{\"a\": \"plain\"}'); "
      "INSERT INTO t SELECT 1, " +
      TextEnvelope("6") + " UNION SELECT 2, 'no envelope'");
  for (const auto& [table, shape] :
       {std::pair{"a", "text[]"}, {"b", "bytea[]"}, {"j", "jsonb"}, {"o", "json"}, {"t", "text"}}) {
    Register(table, shape);
  }
  Sql("INSERT INTO kms.protected_columns (binding_id, relation, relation_oid, attribute, "
      "attribute_number, tenant, key_name, shape, key_attributes, key_numbers, version_attribute, "
      "version_number) VALUES (decode(md5('f'), 'hex'), 'f', 'f'::regclass, 'c', 2, 'acme', "
      "'cards', "
      "'fpe', '{}', '{}', 'v', 3)");
  Sample();
  EXPECT_EQ(Status("relation, versions"),
            R"(a/{"0123456789abcdef/70000": 1}; )"
            R"(b/{"0123456789abcdef/1": 1, "0123456789abcdef/2": 1}; )"
            R"(f/{"-/4": 1, "-/?": 1}; j/{"0123456789abcdef/5": 2}; o/{}; )"
            R"(t/{"?": 1, "0123456789abcdef/6": 1})");
  KeyIs("4");
  EXPECT_EQ(Sql("SELECT rotation_debt FROM kms.encryption_status WHERE relation = 'f'::regclass"),
            "0.5000");
}

TEST_F(EncryptionStatusTest, FollowsNamesAndSkipsWhatItCannotRead) {
  Sql("CREATE TABLE t (id int, c bytea); CREATE TABLE u (id int, c bytea); "
      "CREATE TABLE v (id int, c bytea)");
  for (const std::string table : {"t", "u", "v"}) Register(table, "bytea");
  Sql("ALTER TABLE t RENAME COLUMN c TO \"C\"\"x\"; ALTER TABLE t RENAME TO \"T\"\"x\"; "
      "ALTER TABLE u DROP COLUMN c; DROP TABLE v");
  EXPECT_EQ(Sample(), "\"T\"\"x\" c 0; u c it is not what the registry says");
  EXPECT_EQ(
      Sql("SELECT attribute FROM kms.encryption_status WHERE relation = '\"T\"\"x\"'::regclass"),
      "C\"x");
  EXPECT_EQ(Sql("SELECT skipped FROM kms.sample_columns() LIMIT 1", owner_),
            "no right to read it, or row security hides rows");
  EXPECT_THAT(ErrorOf("SELECT kms.sample_columns(0)", owner_), StartsWith("22023"));
}

TEST_F(EncryptionStatusTest, SamplesArePartsOfLargeTables) {
  Sql("CREATE TABLE parts (id int, c bytea) PARTITION BY HASH (id); "
      "CREATE TABLE p1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0); "
      "CREATE TABLE p2 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1); "
      "INSERT INTO parts SELECT i, " +
      Envelope("1") +
      " FROM generate_series(1, 40000) i; "
      "ANALYZE parts");
  Register("parts", "bytea");
  Sample("300");
  EXPECT_EQ(Status("sampled_rows BETWEEN 50 AND 300, estimated_rows, coverage"), "t/40000/1.0000");
  // By what the worker calls: each column by itself.
  ASSERT_OK(RefreshSamples(database()));
  EXPECT_EQ(Status("sampled_rows > 300"), "t");
}

TEST_F(EncryptionStatusTest, ShowsTheLastJobOfTheTable) {
  Sql("CREATE TABLE t (id int, c bytea)");
  Register("t", "bytea");
  for (const std::string digit : {"1", "2"}) {
    Sql("INSERT INTO kms.rotation_jobs (job_id, tenant, started, source_key_id, target_key_id, "
        "target_version, phase) VALUES (repeat('" +
        digit +
        "', 32), 'acme', '1.0', '12345678', "
        "'12345678', 2, 'verify'); INSERT INTO kms.rotation_tables (job_id, table_no, relation, "
        "plan, estimated_rows) VALUES (repeat('" +
        digit + "', 32), 0, 't', '{}', 1)");
  }
  Sql("INSERT INTO kms.rotation_quarantine VALUES (repeat('2', 32), 0, 'c', '{1}', "
      "sha256('x'), 'r')");
  EXPECT_EQ(Status("left(last_job, 1), last_job_phase, last_job_quarantined"), "2/verify/1");
}

}  // namespace
}  // namespace fieldkms::rotation
