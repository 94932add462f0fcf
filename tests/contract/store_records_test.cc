// What goes in comes out: tenants, keys, versions, paging, isolation.
#include <gmock/gmock.h>

#include <chrono>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(StoreContract, RootBindingIsSetOnce) {
  ASSERT_OK_AND_ASSIGN(const auto none, store().GetRootBinding(kNoDeadline));
  EXPECT_FALSE(none.has_value());
  const std::string binding("\0binding\xff", 9);
  ASSERT_OK(store().SetRootBinding(binding, kNoDeadline));
  EXPECT_EQ(store().SetRootBinding("other", kNoDeadline).code(), StatusCode::kAlreadyExists);
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetRootBinding(kNoDeadline));
  EXPECT_EQ(kept, binding);
}

TEST_P(StoreContract, TenantSurvivesReopening) {
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().CreateTenant("acme", Kek("a"), Fresh(), kNoDeadline));
  EXPECT_FALSE(made.replayed);
  EXPECT_THAT(made.value, IsRecord(TenantRecord{"acme", Kek().create_time, 1}));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const TenantRecord tenant, store().GetTenant("acme", kNoDeadline));
  EXPECT_THAT(tenant, IsRecord(made.value));
  ASSERT_OK_AND_ASSIGN(const KekRecord kek, store().GetKek("acme", 1, kNoDeadline));
  EXPECT_THAT(kek, IsRecord(Kek("a")));
}

TEST_P(StoreContract, TenantIsMadeOnce) {
  HaveTenant("acme");
  EXPECT_THAT(store().CreateTenant("acme", Kek("b"), Fresh(), kNoDeadline),
              StatusIs(StatusCode::kAlreadyExists, Reason::kTenantExists));
  ASSERT_OK_AND_ASSIGN(const KekRecord kek, store().GetKek("acme", 1, kNoDeadline));
  EXPECT_THAT(kek, IsRecord(Kek()));
}

TEST_P(StoreContract, UnknownTenant) {
  const auto not_found = StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound);
  EXPECT_THAT(store().GetTenant("acme", kNoDeadline), not_found);
  EXPECT_THAT(store().GetKey("acme", "k", kNoDeadline), not_found);
  EXPECT_THAT(store().ListKeys("acme", "", 10, kNoDeadline), not_found);
  EXPECT_THAT(store().CreateKey(Key("acme", "k", 1), Version(1), Fresh(), kNoDeadline), not_found);
  EXPECT_THAT(store().AddKeyVersion("acme", "k", Version(2), Fresh(), kNoDeadline), not_found);
  EXPECT_THAT(store().GetKek("acme", 1, kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kKeyVersionUnknown));
}

TEST_P(StoreContract, KeySurvivesReopening) {
  HaveTenant("acme");
  // The highest bit, and an id that is negative as a signed number.
  constexpr uint64_t kId = 0xfedcba9876543210;
  const KeyRecord expected = Key("acme", "customers.card_number", kId);
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().CreateKey(expected, Version(1), Fresh(), kNoDeadline));
  EXPECT_FALSE(made.replayed);
  EXPECT_THAT(made.value, IsRecord(expected));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto by_name,
                       store().GetKey("acme", "customers.card_number", kNoDeadline));
  EXPECT_THAT(by_name, IsRecord(expected));
  ASSERT_OK_AND_ASSIGN(const auto by_id, store().GetKeyById(kId, kNoDeadline));
  EXPECT_THAT(by_id, IsRecord(expected));
  ASSERT_OK_AND_ASSIGN(const auto version, store().GetKeyVersion(kId, 1, kNoDeadline));
  EXPECT_THAT(version, IsRecord(Version(1)));
}

TEST_P(StoreContract, UnknownKey) {
  HaveTenant("acme");
  const auto not_found = StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound);
  EXPECT_THAT(store().GetKey("acme", "k", kNoDeadline), not_found);
  EXPECT_THAT(store().GetKeyById(7, kNoDeadline), not_found);
  EXPECT_THAT(store().AddKeyVersion("acme", "k", Version(2), Fresh(), kNoDeadline), not_found);
  EXPECT_THAT(store().GetKeyVersion(7, 1, kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kKeyVersionUnknown));
  ASSERT_OK_AND_ASSIGN(const auto versions, store().ListKeyVersions(7, 0, 10, kNoDeadline));
  EXPECT_THAT(versions, IsEmpty());
}

TEST_P(StoreContract, KeyNameAndIdAreUnique) {
  HaveTenant("acme");
  HaveTenant("globex");
  HaveKey("acme", "k", 7);
  EXPECT_THAT(store().CreateKey(Key("acme", "k", 8), Version(1), Fresh(), kNoDeadline),
              StatusIs(StatusCode::kAlreadyExists, Reason::kKeyExists));
  EXPECT_THAT(store().CreateKey(Key("globex", "k", 7), Version(1), Fresh(), kNoDeadline),
              StatusIs(StatusCode::kAborted, Reason::kKeyExists));
  EXPECT_THAT(store().GetKey("globex", "k", kNoDeadline), StatusIs(Reason::kKeyNotFound));
}

