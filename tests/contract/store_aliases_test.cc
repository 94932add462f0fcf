// Other names of keys: repointed by who read last, gone but not forgotten.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto AliasMissing() { return StatusIs(StatusCode::kNotFound, Reason::kAliasNotFound); }
auto Mismatch() { return StatusIs(StatusCode::kAborted, Reason::kEtagMismatch); }
auto NameTaken() { return StatusIs(StatusCode::kAlreadyExists, Reason::kKeyExists); }

TEST_P(StoreContract, AliasLeadsToItsKey) {
  HaveTenant("acme");
  const KeyRecord key = HaveKey("acme", "k", 0xfedcba9876543210);
  const AliasRecord made = HaveAlias({"acme", "current", key.key_id, 0});
  EXPECT_THAT(made, IsRecord(AliasRecord{"acme", "current", key.key_id, key.change + 1}));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto alias, store().GetAlias("acme", "current", kNoDeadline));
  EXPECT_THAT(alias, IsRecord(made));
  ASSERT_OK_AND_ASSIGN(const auto found, store().GetKey("acme", "current", kNoDeadline));
  EXPECT_THAT(found, IsRecord(key));  // with its own name and etag
  EXPECT_THAT(store().GetAlias("acme", "k", kNoDeadline), AliasMissing());
}

TEST_P(StoreContract, AliasIsRepointedByWhoReadItLast) {
  HaveTenant("acme");
  HaveKey("acme", "old", 7);
  HaveKey("acme", "new", 8);
  const AliasRecord first = HaveAlias({"acme", "a", 7, 0});
  EXPECT_THAT(store().SetAlias({"acme", "a", 8, 0}, Fresh(), kNoDeadline), Mismatch());
  EXPECT_THAT(store().SetAlias({"acme", "a", 8, first.change + 1}, Fresh(), kNoDeadline),
              Mismatch());
  EXPECT_THAT(store().SetAlias({"acme", "none", 8, first.change}, Fresh(), kNoDeadline),
              Mismatch());
  const AliasRecord second = HaveAlias({"acme", "a", 8, first.change});
  EXPECT_GT(second.change, first.change);
  EXPECT_THAT(store().SetAlias({"acme", "a", 7, first.change}, Fresh(), kNoDeadline), Mismatch());
  ASSERT_OK_AND_ASSIGN(const auto key, store().GetKey("acme", "a", kNoDeadline));
  EXPECT_EQ(key.name, "new");
}

TEST_P(StoreContract, AliasNeedsAKeyOfItsTenant) {
  HaveTenant("acme");
  HaveTenant("globex");
  HaveKey("globex", "theirs", 8);
  const auto no_key = StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound);
  EXPECT_THAT(store().SetAlias({"acme", "a", 7, 0}, Fresh(), kNoDeadline), no_key);
  EXPECT_THAT(store().SetAlias({"acme", "a", 8, 0}, Fresh(), kNoDeadline), no_key);
  EXPECT_THAT(store().SetAlias({"initech", "a", 8, 0}, Fresh(), kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
  EXPECT_THAT(store().GetAlias("acme", "a", kNoDeadline), AliasMissing());
}

TEST_P(StoreContract, AliasTakenAwayLeavesAMarkForReplicas) {
  HaveTenant("acme");
  HaveKey("acme", "k", 7);
  const AliasRecord made = HaveAlias({"acme", "a", 7, 0});
  EXPECT_THAT(store().SetAlias({"acme", "a", 0, 0}, Fresh(), kNoDeadline), Mismatch());
  const AliasRecord gone = HaveAlias({"acme", "a", 0, made.change});
  EXPECT_THAT(gone, IsRecord(AliasRecord{"acme", "a", 0, made.change + 1}));
  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    EXPECT_THAT(store().GetAlias("acme", "a", kNoDeadline), AliasMissing());
    EXPECT_THAT(store().GetKey("acme", "a", kNoDeadline), StatusIs(Reason::kKeyNotFound));
    ASSERT_OK_AND_ASSIGN(const auto list, store().ListAliases("acme", "", 10, kNoDeadline));
    EXPECT_THAT(list, IsEmpty());
    EXPECT_THAT(ChangesAfter(made.change),
                ElementsAre(IsRecord(Change{gone.change, ChangeKind::kAlias, "acme", "a", 0})));
  }
  // As if it had never been: its name is free, for an alias and for a key.
  const AliasRecord again = HaveAlias({"acme", "a", 7, 0});
  HaveAlias({"acme", "a", 0, again.change});
  HaveKey("acme", "a", 8);
  ASSERT_OK_AND_ASSIGN(const auto key, store().GetKey("acme", "a", kNoDeadline));
  EXPECT_EQ(key.key_id, 8u);
}

