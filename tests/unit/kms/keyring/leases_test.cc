#include "kms/keyring/leases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;

class LeasesTest : public KeyringFixture {
 protected:
  void SetUp() override {
    KeyringFixture::SetUp();
    HaveTenant("acme");
    KeySpec spec = SpecOf("acme", "k");
    spec.lease = {minutes(10), 1000};
    ASSERT_OK_AND_ASSIGN(key_, admin().CreateKey(spec, FreshId(), kNoDeadline));
    ASSERT_OK(keyring().LoadByName("acme", "k", kNoDeadline));
  }
  Leases leases() { return Leases(keyring()); }
  static LeaseRequest Request() {
    LeaseRequest request;
    request.tenant = "acme";
    request.key = "k";
    request.encrypt = true;
    request.principal = "billing";
    return request;
  }
  absl::StatusOr<GrantedLease> Acquire(const LeaseRequest& request = Request(),
                                       const MayLease& may = Anybody()) {
    return leases().Acquire(request, may, kNoDeadline);
  }
  // Both as billing, which may all.
  absl::StatusOr<LeaseRecord> Renew(const std::string& id, uint64_t used = 0) {
    return LeaseOf(leases().Renew({"acme", id, "billing", used}, Anybody(), kNoDeadline));
  }
  absl::StatusOr<LeaseRecord> End(const std::string& id, uint64_t used = 0) {
    return LeaseOf(leases().End({"acme", id, "billing", used}, Anybody(), kNoDeadline));
  }
  LeaseRecord Kept(const std::string& id) {
    return store().GetLease("acme", id, kNoDeadline).value();
  }
  static MayLease Anybody() {
    return [](const KeyRecord&, bool) { return absl::OkStatus(); };
  }
  static MayLease Nobody() {
    return [](const KeyRecord&, bool) {
      return Error(StatusCode::kPermissionDenied, Reason::kPermissionDenied, "no");
    };
  }
  // A change that is done while a lease is granted: between the first look at the key and
  // the writing of the lease.
  void ChangeMeanwhile(const std::function<absl::Status()>& change) {
    store().watch().SetHook("PutLease", [this, change] {
      store().watch().SetHook("PutLease", nullptr);
      EXPECT_OK(change());
      return absl::OkStatus();
    });
  }
  absl::Status Patch(const KeyPatch& patch) {
    return admin().UpdateKey({"acme", "k"}, patch, FreshId(), kNoDeadline).status();
  }
  absl::Status Allow(const LeasePolicy& policy) {
    KeyPatch patch;
    patch.lease = policy;
    patch.audit_per_operation = false;
    return Patch(patch);
  }
  absl::Status Rotate() {
    const KeyRecord key = store().GetKeyById("acme", key_.key_id, kNoDeadline).value();
    return admin().RotateKey("acme", "k", key.primary_version, FreshId(), kNoDeadline).status();
  }
  // Each allows no more what Request asks for.
  std::vector<std::function<absl::Status()>> Changes() {
    std::vector<std::function<absl::Status()>> changes;
    for (const LeasePolicy& less :
         {LeasePolicy{}, LeasePolicy{minutes(10), 10}, LeasePolicy{minutes(1), 1000}}) {
      changes.emplace_back([this, less] { return Allow(less); });
    }
    changes.emplace_back([this] {
      KeyPatch audited;
      audited.lease = LeasePolicy{};
      audited.audit_per_operation = true;
      return Patch(audited);
    });
    changes.emplace_back([this] { return Rotate(); });
    return changes;
  }
  std::optional<WallTime> LastEnd(uint32_t version, bool encrypt_only = false) {
    return leases().LastEnd(key_, version, encrypt_only, kNoDeadline).value();
  }

  KeyRecord key_;

 private:
  static absl::StatusOr<LeaseRecord> LeaseOf(absl::StatusOr<GrantedLease> granted) {
    if (!granted.ok()) return granted.status();
    EXPECT_TRUE(granted->material.empty());
    EXPECT_EQ(granted->key.name, "k");
    return std::move(granted->lease);
  }
};

auto Denied() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kLeaseDenied); }

