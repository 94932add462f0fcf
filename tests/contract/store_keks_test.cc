// KEKs, and what is wrapped anew under them.
#include <gmock/gmock.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;

TEST_P(StoreContract, AddedKekIsPrimary) {
  const TenantRecord made = HaveTenant("acme");
  clock().Advance(std::chrono::seconds(1));
  const KekRecord second = Kek("second", 2);
  ASSERT_OK_AND_ASSIGN(const auto added, store().AddKek("acme", second, Fresh(), kNoDeadline));
  TenantRecord expected = made;
  expected.primary_kek = 2;
  ++expected.change;
  EXPECT_FALSE(added.replayed);
  EXPECT_THAT(added.value, IsRecord(expected));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto tenant, store().GetTenant("acme", kNoDeadline));
  EXPECT_THAT(tenant, IsRecord(expected));
  ASSERT_OK_AND_ASSIGN(const auto kek, store().GetKek("acme", 2, kNoDeadline));
  EXPECT_THAT(kek, IsRecord(second));
  ASSERT_OK_AND_ASSIGN(const auto keks, store().ListKeks("acme", kNoDeadline));
  ASSERT_EQ(keks.size(), 2u);
  EXPECT_EQ(keks[0].version, 1u);
  EXPECT_EQ(keks[0].wrapped, Kek().wrapped);
  EXPECT_THAT(keks[1], IsRecord(second));
}