TEST_P(StoreContract, KeysAndAliasesShareNames) {
  HaveTenant("acme");
  HaveTenant("globex");
  HaveKey("acme", "k", 7);
  HaveAlias({"acme", "a", 7, 0});
  EXPECT_THAT(store().SetAlias({"acme", "k", 7, 0}, Fresh(), kNoDeadline), NameTaken());
  EXPECT_THAT(store().CreateKey(Key("acme", "a", 8), Version(1), Fresh(), kNoDeadline),
              NameTaken());
  EXPECT_THAT(store().GetKeyById("acme", 8, kNoDeadline), StatusIs(Reason::kKeyNotFound));
  // A tenant's own.
  HaveKey("globex", "a", 9);
  HaveAlias({"globex", "k", 9, 0});
}

TEST_P(StoreContract, PagesOfAliasesAreInByteOrder) {
  HaveTenant("acme");
  HaveTenant("globex");
  HaveKey("acme", "k", 7);
  HaveKey("globex", "k", 8);
  HaveAlias({"globex", "a1", 8, 0});
  for (const char* name : {"b", "a_b", "a.b", "a-b", "a", "0"}) HaveAlias({"acme", name, 7, 0});
  std::vector<std::string> names;
  for (std::string after; names.size() < 6; after = names.back()) {
    ASSERT_OK_AND_ASSIGN(const auto page, store().ListAliases("acme", after, 2, kNoDeadline));
    ASSERT_EQ(page.size(), 2u);
    for (const AliasRecord& alias : page) names.push_back(alias.alias);
  }
  EXPECT_THAT(names, ElementsAre("0", "a", "a-b", "a.b", "a_b", "b"));
  ASSERT_OK_AND_ASSIGN(const auto end, store().ListAliases("acme", "b", 2, kNoDeadline));
  EXPECT_THAT(end, IsEmpty());
}

TEST_P(StoreContract, ConcurrentRepointsHaveOneWinner) {
  HaveTenant("acme");
  constexpr uint64_t kThreads = 4;
  for (uint64_t id = 1; id <= kThreads; ++id) HaveKey("acme", "k" + std::to_string(id), id);
  AliasRecord alias{"acme", "a", 1, 0};
  for (int round = 0; round < 5; ++round) {
    std::atomic<uint64_t> winner = 0;
    std::atomic<int> losers = 0;
    {
      std::vector<std::jthread> threads;
      for (uint64_t id = 1; id <= kThreads; ++id) {
        threads.emplace_back([&, id, mutation = Fresh()] {
          const auto set = store().SetAlias({"acme", "a", id, alias.change}, mutation, kNoDeadline);
          if (set.ok()) {
            EXPECT_EQ(winner.exchange(id), 0u);
          } else {
            EXPECT_THAT(set, Mismatch());
            ++losers;
          }
        });
      }
    }
    EXPECT_EQ(losers, static_cast<int>(kThreads) - 1);
    ASSERT_OK_AND_ASSIGN(alias, store().GetAlias("acme", "a", kNoDeadline));
    EXPECT_EQ(alias.key_id, winner);
  }
}

// A key and an alias of one name at the same time: one of them.
TEST_P(StoreContract, ConcurrentKeyAndAliasDoNotBothTakeAName) {
  HaveTenant("acme");
  HaveKey("acme", "k", 1);
  for (uint64_t id = 2; id < 12; ++id) {
    const std::string name = "n" + std::to_string(id);
    std::atomic<int> taken = 0;
    {
      std::jthread as_key([&, mutation = Fresh()] {
        const auto made =
            store().CreateKey(Key("acme", name, id), Version(1), mutation, kNoDeadline);
        if (made.ok()) return void(++taken);
        EXPECT_THAT(made, NameTaken());
      });
      std::jthread as_alias([&, mutation = Fresh()] {
        const auto made = store().SetAlias({"acme", name, 1, 0}, mutation, kNoDeadline);
        if (made.ok()) return void(++taken);
        EXPECT_THAT(made, NameTaken());
      });
    }
    EXPECT_EQ(taken, 1) << name;
  }
}

}  // namespace
}  // namespace fieldkms::testing
