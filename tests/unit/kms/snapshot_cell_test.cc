#include "kms/snapshot_cell.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>

namespace fieldkms {
namespace {

using Numbers = std::set<uint64_t>;
using Cell = SnapshotCell<Numbers>;

void Publish(Cell& cell, uint64_t number) {
  cell.Update([&](const Numbers& current) {
    auto next = std::make_shared<Numbers>(current);
    next->insert(number);
    return next;
  });
}

TEST(SnapshotCell, AnUnchangedViewIsTheSameObject) {
  Cell cell;
  const Numbers* first = &cell.ThreadView();
  EXPECT_EQ(&cell.ThreadView(), first);
  EXPECT_EQ(cell.Current().get(), first);
  cell.Update([](const Numbers&) { return nullptr; });
  EXPECT_EQ(&cell.ThreadView(), first);
}

TEST(SnapshotCell, AChangeIsSeenByTheNextView) {
  Cell cell;
  EXPECT_EQ(cell.ThreadView().size(), 0u);
  Publish(cell, 1);
  EXPECT_EQ(cell.ThreadView().size(), 1u);
  EXPECT_TRUE(cell.ThreadView().contains(1));
}

TEST(SnapshotCell, CurrentLeavesTheViewAlone) {
  Cell cell;
  const Numbers& view = cell.ThreadView();
  Publish(cell, 1);
  EXPECT_EQ(cell.Current()->size(), 1u);
  EXPECT_EQ(view.size(), 0u);  // still alive, still what it was
}

TEST(SnapshotCell, CellsOfOneThreadDoNotMix) {
  Cell one;
  Cell two;
  Publish(one, 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(one.ThreadView().size(), 1u);
    EXPECT_EQ(two.ThreadView().size(), 0u);
  }
}

TEST(SnapshotCell, ALaterCellAtTheSameAddressIsAnother) {
  std::optional<Cell> cell;
  for (uint64_t i = 0; i < 3; ++i) {
    cell.emplace();
    EXPECT_EQ(cell->ThreadView().size(), 0u);
    Publish(*cell, i + 1);
    EXPECT_EQ(cell->ThreadView().size(), 1u);
    // Another thread, which still has a view when the cell goes.
    std::jthread([&] { EXPECT_TRUE(cell->ThreadView().contains(i + 1)); }).join();
    cell.reset();
  }
}

TEST(SnapshotCell, ThreadsSeeChangesInOrderAndWhole) {
  Cell cell;
  constexpr uint64_t kKeys = 500;
  std::atomic<bool> stop = false;
  const auto read = [&] {
    size_t seen = 0;
    while (!stop) {
      const Numbers& view = cell.ThreadView();
      ASSERT_GE(view.size(), seen);
      seen = view.size();
      if (seen > 0) {
        ASSERT_TRUE(view.contains(seen));
      }
    }
    ASSERT_EQ(cell.ThreadView().size(), kKeys);
  };
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  for (uint64_t id = 1; id <= kKeys; ++id) Publish(cell, id);
  stop = true;
}

TEST(SnapshotCell, ConcurrentChangesAreAllKept) {
  Cell cell;
  constexpr uint64_t kEach = 200;
  {
    std::vector<std::jthread> writers;
    for (uint64_t writer = 0; writer < 3; ++writer) {
      writers.emplace_back([&cell, writer] {
        for (uint64_t i = 1; i <= kEach; ++i) Publish(cell, writer * kEach + i);
      });
    }
  }
  EXPECT_EQ(cell.ThreadView().size(), 3 * kEach);
}

}  // namespace
}  // namespace fieldkms
