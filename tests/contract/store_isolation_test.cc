// A method that names a tenant sees and touches nothing of another; one whose
// deadline has passed does nothing at all.
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
  ASSERT_OK_AND_ASSIGN(const auto found, store().FindKeyMutation("globex", mutation, kNoDeadline));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->key_id, 11u);
}

TEST_P(StoreContract, ReadsSeeNothingOfAnotherTenant) {
  HaveTenant("acme");
  HaveTenant("globex");
  HaveRotated(HaveKey("acme", "k", 7));
  HaveAlias({"acme", "a", 7, 0});
  ASSERT_OK(store().PutLease(Lease("acme", 7, 1), kNoDeadline));
  ASSERT_OK(store().AddKek("acme", Kek("second", 2), Fresh(), kNoDeadline));

  const auto no_key = StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound);
  const auto no_version = StatusIs(StatusCode::kNotFound, Reason::kKeyVersionUnknown);
  EXPECT_THAT(store().GetKey("globex", "k", kNoDeadline), no_key);
  EXPECT_THAT(store().GetKey("globex", "a", kNoDeadline), no_key);
  EXPECT_THAT(store().GetKeyById("globex", 7, kNoDeadline), no_key);
  EXPECT_THAT(store().GetKeyWithPrimary("globex", "k", kNoDeadline), no_key);
  EXPECT_THAT(store().GetKeyWithPrimary("globex", "a", kNoDeadline), no_key);
  EXPECT_THAT(store().GetKeyWithVersion("globex", 7, 1, kNoDeadline), no_key);
  EXPECT_THAT(store().GetKeyVersion("globex", 7, 1, kNoDeadline), no_version);
  EXPECT_THAT(store().GetKek("globex", 2, kNoDeadline), no_version);
  EXPECT_THAT(store().GetAlias("globex", "a", kNoDeadline), StatusIs(Reason::kAliasNotFound));
  EXPECT_THAT(store().GetLease("globex", Lease("acme", 7, 1).lease_id, kNoDeadline),
              StatusIs(Reason::kLeaseNotFound));
  ASSERT_OK_AND_ASSIGN(const auto versions,
                       store().ListKeyVersions("globex", 7, 0, 10, kNoDeadline));
  EXPECT_THAT(versions, IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto aliases, store().ListAliases("globex", "", 10, kNoDeadline));
  EXPECT_THAT(aliases, IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto keks, store().ListKeks("globex", kNoDeadline));
  EXPECT_EQ(keks.size(), 1u);
  ASSERT_OK_AND_ASSIGN(const auto below,
                       store().ListVersionsBelowKek("globex", 9, 0, 0, 10, kNoDeadline));
  EXPECT_THAT(below, IsEmpty());
  ASSERT_OK_AND_ASSIGN(const uint64_t count,
                       store().CountVersionsBelowKek("globex", 9, kNoDeadline));
  EXPECT_EQ(count, 0u);
  ASSERT_OK_AND_ASSIGN(const auto end,
                       store().LastLeaseEnd("globex", 7, 1, false, Now(), kNoDeadline));
  EXPECT_EQ(end, std::nullopt);
}

TEST_P(StoreContract, WritesTouchNothingOfAnotherTenant) {
  HaveTenant("acme");
  HaveTenant("globex");
  const KeyRecord ours = HaveKey("acme", "k", 7);
  KeyRecord taken = ours;
  taken.tenant = "globex";
  taken.suite = 9;
  const auto no_key = StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound);
  EXPECT_THAT(store().ChangeKey({taken, {Version(1, "evil")}}, Fresh(), kNoDeadline), no_key);
  EXPECT_THAT(store().SetAlias({"globex", "a", 7, 0}, Fresh(), kNoDeadline), no_key);
  const std::vector<RewrappedVersion> versions = {{7, 1, Version(1).wrapped, 2, "evil"}};
  ASSERT_OK_AND_ASSIGN(const size_t written,
                       store().RewrapKeyVersions("globex", versions, kNoDeadline));
  EXPECT_EQ(written, 0u);
  LeaseRecord lease = Lease("acme", 7, 1);
  ASSERT_OK(store().PutLease(lease, kNoDeadline));
  lease.tenant = "globex";
  lease.used_messages = 99;
  (void)store().PutLease(lease, kNoDeadline);  // of a key that is not theirs

  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(ours));
  ASSERT_OK_AND_ASSIGN(const auto version, store().GetKeyVersion("acme", 7, 1, kNoDeadline));
  EXPECT_THAT(version, IsRecord(Version(1)));
  ASSERT_OK_AND_ASSIGN(const auto kept_lease,
                       store().GetLease("acme", lease.lease_id, kNoDeadline));
  EXPECT_THAT(kept_lease, IsRecord(Lease("acme", 7, 1)));
}

