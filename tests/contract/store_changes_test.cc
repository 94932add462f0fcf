// Numbers of changes: without a gap or a double, stamped on what was written, heard
// of in their order.
#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_P(StoreContract, EachMutationHasTheNextNumber) {
  EXPECT_EQ(NewestChange(), 0u);
  EXPECT_THAT(ChangesAfter(0), IsEmpty());
  const TenantRecord tenant = HaveTenant("acme");
  EXPECT_EQ(tenant.change, 1u);
  KeyRecord key = HaveKey("acme", "k", 7);
  EXPECT_EQ(key.change, 2u);
  key = HaveRotated(key);
  EXPECT_EQ(key.change, 3u);
  EXPECT_EQ(HaveAlias({"acme", "a", 7, 0}).change, 4u);
  ASSERT_OK_AND_ASSIGN(const auto kek,
                       store().AddKek("acme", Kek("second", 2), Fresh(), kNoDeadline));
  EXPECT_EQ(kek.value.change, 5u);
  ASSERT_OK_AND_ASSIGN(const auto operation,
                       store().PutOperation(Operation("acme", 1), kNoDeadline));
  EXPECT_EQ(operation.change, 6u);
  EXPECT_EQ(NewestChange(), 6u);
  Reopen();
  EXPECT_EQ(NewestChange(), 6u);
  EXPECT_EQ(HaveTenant("globex").change, 7u);
}

TEST_P(StoreContract, WhatFailsOrIsReplayedHasNoNumber) {
  HaveTenant("acme");
  const Mutation mutation = Fresh();
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().CreateKey(Key("acme", "k", 7), Version(1), mutation, kNoDeadline));
  ASSERT_OK(store().CreateKey(Key("acme", "k", 7), Version(1), mutation, kNoDeadline));
  EXPECT_FALSE(store().CreateKey(Key("acme", "k", 8), Version(1), Fresh(), kNoDeadline).ok());
  EXPECT_FALSE(store().CreateTenant("acme", Kek(), Fresh(), kNoDeadline).ok());
  ASSERT_OK(store().PutLease(Lease("acme", 7, 1), kNoDeadline));
  EXPECT_EQ(NewestChange(), made.value.change);
  EXPECT_EQ(HaveTenant("globex").change, made.value.change + 1);
}

TEST_P(StoreContract, ChangesAreReadInTheirOrderOnceEach) {
  HaveTenant("acme");
  HaveTenant("globex");
  KeyRecord key = HaveKey("acme", "k", 0xfedcba9876543210);
  HaveKey("globex", "k", 8);
  HaveAlias({"acme", "a", key.key_id, 0});
  ASSERT_OK(store().PutOperation(Operation("acme", 1), kNoDeadline));
  key = HaveRotated(key);
  const auto all = {IsRecord(Change{1, ChangeKind::kTenant, "acme", "", 0}),
                    IsRecord(Change{2, ChangeKind::kTenant, "globex", "", 0}),
                    IsRecord(Change{4, ChangeKind::kKey, "globex", "k", 8}),
                    IsRecord(Change{5, ChangeKind::kAlias, "acme", "a", key.key_id}),
                    IsRecord(Change{7, ChangeKind::kKey, "acme", "k", key.key_id})};
  EXPECT_THAT(ChangesAfter(0), ::testing::ElementsAreArray(all));
  Reopen();
  EXPECT_THAT(ChangesAfter(0), ::testing::ElementsAreArray(all));
  EXPECT_THAT(ChangesAfter(7), IsEmpty());
  EXPECT_THAT(ChangesAfter(UINT64_MAX), IsEmpty());
  std::vector<uint64_t> numbers;
  uint64_t after = 0;
  while (true) {
    ASSERT_OK_AND_ASSIGN(const auto page, store().ReadChanges(after, 2, kNoDeadline));
    if (page.empty()) break;
    ASSERT_LE(page.size(), 2u);
    for (const Change& change : page) numbers.push_back(change.number);
    after = numbers.back();
  }
  EXPECT_THAT(numbers, ElementsAre(1, 2, 4, 5, 7));
}

TEST_P(StoreContract, EachKindOfMutationOfATenantIsHeardOf) {
  TenantRecord tenant = HaveTenant("acme");
  ASSERT_OK(store().AddKek("acme", Kek("second", 2), Fresh(), kNoDeadline));
  EXPECT_THAT(ChangesAfter(tenant.change),
              ElementsAre(IsRecord(Change{2, ChangeKind::kTenant, "acme", "", 0})));
  const std::vector<RewrappedKek> keks = {{"acme", 1, Kek().wrapped, "anew"}};
  ASSERT_OK(store().RewrapKeks(keks, kNoDeadline));
  EXPECT_THAT(ChangesAfter(2),
              ElementsAre(IsRecord(Change{3, ChangeKind::kTenant, "acme", "", 0})));
  ASSERT_OK_AND_ASSIGN(tenant, store().GetTenant("acme", kNoDeadline));
  EXPECT_EQ(tenant.change, 3u);
}

