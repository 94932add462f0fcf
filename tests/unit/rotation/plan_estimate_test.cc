#include "rotation/plan_estimate.h"

#include <gtest/gtest.h>

namespace fieldkms::rotation {
namespace {

constexpr double kRowBytes = 120;

// A table of a million rows of 120 bytes, with one index, and a job for all of them.
class PlanEstimateTest : public ::testing::Test {
 protected:
  PlanEstimateTest() {
    facts_.relation.counted_rows = 1'000'000;
    facts_.relation.counted_pages = 14'649;
    facts_.relation.heap_bytes = 14'649 * 8192;
    facts_.relation.table_bytes = facts_.relation.heap_bytes;
    facts_.columns.resize(2);
    facts_.columns[0].name = "id";
    facts_.columns[0].number = 1;
    facts_.columns[1].name = "c";
    facts_.columns[1].number = 2;
    facts_.dependents[1] = {{DependentKind::kIndex, "t_pkey"}};
    leaf_.facts = &facts_;
    leaf_.plan.columns.resize(1);
    leaf_.plan.columns[0].name = "c";
    sample_.rows.rows = sample_.rows.older = 2000;
  }
  TableEstimate Estimate() { return EstimateTable(leaf_, sample_, settings_, 5000); }

  LeafFacts facts_;
  LeafPlan leaf_;
  LeafSample sample_;
  ServerSettings settings_;
};

TEST_F(PlanEstimateTest, OfATableOfWhichAllIsToBeWritten) {
  const TableEstimate estimate = Estimate();
  EXPECT_EQ(estimate.plan.estimated_rows, 1'000'000u);
  EXPECT_EQ(estimate.batches, 200u);
  EXPECT_NEAR(estimate.rows_to_change.low, 900'000, 20'000);
  EXPECT_NEAR(estimate.rows_to_change.high, 1'100'000, 1);
  // What was measured, 433 to 611 bytes a row, is within it; full images of all pages at most
  // come on top.
  EXPECT_LT(estimate.wal_bytes.low, 433e6);
  EXPECT_GT(estimate.wal_bytes.low, 0.8 * 433e6);
  EXPECT_GT(estimate.wal_bytes.high, 611e6);
  EXPECT_LT(estimate.wal_bytes.high, 1.2 * 611e6 + 1e6 * kRowBytes);
  // It grew from 31 to 36 at best, and to 63.
  EXPECT_NEAR(estimate.bloat_bytes.low, 0.16 * 0.9 * 1e6 * kRowBytes, 0.5e6);
  EXPECT_NEAR(estimate.bloat_bytes.high, 1.1e6 * kRowBytes, 1e6);
}

TEST_F(PlanEstimateTest, FreeSpaceOnPagesSavesGrowth) {
  facts_.relation.fillfactor = 80;
  EXPECT_EQ(Estimate().bloat_bytes.low, 0);
  EXPECT_GT(Estimate().bloat_bytes.high, 0);
  facts_.relation.fillfactor = 50;
  EXPECT_EQ(Estimate().bloat_bytes.high, 0);
}

TEST_F(PlanEstimateTest, IndexesOnTheColumnCost) {
  const TableEstimate before = Estimate();
  facts_.dependents[2] = {{DependentKind::kExpression, "of_c"}};
  const TableEstimate after = Estimate();
  // Two indexes: the key's gets entries too.
  EXPECT_NEAR(after.wal_bytes.low - before.wal_bytes.low, before.rows_to_change.low * 200, 1);
  EXPECT_GT(after.bloat_bytes.low, 5 * before.bloat_bytes.low);
}

TEST_F(PlanEstimateTest, ForeignKeysAndGeneratedColumnsAreNoIndexes) {
  const TableEstimate before = Estimate();
  facts_.dependents[2] = {{DependentKind::kForeignKey, "fk"}, {DependentKind::kGenerated, "g"}};
  EXPECT_EQ(Estimate().wal_bytes.high, before.wal_bytes.high);
}

TEST_F(PlanEstimateTest, WriteAheadLogFollowsWhatIsLogged) {
  const TableEstimate before = Estimate();
  settings_.full_page_writes = false;
  EXPECT_NEAR(before.wal_bytes.high - Estimate().wal_bytes.high,
              static_cast<double>(facts_.relation.heap_bytes), 1);
  facts_.relation.table_bytes *= 3;  // wider rows
  EXPECT_GT(Estimate().wal_bytes.low, before.wal_bytes.low + 0.8e6 * 2 * kRowBytes);
  facts_.relation.unlogged = true;
  EXPECT_EQ(Estimate().wal_bytes.high, 0);
}

TEST_F(PlanEstimateTest, OnlyWhatIsOlderIsWritten) {
  sample_.rows.older = 500;
  const TableEstimate half = Estimate();
  EXPECT_LT(half.rows_to_change.low, 250'000);
  EXPECT_GT(half.rows_to_change.low, 150'000);
  EXPECT_GT(half.rows_to_change.high, 250'000);
  EXPECT_LT(half.rows_to_change.high, 350'000);
  EXPECT_EQ(half.batches, 200u);  // all rows are read
  sample_.rows.older = 0;
  EXPECT_EQ(Estimate().rows_to_change.low, 0);
  EXPECT_GT(Estimate().rows_to_change.high, 0);
  EXPECT_LT(Estimate().rows_to_change.high, 10'000);
}

TEST_F(PlanEstimateTest, AWholeTableIsKnown) {
  sample_.whole = true;
  sample_.rows.older = 7;
  const TableEstimate estimate = Estimate();
  EXPECT_EQ(estimate.plan.estimated_rows, 2000u);
  EXPECT_EQ(estimate.rows_to_change.low, 7);
  EXPECT_EQ(estimate.rows_to_change.high, 7);
  EXPECT_EQ(estimate.batches, 1u);
}

TEST_F(PlanEstimateTest, AnEmptyTableTakesNothing) {
  facts_ = LeafFacts();
  sample_ = LeafSample();
  sample_.whole = true;
  const TableEstimate estimate = Estimate();
  EXPECT_EQ(estimate.batches, 0u);
  EXPECT_EQ(estimate.rows_to_change.high, 0);
  EXPECT_EQ(estimate.wal_bytes.high, 0);
  EXPECT_EQ(estimate.bloat_bytes.high, 0);
}

TEST(EstimateRowsTest, ATableThatGrewHasMoreRowsOfTheSameSize) {
  Relation relation;
  relation.counted_rows = 1000;
  relation.counted_pages = 10;
  relation.heap_bytes = 20 * 8192;
  const TableRows rows = EstimateRows(relation);
  EXPECT_EQ(rows.middle, 2000);
  EXPECT_NEAR(rows.range.low, 900, 0.001);
  EXPECT_NEAR(rows.range.high, 2200, 0.001);
}

TEST(EstimateRowsTest, WhereNobodyCountedTheSizeSaysLittle) {
  Relation relation;
  relation.heap_bytes = 100 * 8192;
  const TableRows rows = EstimateRows(relation);
  EXPECT_EQ(rows.range.low, 0);
  EXPECT_GT(rows.range.high, 4 * rows.middle);
}

TEST(ShareOfTest, IsWiderTheFewerRowsThereAre) {
  const Range none = ShareOf(0, 0);
  EXPECT_EQ(none.low, 0);
  EXPECT_EQ(none.high, 1);
  const Range few = ShareOf(5, 10), many = ShareOf(5000, 10'000);
  EXPECT_LT(few.low, 0.2);
  EXPECT_GT(few.high, 0.8);
  EXPECT_NEAR(many.low, 0.48, 0.01);
  EXPECT_NEAR(many.high, 0.52, 0.01);
  EXPECT_LT(ShareOf(10, 10).low, 1);
  EXPECT_EQ(ShareOf(10, 10).high, 1);
  EXPECT_EQ(ShareOf(0, 10).low, 0);
}

}  // namespace
}  // namespace fieldkms::rotation
