// Mutations: once for each request id, whole or not at all.
#include <gmock/gmock.h>

#include <chrono>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;

TEST_P(StoreContract, ReplayReturnsTheFirstOutcome) {
  const Mutation tenant = Fresh();
  const Mutation kek = Fresh();
  const Mutation create = Fresh();
  const Mutation change = Fresh();
  const Mutation alias = Fresh();
  ASSERT_OK_AND_ASSIGN(const auto made_tenant,
                       store().CreateTenant("acme", Kek(), tenant, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto added, store().AddKek("acme", Kek("x", 2), kek, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().CreateKey(FullKey("acme", "k", 7), Version(1), create, kNoDeadline));
  clock().Advance(std::chrono::seconds(1));
  KeyRecord next = made.value;
  next.primary_version = 2;
  ASSERT_OK_AND_ASSIGN(const auto changed,
                       store().ChangeKey({next, {Version(2)}}, change, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto set, store().SetAlias({"acme", "a", 7, 0}, alias, kNoDeadline));
  clock().Advance(std::chrono::seconds(1));

  // All of them change again: outcomes stay what they were.
  ASSERT_OK(store().AddKek("acme", Kek("y", 3), Fresh(), kNoDeadline));
  KeyRecord last = changed.value;
  last.labels.clear();
  last.next_rotation.reset();
  last.suite = 1;
  last = HaveRotated(HaveChanged(last, {Destroyed(1)}));
  HaveAlias({"acme", "a", 0, set.value.change});
  const uint64_t newest = NewestChange();

  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    clock().Advance(std::chrono::hours(11));
    ASSERT_OK_AND_ASSIGN(const auto tenant_again,
                         store().CreateTenant("acme", Kek("x"), tenant, kNoDeadline));
    EXPECT_TRUE(tenant_again.replayed);
    EXPECT_THAT(tenant_again.value, IsRecord(made_tenant.value));
    ASSERT_OK_AND_ASSIGN(const auto kek_again,
                         store().AddKek("acme", Kek("z", 2), kek, kNoDeadline));
    EXPECT_TRUE(kek_again.replayed);
    EXPECT_THAT(kek_again.value, IsRecord(added.value));
    ASSERT_OK_AND_ASSIGN(const auto made_again,
                         store().CreateKey(Key("acme", "k", 8), Version(1), create, kNoDeadline));
    EXPECT_TRUE(made_again.replayed);
    EXPECT_THAT(made_again.value, IsRecord(made.value));
    ASSERT_OK_AND_ASSIGN(const auto changed_again,
                         store().ChangeKey({next, {Version(4)}}, change, kNoDeadline));
    EXPECT_TRUE(changed_again.replayed);
    EXPECT_THAT(changed_again.value, IsRecord(changed.value));
    ASSERT_OK_AND_ASSIGN(const auto set_again,
                         store().SetAlias({"acme", "a", 7, 0}, alias, kNoDeadline));
    EXPECT_TRUE(set_again.replayed);
    EXPECT_THAT(set_again.value, IsRecord(set.value));
    ASSERT_OK_AND_ASSIGN(const auto found, store().FindKeyMutation("acme", change, kNoDeadline));
    ASSERT_TRUE(found.has_value());
    EXPECT_THAT(*found, IsRecord(changed.value));
  }
  EXPECT_EQ(NewestChange(), newest);
  ASSERT_OK_AND_ASSIGN(const auto versions, store().ListKeyVersions("acme", 7, 0, 10, kNoDeadline));
  EXPECT_THAT(NumbersOf(versions), ElementsAre(3, 2, 1));
  ASSERT_OK_AND_ASSIGN(const auto keks, store().ListKeks("acme", kNoDeadline));
  EXPECT_EQ(keks.size(), 3u);
  EXPECT_THAT(store().GetKeyById("acme", 8, kNoDeadline), StatusIs(Reason::kKeyNotFound));
  EXPECT_THAT(store().GetAlias("acme", "a", kNoDeadline), StatusIs(Reason::kAliasNotFound));
}

TEST_P(StoreContract, RequestIdOfAnotherRequestIsRefused) {
  HaveTenant("acme");
  const Mutation create = Fresh();
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().CreateKey(Key("acme", "k", 7), Version(1), create, kNoDeadline));
  Mutation other = Fresh();
  other.request_id = create.request_id;
  const auto reused = StatusIs(StatusCode::kFailedPrecondition, Reason::kRequestIdReused);
  EXPECT_THAT(store().CreateKey(Key("acme", "x", 8), Version(1), other, kNoDeadline), reused);
  EXPECT_THAT(store().ChangeKey({made.value, {Version(2)}}, other, kNoDeadline), reused);
  EXPECT_THAT(store().SetAlias({"acme", "a", 7, 0}, other, kNoDeadline), reused);
  EXPECT_THAT(store().CreateTenant("acme", Kek(), other, kNoDeadline), reused);
  EXPECT_THAT(store().AddKek("acme", Kek("x", 2), other, kNoDeadline), reused);
  EXPECT_THAT(store().FindKeyMutation("acme", other, kNoDeadline), reused);
  EXPECT_THAT(store().GetKey("acme", "x", kNoDeadline), StatusIs(Reason::kKeyNotFound));
  ASSERT_OK_AND_ASSIGN(const auto key, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_THAT(key, IsRecord(made.value));
  EXPECT_EQ(NewestChange(), made.value.change);
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

}  // namespace
}  // namespace fieldkms::testing
