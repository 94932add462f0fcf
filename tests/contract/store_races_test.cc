// Mutations at the same time: one after another, and readers in between.
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

TEST_P(StoreContract, ConcurrentChangesOfOneReadHaveOneWinner) {
  HaveTenant("acme");
  KeyRecord key = HaveKey("acme", "k", 7);
  constexpr int kThreads = 4;
  for (int round = 0; round < 10; ++round) {
    std::atomic<int> winner = -1;
    std::atomic<int> losers = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i, mutation = Fresh()] {
          KeyRecord mine = key;
          mine.labels["winner"] = std::to_string(i);
          mine.primary_version = key.primary_version + 1;
          const auto version = Version(mine.primary_version, "of " + std::to_string(i) + " ");
          const auto changed = store().ChangeKey({mine, {version}}, mutation, kNoDeadline);
          if (changed.ok()) {
            EXPECT_EQ(winner.exchange(i), -1);
          } else {
            EXPECT_THAT(changed, StatusIs(absl::StatusCode::kAborted, Reason::kEtagMismatch));
            ++losers;
          }
        });
      }
    }
    EXPECT_EQ(losers, kThreads - 1);
    const uint64_t before = key.change;
    ASSERT_OK_AND_ASSIGN(key, store().GetKey("acme", "k", kNoDeadline));
    EXPECT_EQ(key.change, before + 1);
    const std::string name = std::to_string(winner);
    EXPECT_EQ(key.labels["winner"], name);
    ASSERT_OK_AND_ASSIGN(const auto version,
                         store().GetKeyVersion("acme", 7, key.primary_version, kNoDeadline));
    EXPECT_EQ(version.wrapped, Version(key.primary_version, "of " + name + " ").wrapped);
  }
}

TEST_P(StoreContract, ConcurrentRotationsLeaveNoGapAndNoDouble) {
  HaveTenant("acme");
  HaveKey("acme", "k", 7);
  constexpr int kThreads = 4;
  constexpr int kRotations = 10;
  std::mutex mutex;
  std::multiset<uint32_t> made;
  std::atomic<int> lost_races = 0;
  const auto rotate = [&] {
    for (int done = 0; done < kRotations;) {
      auto key = store().GetKey("acme", "k", kNoDeadline);
      ASSERT_OK(key);
      const uint32_t next = ++key->primary_version;
      const auto applied = store().ChangeKey({*key, {Version(next)}}, Fresh(), kNoDeadline);
      if (!applied.ok()) {
        ASSERT_THAT(applied, StatusIs(Reason::kEtagMismatch));
        ++lost_races;
        continue;
      }
      ASSERT_FALSE(applied->replayed);
      ASSERT_EQ(applied->value.primary_version, next);
      const std::lock_guard lock(mutex);
      made.insert(next);
      ++done;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(rotate);
  }
  constexpr uint32_t kLast = 1 + kThreads * kRotations;
  ASSERT_EQ(made.size(), kLast - 1) << "after " << lost_races << " lost races";
  uint32_t expected = 2;
  for (const uint32_t version : made) EXPECT_EQ(version, expected++);
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto key, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_EQ(key.primary_version, kLast);
  ASSERT_OK_AND_ASSIGN(const auto versions,
                       store().ListKeyVersions("acme", 7, 0, 100, kNoDeadline));
  EXPECT_EQ(versions.size(), kLast);
}

TEST_P(StoreContract, ConcurrentKeksHaveOneWinner) {
  HaveTenant("acme");
  std::atomic<int> winners = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, mutation = Fresh()] {
        const auto added = store().AddKek("acme", Kek("x", 2), mutation, kNoDeadline);
        if (added.ok()) return void(++winners);
        EXPECT_THAT(added, StatusIs(absl::StatusCode::kAborted, Reason::kPrimaryChanged));
      });
    }
  }
  EXPECT_EQ(winners, 1);
}

TEST_P(StoreContract, ConcurrentAttemptsOfOneMutationApplyOnce) {
  HaveTenant("acme");
  constexpr int kThreads = 4;
  const Mutation mutation = Fresh();
  std::atomic<int> applied = 0;
  std::atomic<int> replayed = 0;
  {
    std::vector<std::jthread> threads;
    for (uint64_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        const auto made =
            store().CreateKey(Key("acme", "k", 100 + i), Version(1), mutation, kNoDeadline);
        ASSERT_OK(made);
        ++(made->replayed ? replayed : applied);
      });
    }
  }
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(replayed, kThreads - 1);
  ASSERT_OK_AND_ASSIGN(const auto keys, store().ListKeys("acme", "", 10, kNoDeadline));
  EXPECT_EQ(keys.size(), 1u);
}

TEST_P(StoreContract, ReadersSeeWholeMutationsOnly) {
  HaveTenant("acme");
  KeyRecord key = HaveKey("acme", "k", 7);
  std::atomic<bool> stop = false;
  const auto read = [&] {
    uint32_t seen = 0;
    while (!stop) {
      const auto now = store().GetKey("acme", "k", kNoDeadline);
      ASSERT_OK(now);
      ASSERT_GE(now->primary_version, seen);
      seen = now->primary_version;
      ASSERT_OK(store().GetKeyVersion("acme", 7, seen, kNoDeadline));
    }
  };
  {
    std::jthread first(read);
    std::jthread second(read);
    for (int i = 0; i < 20; ++i) key = HaveRotated(key);
    stop = true;
  }
  EXPECT_EQ(key.primary_version, 21u);
}

}  // namespace
}  // namespace fieldkms::testing