// A page does not end between records of one number: who went on after its last
// number would never hear of the rest.
TEST_P(StoreContract, RecordsOfOneNumberAreReadTogether) {
  HaveTenant("acme");
  std::vector<RewrappedVersion> versions;
  for (uint64_t id = 1; id <= 3; ++id) {
    HaveKey("acme", "k" + std::to_string(id), id);
    versions.push_back({id, 1, Version(1).wrapped, 2, "anew"});
  }
  const uint64_t before = NewestChange();
  ASSERT_OK_AND_ASSIGN(const size_t written,
                       store().RewrapKeyVersions("acme", versions, kNoDeadline));
  EXPECT_EQ(written, 3u);
  EXPECT_EQ(NewestChange(), before + 1);
  HaveTenant("globex");
  for (const size_t limit : {1u, 2u, 3u}) {
    ASSERT_OK_AND_ASSIGN(const auto page, store().ReadChanges(before, limit, kNoDeadline));
    EXPECT_THAT(
        page, UnorderedElementsAre(IsRecord(Change{before + 1, ChangeKind::kKey, "acme", "k1", 1}),
                                   IsRecord(Change{before + 1, ChangeKind::kKey, "acme", "k2", 2}),
                                   IsRecord(Change{before + 1, ChangeKind::kKey, "acme", "k3", 3})))
        << limit;
  }
  ASSERT_OK_AND_ASSIGN(const auto none, store().ReadChanges(before, 0, kNoDeadline));
  EXPECT_THAT(none, IsEmpty());
}

TEST_P(StoreContract, WaitForChangeReturnsWhatItIsAtItsEnd) {
  HaveTenant("acme");
  const Deadline soon = clock().Steady() + std::chrono::milliseconds(20);
  ASSERT_OK_AND_ASSIGN(const uint64_t waited, store().WaitForChange(1, soon));
  EXPECT_EQ(waited, 1u);
  EXPECT_GE(clock().Steady(), soon);
  ASSERT_OK_AND_ASSIGN(const uint64_t passed, store().WaitForChange(1, Deadline::min()));
  EXPECT_EQ(passed, 1u);
  ASSERT_OK_AND_ASSIGN(const uint64_t at_once, store().WaitForChange(0, kNoDeadline));
  EXPECT_EQ(at_once, 1u);
}

TEST_P(StoreContract, WaitersWakeWithTheChange) {
  HaveTenant("acme");
  constexpr int kWaiters = 8;  // more than a store has connections
  std::vector<std::future<absl::StatusOr<uint64_t>>> waiters;
  for (int i = 0; i < kWaiters; ++i) {
    waiters.push_back(
        std::async(std::launch::async, [&] { return store().WaitForChange(1, kNoDeadline); }));
  }
  EXPECT_EQ(waiters[0].wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  EXPECT_OK(store().GetTenant("acme", kNoDeadline));  // waiters hold no connection
  HaveTenant("globex");
  for (auto& waiter : waiters) {
    ASSERT_OK_AND_ASSIGN(const uint64_t newest, waiter.get());
    EXPECT_EQ(newest, 2u);
  }
}

// While four write: whoever has seen number N can read all up to N, so that no
// change is ever passed over, and each number is one mutation's.
TEST_P(StoreContract, NumbersBecomeVisibleInTheirOrder) {
  HaveTenant("acme");
  constexpr uint64_t kThreads = 4;
  constexpr uint64_t kEach = 25;
  constexpr uint64_t kLast = 1 + kThreads * kEach;
  std::mutex mutex;
  std::set<uint64_t> given;
  const auto write = [&](uint64_t thread) {
    for (uint64_t i = 0; i < kEach; ++i) {
      const uint64_t id = 1 + thread * kEach + i;
      const auto made = store().CreateKey(Key("acme", "k" + std::to_string(id), id), Version(1),
                                          Fresh(), kNoDeadline);
      ASSERT_OK(made);
      const std::lock_guard lock(mutex);
      EXPECT_TRUE(given.insert(made->value.change).second);
    }
  };
  const auto follow = [&] {
    uint64_t seen = 1;
    uint64_t read = 1;
    while (seen < kLast) {
      const auto newest = store().WaitForChange(seen, kNoDeadline);
      ASSERT_OK(newest);
      ASSERT_GT(*newest, seen);
      seen = *newest;
      const auto changes = store().ReadChanges(read, SIZE_MAX, kNoDeadline);
      ASSERT_OK(changes);
      for (const Change& change : *changes) ASSERT_EQ(change.number, ++read);
      ASSERT_GE(read, seen);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back(follow);
    for (uint64_t i = 0; i < kThreads; ++i) threads.emplace_back(write, i);
  }
  EXPECT_EQ(given.size(), kThreads * kEach);
  EXPECT_EQ(*given.begin(), 2u);
  EXPECT_EQ(*given.rbegin(), kLast);
}

}  // namespace
}  // namespace fieldkms::testing
