// Plans of the jobs that make one column out of another: which columns they are about, and what
// speaks against it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rotation/conversion.h"
#include "tests/unit/rotation/plan_fixture.h"

namespace fieldkms::testing {
namespace {

using rotation::Conversion;
using rotation::JobPlan;
using rotation::PlanRequest;
using rotation::ProtectedColumn;
using rotation::Work;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class PlanWorkTest : public PlanTest {
 protected:
  void SetUp() override {
    PlanTest::SetUp();
    Sql("CREATE TABLE people (id int PRIMARY KEY, card text, card_protected bytea, "
        "card_index bytea, pin text, pin_version smallint, docs jsonb, docs_plain jsonb, "
        "list bytea[], list_plain text)");
    Sql("INSERT INTO people (id, card, card_protected) VALUES (1, 'a', NULL), (2, 'b', '\\x11'), "
        "(3, NULL, NULL)");
    Sql("ANALYZE people");
  }
  static ProtectedColumn Registered(const std::string& name) {
    ProtectedColumn column;
    column.table = {"public", "people"};
    column.column = name;
    column.tenant = "acme";
    column.key = "cards";
    column.field = "people.card";
    column.field_id = std::string(8, 'f');
    column.key_columns = {"id"};
    return column;
  }
  void Add(const ProtectedColumn& column) {
    ASSERT_OK(rotation::AddProtectedColumn(*Connect(), column));
  }
  void AddCard(Conversion conversion) {
    ProtectedColumn column = Registered("card_protected");
    column.index_column = "card_index";
    column.index_key = "indexes";
    column.conversion = conversion;
    if (conversion != Conversion::kNone) column.plain_column = "card";
    Add(column);
  }
  static PlanRequest Of(Work work, const std::string& key = "cards") {
    PlanRequest request = Request();
    request.work = work;
    request.key_names = {key};
    return request;
  }
  static std::vector<std::string> Columns(const JobPlan& plan) {
    std::vector<std::string> names;
    for (const rotation::TableEstimate& table : plan.tables) {
      for (const rotation::CipherColumn& column : table.plan.columns) {
        names.push_back(column.name + "/" + column.companion.name + "/" + column.index.name);
      }
    }
    return names;
  }
};

TEST_F(PlanWorkTest, EncryptingIsAboutColumnsThatAreBeingProtected) {
  AddCard(Conversion::kProtect);
  const JobPlan plan = Plan(Of(Work::kEncrypt));
  EXPECT_FALSE(plan.refused());
  EXPECT_THAT(Columns(plan), ElementsAre("card_protected/card/card_index"));
  ASSERT_EQ(plan.tables.size(), 1u);
  EXPECT_EQ(plan.tables[0].sample.older, 1u);
  EXPECT_EQ(plan.tables[0].sample.current, 1u);
  EXPECT_EQ(plan.tables[0].sample.nulls, 1u);
  EXPECT_EQ(plan.tables[0].plan.columns[0].field, "people.card");
  // The same column has nothing to decrypt, and indexes of another key.
  EXPECT_THAT(Findings(Of(Work::kDecrypt)), ElementsAre("refused NO_COLUMNS "));
  EXPECT_THAT(Findings(Of(Work::kReindex)), ElementsAre("refused NO_COLUMNS "));
  EXPECT_THAT(Columns(Plan(Of(Work::kReindex, "indexes"))),
              ElementsAre("card_protected/card_index/"));
}

TEST_F(PlanWorkTest, WhatIsSwitchedIsEncryptedNoMore) {
  AddCard(Conversion::kProtected);
  EXPECT_THAT(Findings(Of(Work::kEncrypt)), ElementsAre("refused NO_COLUMNS "));
}

TEST_F(PlanWorkTest, AColumnOnItsWayToPlaintextIsDecryptedAndNotResealed) {
  AddCard(Conversion::kUnprotect);
  EXPECT_THAT(Columns(Plan(Of(Work::kDecrypt))), ElementsAre("card_protected/card/"));
  EXPECT_THAT(Findings(Of(Work::kReseal)), Contains("refused LEAVING people.card_protected"));
}

TEST_F(PlanWorkTest, TextsHaveTheirVersionsBesideThem) {
  ProtectedColumn column = Registered("pin");
  column.shape = rotation::Shape::kFpe;
  column.key = "fpe";
  column.version_column = "pin_version";
  Add(column);
  EXPECT_THAT(Columns(Plan(Of(Work::kRetokenize, "fpe"))), ElementsAre("pin/pin_version/"));
  EXPECT_THAT(Findings(Of(Work::kReseal, "fpe")), ElementsAre("refused NO_COLUMNS "));
}

TEST_F(PlanWorkTest, ArraysAndDocumentsWithoutAFieldAreRefused) {
  ProtectedColumn list = Registered("list");
  list.shape = rotation::Shape::kByteaArray;
  list.plain_column = "list_plain";
  list.conversion = Conversion::kProtect;
  Add(list);
  ProtectedColumn docs = Registered("docs");
  docs.shape = rotation::Shape::kJsonb;
  docs.field.reset();
  docs.field_id.clear();
  docs.plain_column = "docs_plain";
  docs.conversion = Conversion::kProtect;
  Add(docs);
  const std::vector<std::string> said = Findings(Of(Work::kEncrypt));
  EXPECT_THAT(said, Contains("refused UNFIT_FOR_WORK people.list"));
  EXPECT_THAT(said, Contains("refused UNFIT_FOR_WORK people.docs"));
}

TEST_F(PlanWorkTest, CompanionsOfTwoColumnsOrOfAnotherTypeAreRefused) {
  AddCard(Conversion::kNone);
  ProtectedColumn list = Registered("docs");
  list.shape = rotation::Shape::kJsonb;
  list.index_column = "card_index";
  list.index_key = "other";
  Add(list);
  ProtectedColumn text = Registered("card");
  text.shape = rotation::Shape::kText;
  text.index_column = "card_index";
  text.index_key = "indexes";
  Add(text);
  EXPECT_THAT(Findings(Of(Work::kReindex, "indexes")),
              Contains("refused COMPANION_SHARED people.card_index"));
  EXPECT_THAT(Findings(Of(Work::kReindex, "other")),
              Contains("refused UNFIT_FOR_WORK people.docs"));
  Sql("ALTER TABLE people ALTER card_index TYPE text USING NULL");
  EXPECT_THAT(Findings(Of(Work::kReindex, "indexes")),
              Contains("refused TYPE_MISMATCH people.card_protected"));
}

TEST_F(PlanWorkTest, DomainsOverBytesAreBytes) {
  Sql("CREATE DOMAIN secret AS bytea; ALTER TABLE people ADD raw secret");
  ProtectedColumn column = Registered("card_protected");
  column.plain_column = "raw";
  column.conversion = Conversion::kProtect;
  Add(column);
  const JobPlan plan = Plan(Of(Work::kEncrypt));
  ASSERT_EQ(plan.tables.size(), 1u);
  EXPECT_TRUE(plan.tables[0].plan.columns[0].companion_bytes);
}

TEST_F(PlanWorkTest, TextsOfAFormatAreNotIndexedAnew) {
  ProtectedColumn column = Registered("pin");
  column.shape = rotation::Shape::kFpe;
  column.version_column = "pin_version";
  column.index_column = "card_index";
  column.index_key = "indexes";
  Add(column);
  EXPECT_THAT(Findings(Of(Work::kReindex, "indexes")),
              Contains("refused UNFIT_FOR_WORK people.pin"));
}

TEST_F(PlanWorkTest, CompanionsThatAreGoneAreRefused) {
  AddCard(Conversion::kProtect);
  Sql("ALTER TABLE people DROP COLUMN card");
  EXPECT_THAT(Findings(Of(Work::kEncrypt)),
              Contains("refused COMPANION_GONE people.card_protected"));
}

TEST_F(PlanWorkTest, BothColumnsAreReadAndTheWrittenOnesNeedTheirRights) {
  AddCard(Conversion::kProtect);
  Sql("CREATE ROLE worker_of_work LOGIN; GRANT USAGE ON SCHEMA kms TO worker_of_work; "
      "GRANT SELECT ON ALL TABLES IN SCHEMA kms TO worker_of_work; "
      "GRANT SELECT, UPDATE (card_protected) ON people TO worker_of_work");
  EXPECT_THAT(Findings(Of(Work::kEncrypt), "worker_of_work"),
              Contains("refused UPDATE_DENIED people.card_index"));
  Sql("GRANT UPDATE (card_index) ON people TO worker_of_work");
  EXPECT_THAT(Findings(Of(Work::kEncrypt), "worker_of_work"),
              ::testing::Each(::testing::Not(StartsWith("refused"))));
  Sql("REVOKE SELECT ON people FROM worker_of_work; "
      "GRANT SELECT (id, card_protected, card_index) ON people TO worker_of_work");
  EXPECT_THAT(Findings(Of(Work::kEncrypt), "worker_of_work"),
              Contains("refused SELECT_DENIED people.card"));
  Sql("DROP OWNED BY worker_of_work; DROP ROLE worker_of_work");
}

TEST_F(PlanWorkTest, OwnTriggersAreNoHazard) {
  ProtectedColumn column = Registered("card_protected");
  column.plain_column = "card";
  ASSERT_OK(rotation::BeginProtect(*Connect(), column));
  EXPECT_THAT(Findings(Of(Work::kEncrypt)), ::testing::Each(::testing::Not(StartsWith("refused"))));
  Sql("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
      "CREATE TRIGGER other AFTER UPDATE ON people FOR EACH ROW EXECUTE FUNCTION f()");
  EXPECT_THAT(Findings(Of(Work::kEncrypt)), Contains("refused UPDATE_TRIGGER people"));
}

}  // namespace
}  // namespace fieldkms::testing