TEST_F(LeasesTest, TheMaterialIsTheKeys) {
  ASSERT_OK_AND_ASSIGN(GrantedLease granted, Acquire());
  EXPECT_EQ(granted.lease.key_id, key_.key_id);
  EXPECT_EQ(granted.lease.version, 1u);
  EXPECT_EQ(granted.lease.expire_time - granted.lease.create_time, kDefaultLease);
  EXPECT_EQ(granted.lease.most_messages, 1000u);
  EXPECT_EQ(granted.key.suite, 2);
  const std::string sealed = Seal(*keyring().Snapshot().FindByName("acme", "k"));
  ASSERT_OK_AND_ASSIGN(const XaesKey mine, XaesKey::Create(std::move(granted.material)));
  std::string value(5, '\0');
  EXPECT_OK(mine.Open(AsBytes(sealed).first<kXaesNonceSize>(), {},
                      AsBytes(sealed).subspan(kXaesNonceSize), AsMutableBytes(value)));
  EXPECT_EQ(value, "value");
}

TEST_F(LeasesTest, WhatThePolicyDoesNotAllowIsDenied) {
  HaveKey("acme", "plain");
  LeaseRequest request = Request();
  request.key = "plain";
  EXPECT_THAT(Acquire(request), Denied());
  request = Request();
  request.time = minutes(11);
  EXPECT_THAT(Acquire(request), Denied());
  EXPECT_EQ(FieldOf(Acquire(request).status()), "duration");
  request.time = seconds(-1);
  EXPECT_THAT(Acquire(request), Denied());
  request = Request();
  request.messages = 1001;
  EXPECT_THAT(Acquire(request), Denied());
  request.messages = 1000;
  request.time = minutes(10);
  EXPECT_OK(Acquire(request));
  request.key = "unknown";
  EXPECT_THAT(Acquire(request), StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound));
}

TEST_F(LeasesTest, OldVersionsAreLeasedToOpenOnly) {
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  LeaseRequest request = Request();
  request.version = 1;
  EXPECT_THAT(Acquire(request), StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
  request.encrypt = false;
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire(request));
  EXPECT_EQ(granted.lease.version, 1u);
  EXPECT_EQ(granted.lease.most_messages, 0u);
  KeyPatch patch;
  patch.min_decrypt_version = 2;
  ASSERT_OK(admin().UpdateKey({"acme", "k"}, patch, FreshId(), kNoDeadline));
  EXPECT_THAT(Acquire(request), StatusIs(Reason::kKeyState));
}

TEST_F(LeasesTest, AVersionThatIsNotThereIsNotLeased) {
  LeaseRequest request = Request();
  request.encrypt = false;
  request.version = 2;
  EXPECT_THAT(Acquire(request), StatusIs(StatusCode::kNotFound, Reason::kKeyVersionUnknown));
  EXPECT_EQ(LastEnd(0), std::nullopt);
}

TEST_F(LeasesTest, ADisabledVersionIsNotLeased) {
  ASSERT_OK(admin().DisableVersion({"acme", "k"}, 1, FreshId(), kNoDeadline));
  EXPECT_THAT(Acquire(), StatusIs(StatusCode::kFailedPrecondition, Reason::kKeyState));
  EXPECT_EQ(LastEnd(1), std::nullopt) << "nothing was disclosed";
}

TEST_F(LeasesTest, KeysForOtherPurposesAreNotLeased) {
  KeySpec spec = SpecOf("acme", "macs");
  spec.purpose = KeyPurpose::kMac;
  ASSERT_OK(admin().CreateKey(spec, FreshId(), kNoDeadline));
  LeaseRequest request = Request();
  request.key = "macs";
  EXPECT_THAT(Acquire(request), StatusIs(StatusCode::kFailedPrecondition, Reason::kKeyPurpose));
}

TEST_F(LeasesTest, WhoMayNotGetsNothing) {
  const auto denied = StatusIs(StatusCode::kPermissionDenied, Reason::kPermissionDenied);
  EXPECT_THAT(Acquire(Request(), Nobody()), denied);
  EXPECT_EQ(LastEnd(1), std::nullopt);
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  const LeaseReport report{"acme", granted.lease.lease_id, "billing", 5};
  EXPECT_THAT(leases().Renew(report, Nobody(), kNoDeadline), denied);
  EXPECT_THAT(leases().End(report, Nobody(), kNoDeadline), denied);
  EXPECT_EQ(Kept(granted.lease.lease_id).used_messages, 0u);
  EXPECT_EQ(LastEnd(1), granted.lease.expire_time);
}

