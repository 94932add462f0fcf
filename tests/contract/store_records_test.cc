// What goes in comes out: tenants, keys, versions, paging.
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

TEST_P(StoreContract, RootBindingIsReplacedByWhoKnowsIt) {
  ASSERT_OK_AND_ASSIGN(const auto none, store().GetRootBinding(kNoDeadline));
  EXPECT_FALSE(none.has_value());
  const auto taken = StatusIs(StatusCode::kAlreadyExists, Reason::kRootWrongKey);
  const std::string binding("\0binding\xff", 9);
  EXPECT_THAT(store().SetRootBinding("another", binding, kNoDeadline), taken);
  ASSERT_OK(store().SetRootBinding("", binding, kNoDeadline));
  EXPECT_THAT(store().SetRootBinding("", "other", kNoDeadline), taken);
  EXPECT_THAT(store().SetRootBinding("another", "other", kNoDeadline), taken);
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetRootBinding(kNoDeadline));
  EXPECT_EQ(kept, binding);
  ASSERT_OK(store().SetRootBinding(binding, "rotated", kNoDeadline));
  EXPECT_THAT(store().SetRootBinding(binding, "other", kNoDeadline), taken);
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto rotated, store().GetRootBinding(kNoDeadline));
  EXPECT_EQ(rotated, "rotated");
}

TEST_P(StoreContract, TenantSurvivesReopening) {
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().CreateTenant("acme", Kek("a"), Fresh(), kNoDeadline));
  EXPECT_FALSE(made.replayed);
  EXPECT_THAT(made.value, IsRecord(TenantRecord{"acme", Kek().create_time, 1, 1}));
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
  EXPECT_THAT(store().GetKeyWithPrimary("acme", "k", kNoDeadline), not_found);
  EXPECT_THAT(store().ListKeys("acme", "", 10, kNoDeadline), not_found);
  EXPECT_THAT(store().GetField("acme", "f", kNoDeadline), not_found);
  EXPECT_THAT(store().ListFields("acme", "", 10, kNoDeadline), not_found);
  EXPECT_THAT(store().PutField(Field("acme", "f", 1), Fresh(), kNoDeadline), not_found);
  EXPECT_THAT(store().CreateKey(Key("acme", "k", 1), Version(1), Fresh(), kNoDeadline), not_found);
  EXPECT_THAT(store().GetKek("acme", 1, kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kKeyVersionUnknown));
}

TEST_P(StoreContract, KeySurvivesReopening) {
  HaveTenant("acme");
  // The highest bit, and an id that is negative as a signed number.
  constexpr uint64_t kId = 0xfedcba9876543210;
  KeyRecord expected = FullKey("acme", "customers.card_number", kId);
  KeyRecord given = expected;
  given.change = 77;  // the store's to set
  ASSERT_OK_AND_ASSIGN(const auto made, store().CreateKey(given, Version(1), Fresh(), kNoDeadline));
  expected.change = 2;
  EXPECT_FALSE(made.replayed);
  EXPECT_THAT(made.value, IsRecord(expected));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto by_name,
                       store().GetKey("acme", "customers.card_number", kNoDeadline));
  EXPECT_THAT(by_name, IsRecord(expected));
  ASSERT_OK_AND_ASSIGN(const auto by_id, store().GetKeyById("acme", kId, kNoDeadline));
  EXPECT_THAT(by_id, IsRecord(expected));
  ASSERT_OK_AND_ASSIGN(const auto list, store().ListKeys("acme", "", 10, kNoDeadline));
  EXPECT_THAT(list, ElementsAre(IsRecord(expected)));
  ASSERT_OK_AND_ASSIGN(const auto version, store().GetKeyVersion("acme", kId, 1, kNoDeadline));
  EXPECT_THAT(version, IsRecord(Version(1)));
  ASSERT_OK_AND_ASSIGN(const auto with_primary,
                       store().GetKeyWithPrimary("acme", expected.name, kNoDeadline));
  EXPECT_THAT(with_primary.key, IsRecord(expected));
  EXPECT_THAT(with_primary.version, IsRecord(Version(1)));
  ASSERT_OK_AND_ASSIGN(const auto with_version,
                       store().GetKeyWithVersion("acme", kId, 1, kNoDeadline));
  EXPECT_THAT(with_version.key, IsRecord(expected));
  EXPECT_THAT(with_version.version, IsRecord(Version(1)));
  ASSERT_OK_AND_ASSIGN(const auto tenant, store().TenantOfKey(kId, kNoDeadline));
  EXPECT_EQ(tenant, "acme");
}

TEST_P(StoreContract, UnknownKey) {
  HaveTenant("acme");
  const auto not_found = StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound);
  EXPECT_THAT(store().GetKey("acme", "k", kNoDeadline), not_found);
  EXPECT_THAT(store().GetKeyById("acme", 7, kNoDeadline), not_found);
  EXPECT_THAT(store().GetKeyWithPrimary("acme", "k", kNoDeadline), not_found);
  EXPECT_THAT(store().GetKeyWithVersion("acme", 7, 1, kNoDeadline), not_found);
  EXPECT_THAT(store().TenantOfKey(7, kNoDeadline), not_found);
  EXPECT_THAT(store().GetKeyVersion("acme", 7, 1, kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kKeyVersionUnknown));
  ASSERT_OK_AND_ASSIGN(const auto versions, store().ListKeyVersions("acme", 7, 0, 10, kNoDeadline));
  EXPECT_THAT(versions, IsEmpty());
}

TEST_P(StoreContract, KeyComesWithTheVersionAskedFor) {
  HaveTenant("acme");
  const KeyRecord key = HaveRotated(HaveKey("acme", "k", 7));
  const KeyRecord current = HaveChanged(key, {Version(1, "anew")});
  HaveAlias({"acme", "a", 7, 0});
  for (const char* name : {"k", "a"}) {
    ASSERT_OK_AND_ASSIGN(const auto found, store().GetKeyWithPrimary("acme", name, kNoDeadline));
    EXPECT_THAT(found.key, IsRecord(current));
    EXPECT_THAT(found.version, IsRecord(Version(2)));
  }
  ASSERT_OK_AND_ASSIGN(const auto old, store().GetKeyWithVersion("acme", 7, 1, kNoDeadline));
  EXPECT_THAT(old.key, IsRecord(current));
  EXPECT_THAT(old.version, IsRecord(Version(1, "anew")));
  for (const uint32_t version : {0u, 3u, 0xffffffffu}) {
    ASSERT_OK_AND_ASSIGN(const auto none,
                         store().GetKeyWithVersion("acme", 7, version, kNoDeadline));
    EXPECT_THAT(none.key, IsRecord(current));
    EXPECT_THAT(none.version, IsRecord(KeyVersionRecord{}));
  }
}

TEST_P(StoreContract, PurposesAreKept) {
  HaveTenant("acme");
  for (uint64_t number = 1; number <= 6; ++number) {
    KeyRecord key = Key("acme", "k" + std::to_string(number), number);
    key.purpose = static_cast<KeyPurpose>(number);
    ASSERT_OK(store().CreateKey(key, Version(1), Fresh(), kNoDeadline));
    ASSERT_OK_AND_ASSIGN(const auto kept, store().GetKeyById("acme", number, kNoDeadline));
    EXPECT_EQ(kept.purpose, key.purpose);
  }
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

}  // namespace
}  // namespace fieldkms::testing
