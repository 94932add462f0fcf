// What rows need work, as PostgreSQL reads the conditions.
#include "rotation/table_sql.h"

#include <gtest/gtest.h>

#include <string>

#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "tests/unit/rotation/database_fixture.h"
#include "tests/unit/rotation/envelopes.h"

namespace fieldkms::testing {
namespace {

using rotation::CipherColumn;
using rotation::Shape;
using rotation::TablePlan;
using rotation::Target;
using rotation::Work;

class TableSqlTest : public DatabaseTest {
 protected:
  static Target Version(uint32_t version) {
    const std::string id = std::string(7, '\0') + '\7';
    return {id, id, version};
  }
  static TablePlan PlanOf(Work work, Shape shape) {
    TablePlan plan;
    plan.leaf = plan.root = {"public", "r"};
    plan.work = work;
    CipherColumn& column = plan.columns.emplace_back();
    column.name = "c";
    column.shape = shape;
    if (work != Work::kReseal) column.companion.name = "p";
    return plan;
  }
  // "t", "f", or "" for null, of a row with these values in SQL.
  std::string Needs(const TablePlan& plan, const std::string& cell,
                    const std::string& companion = "NULL::text") {
    return Sql("SELECT " + rotation::NeedsWorkSql(plan, Version(2)) + " FROM (SELECT " + cell +
               " AS c, " + companion + " AS p) AS t");
  }
  static std::string Text(uint32_t version) {
    return EncodeText(AsBytes(MadeUpEnvelope(7, version)));
  }
};

TEST_F(TableSqlTest, DocumentsThatSpellAnEnvelopeWithEscapesAreLookedAt) {
  const TablePlan plan = PlanOf(Work::kReseal, Shape::kJson);
  EXPECT_EQ(Needs(plan, "'{\"a\": \"" + Text(1) + "\"}'::json"), "t");
  EXPECT_EQ(Needs(plan, "'{\"a\": \"\\u0066" + Text(1).substr(1) + "\"}'::json"), "t");
  EXPECT_EQ(Needs(plan, "'{\"a\": \"plain\"}'::json"), "f");
  // jsonb has no escapes left.
  EXPECT_EQ(Needs(PlanOf(Work::kReseal, Shape::kJsonb),
                  "'{\"a\": \"\\u0066" + Text(1).substr(1) + "\"}'::jsonb"),
            "t");
}

TEST_F(TableSqlTest, ACompanionSaysWhatIsToBeDone) {
  const TablePlan encrypt = PlanOf(Work::kEncrypt, Shape::kBytea);
  EXPECT_EQ(Needs(encrypt, "NULL::bytea", "''"), "t");
  EXPECT_EQ(Needs(encrypt, "''::bytea", "''"), "f");
  EXPECT_EQ(Needs(encrypt, "NULL::bytea"), "f");
  const TablePlan decrypt = PlanOf(Work::kDecrypt, Shape::kBytea);
  EXPECT_EQ(Needs(decrypt, "''::bytea"), "t");
  EXPECT_EQ(Needs(decrypt, "NULL::bytea", "''"), "f");
  const TablePlan reindex = PlanOf(Work::kReindex, Shape::kBytea);
  EXPECT_EQ(Needs(reindex, "''::bytea", "NULL::bytea"), "t");
  EXPECT_EQ(Needs(reindex, "''::bytea", "'\\x0001ff'::bytea"), "t");
  EXPECT_EQ(Needs(reindex, "''::bytea", "'\\x000200'::bytea"), "f");
  EXPECT_EQ(Needs(reindex, "''::bytea", "'\\x010000'::bytea"), "f");
  const TablePlan texts = PlanOf(Work::kRetokenize, Shape::kFpe);
  EXPECT_EQ(Needs(texts, "''", "NULL::int2"), "t");
  EXPECT_EQ(Needs(texts, "''", "1::int2"), "t");
  EXPECT_EQ(Needs(texts, "''", "2::int2"), "f");
}

TEST_F(TableSqlTest, AnyDoneIsOneRowWithAValueAndNothingToDo) {
  const TablePlan plan = PlanOf(Work::kEncrypt, Shape::kBytea);
  const std::string any = rotation::AnyDoneSql(plan, Version(2));
  Sql("CREATE TABLE r (c bytea, p text)");
  Sql("INSERT INTO r VALUES (NULL, 'a'), (NULL, NULL)");
  EXPECT_EQ(Sql(any), "f");
  Sql("INSERT INTO r VALUES ('x', 'a')");
  EXPECT_EQ(Sql(any), "t");
}

}  // namespace
}  // namespace fieldkms::testing