TEST_P(StoreContract, KekFollowsThePrimaryItWasMadeFor) {
  const TenantRecord made = HaveTenant("acme");
  const auto changed = StatusIs(StatusCode::kAborted, Reason::kPrimaryChanged);
  for (const uint32_t version : {0u, 1u, 3u, 0xffffffffu}) {
    EXPECT_THAT(store().AddKek("acme", Kek("x", version), Fresh(), kNoDeadline), changed)
        << version;
  }
  EXPECT_THAT(store().AddKek("globex", Kek("x", 2), Fresh(), kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
  ASSERT_OK_AND_ASSIGN(const auto tenant, store().GetTenant("acme", kNoDeadline));
  EXPECT_THAT(tenant, IsRecord(made));
}

TEST_P(StoreContract, KeksAreRewrappedWhereTheyAreWhatWasRead) {
  HaveTenant("acme");
  HaveTenant("globex");
  ASSERT_OK(store().AddKek("acme", Kek("second", 2), Fresh(), kNoDeadline));
  const std::string old = Kek().wrapped;
  const std::vector<RewrappedKek> keks = {{"acme", 1, old, std::string("new\0 1", 6)},
                                          {"acme", 2, "not what it is", "new 2"},
                                          {"acme", 3, old, "new 3"},
                                          {"globex", 1, old, "new 4"},
                                          {"initech", 1, old, "new 5"}};
  for (const size_t expected : {size_t{2}, size_t{0}}) {  // repeating it is harmless
    ASSERT_OK_AND_ASSIGN(const size_t written, store().RewrapKeks(keks, kNoDeadline));
    EXPECT_EQ(written, expected);
    Reopen();
    ASSERT_OK_AND_ASSIGN(const auto acme, store().ListKeks("acme", kNoDeadline));
    ASSERT_EQ(acme.size(), 2u);
    EXPECT_EQ(acme[0].wrapped, std::string("new\0 1", 6));
    EXPECT_EQ(acme[0].create_time, Kek().create_time);
    EXPECT_EQ(acme[1].wrapped, Kek("second").wrapped);
    ASSERT_OK_AND_ASSIGN(const auto globex, store().GetKek("globex", 1, kNoDeadline));
    EXPECT_EQ(globex.wrapped, "new 4");
  }
}

TEST_P(StoreContract, VersionsAreRewrappedWhereTheyAreWhatWasRead) {
  HaveTenant("acme");
  KeyRecord key = HaveRotated(HaveKey("acme", "k", 0xfedcba9876543210));
  key = HaveChanged(key, {Destroyed(1)});
  const KeyRecord other = HaveKey("acme", "other", 8);
  const std::vector<RewrappedVersion> versions = {
      {key.key_id, 2, Version(2).wrapped, 2, std::string("new\0 2", 6)},
      {key.key_id, 1, "", 2, "risen"},
      {key.key_id, 3, Version(3).wrapped, 2, "new 3"},
      {8, 1, "not what it is", 2, "new 1"},
      {9, 1, Version(1).wrapped, 2, "new 9"}};
  for (const size_t expected : {size_t{1}, size_t{0}}) {
    ASSERT_OK_AND_ASSIGN(const size_t written,
                         store().RewrapKeyVersions("acme", versions, kNoDeadline));
    EXPECT_EQ(written, expected);
    Reopen();
    KeyVersionRecord rewrapped = Version(2);
    rewrapped.wrapped = std::string("new\0 2", 6);
    rewrapped.kek_version = 2;
    ASSERT_OK_AND_ASSIGN(const auto kept,
                         store().GetKeyVersion("acme", key.key_id, 2, kNoDeadline));
    EXPECT_THAT(kept, IsRecord(rewrapped));
    ASSERT_OK_AND_ASSIGN(const auto gone,
                         store().GetKeyVersion("acme", key.key_id, 1, kNoDeadline));
    EXPECT_THAT(gone, IsRecord(Destroyed(1)));
    ASSERT_OK_AND_ASSIGN(const auto untouched, store().GetKey("acme", "other", kNoDeadline));
    EXPECT_THAT(untouched, IsRecord(other));
  }
  // The key has changed: whoever read it before reads again.
  EXPECT_THAT(store().ChangeKey({key, {}}, Fresh(), kNoDeadline), StatusIs(Reason::kEtagMismatch));
  ASSERT_OK_AND_ASSIGN(const auto now, store().GetKeyById("acme", key.key_id, kNoDeadline));
  EXPECT_GT(now.change, other.change);
}

TEST_P(StoreContract, VersionsBelowAKekAreFoundOnceEach) {
  HaveTenant("acme");
  HaveTenant("globex");
  HaveKey("globex", "k", 1);
  for (const uint64_t id : {uint64_t{2}, uint64_t{INT64_MAX}, uint64_t{1} << 63, UINT64_MAX}) {
    HaveRotated(HaveKey("acme", std::to_string(id), id));
  }
  KeyRecord key = HaveKey("acme", "mixed", 3);
  KeyVersionRecord newer = Version(2);
  newer.kek_version = 2;
  key.primary_version = 2;
  key = HaveChanged(key, {newer, Destroyed(3)});

  ASSERT_OK_AND_ASSIGN(const uint64_t none, store().CountVersionsBelowKek("acme", 1, kNoDeadline));
  EXPECT_EQ(none, 0u);
  ASSERT_OK_AND_ASSIGN(const uint64_t some, store().CountVersionsBelowKek("acme", 2, kNoDeadline));
  EXPECT_EQ(some, 9u);
  ASSERT_OK_AND_ASSIGN(const uint64_t all,
                       store().CountVersionsBelowKek("acme", 0xffffffff, kNoDeadline));
  EXPECT_EQ(all, 10u);

  // Rewrapped on the way, as a rotation of a KEK does it: the order does not change.
  std::set<std::pair<uint64_t, uint32_t>> found;
  uint64_t after_id = 0;
  uint32_t after_version = 0;
  while (true) {
    ASSERT_OK_AND_ASSIGN(const auto page, store().ListVersionsBelowKek(
                                              "acme", 2, after_id, after_version, 2, kNoDeadline));
    if (page.empty()) break;
    ASSERT_LE(page.size(), 2u);
    for (const KeyAndVersion& one : page) {
      EXPECT_TRUE(found.emplace(one.key.key_id, one.version.version).second);
      EXPECT_EQ(one.version.wrapped, Version(one.version.version).wrapped);
      EXPECT_EQ(one.key.tenant, "acme");
      after_id = one.key.key_id;
      after_version = one.version.version;
    }
    const std::vector<RewrappedVersion> rewrapped = {
        {after_id, after_version, Version(after_version).wrapped, 2, "anew"}};
    ASSERT_OK(store().RewrapKeyVersions("acme", rewrapped, kNoDeadline));
    Reopen();
  }
  EXPECT_EQ(found.size(), 9u);
  ASSERT_OK_AND_ASSIGN(const auto key_and_version,
                       store().ListVersionsBelowKek("acme", 9, 3, 1, 1, kNoDeadline));
  ASSERT_EQ(key_and_version.size(), 1u);
  EXPECT_THAT(key_and_version[0].key, IsRecord(key));
  EXPECT_THAT(key_and_version[0].version, IsRecord(newer));
}

}  // namespace
}  // namespace fieldkms::testing
