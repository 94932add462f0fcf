// Two stores of one place, as if of two processes: nothing is one process's own.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {

// Not every backend is one that processes share.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SharedStoreContract);

namespace {

using absl::StatusCode;

// Not what was heard of by the way.
TEST_P(SharedStoreContract, TheChangeNumberIsAsTheStoreHasItNow) {
  for (uint64_t number = 1; number <= 50; ++number) {
    HaveTenant("t" + std::to_string(number));
    ASSERT_OK_AND_ASSIGN(const uint64_t now, other().GetChangeNumber(kNoDeadline));
    EXPECT_EQ(now, number);
  }
}

TEST_P(SharedStoreContract, WhatOneWritesTheOtherReads) {
  HaveTenant("acme");
  const KeyRecord key = HaveKey("acme", "k", 7);
  ASSERT_OK_AND_ASSIGN(const auto seen, other().GetKey("acme", "k", kNoDeadline));
  EXPECT_THAT(seen, IsRecord(key));
  KeyRecord next = seen;
  next.suite = 2;
  ASSERT_OK_AND_ASSIGN(const auto changed, other().ChangeKey({next, {}}, Fresh(), kNoDeadline));
  EXPECT_EQ(changed.value.change, key.change + 1);
  EXPECT_THAT(store().ChangeKey({key, {}}, Fresh(), kNoDeadline),
              StatusIs(StatusCode::kAborted, Reason::kEtagMismatch));
  ASSERT_OK_AND_ASSIGN(const auto now, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_THAT(now, IsRecord(changed.value));
}

TEST_P(SharedStoreContract, MutationsAreReplayedByTheOther) {
  HaveTenant("acme");
  const Mutation mutation = Fresh();
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().CreateKey(Key("acme", "k", 7), Version(1), mutation, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto again,
                       other().CreateKey(Key("acme", "k", 8), Version(1), mutation, kNoDeadline));
  EXPECT_TRUE(again.replayed);
  EXPECT_THAT(again.value, IsRecord(made.value));
}

TEST_P(SharedStoreContract, AWaiterHearsOfTheOther) {
  HaveTenant("acme");
  auto waiter =
      std::async(std::launch::async, [&] { return other().WaitForChange(1, kNoDeadline); });
  EXPECT_EQ(waiter.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  HaveTenant("globex");
  ASSERT_OK_AND_ASSIGN(const uint64_t newest, waiter.get());
  EXPECT_EQ(newest, 2u);
}

TEST_P(SharedStoreContract, ConcurrentChangesOfOneReadHaveOneWinner) {
  HaveTenant("acme");
  KeyRecord key = HaveKey("acme", "k", 7);
  for (int round = 0; round < 10; ++round) {
    std::atomic<int> winners = 0;
    {
      std::vector<std::jthread> threads;
      for (Store* one : {&store(), &other(), &store(), &other()}) {
        threads.emplace_back([&, one, mutation = Fresh()] {
          const auto changed = one->ChangeKey({key, {}}, mutation, kNoDeadline);
          if (changed.ok()) return void(++winners);
          EXPECT_THAT(changed, StatusIs(StatusCode::kAborted, Reason::kEtagMismatch));
        });
      }
    }
    EXPECT_EQ(winners, 1);
    const uint64_t before = key.change;
    ASSERT_OK_AND_ASSIGN(key, other().GetKey("acme", "k", kNoDeadline));
    EXPECT_EQ(key.change, before + 1);
  }
}

TEST_P(SharedStoreContract, ConcurrentAttemptsOfOneMutationApplyOnce) {
  HaveTenant("acme");
  for (uint64_t round = 1; round <= 5; ++round) {
    const Mutation mutation = Fresh();
    const std::string name = "k" + std::to_string(round);
    std::atomic<int> applied = 0;
    {
      std::vector<std::jthread> threads;
      for (Store* one : {&store(), &other()}) {
        threads.emplace_back([&, one] {
          const auto made =
              one->CreateKey(Key("acme", name, round), Version(1), mutation, kNoDeadline);
          ASSERT_OK(made);
          if (!made->replayed) ++applied;
        });
      }
    }
    EXPECT_EQ(applied, 1);
  }
}

// A tenant and a name at once from both: one of them, and the right error for the other.
TEST_P(SharedStoreContract, ConcurrentNamesAreTakenOnce) {
  std::atomic<int> tenants = 0;
  std::atomic<int> keys = 0;
  {
    std::vector<std::jthread> threads;
    for (Store* one : {&store(), &other()}) {
      threads.emplace_back([&, one, tenant = Fresh()] {
        const auto made = one->CreateTenant("acme", Kek(), tenant, kNoDeadline);
        if (made.ok()) return void(++tenants);
        EXPECT_THAT(made, StatusIs(StatusCode::kAlreadyExists, Reason::kTenantExists));
      });
    }
  }
  EXPECT_EQ(tenants, 1);
  {
    std::vector<std::jthread> threads;
    uint64_t id = 0;
    for (Store* one : {&store(), &other()}) {
      threads.emplace_back([&, one, id = ++id, key = Fresh()] {
        const auto made = one->CreateKey(Key("acme", "k", id), Version(1), key, kNoDeadline);
        if (made.ok()) return void(++keys);
        EXPECT_THAT(made, StatusIs(StatusCode::kAlreadyExists, Reason::kKeyExists));
      });
    }
  }
  EXPECT_EQ(keys, 1);
}

// Both write; each follows: no number is passed over by either.
TEST_P(SharedStoreContract, NumbersBecomeVisibleInTheirOrder) {
  HaveTenant("acme");
  constexpr uint64_t kEach = 25;
  constexpr uint64_t kLast = 1 + 2 * kEach;
  const auto write = [&](Store& one, uint64_t first) {
    for (uint64_t id = first; id < first + kEach; ++id) {
      ASSERT_OK(one.CreateKey(Key("acme", "k" + std::to_string(id), id), Version(1), Fresh(),
                              kNoDeadline));
    }
  };
  const auto follow = [&](Store& one) {
    uint64_t seen = 1;
    uint64_t read = 1;
    while (seen < kLast) {
      const auto newest = one.WaitForChange(seen, kNoDeadline);
      ASSERT_OK(newest);
      ASSERT_GT(*newest, seen);
      seen = *newest;
      const auto changes = one.ReadChanges(read, SIZE_MAX, kNoDeadline);
      ASSERT_OK(changes);
      for (const Change& change : *changes) ASSERT_EQ(change.number, ++read);
      ASSERT_GE(read, seen);
    }
  };
  std::vector<std::jthread> threads;
  threads.emplace_back([&] { follow(store()); });
  threads.emplace_back([&] { follow(other()); });
  threads.emplace_back([&] { write(store(), 1); });
  threads.emplace_back([&] { write(other(), 1 + kEach); });
}

TEST_P(SharedStoreContract, RootBindingIsSetByOne) {
  ASSERT_OK(store().SetRootBinding("", "one", kNoDeadline));
  EXPECT_THAT(other().SetRootBinding("", "two", kNoDeadline),
              StatusIs(StatusCode::kAlreadyExists, Reason::kRootWrongKey));
}

}  // namespace
}  // namespace fieldkms::testing