TEST_P(StoreContract, TenantsDoNotMix) {
  HaveTenant("acme");
  HaveTenant("globex");
  const KeyRecord ours = HaveKey("acme", "k", 7);
  const KeyRecord theirs = HaveKey("globex", "k", 8);
  HaveRotated(ours);
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetKey("globex", "k", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(theirs));
  HaveKey("acme", "only-ours", 9);
  ASSERT_OK_AND_ASSIGN(const auto keys, store().ListKeys("globex", "", 10, kNoDeadline));
  EXPECT_THAT(NamesOf(keys), ElementsAre("k"));
  // Request ids are a tenant's own, too.
  const Mutation mutation = Fresh();
  ASSERT_OK(store().CreateKey(Key("acme", "x", 10), Version(1), mutation, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto made, store().CreateKey(Key("globex", "x", 11), Version(1),
                                                          mutation, kNoDeadline));
  EXPECT_FALSE(made.replayed);
  EXPECT_EQ(made.value.key_id, 11u);
}

TEST_P(StoreContract, RotationMovesThePrimary) {
  HaveTenant("acme");
  const KeyRecord key = HaveKey("acme", "k", 7);
  clock().Advance(std::chrono::seconds(5));
  ASSERT_OK_AND_ASSIGN(const auto rotated, store().AddKeyVersion("acme", "k", Version(2, "second"),
                                                                 Fresh(), kNoDeadline));
  KeyRecord expected = key;
  expected.primary_version = 2;
  expected.primary_create_time = clock().Now();
  EXPECT_THAT(rotated.value, IsRecord(expected));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(expected));
  ASSERT_OK_AND_ASSIGN(const auto second, store().GetKeyVersion(7, 2, kNoDeadline));
  EXPECT_THAT(second, IsRecord(Version(2, "second")));
  ASSERT_OK_AND_ASSIGN(const auto first, store().GetKeyVersion(7, 1, kNoDeadline));
  EXPECT_EQ(first.wrapped, Version(1).wrapped);
}

TEST_P(StoreContract, RotationNeedsThePrimaryItWasMadeFor) {
  HaveTenant("acme");
  const KeyRecord key = HaveRotated(HaveKey("acme", "k", 7));
  const auto changed = StatusIs(StatusCode::kAborted, Reason::kPrimaryChanged);
  for (const uint32_t version : {0u, 1u, 2u, 4u, 0xffffffffu}) {
    EXPECT_THAT(store().AddKeyVersion("acme", "k", Version(version), Fresh(), kNoDeadline), changed)
        << version;
  }
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(key));
}

TEST_P(StoreContract, PagesOfTenants) {
  for (const char* tenant : {"b", "a-1", "a", "c"}) HaveTenant(tenant);
  ASSERT_OK_AND_ASSIGN(const auto first, store().ListTenants("", 3, kNoDeadline));
  EXPECT_THAT(NamesOf(first), ElementsAre("a", "a-1", "b"));
  ASSERT_OK_AND_ASSIGN(const auto last, store().ListTenants("b", 3, kNoDeadline));
  EXPECT_THAT(NamesOf(last), ElementsAre("c"));
  ASSERT_OK_AND_ASSIGN(const auto none, store().ListTenants("", 0, kNoDeadline));
  EXPECT_THAT(none, IsEmpty());
}

TEST_P(StoreContract, PagesOfKeysAreInByteOrder) {
  HaveTenant("acme");
  uint64_t id = 0;
  for (const char* name : {"b", "a_b", "a.b", "a-b", "a", "0"}) HaveKey("acme", name, ++id);
  std::vector<std::string> names;
  for (std::string after; names.size() < 6; after = names.back()) {
    ASSERT_OK_AND_ASSIGN(const auto page, store().ListKeys("acme", after, 2, kNoDeadline));
    ASSERT_EQ(page.size(), 2u);
    for (const KeyRecord& key : page) names.push_back(key.name);
  }
  EXPECT_THAT(names, ElementsAre("0", "a", "a-b", "a.b", "a_b", "b"));
  ASSERT_OK_AND_ASSIGN(const auto end, store().ListKeys("acme", "b", 2, kNoDeadline));
  EXPECT_THAT(end, IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto all, store().ListKeys("acme", "", SIZE_MAX, kNoDeadline));
  EXPECT_EQ(all.size(), 6u);
}

TEST_P(StoreContract, PagesOfVersionsAreNewestFirst) {
  HaveTenant("acme");
  KeyRecord key = HaveKey("acme", "k", 7);
  for (int i = 0; i < 4; ++i) key = HaveRotated(key);
  ASSERT_OK_AND_ASSIGN(const auto first, store().ListKeyVersions(7, 0, 2, kNoDeadline));
  EXPECT_THAT(NumbersOf(first), ElementsAre(5, 4));
  ASSERT_OK_AND_ASSIGN(const auto next, store().ListKeyVersions(7, 4, 2, kNoDeadline));
  EXPECT_THAT(NumbersOf(next), ElementsAre(3, 2));
  ASSERT_OK_AND_ASSIGN(const auto last, store().ListKeyVersions(7, 2, 2, kNoDeadline));
  EXPECT_THAT(NumbersOf(last), ElementsAre(1));
}

TEST_P(StoreContract, PassedDeadlineChangesNothing) {
  HaveTenant("acme");
  HaveKey("acme", "k", 7);
  const Deadline passed = clock().Steady() - std::chrono::milliseconds(1);
  const auto exceeded = StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded);
  EXPECT_THAT(store().CreateTenant("globex", Kek(), Fresh(), passed), exceeded);
  EXPECT_THAT(store().CreateKey(Key("acme", "x", 8), Version(1), Fresh(), passed), exceeded);
  EXPECT_THAT(store().AddKeyVersion("acme", "k", Version(2), Fresh(), passed), exceeded);
  EXPECT_THAT(store().GetKey("acme", "k", passed), exceeded);
  EXPECT_THAT(store().GetTenant("globex", kNoDeadline), StatusIs(Reason::kTenantNotFound));
  EXPECT_THAT(store().GetKey("acme", "x", kNoDeadline), StatusIs(Reason::kKeyNotFound));
  ASSERT_OK_AND_ASSIGN(const auto key, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_EQ(key.primary_version, 1u);
}

}  // namespace
}  // namespace fieldkms::testing
