#include "rotation/batch_size.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace fieldkms::rotation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr BatchBounds kBounds{milliseconds(300), 5'000};

// A database in which a row takes this long.
class Table {
 public:
  Table(BatchSize* batch, microseconds row) : batch_(*batch), row_(row) {}
  void Work(int transactions) {
    for (int i = 0; i < transactions; ++i) {
      batch_.Committed(batch_.rows(), 1'000, batch_.rows() * row_);
    }
  }

 private:
  BatchSize& batch_;
  microseconds row_;
};

TEST(BatchSizeTest, GrowsByAFifthFromAHundredToTheMost) {
  BatchSize batch(kBounds);
  EXPECT_EQ(batch.rows(), 100u);
  Table table(&batch, microseconds(1));
  table.Work(1);
  EXPECT_EQ(batch.rows(), 120u);
  table.Work(1);
  EXPECT_EQ(batch.rows(), 144u);
  table.Work(20);
  EXPECT_EQ(batch.rows(), 5'000u);
  table.Work(1);
  EXPECT_EQ(batch.rows(), 5'000u);
}

TEST(BatchSizeTest, StaysBetweenQuickAndSlow) {
  BatchSize batch(kBounds);
  batch.Committed(100, 100, milliseconds(270));  // 0.9 of the target
  EXPECT_EQ(batch.rows(), 100u);
  batch.Committed(100, 100, milliseconds(450));  // 1.5 of it
  EXPECT_EQ(batch.rows(), 100u);
  batch.Committed(100, 100, milliseconds(269));
  EXPECT_EQ(batch.rows(), 120u);
  batch.Committed(120, 100, milliseconds(451));
  EXPECT_EQ(batch.rows(), 60u);
}

TEST(BatchSizeTest, TooFewRowsTellNothing) {
  BatchSize batch(kBounds);
  batch.Committed(99, 100, milliseconds(1));
  EXPECT_EQ(batch.rows(), 100u);
  batch.Committed(0, 0, milliseconds(10'000));
  batch.Refused(0);
  EXPECT_EQ(batch.rows(), 100u);
}

TEST(BatchSizeTest, HalvesWhereOthersWereInTheWay) {
  BatchSize batch(kBounds);
  batch.Refused(100);
  EXPECT_EQ(batch.rows(), 50u);
  batch.Refused(50);
  EXPECT_EQ(batch.rows(), 25u);
  batch.Refused(25);
  batch.Refused(12);
  EXPECT_EQ(batch.rows(), 10u);
}

// The rows of a rest that were too slow say more than the size that was allowed.
TEST(BatchSizeTest, HalvesTheRowsThatThereWere) {
  BatchSize batch(kBounds);
  batch.Committed(40, 100, milliseconds(500));
  EXPECT_EQ(batch.rows(), 20u);
}

TEST(BatchSizeTest, ComesBackInSmallStepsToASizeThatWasTooMuch) {
  BatchSize batch({milliseconds(300), 50'000});
  Table quick(&batch, microseconds(1));
  while (batch.rows() < 3'200) quick.Work(1);
  const uint32_t refused = batch.rows();
  batch.Refused(refused);
  EXPECT_EQ(batch.rows(), refused / 2);
  quick.Work(1);
  EXPECT_EQ(batch.rows(), refused / 2 + refused / 32);
  quick.Work(15);
  EXPECT_LE(batch.rows(), refused);
  quick.Work(2);
  const uint32_t beyond = batch.rows();
  EXPECT_GT(beyond, refused);
  quick.Work(1);
  EXPECT_EQ(batch.rows(), beyond + beyond / 5);
}

TEST(BatchSizeTest, ALimitBelowTenIsKept) {
  BatchSize batch({milliseconds(300), 4});
  EXPECT_EQ(batch.rows(), 4u);
  batch.Refused(4);
  batch.Refused(2);
  batch.Refused(1);
  EXPECT_EQ(batch.rows(), 1u);
  Table(&batch, microseconds(1)).Work(10);
  EXPECT_EQ(batch.rows(), 4u);
  batch.SetBounds({milliseconds(300), 1});
  EXPECT_EQ(batch.rows(), 1u);
}

TEST(BatchSizeTest, BoundsMayChange) {
  BatchSize batch(kBounds);
  Table table(&batch, microseconds(1));
  table.Work(30);
  batch.SetBounds({milliseconds(300), 50});
  EXPECT_EQ(batch.rows(), 50u);
  batch.SetBounds({milliseconds(10), 5'000});
  batch.Committed(50, 100, milliseconds(16));
  EXPECT_EQ(batch.rows(), 25u);
}

TEST(BatchSizeTest, FewRowsOfLargeCells) {
  BatchSize batch(kBounds);
  Table(&batch, microseconds(1)).Work(30);
  ASSERT_EQ(batch.rows(), 5'000u);
  for (int i = 0; i < 50; ++i) batch.Committed(100, 100 * 64 * 1024, milliseconds(280));
  EXPECT_EQ(batch.rows(), 64u);  // of 64 KiB each
  // What bytes keep small does not grow in secret.
  for (int i = 0; i < 50; ++i) batch.Committed(64, size_t{64} << 16, milliseconds(1));
  for (int i = 0; i < 50; ++i) batch.Committed(64, 64, milliseconds(280));
  EXPECT_EQ(batch.rows(), 5'000u);
  for (int i = 0; i < 50; ++i) batch.Committed(1, size_t{16} << 20, milliseconds(280));
  EXPECT_EQ(batch.rows(), 1u);
}

// Whatever transactions come to, the size is within its bounds, and goes up by a fifth at most.
RC_GTEST_PROP(BatchSizeProperty, StaysWithinItsBounds, ()) {
  const BatchBounds bounds{milliseconds(*rc::gen::inRange(1, 10'000)),
                           *rc::gen::inRange<uint32_t>(1, 50'001)};
  BatchSize batch(bounds);
  const uint32_t fewest = bounds.most_rows < 10 ? 1 : 10;
  for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100))) {
    const uint32_t before = batch.rows();
    if (step < 10) {
      batch.Refused(before);
      RC_ASSERT(batch.rows() == std::max(fewest, before / 2));
    } else {
      batch.Committed(before, before, bounds.target * step / 50);
      RC_ASSERT(batch.rows() <= before + std::max(1u, before / 5));
    }
    RC_ASSERT(batch.rows() >= fewest);
    RC_ASSERT(batch.rows() <= bounds.most_rows);
  }
}

// In a steady database it comes to a size that is neither quick nor slow, and stays there.
RC_GTEST_PROP(BatchSizeProperty, ComesToRest, ()) {
  const microseconds row(*rc::gen::inRange(60, 20'000));
  BatchSize batch(kBounds);
  Table table(&batch, row);
  table.Work(300);
  const uint32_t settled = batch.rows();
  table.Work(50);
  RC_ASSERT(batch.rows() == settled);
  RC_ASSERT(row * settled <= kBounds.target * 3 / 2);
  RC_ASSERT(row * settled >= kBounds.target / 2);
}

}  // namespace
}  // namespace fieldkms::rotation
