// Mutations: once for each request id, whole or not at all, one after another.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;

TEST_P(StoreContract, ReplayReturnsTheFirstOutcome) {
  const Mutation tenant = Fresh();
  const Mutation create = Fresh();
  const Mutation rotate = Fresh();
  ASSERT_OK_AND_ASSIGN(const auto made_tenant,
                       store().CreateTenant("acme", Kek(), tenant, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().CreateKey(Key("acme", "k", 7), Version(1), create, kNoDeadline));
  clock().Advance(std::chrono::seconds(1));
  ASSERT_OK_AND_ASSIGN(const auto rotated,
                       store().AddKeyVersion("acme", "k", Version(2), rotate, kNoDeadline));
  clock().Advance(std::chrono::seconds(1));
  HaveRotated(rotated.value);  // to 3: outcomes stay what they were

  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    clock().Advance(std::chrono::hours(23));
    ASSERT_OK_AND_ASSIGN(const auto tenant_again,
                         store().CreateTenant("acme", Kek("x"), tenant, kNoDeadline));
    EXPECT_TRUE(tenant_again.replayed);
    EXPECT_THAT(tenant_again.value, IsRecord(made_tenant.value));
    ASSERT_OK_AND_ASSIGN(const auto made_again,
                         store().CreateKey(Key("acme", "k", 8), Version(1), create, kNoDeadline));
    EXPECT_TRUE(made_again.replayed);
    EXPECT_THAT(made_again.value, IsRecord(made.value));
    ASSERT_OK_AND_ASSIGN(const auto rotated_again,
                         store().AddKeyVersion("acme", "k", Version(4), rotate, kNoDeadline));
    EXPECT_TRUE(rotated_again.replayed);
    EXPECT_THAT(rotated_again.value, IsRecord(rotated.value));
    ASSERT_OK_AND_ASSIGN(const auto found, store().FindKeyMutation("acme", rotate, kNoDeadline));
    ASSERT_TRUE(found.has_value());
    EXPECT_THAT(*found, IsRecord(rotated.value));
    ASSERT_OK_AND_ASSIGN(const auto versions, store().ListKeyVersions(7, 0, 10, kNoDeadline));
    EXPECT_THAT(NumbersOf(versions), ElementsAre(3, 2, 1));
    EXPECT_THAT(store().GetKeyById(8, kNoDeadline), StatusIs(Reason::kKeyNotFound));
  }
}

TEST_P(StoreContract, RequestIdOfAnotherRequestIsRefused) {
  HaveTenant("acme");
  const Mutation create = Fresh();
  ASSERT_OK(store().CreateKey(Key("acme", "k", 7), Version(1), create, kNoDeadline));
  Mutation other = Fresh();
  other.request_id = create.request_id;
  const auto reused = StatusIs(StatusCode::kFailedPrecondition, Reason::kRequestIdReused);
  EXPECT_THAT(store().CreateKey(Key("acme", "x", 8), Version(1), other, kNoDeadline), reused);
  EXPECT_THAT(store().AddKeyVersion("acme", "k", Version(2), other, kNoDeadline), reused);
  EXPECT_THAT(store().CreateTenant("acme", Kek(), other, kNoDeadline), reused);
  EXPECT_THAT(store().FindKeyMutation("acme", other, kNoDeadline), reused);
  EXPECT_THAT(store().GetKey("acme", "x", kNoDeadline), StatusIs(Reason::kKeyNotFound));
  ASSERT_OK_AND_ASSIGN(const auto key, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_EQ(key.primary_version, 1u);
}

TEST_P(StoreContract, FailedMutationIsNotRemembered) {
  HaveTenant("acme");
  const Mutation create = Fresh();
  HaveKey("acme", "taken", 7);
  EXPECT_THAT(store().CreateKey(Key("acme", "taken", 8), Version(1), create, kNoDeadline),
              StatusIs(Reason::kKeyExists));
  ASSERT_OK_AND_ASSIGN(const auto none, store().FindKeyMutation("acme", create, kNoDeadline));
  EXPECT_FALSE(none.has_value());
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().CreateKey(Key("acme", "free", 8), Version(1), create, kNoDeadline));
  EXPECT_FALSE(made.replayed);
}

TEST_P(StoreContract, UnknownMutationIsNotFound) {
  ASSERT_OK_AND_ASSIGN(const auto none, store().FindKeyMutation("acme", Fresh(), kNoDeadline));
  EXPECT_FALSE(none.has_value());
}

TEST_P(StoreContract, MutationsLongPastAreForgotten) {
  HaveTenant("acme");
  const Mutation create = Fresh();
  ASSERT_OK(store().CreateKey(Key("acme", "k", 7), Version(1), create, kNoDeadline));
  clock().Advance(std::chrono::hours(24));
  HaveKey("acme", "a-day-later", 8);
  ASSERT_OK_AND_ASSIGN(const auto kept, store().FindKeyMutation("acme", create, kNoDeadline));
  EXPECT_TRUE(kept.has_value());
  clock().Advance(std::chrono::hours(24 * 365));
  HaveKey("acme", "a-year-later", 9);
  ASSERT_OK_AND_ASSIGN(const auto gone, store().FindKeyMutation("acme", create, kNoDeadline));
  EXPECT_FALSE(gone.has_value());
}

TEST_P(StoreContract, ConcurrentRotationsLeaveNoGapAndNoDouble) {
  HaveTenant("acme");
  HaveKey("acme", "k", 7);
  constexpr int kThreads = 4;
  constexpr int kRotations = 10;
  std::mutex mutex;
  std::multiset<uint32_t> made;
  std::atomic<int> lost_races = 0;
  const auto rotate = [&](int thread) {
    for (int done = 0; done < kRotations;) {
      const auto key = store().GetKey("acme", "k", kNoDeadline);
      ASSERT_OK(key);
      const uint32_t next = key->primary_version + 1;
      const std::string id = "rotate-" + std::to_string(thread) + "-" + std::to_string(done);
      const auto applied = store().AddKeyVersion("acme", "k", Version(next),
                                                 {id, std::string(32, 'f')}, kNoDeadline);
      if (!applied.ok()) {
        ASSERT_THAT(applied, StatusIs(Reason::kPrimaryChanged));
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
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(rotate, i);
  }
  constexpr uint32_t kLast = 1 + kThreads * kRotations;
  ASSERT_EQ(made.size(), kLast - 1) << "after " << lost_races << " lost races";
  uint32_t expected = 2;
  for (const uint32_t version : made) EXPECT_EQ(version, expected++);
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto key, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_EQ(key.primary_version, kLast);
  ASSERT_OK_AND_ASSIGN(const auto versions, store().ListKeyVersions(7, 0, 100, kNoDeadline));
  EXPECT_EQ(versions.size(), kLast);
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
      ASSERT_OK(store().GetKeyVersion(7, seen, kNoDeadline));
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
