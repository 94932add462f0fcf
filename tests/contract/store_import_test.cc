// Tenants from elsewhere, staged where nobody sees them, and there all at once; and stores that
// are frozen.
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kId = 0xfedcba9876543210;

constexpr ImportId kOurs{1};
constexpr ImportId kTheirs{2};
constexpr StagedCounts kOne{1, 1, 0};  // a key of one version

absl::StatusOr<uint64_t> Apply(Store& store, const WholeTenant& tenant, const StagedCounts& staged,
                               ImportMode mode = ImportMode::kNew, uint64_t above = 0,
                               const ImportId& import = kOurs) {
  return store.ApplyStaged(import, std::vector<StagedTenant>{{tenant, staged}}, mode, above,
                           kNoDeadline);
}

void ExpectNothing(Store& store, const std::string& tenant, uint64_t key_id) {
  EXPECT_THAT(store.GetTenant(tenant, kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
  const auto no_key = StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound);
  EXPECT_THAT(store.GetKeyById(tenant, key_id, kNoDeadline), no_key);
  EXPECT_THAT(store.TenantOfKey(key_id, kNoDeadline), no_key);
  ASSERT_OK_AND_ASSIGN(const auto versions,
                       store.ListKeyVersions(tenant, key_id, 0, 9, kNoDeadline));
  EXPECT_THAT(versions, IsEmpty());
}

TEST_P(StoreContract, StagedRecordsAreNotThereAndThenAllOfThemAre) {
  HaveTenant("other");
  const uint64_t before = NewestChange();
  const WholeTenant tenant = NewTenant("acme");
  WholeKey whole = FullWhole("acme", "cards", kId);
  ASSERT_OK(store().StageKeys(kOurs, "acme", std::vector{whole, PlainWhole("acme", "b", 7)},
                              kNoDeadline));
  const std::vector<AliasRecord> aliases = {{"acme", "pan", kId, 5}, {"acme", "gone", 0, 6}};
  ASSERT_OK(store().StageAliases(kOurs, "acme", aliases, kNoDeadline));
  ExpectNothing(store(), "acme", kId);
  EXPECT_EQ(NewestChange(), before);
  ASSERT_OK_AND_ASSIGN(const auto due,
                       store().ListDueRotations(Now() + std::chrono::hours(1), 9, kNoDeadline));
  EXPECT_THAT(due, IsEmpty());
  Reopen();  // staged records stay

  ASSERT_OK_AND_ASSIGN(const uint64_t number, Apply(store(), tenant, {2, 5, 2}));
  EXPECT_EQ(number, before + 1);
  EXPECT_EQ(NewestChange(), number);
  TenantRecord expected = tenant.tenant;
  expected.change = number;
  ASSERT_OK_AND_ASSIGN(const auto made, store().GetTenant("acme", kNoDeadline));
  EXPECT_THAT(made, IsRecord(expected));
  ASSERT_OK_AND_ASSIGN(const auto keks, store().ListKeks("acme", kNoDeadline));
  EXPECT_THAT(keks, ElementsAre(IsRecord(tenant.keks[0]), IsRecord(tenant.keks[1])));
  whole.key.change = before;  // nobody needs to hear of each
  ASSERT_OK_AND_ASSIGN(const auto key, store().GetKey("acme", "pan", kNoDeadline));
  EXPECT_THAT(key, IsRecord(whole.key));
  ASSERT_OK_AND_ASSIGN(const auto versions,
                       store().ListKeyVersions("acme", kId, 0, 9, kNoDeadline));
  EXPECT_THAT(versions, ElementsAre(IsRecord(whole.versions[3]), IsRecord(whole.versions[2]),
                                    IsRecord(whole.versions[1]), IsRecord(whole.versions[0])));
  ASSERT_OK_AND_ASSIGN(const auto keys, store().ListKeys("acme", "", 9, kNoDeadline));
  EXPECT_THAT(NamesOf(keys), ElementsAre("b", "cards"));
  EXPECT_THAT(store().GetAlias("acme", "gone", kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kAliasNotFound));
  const std::vector<Change> changes = ChangesAfter(before);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_THAT(changes[0], IsRecord(Change{number, ChangeKind::kTenant, "acme", "", 0}));
}

TEST_P(StoreContract, ImportedTenantsLiveOn) {
  ASSERT_OK(
      store().StageKeys(kOurs, "acme", std::vector{FullWhole("acme", "cards", kId)}, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const uint64_t number, Apply(store(), NewTenant("acme"), {1, 4, 0}));
  ASSERT_OK_AND_ASSIGN(KeyRecord key, store().GetKey("acme", "cards", kNoDeadline));
  EXPECT_GT(key.change, 0u);
  key.primary_version = 5;
  key = HaveChanged(key, {Version(5)});
  EXPECT_EQ(key.change, number + 1);
  ASSERT_OK(store().AddKek("acme", Kek("third", 3), Fresh(), kNoDeadline));
  HaveKey("acme", "another", 8);
  HaveAlias({"acme", "gone", kId, 0});
  ASSERT_OK_AND_ASSIGN(const auto due,
                       store().ListDueDestructions(Now() + std::chrono::hours(25), 9, kNoDeadline));
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].version.version, 4u);
}

