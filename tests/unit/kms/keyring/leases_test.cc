#include "kms/keyring/leases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

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
  absl::StatusOr<GrantedLease> Acquire(const LeaseRequest& request = Request()) {
    return leases().Acquire(request, kNoDeadline);
  }
  std::optional<WallTime> LastEnd(uint32_t version, bool encrypt_only = false) {
    return leases().LastEnd(key_, version, encrypt_only, kNoDeadline).value();
  }

  KeyRecord key_;
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

TEST_F(LeasesTest, ADisabledVersionIsNotLeased) {
  ASSERT_OK(admin().DisableVersion({"acme", "k"}, 1, FreshId(), kNoDeadline));
  EXPECT_THAT(Acquire(), StatusIs(StatusCode::kFailedPrecondition, Reason::kKeyState));
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
  ASSERT_OK(leases().End("acme", other.lease.lease_id, "billing", 0, kNoDeadline));
  EXPECT_EQ(LastEnd(1), std::nullopt);
}

TEST_F(LeasesTest, RenewedAheadOfItsEnd) {
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  const std::string& id = granted.lease.lease_id;
  clock().Advance(minutes(4));
  ASSERT_OK_AND_ASSIGN(const LeaseRecord renewed,
                       leases().Renew("acme", id, "billing", 700, kNoDeadline));
  EXPECT_GT(renewed.expire_time, granted.lease.expire_time + minutes(3));
  EXPECT_EQ(renewed.used_messages, 700u);
  EXPECT_EQ(renewed.most_messages, 1000u);
  clock().Advance(minutes(4));
  EXPECT_OK(leases().Renew("acme", id, "billing", 900, kNoDeadline));
  clock().Advance(minutes(6));
  EXPECT_THAT(leases().Renew("acme", id, "billing", 900, kNoDeadline),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kLeaseExpired));
}

TEST_F(LeasesTest, NotRenewedOnceTheKeyIsAnother) {
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  EXPECT_THAT(leases().Renew("acme", granted.lease.lease_id, "billing", 1, kNoDeadline), Denied());
  LeaseRequest request = Request();
  ASSERT_OK_AND_ASSIGN(const GrantedLease second, Acquire(request));
  ASSERT_OK(admin().DisableVersion({"acme", "k"}, 2, FreshId(), kNoDeadline));
  EXPECT_THAT(leases().Renew("acme", second.lease.lease_id, "billing", 1, kNoDeadline),
              StatusIs(Reason::kKeyState));
}

TEST_F(LeasesTest, ALeaseIsItsHoldersOnly) {
  ASSERT_OK_AND_ASSIGN(const GrantedLease granted, Acquire());
  const auto unknown = StatusIs(StatusCode::kNotFound, Reason::kLeaseNotFound);
  const std::string& id = granted.lease.lease_id;
  EXPECT_THAT(leases().Renew("acme", id, "shipping", 0, kNoDeadline), unknown);
  HaveTenant("globex");
  EXPECT_THAT(leases().End("globex", id, "billing", 0, kNoDeadline), unknown);
  EXPECT_THAT(leases().End("acme", std::string(32, '0'), "billing", 0, kNoDeadline), unknown);
  EXPECT_THAT(leases().End("acme", "nonsense", "billing", 0, kNoDeadline),
              StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
}

}  // namespace
}  // namespace fieldkms::testing