TEST_F(LeasesTest, RightsAreAskedForTheKeyThatAnAliasPointsTo) {
  ASSERT_OK(admin().SetAlias("acme", "alias", "k", 0, FreshId(), kNoDeadline));
  LeaseRequest request = Request();
  request.key = "alias";
  std::string name;
  bool to_seal = false;
  ASSERT_OK(Acquire(request, [&](const KeyRecord& key, bool encrypt) {
    name = key.name;
    to_seal = encrypt;
    return absl::OkStatus();
  }));
  EXPECT_EQ(name, "k");
  EXPECT_TRUE(to_seal);
}

TEST_F(LeasesTest, WhoDisablesAVersionIsToldHowLongItIsOut) {
  EXPECT_EQ(LastEnd(1), std::nullopt);
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  LeaseRequest longer = Request();
  longer.encrypt = false;
  longer.time = minutes(10);
  ASSERT_OK_AND_ASSIGN(const GrantedLease other, Acquire(longer));
  EXPECT_EQ(LastEnd(1), other.lease.expire_time);
  EXPECT_EQ(LastEnd(1, /*encrypt_only=*/true), granted.lease.expire_time);
  EXPECT_EQ(LastEnd(2), std::nullopt);
  clock().Advance(minutes(6));
  EXPECT_EQ(LastEnd(1, /*encrypt_only=*/true), std::nullopt);
  EXPECT_EQ(LastEnd(1), other.lease.expire_time);
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  EXPECT_EQ(LastEnd(0), other.lease.expire_time) << "of any version";
  ASSERT_OK(End(other.lease.lease_id));
  EXPECT_EQ(LastEnd(1), std::nullopt);
  EXPECT_EQ(LastEnd(0), std::nullopt);
}

TEST_F(LeasesTest, RenewedAheadOfItsEnd) {
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  const std::string& id = granted.lease.lease_id;
  clock().Advance(minutes(4));
  ASSERT_OK_AND_ASSIGN(const LeaseRecord renewed, Renew(id, 700));
  EXPECT_GT(renewed.expire_time, granted.lease.expire_time + minutes(3));
  EXPECT_EQ(renewed.expire_time - renewed.create_time, kDefaultLease);
  EXPECT_EQ(renewed.used_messages, 700u);
  EXPECT_EQ(renewed.most_messages, 1000u);
  clock().Advance(minutes(4));
  EXPECT_OK(Renew(id, 900));
  clock().Advance(minutes(6));
  EXPECT_THAT(Renew(id, 900), StatusIs(StatusCode::kFailedPrecondition, Reason::kLeaseExpired));
}

TEST_F(LeasesTest, WhatWasReportedNeverBecomesLess) {
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  const std::string& id = granted.lease.lease_id;
  ASSERT_OK(Renew(id, 700));
  ASSERT_OK_AND_ASSIGN(const LeaseRecord renewed, Renew(id, 3));
  EXPECT_EQ(renewed.used_messages, 700u);
  ASSERT_OK(End(id, 4));
  EXPECT_EQ(Kept(id).used_messages, 700u);
  ASSERT_OK(End(id, 701));
  EXPECT_EQ(Kept(id).used_messages, 701u);
}

TEST_F(LeasesTest, AnEndedLeaseIsNotRenewed) {
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  const std::string& id = granted.lease.lease_id;
  ASSERT_OK(End(id));
  EXPECT_THAT(Renew(id), StatusIs(Reason::kLeaseExpired));
  // Ended within its first second: no length is left that a clock could bring back.
  clock().Jump(std::chrono::milliseconds(-500));
  EXPECT_THAT(Renew(id), StatusIs(Reason::kLeaseExpired));
}

TEST_F(LeasesTest, AClockThatGoesBackLengthensNothing) {
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  clock().Jump(std::chrono::hours(-1));
  // By the clock as it is now, 65 minutes are left of it.
  EXPECT_THAT(Renew(granted.lease.lease_id), StatusIs(Reason::kLeaseExpired));
  ASSERT_OK_AND_ASSIGN(const GrantedLease again, Acquire());
  EXPECT_EQ(again.lease.expire_time - again.lease.create_time, kDefaultLease);
  EXPECT_EQ(LastEnd(1), granted.lease.expire_time) << "the later one, to be on the safe side";
}

