#include "clients/cli/rotation_plan_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace fieldkms {
namespace {

using rotation::Finding;
using rotation::Severity;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

rotation::TableEstimate ATable(const std::string& name, double low, double high) {
  rotation::TableEstimate table;
  table.plan.root = {"public", "Cards"};
  table.plan.leaf = {"public", name};
  table.plan.columns.push_back({.name = "card", .type = "bytea"});
  table.plan.estimated_rows = 1'000'000;
  table.sample = {.rows = 2'000, .nulls = 10, .current = 1'000, .older = 990};
  table.rows_to_change = {low, high};
  table.batches = 200;
  table.wal_bytes = {1'024.0 * 1'024, 2'048.0 * 1'024};
  table.bloat_bytes = {0, 4'096};
  table.table_bytes = 8'192;
  return table;
}

ShownPlan AShownPlan() {
  ShownPlan shown;
  shown.plan.tables = {ATable("cards_1", 400'000, 500'000), ATable("cards_2", 0, 250'000)};
  shown.plan.tables[1].plan.order = rotation::ScanOrder::kPlace;
  shown.target.set_source_key("cards");
  shown.target.set_source_key_id("0102030405060708");
  shown.target.set_key("cards");
  shown.target.set_key_id("0102030405060708");
  shown.target.set_key_version(2);
  shown.workers = 2;
  return shown;
}

Finding AFinding(Severity severity, const std::string& code, const std::string& column = "") {
  return {severity, code, {"public", "Cards"}, column, "what is so\x1b[2J"};
}

TEST(PlannedTimeTest, IsARangeOverTheWorkers) {
  const auto time = PlannedTime(AShownPlan().plan, 2);
  ASSERT_TRUE(time);
  EXPECT_EQ(time->soonest, seconds(5));  // 400,000 rows at twice 40,000 a second
  EXPECT_EQ(time->latest, seconds(75));  // 750,000 rows at twice 5,000 a second
}

TEST(PlannedTimeTest, IsNotKnownOfWhatNobodyLookedAt) {
  ShownPlan shown = AShownPlan();
  shown.plan.tables[1].sample = {};
  EXPECT_FALSE(PlannedTime(shown.plan, 2));
  shown.plan.tables[1].plan.estimated_rows = 0;  // it is empty, and not merely unknown
  EXPECT_TRUE(PlannedTime(shown.plan, 2));
  shown.plan.findings = {AFinding(Severity::kRefused, "VIEW")};
  EXPECT_FALSE(PlannedTime(shown.plan, 2));
  EXPECT_THAT(PlanText(shown), HasSubstr("time            not known\n"));
  EXPECT_EQ(PlanJson(shown)["time"], nullptr);
}

TEST(PlanReportTest, ShowsSumsAndTables) {
  const std::string text = PlanText(AShownPlan());
  EXPECT_THAT(text, HasSubstr("key             cards, version 2\n"
                              "rows to change  400,000 to 750,000\n"
                              "batches         400\n"
                              "log             2 MiB to 4 MiB\n"
                              "tables grow by  0 bytes to 8 KiB\n"));
  EXPECT_THAT(text, HasSubstr("5 s to 1 min 15 s, where each of 2 workers changes 5,000 to 40,000 "
                              "rows a second and never rests"));
  EXPECT_THAT(text, HasSubstr("public.cards_1  1,000,000  400,000 to 500,000"));
  EXPECT_THAT(text, Not(HasSubstr("refused")));
}

TEST(PlanReportTest, FindingsBeginWithTheWorst) {
  ShownPlan shown = AShownPlan();
  shown.plan.findings = {AFinding(Severity::kNote, "FEW"), AFinding(Severity::kWarning, "SLOT"),
                         AFinding(Severity::kRefused, "UPDATE_TRIGGER", "card")};
  shown.plan.findings[1].table = {};
  EXPECT_THAT(PlanText(shown),
              HasSubstr("\nrefused public.\"Cards\".card: what is so\\x1b[2J (UPDATE_TRIGGER)\n"
                        "warning: what is so\\x1b[2J (SLOT)\n"
                        "note public.\"Cards\": what is so\\x1b[2J (FEW)\n"
                        "\nA job would be refused: mend that first.\n"));
  const Json json = PlanJson(shown);
  EXPECT_EQ(json["refused"], true);
  EXPECT_EQ(json["findings"][2]["severity"], "refused");
  EXPECT_EQ(json["findings"][2]["column"], "card");
}

TEST(PlanReportTest, InJson) {
  const Json json = PlanJson(AShownPlan());
  EXPECT_EQ(json["key_version"], 2);
  EXPECT_EQ(json["refused"], false);
  EXPECT_EQ(json["rows_to_change"], Json::parse(R"({"low": 400000, "high": 750000})"));
  EXPECT_EQ(json["batches"], 400);
  EXPECT_EQ(json["time"]["latest_seconds"], 75);
  EXPECT_EQ(json["time"]["rows_per_second_of_a_worker"]["low"], 5'000);
  const Json& table = json["tables"][1];
  EXPECT_EQ(table["table"], "cards_2");
  EXPECT_EQ(table["root"]["table"], "Cards");
  EXPECT_EQ(table["columns"], Json::array({"card"}));
  EXPECT_EQ(table["order"], "place");
  EXPECT_EQ(table["sample"]["older"], 990);
}

}  // namespace
}  // namespace fieldkms
