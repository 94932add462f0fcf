#include "rotation/table_plan.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms::rotation {
namespace {

using absl::StatusCode;
using nlohmann::json;

TablePlan SamplePlan() {
  TablePlan plan;
  plan.root = {"public", "customers"};
  plan.leaf = {"Kunden \"alt\"", "\xc3\xa9t\xc3\xa9"};
  plan.relation = 4'000'000'000;
  plan.order = ScanOrder::kPlace;
  plan.scan_key = {{"id", "uuid"}};
  plan.row_key = {{"id", "uuid"}, {"region", "\"My Schema\".\"T\""}};
  plan.context_columns = {{"kind", "character varying(9)"}};
  plan.columns.push_back({.name = "card",
                          .type = "bytea",
                          .shape = Shape::kBytea,
                          .binding_id = std::string("\x00\xff", 2) + std::string(14, 'b'),
                          .field_id = std::string("\x00\x01", 2) + std::string(6, 'f'),
                          .bound_to_row = true,
                          .context_names = {"k"},
                          .context_columns = {0}});
  CipherColumn& notes = plan.columns.emplace_back();
  notes.name = notes.type = "jsonb";
  notes.shape = Shape::kJsonb;
  notes.binding_id = std::string(16, 'c');
  notes.bound_to_row = false;
  plan.estimated_rows = 12'345'678'901'234'567'890u;
  return plan;
}

TEST(TablePlanTest, ShapesHaveTheNamesOfTheRegistry) {
  for (const std::string name : {"bytea", "text", "bytea[]", "text[]", "json", "jsonb", "fpe"}) {
    ASSERT_OK_AND_ASSIGN(const Shape shape, ParseShape(name));
    EXPECT_EQ(ShapeName(shape), name);
  }
  EXPECT_THAT(ParseShape("BYTEA"), StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
  EXPECT_THAT(ParseShape(""), StatusIs(Reason::kInvalidField));
}

TEST(TablePlanTest, IsReadAsItWasWritten) {
  const TablePlan plan = SamplePlan();
  ASSERT_OK_AND_ASSIGN(const TablePlan read, ParseTablePlan(TablePlanJson(plan)));
  EXPECT_EQ(read, plan);
}

TablePlan EncryptPlan() {
  TablePlan plan = SamplePlan();
  plan.work = Work::kEncrypt;
  plan.columns[0].companion = {"card_plain", "text"};
  plan.columns[1].companion = {"raw", "bytea"};
  plan.columns[1].companion_bytes = true;
  plan.columns[1].index = {"card_index", "bytea"};
  return plan;
}

TEST(TablePlanTest, CompanionsComeBack) {
  const TablePlan plan = EncryptPlan();
  EXPECT_EQ(ParseTablePlan(TablePlanJson(plan)).value(), plan);
}

TEST(TablePlanTest, SlotsAreColumnsThenCompanionsThenIndexes) {
  TablePlan plan = EncryptPlan();
  const auto names = [&plan] {
    std::string all;
    for (const Slot& slot : SlotsOf(plan)) {
      all += std::string(slot.name) + (slot.bytes ? "'" : "") + (slot.written ? "! " : " ");
    }
    return all;
  };
  EXPECT_EQ(names(), "card'! jsonb! card_plain raw' card_index'! ");
  EXPECT_EQ(CompanionSlot(plan, 1), 3u);
  EXPECT_EQ(IndexSlot(plan, 0), std::nullopt);
  EXPECT_EQ(IndexSlot(plan, 1), 4u);
  plan.columns[1].index = {};
  plan.work = Work::kDecrypt;
  EXPECT_EQ(names(), "card' jsonb card_plain! raw'! ");
  plan.work = Work::kRetokenize;
  EXPECT_EQ(names(), "card'! jsonb! card_plain! raw'! ");
  plan.work = Work::kReseal;
  EXPECT_EQ(names(), "card'! jsonb! ");
}

// A change of the form needs another number: plans are kept in databases.
TEST(TablePlanTest, KeepsItsForm) {
  TablePlan plan = SamplePlan();
  plan.columns.pop_back();
  EXPECT_EQ(json::parse(TablePlanJson(plan)), json::parse(
                                                  R"json({"form": 1, "plan": {
            "root": {"schema": "public", "table": "customers"},
            "leaf": {"schema": "Kunden \"alt\"", "table": "été"}, "relation": 4000000000,
            "order": "place", "scan_key": [{"name": "id", "type": "uuid"}],
            "row_key": [{"name": "id", "type": "uuid"},
                        {"name": "region", "type": "\"My Schema\".\"T\""}],
            "context_columns": [{"name": "kind", "type": "character varying(9)"}],
            "columns": [{"name": "card", "type": "bytea", "shape": "bytea",
                         "binding_id": "00ff6262626262626262626262626262",
                         "field_id": "0001666666666666", "bound_to_row": true,
                         "context_names": ["k"], "context_columns": [0],
                         "field": "", "companion": {"name": "", "type": ""}, "companion_bytes": false,
                         "index": {"name": "", "type": ""}}],
            "work": "reseal", "estimated_rows": 12345678901234567890}})json"));
}

TEST(TablePlanTest, PlansWithASourceHaveAFormOfTheirOwn) {
  TablePlan plan = SamplePlan();
  plan.work = Work::kEncrypt;
  for (CipherColumn& column : plan.columns) column.companion = {"plain", "bytea"};
  EXPECT_EQ(json::parse(TablePlanJson(plan))["form"], 1);
  plan.columns[0].source = "pgcrypto_pgp";
  plan.columns[0].source_key = "old";
  plan.columns[0].source_columns = {0};
  json good = json::parse(TablePlanJson(plan));
  EXPECT_EQ(good["form"], 2);
  EXPECT_EQ(ParseTablePlan(good.dump()).value(), plan);
  for (const auto& [pointer, value] : {std::pair<const char*, json>("/form", 1),
                                       {"/plan/columns/0/source_key", ""},
                                       {"/plan/columns/0/source_columns/0", 1}}) {
    json other = good;
    other[json::json_pointer(pointer)] = value;
    EXPECT_THAT(ParseTablePlan(other.dump()), StatusIs(Reason::kDatabaseRefused)) << other;
  }
}

// As jsonb gives it back: other white space, members in another order.
TEST(TablePlanTest, IsReadHoweverItIsSpelled) {
  const TablePlan plan = SamplePlan();
  EXPECT_EQ(ParseTablePlan(json::parse(TablePlanJson(plan)).dump(2)).value(), plan);
}

TEST(TablePlanTest, RefusesWhatAnotherReleaseWrote) {
  const json good = json::parse(TablePlanJson(SamplePlan()));
  std::vector<json> others = {json(), json::array(), json::object(), good["plan"]};
  const auto change = [&](const char* pointer, const json& value) {
    others.push_back(good);
    others.back()[json::json_pointer(pointer)] = value;
  };
  change("/form", 2);
  change("/form", "1");
  change("/more", 1);
  change("/plan/more", 1);
  change("/plan/root/more", 1);
  change("/plan/root", "public.customers");
  change("/plan/relation", -1);
  change("/plan/relation", uint64_t{1} << 32);
  change("/plan/relation", 1.5);
  change("/plan/order", "random");
  change("/plan/scan_key", json::object());
  change("/plan/scan_key/0", "id");
  change("/plan/scan_key/0/name", nullptr);
  change("/plan/columns", json::array());
  change("/plan/work", "shred");
  change("/plan/work", "encrypt");                    // without a companion
  change("/plan/columns/0/companion/name", "plain");  // of work that takes none
  change("/plan/columns/0/index/name", "index");
  change("/plan/columns/0/shape", "xml");
  change("/plan/columns/0/binding_id", "00");
  change("/plan/columns/0/binding_id", "00FF6262626262626262626262626262");
  change("/plan/columns/0/field_id", "000166");
  change("/plan/columns/0/bound_to_row", 1);
  change("/plan/columns/0/context_names", json::array({"k", "l"}));
  change("/plan/columns/0/context_columns", json::array({1}));
  change("/plan/columns/0/context_columns", json::array({-1}));
  for (const auto& [name, value] : good["plan"].items()) {
    others.push_back(good);
    others.back()["plan"].erase(name);
  }
  for (const json& other : others) {
    EXPECT_THAT(ParseTablePlan(other.dump()),
                StatusIs(StatusCode::kFailedPrecondition, Reason::kDatabaseRefused))
        << other;
  }
  EXPECT_THAT(ParseTablePlan("{\"form\""), StatusIs(Reason::kDatabaseRefused));
}

RC_GTEST_PROP(TablePlanProperty, NumbersAndNamesComeBack, (uint64_t rows, uint32_t relation)) {
  TablePlan plan = SamplePlan();
  plan.estimated_rows = rows;
  plan.relation = relation;
  plan.leaf.table =
      *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));  // ASCII is UTF-8
  RC_ASSERT(ParseTablePlan(TablePlanJson(plan)).value() == plan);
}

}  // namespace
}  // namespace fieldkms::rotation