TEST_F(LeasesTest, ClocksOfReplicasMayDifferALittle) {
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  clock().Jump(seconds(-2));
  ASSERT_OK_AND_ASSIGN(const LeaseRecord renewed, Renew(granted.lease.lease_id));
  EXPECT_EQ(renewed.expire_time - renewed.create_time, kDefaultLease);
}

TEST_F(LeasesTest, NotRenewedOnceThePolicyIsAnother) {
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  KeyPatch patch;
  patch.lease = LeasePolicy{minutes(1), 1000};
  ASSERT_OK(admin().UpdateKey({"acme", "k"}, patch, FreshId(), kNoDeadline));
  const auto renewed = Renew(granted.lease.lease_id);
  EXPECT_THAT(renewed, Denied());
  EXPECT_EQ(FieldOf(renewed.status()), "");
  patch.lease = LeasePolicy{minutes(5), 10};
  ASSERT_OK(admin().UpdateKey({"acme", "k"}, patch, FreshId(), kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const LeaseRecord fewer, Renew(granted.lease.lease_id));
  EXPECT_EQ(fewer.most_messages, 10u);
}

TEST_F(LeasesTest, NotRenewedOnceTheKeyIsAnother) {
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  EXPECT_THAT(Renew(granted.lease.lease_id), Denied());
  ASSERT_OK_AND_ASSIGN(const GrantedLease second, Acquire());
  ASSERT_OK(admin().DisableVersion({"acme", "k"}, 2, FreshId(), kNoDeadline));
  clock().Advance(minutes(1));
  EXPECT_THAT(Renew(second.lease.lease_id), StatusIs(Reason::kKeyState));
  EXPECT_EQ(LastEnd(2), second.lease.expire_time) << "refused, it is as it was";
}

TEST_F(LeasesTest, NothingIsDisclosedByAPolicyThatWasChangedMeanwhile) {
  for (const auto& change : Changes()) {
    ChangeMeanwhile(change);
    const absl::StatusOr<GrantedLease> granted = Acquire();
    EXPECT_THAT(granted, Denied());
    EXPECT_EQ(FieldOf(granted.status()), "");
    EXPECT_EQ(LastEnd(0), std::nullopt) << "nothing is out";
    ASSERT_OK(Allow({minutes(10), 1000}));
    EXPECT_OK(End(Acquire().value().lease.lease_id));
  }
}

TEST_F(LeasesTest, NothingIsRenewedByAPolicyThatWasChangedMeanwhile) {
  for (const auto& change : Changes()) {
    ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
    clock().Advance(minutes(1));
    ChangeMeanwhile(change);
    EXPECT_THAT(Renew(granted.lease.lease_id), Denied());
    EXPECT_EQ(Kept(granted.lease.lease_id).expire_time, granted.lease.expire_time);
    ASSERT_OK(Allow({minutes(10), 1000}));
  }
}

// What opens only is of any version, as long as that opens.
TEST_F(LeasesTest, ARotationMeanwhileIsNothingToALeaseThatOpens) {
  LeaseRequest request = Request();
  request.encrypt = false;
  ChangeMeanwhile([&] { return Rotate(); });
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire(request));
  EXPECT_EQ(granted.lease.version, 1u);
  ChangeMeanwhile([&] { return Rotate(); });
  EXPECT_OK(Renew(granted.lease.lease_id));
  const auto retire = [&] {
    KeyPatch patch;
    patch.min_decrypt_version = 2;
    return Patch(patch);
  };
  ChangeMeanwhile(retire);
  EXPECT_THAT(Renew(granted.lease.lease_id), StatusIs(Reason::kKeyState));
  request.version = 1;
  EXPECT_THAT(Acquire(request), StatusIs(Reason::kKeyState));
}

TEST_F(LeasesTest, ALeaseIsItsHoldersOnly) {
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  const auto unknown = StatusIs(StatusCode::kNotFound, Reason::kLeaseNotFound);
  const std::string& id = granted.lease.lease_id;
  EXPECT_THAT(leases().Renew({"acme", id, "shipping"}, Anybody(), kNoDeadline), unknown);
  HaveTenant("globex");
  EXPECT_THAT(leases().End({"globex", id, "billing"}, Anybody(), kNoDeadline), unknown);
  EXPECT_THAT(End(std::string(32, '0')), unknown);
  EXPECT_THAT(End("nonsense"), StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
}

}  // namespace
}  // namespace fieldkms::testing
