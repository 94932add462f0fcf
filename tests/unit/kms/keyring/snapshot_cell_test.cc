#include "kms/keyring/snapshot_cell.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms {
namespace {

using testing::LoadedKeyOf;

void Publish(SnapshotCell& cell, uint64_t key_id) {
  cell.Update([&](const KeySnapshot& current) {
    return current.With(LoadedKeyOf("acme", std::to_string(key_id), key_id, {1}));
  });
}

TEST(SnapshotCell, AnUnchangedViewIsTheSameObject) {
  SnapshotCell cell;
  const KeySnapshot* first = &cell.ThreadView();
  EXPECT_EQ(&cell.ThreadView(), first);
  EXPECT_EQ(cell.Current().get(), first);
  cell.Update([](const KeySnapshot&) { return nullptr; });
  EXPECT_EQ(&cell.ThreadView(), first);
}

TEST(SnapshotCell, AChangeIsSeenByTheNextView) {
  SnapshotCell cell;
  EXPECT_EQ(cell.ThreadView().size(), 0u);
  Publish(cell, 1);
  EXPECT_EQ(cell.ThreadView().size(), 1u);
  EXPECT_NE(cell.ThreadView().FindById(1), nullptr);
}

TEST(SnapshotCell, CurrentLeavesTheViewAlone) {
  SnapshotCell cell;
  const KeySnapshot& view = cell.ThreadView();
  Publish(cell, 1);
  EXPECT_EQ(cell.Current()->size(), 1u);
  EXPECT_EQ(view.size(), 0u);  // still alive, still what it was
}

TEST(SnapshotCell, CellsOfOneThreadDoNotMix) {
  SnapshotCell one;
  SnapshotCell two;
  Publish(one, 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(one.ThreadView().size(), 1u);
    EXPECT_EQ(two.ThreadView().size(), 0u);
  }
}

TEST(SnapshotCell, ALaterCellAtTheSameAddressIsAnother) {
  std::optional<SnapshotCell> cell;
  for (uint64_t i = 0; i < 3; ++i) {
    cell.emplace();
    EXPECT_EQ(cell->ThreadView().size(), 0u);
    Publish(*cell, i + 1);
    EXPECT_EQ(cell->ThreadView().size(), 1u);
    // Another thread, which still has a view when the cell goes.
    std::jthread([&] { EXPECT_NE(cell->ThreadView().FindById(i + 1), nullptr); }).join();
    cell.reset();
  }
}

TEST(SnapshotCell, ThreadsSeeChangesInOrderAndWhole) {
  SnapshotCell cell;
  constexpr uint64_t kKeys = 500;
  std::atomic<bool> stop = false;
  const auto read = [&] {
    size_t seen = 0;
    while (!stop) {
      const KeySnapshot& view = cell.ThreadView();
      ASSERT_GE(view.size(), seen);
      seen = view.size();
      if (seen > 0) {
        ASSERT_NE(view.FindByName("acme", std::to_string(seen)), nullptr);
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
  SnapshotCell cell;
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