TEST_P(StoreContract, AnExistingTenantIsInTheWay) {
  const TenantRecord acme = HaveTenant("acme");
  ASSERT_OK(store().StageKeys(kOurs, "acme", std::vector{PlainWhole("acme", "k", 7)}, kNoDeadline));
  ASSERT_OK(
      store().StageKeys(kOurs, "globex", std::vector{PlainWhole("globex", "k", 8)}, kNoDeadline));
  const std::vector<StagedTenant> both = {{NewTenant("globex"), kOne}, {NewTenant("acme"), kOne}};
  const auto applied = store().ApplyStaged(kOurs, both, ImportMode::kNew, 0, kNoDeadline);
  EXPECT_THAT(applied, StatusIs(StatusCode::kAlreadyExists, Reason::kTenantExists));
  EXPECT_THAT(applied.status().message(), HasSubstr("acme"));
  ExpectNothing(store(), "globex", 8);
  ASSERT_OK_AND_ASSIGN(const auto same, store().GetTenant("acme", kNoDeadline));
  EXPECT_THAT(same, IsRecord(acme));
  ASSERT_OK_AND_ASSIGN(const auto keys, store().ListKeys("acme", "", 9, kNoDeadline));
  EXPECT_THAT(keys, IsEmpty());
}

TEST_P(StoreContract, AKeyIdOfAnotherTenantIsRefused) {
  HaveTenant("globex");
  HaveKey("globex", "theirs", kId);
  const auto refused = StatusIs(StatusCode::kAlreadyExists, Reason::kKeyExists);
  EXPECT_THAT(
      store().StageKeys(kOurs, "acme", std::vector{PlainWhole("acme", "k", kId)}, kNoDeadline),
      refused);
  // Also one that was free when it was staged.
  ASSERT_OK(store().StageKeys(kOurs, "acme", std::vector{PlainWhole("acme", "k", 7)}, kNoDeadline));
  HaveKey("globex", "more", 7);
  const auto applied = Apply(store(), NewTenant("acme"), kOne);
  EXPECT_THAT(applied, refused);
  EXPECT_THAT(applied.status().message(), HasSubstr("0000000000000007"));
  EXPECT_THAT(store().GetTenant("acme", kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
  ASSERT_OK_AND_ASSIGN(const auto owner, store().TenantOfKey(7, kNoDeadline));
  EXPECT_EQ(owner, "globex");
}

TEST_P(StoreContract, WhatIsNotWholeIsRefused) {
  const auto refused = StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField);
  WholeKey whole = PlainWhole("acme", "k", 7);
  whole.key.primary_version = 2;
  ASSERT_OK(store().StageKeys(kOurs, "acme", std::vector{whole}, kNoDeadline));
  EXPECT_THAT(Apply(store(), NewTenant("acme"), kOne), refused);
  whole = PlainWhole("acme", "k", 7);
  whole.versions[0].kek_version = 3;
  ASSERT_OK(store().StageKeys(kOurs, "acme", std::vector{whole}, kNoDeadline));
  EXPECT_THAT(Apply(store(), NewTenant("acme"), kOne), refused);
  ExpectNothing(store(), "acme", 7);
  ASSERT_OK(store().StageKeys(kOurs, "acme", std::vector{PlainWhole("acme", "k", 7)}, kNoDeadline));
  EXPECT_OK(Apply(store(), NewTenant("acme"), kOne));
}

TEST_P(StoreContract, TheLastStagedCountsAndDroppedOnesDoNot) {
  WholeKey whole = PlainWhole("acme", "k", 7);
  ASSERT_OK(store().StageKeys(kOurs, "acme", std::vector{whole}, kNoDeadline));
  ASSERT_OK(store().StageAliases(kOurs, "acme", std::vector<AliasRecord>{{"acme", "a", 7, 1}},
                                 kNoDeadline));
  whole.key.labels = {{"team", "x"}};
  whole.key.primary_version = 2;
  whole.versions.push_back(Version(2));
  ASSERT_OK(store().StageKeys(kOurs, "acme", std::vector{whole}, kNoDeadline));
  ASSERT_OK(store().StageAliases(kOurs, "acme", std::vector<AliasRecord>{{"acme", "a", 0, 1}},
                                 kNoDeadline));
  ASSERT_OK(
      store().StageKeys(kOurs, "globex", std::vector{PlainWhole("globex", "k", 8)}, kNoDeadline));
  ASSERT_OK(store().DropStaged(kOurs, "globex", kNoDeadline));
  ASSERT_OK(Apply(store(), NewTenant("acme"), {1, 2, 1}));
  ASSERT_OK(Apply(store(), NewTenant("globex"), {}));
  ASSERT_OK_AND_ASSIGN(const auto key, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_EQ(key.primary_version, 2u);
  EXPECT_EQ(key.labels, whole.key.labels);
  ASSERT_OK_AND_ASSIGN(const auto aliases, store().ListAliases("acme", "", 9, kNoDeadline));
  EXPECT_THAT(aliases, IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto keys, store().ListKeys("globex", "", 9, kNoDeadline));
  EXPECT_THAT(keys, IsEmpty());
}

TEST_P(StoreContract, AKeyStagedAgainLosesTheVersionsOfBefore) {
  WholeKey whole = PlainWhole("acme", "k", 7);
  whole.versions.push_back(Version(2));
  ASSERT_OK(store().StageKeys(kOurs, "acme", std::vector{whole}, kNoDeadline));
  whole.versions.pop_back();
  ASSERT_OK(store().StageKeys(kOurs, "acme", std::vector{whole, whole}, kNoDeadline));
  ASSERT_OK(Apply(store(), NewTenant("acme"), kOne));
  ASSERT_OK_AND_ASSIGN(const auto versions, store().ListKeyVersions("acme", 7, 0, 9, kNoDeadline));
  EXPECT_THAT(versions, ElementsAre(IsRecord(whole.versions[0])));
}

// Rotated hourly for a year, and in one call.
TEST_P(StoreContract, AKeyOfThousandsOfVersionsIsImported) {
  constexpr uint32_t kVersions = 9'000;
  WholeKey whole = PlainWhole("acme", "k", 7);
  for (uint32_t v = 2; v <= kVersions; ++v) whole.versions.push_back(Version(v));
  whole.versions[99] = Destroyed(100);
  whole.key.primary_version = kVersions;
  const std::vector<WholeKey> keys = {whole};
  ASSERT_OK(store().StageKeys(kOurs, "acme", keys, clock().Steady() + std::chrono::seconds(30)));
  ASSERT_OK(Apply(store(), NewTenant("acme"), {1, kVersions, 0}));
  ASSERT_OK_AND_ASSIGN(const auto versions,
                       store().ListKeyVersions("acme", 7, 0, kVersions, kNoDeadline));
  ASSERT_EQ(versions.size(), kVersions);
  for (const uint32_t v : {1u, 99u, 100u, kVersions}) {
    EXPECT_THAT(versions[kVersions - v], IsRecord(whole.versions[v - 1])) << v;
  }
}

// As when another restore cleans up, while this one is at work.
TEST_P(StoreContract, WhatWasDroppedMeanwhileIsMissed) {
  const uint64_t before = NewestChange();
  const auto refused = StatusIs(StatusCode::kAborted, Reason::kStoreUnavailable);
  for (const ImportMode mode : {ImportMode::kNew, ImportMode::kReplace}) {
    ASSERT_OK(
        store().StageKeys(kOurs, "acme", std::vector{PlainWhole("acme", "a", 7)}, kNoDeadline));
    ASSERT_OK(store().DropStaged(kOurs, "acme", kNoDeadline));
    ASSERT_OK(
        store().StageKeys(kOurs, "acme", std::vector{PlainWhole("acme", "b", 8)}, kNoDeadline));
    const auto applied = Apply(store(), NewTenant("acme"), {2, 2, 0}, mode);
    EXPECT_THAT(applied, refused);
    EXPECT_THAT(applied.status().message(), HasSubstr("acme"));
    // Each count by itself.
    EXPECT_THAT(Apply(store(), NewTenant("acme"), {1, 2, 0}, mode), refused);
    EXPECT_THAT(Apply(store(), NewTenant("acme"), {1, 1, 1}, mode), refused);
    ExpectNothing(store(), "acme", 8);
  }
  EXPECT_EQ(NewestChange(), before);
  EXPECT_OK(Apply(store(), NewTenant("acme"), kOne));
}

TEST_P(StoreContract, OfTwoImportsOfOneTenantOneIsWholeAndTheOtherFails) {
  const std::vector<WholeKey> first = {PlainWhole("acme", "a", 7)};
  const std::vector<WholeKey> second = {PlainWhole("acme", "b", 8)};
  const std::vector<AliasRecord> alias = {{"acme", "x", 7, 1}};
  ASSERT_OK(store().StageKeys(kOurs, "acme", first, kNoDeadline));
  ASSERT_OK(store().StageKeys(kTheirs, "acme", first, kNoDeadline));
  ASSERT_OK(store().StageAliases(kOurs, "acme", alias, kNoDeadline));
  ASSERT_OK(store().StageAliases(kTheirs, "acme", alias, kNoDeadline));
  ASSERT_OK(store().DropStaged(ImportId{3}, "acme", kNoDeadline));  // nobody's
  ASSERT_OK(store().StageKeys(kTheirs, "acme", second, kNoDeadline));
  ASSERT_OK(store().StageKeys(kOurs, "acme", second, kNoDeadline));
  constexpr StagedCounts kAll{2, 2, 1};
  ASSERT_OK(Apply(store(), NewTenant("acme"), kAll, ImportMode::kNew, 0, kTheirs));
  const auto in_the_way = StatusIs(StatusCode::kAlreadyExists, Reason::kTenantExists);
  EXPECT_THAT(Apply(store(), NewTenant("acme"), kAll), in_the_way);
  // Also where it had not staged all yet.
  ASSERT_OK(store().StageKeys(kOurs, "acme", second, kNoDeadline));
  EXPECT_THAT(Apply(store(), NewTenant("acme"), kAll), in_the_way);
  ASSERT_OK_AND_ASSIGN(const auto keys, store().ListKeys("acme", "", 9, kNoDeadline));
  EXPECT_THAT(NamesOf(keys), ElementsAre("a", "b"));
  ASSERT_OK_AND_ASSIGN(const auto aliases, store().ListAliases("acme", "", 9, kNoDeadline));
  EXPECT_EQ(aliases.size(), 1u);
}

// Wrapped bytes of a killed import do not outlive those that were destroyed in the store.
TEST_P(StoreContract, AnImportLeavesNothingStagedOfItsTenants) {
  const std::vector<WholeKey> acme = {PlainWhole("acme", "k", 7)};
  ASSERT_OK(store().StageKeys(kTheirs, "acme", acme, kNoDeadline));
  ASSERT_OK(
      store().StageKeys(kTheirs, "globex", std::vector{PlainWhole("globex", "k", 8)}, kNoDeadline));
  ASSERT_OK(store().StageKeys(kOurs, "acme", acme, kNoDeadline));
  ASSERT_OK(Apply(store(), NewTenant("acme"), kOne));
  EXPECT_THAT(Apply(store(), NewTenant("acme"), kOne, ImportMode::kReplace, 0, kTheirs),
              StatusIs(StatusCode::kAborted, Reason::kStoreUnavailable));
  EXPECT_OK(Apply(store(), NewTenant("acme"), {}, ImportMode::kReplace, 0, kTheirs));
  EXPECT_OK(Apply(store(), NewTenant("globex"), kOne, ImportMode::kNew, 0, kTheirs));
}

TEST_P(StoreContract, ReplacingBringsUpToDate) {
  WholeTenant tenant = NewTenant("acme");
  WholeKey whole = FullWhole("acme", "cards", kId);
  ASSERT_OK(store().StageKeys(kOurs, "acme", std::vector{whole, PlainWhole("acme", "b", 7)},
                              kNoDeadline));
  ASSERT_OK(store().StageAliases(kOurs, "acme", std::vector<AliasRecord>{{"acme", "a", 7, 1}},
                                 kNoDeadline));
  ASSERT_OK(Apply(store(), tenant, {2, 5, 1}, ImportMode::kReplace, 1'000));  // also a new one
  EXPECT_EQ(NewestChange(), 1'001u);

  tenant.tenant.primary_kek = 3;
  tenant.keks = {Kek("anew", 1), Kek("second", 2), Kek("third", 3)};
  whole.key.labels = {};
  whole.key.next_rotation.reset();
  whole.versions[1] = Destroyed(2);
  whole.versions.push_back(Version(5));
  whole.key.primary_version = 5;
  ASSERT_OK(store().StageKeys(kOurs, "acme", std::vector{whole}, kNoDeadline));
  ASSERT_OK(store().StageAliases(kOurs, "acme", std::vector<AliasRecord>{{"acme", "a", kId, 1}},
                                 kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const uint64_t number,
                       Apply(store(), tenant, {1, 5, 1}, ImportMode::kReplace, 500));
  EXPECT_EQ(number, 1'002u);
  whole.key.change = number;
  whole.key.primary_create_time = whole.versions[4].create_time;
  ASSERT_OK_AND_ASSIGN(const auto key, store().GetKey("acme", "a", kNoDeadline));
  EXPECT_THAT(key, IsRecord(whole.key));
  ASSERT_OK_AND_ASSIGN(const auto version, store().GetKeyVersion("acme", kId, 2, kNoDeadline));
  EXPECT_THAT(version, IsRecord(whole.versions[1]));
  ASSERT_OK_AND_ASSIGN(const auto keks, store().ListKeks("acme", kNoDeadline));
  EXPECT_THAT(keks, ElementsAre(IsRecord(tenant.keks[0]), IsRecord(tenant.keks[1]),
                                IsRecord(tenant.keks[2])));
  ASSERT_OK_AND_ASSIGN(const auto other, store().GetKey("acme", "b", kNoDeadline));
  EXPECT_EQ(other.change, 1'001u);  // as it was
}

TEST_P(StoreContract, AFrozenStoreTakesNoChanges) {
  HaveTenant("acme");
  const KeyRecord key = HaveKey("acme", "k", 7);
  const uint64_t before = NewestChange();
  ASSERT_OK(store().SetFrozen(true, kNoDeadline));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const bool frozen, store().IsFrozen(kNoDeadline));
  EXPECT_TRUE(frozen);
  const auto refused = StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable);
  EXPECT_THAT(store().CreateTenant("globex", Kek(), Fresh(), kNoDeadline), refused);
  EXPECT_THAT(store().CreateKey(Key("acme", "x", 8), Version(1), Fresh(), kNoDeadline), refused);
  EXPECT_THAT(store().ChangeKey({key, {}}, Fresh(), kNoDeadline), refused);
  EXPECT_THAT(store().AddKek("acme", Kek("x", 2), Fresh(), kNoDeadline), refused);
  EXPECT_THAT(store().SetAlias({"acme", "a", 7, 0}, Fresh(), kNoDeadline), refused);
  EXPECT_THAT(store().PutField(Field("acme", "f", 9), Fresh(), kNoDeadline), refused);
  EXPECT_THAT(
      store().RewrapKeks(std::vector<RewrappedKek>{{"acme", 1, Kek().wrapped, "x"}}, kNoDeadline),
      refused);
  EXPECT_THAT(store().PutOperation(Operation("acme", 1), kNoDeadline), refused);
  EXPECT_THAT(Apply(store(), NewTenant("globex"), {}), refused);
  EXPECT_EQ(NewestChange(), before);
  EXPECT_OK(store().GetKey("acme", "k", kNoDeadline));
  EXPECT_OK(store().PutLease(Lease("acme", 7, 1), kNoDeadline));
  ASSERT_OK(store().SetFrozen(false, kNoDeadline));
  HaveKey("acme", "x", 8);
}

}  // namespace
}  // namespace fieldkms::testing