TEST_P(StoreContract, PassedDeadlineChangesNothing) {
  HaveTenant("acme");
  const KeyRecord key = HaveKey("acme", "k", 7);
  const Deadline passed = clock().Steady() - std::chrono::milliseconds(1);
  const auto exceeded = StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded);
  const std::vector<RewrappedVersion> versions = {{7, 1, Version(1).wrapped, 2, "anew"}};
  const std::vector<RewrappedKek> keks = {{"acme", 1, Kek().wrapped, "anew"}};
  EXPECT_THAT(store().SetRootBinding("", "binding", passed), exceeded);
  EXPECT_THAT(store().CreateTenant("globex", Kek(), Fresh(), passed), exceeded);
  EXPECT_THAT(store().AddKek("acme", Kek("x", 2), Fresh(), passed), exceeded);
  EXPECT_THAT(store().RewrapKeks(keks, passed), exceeded);
  EXPECT_THAT(store().RewrapKeyVersions("acme", versions, passed), exceeded);
  EXPECT_THAT(store().CreateKey(Key("acme", "x", 8), Version(1), Fresh(), passed), exceeded);
  EXPECT_THAT(store().ChangeKey({key, {Version(2)}}, Fresh(), passed), exceeded);
  EXPECT_THAT(store().SetAlias({"acme", "a", 7, 0}, Fresh(), passed), exceeded);
  EXPECT_THAT(store().PutField(Field("acme", "f", 9), Fresh(), passed), exceeded);
  EXPECT_THAT(store().PutLease(Lease("acme", 7, 1), passed), exceeded);
  EXPECT_THAT(store().PutOperation(Operation("acme", 1), passed), exceeded);

  EXPECT_EQ(NewestChange(), key.change);
  ASSERT_OK_AND_ASSIGN(const auto binding, store().GetRootBinding(kNoDeadline));
  EXPECT_EQ(binding, std::nullopt);
  EXPECT_THAT(store().GetTenant("globex", kNoDeadline), StatusIs(Reason::kTenantNotFound));
  EXPECT_THAT(store().GetField("acme", "f", kNoDeadline), StatusIs(Reason::kFieldNotFound));
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(key));
  ASSERT_OK_AND_ASSIGN(const auto kek, store().GetKek("acme", 1, kNoDeadline));
  EXPECT_THAT(kek, IsRecord(Kek()));
  EXPECT_THAT(store().GetLease("acme", Lease("acme", 7, 1).lease_id, kNoDeadline),
              StatusIs(Reason::kLeaseNotFound));
}

TEST_P(StoreContract, PassedDeadlineReadsNothing) {
  HaveTenant("acme");
  HaveKey("acme", "k", 7);
  const Deadline passed = clock().Steady() - std::chrono::milliseconds(1);
  const absl::Status reads[] = {
      store().GetRootBinding(passed).status(),
      store().GetTenant("acme", passed).status(),
      store().ListTenants("", 1, passed).status(),
      store().GetKek("acme", 1, passed).status(),
      store().ListKeks("acme", passed).status(),
      store().ListVersionsBelowKek("acme", 2, 0, 0, 1, passed).status(),
      store().CountVersionsBelowKek("acme", 2, passed).status(),
      store().FindKeyMutation("acme", Fresh(), passed).status(),
      store().GetKey("acme", "k", passed).status(),
      store().GetKeyById("acme", 7, passed).status(),
      store().GetKeyWithPrimary("acme", "k", passed).status(),
      store().GetKeyWithVersion("acme", 7, 1, passed).status(),
      store().TenantOfKey(7, passed).status(),
      store().ListKeys("acme", "", 1, passed).status(),
      store().GetKeyVersion("acme", 7, 1, passed).status(),
      store().ListKeyVersions("acme", 7, 0, 1, passed).status(),
      store().GetAlias("acme", "a", passed).status(),
      store().ListAliases("acme", "", 1, passed).status(),
      store().GetField("acme", "f", passed).status(),
      store().tokens().GetTokens({"acme", 7}, {}, Now(), passed).status(),
      store().tokens().ListTokens({"acme", 7}, "", 1, Now(), passed).status(),
      store().tokens().CountTokens({"acme", 7}, Now(), passed).status(),
      store().tokens().HasTokens(passed).status(),
      store().ListFields("acme", "", 1, passed).status(),
      store().ListDueRotations(Now(), 1, passed).status(),
      store().ListDueDestructions(Now(), 1, passed).status(),
      store().ReadChanges(0, 1, passed).status(),
      store().GetLease("acme", "0", passed).status(),
      store().LastLeaseEnd("acme", 7, 1, false, Now(), passed).status(),
      store().GetOperation("0", passed).status(),
      store().ListOperations(false, 1, passed).status(),
  };
  for (const absl::Status& status : reads) {
    EXPECT_THAT(status, StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded))
        << "read " << &status - reads;
  }
}

}  // namespace
}  // namespace fieldkms::testing
