// Leases through a real daemon: who gets what, for how long, and what stands in the trail.
#include <unistd.h>

#include <string>

#include "fieldkms/v1/lease_service.grpc.pb.h"
#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

using Keys = v1::KeyService::Stub;
using Leases = v1::LeaseService::Stub;
constexpr char kCard[] = "customers.card";
constexpr char kDenied[] = "PERMISSION_DENIED PERMISSION_DENIED";

v1::AcquireLeaseRequest ToLease(const std::string& key, bool seal = true) {
  v1::AcquireLeaseRequest request;
  request.set_tenant("acme");
  request.set_key(key);
  request.set_use(seal ? v1::LEASE_USE_ENCRYPT_AND_DECRYPT : v1::LEASE_USE_DECRYPT);
  return request;
}

class LeaseRpcTest : public ServerTest {
 protected:
  void SetUp() override {
    StartDev();
    CreateTenant("acme");
    CreateLeased(kCard, 300, 1'000);
    CreateKey("acme", "not.leased");
    ASSERT_EQ(SetAlias("card", kCard), "OK");
  }
  void CreateLeased(const std::string& name, int seconds, uint64_t messages) {
    v1::CreateKeyRequest request;
    v1::CreateKeyResponse response;
    request.set_tenant("acme");
    request.set_name(name);
    request.mutable_lease()->mutable_longest()->set_seconds(seconds);
    request.mutable_lease()->set_most_messages(messages);
    ASSERT_EQ(OfKeys(&Keys::CreateKey, request, &response), "OK");
  }
  template <class Request, class Response>
  grpc::Status OfLeases(grpc::Status (Leases::*method)(grpc::ClientContext*, const Request&,
                                                       Response*),
                        const Request& request, Response* response) {
    const auto stub = v1::LeaseService::NewStub(NewChannel());
    return Call(*stub, method, request, response);
  }
  std::string Acquire(const v1::AcquireLeaseRequest& request,
                      v1::AcquireLeaseResponse* response = nullptr) {
    v1::AcquireLeaseResponse unused;
    const grpc::Status status =
        OfLeases(&Leases::AcquireLease, request, response == nullptr ? &unused : response);
    field_ = status.ok() ? "" : FieldOfRpc(status);
    return Verdict(status);
  }
  std::string Renew(const std::string& id, uint64_t used = 0, v1::Lease* lease = nullptr) {
    v1::RenewLeaseRequest request;
    v1::RenewLeaseResponse response;
    request.set_tenant("acme");
    request.set_lease_id(id);
    request.set_used_messages(used);
    const std::string verdict = Verdict(OfLeases(&Leases::RenewLease, request, &response));
    if (lease != nullptr) *lease = response.lease();
    return verdict;
  }
  std::string End(const std::string& id, uint64_t used = 0, v1::Lease* lease = nullptr) {
    v1::EndLeaseRequest request;
    v1::EndLeaseResponse response;
    request.set_tenant("acme");
    request.set_lease_id(id);
    request.set_used_messages(used);
    const std::string verdict = Verdict(OfLeases(&Leases::EndLease, request, &response));
    if (lease != nullptr) *lease = response.lease();
    return verdict;
  }
  // The id of a lease of customers.card.
  std::string Leased(bool seal = true) {
    v1::AcquireLeaseResponse response;
    EXPECT_EQ(Acquire(ToLease(kCard, seal), &response), "OK");
    return response.lease().lease_id();
  }
  std::string Disable(uint32_t version, v1::DisableKeyVersionResponse* response) {
    v1::DisableKeyVersionRequest request;
    request.set_tenant("acme");
    request.set_name(kCard);
    request.set_version(version);
    return OfKeys(&Keys::DisableKeyVersion, request, response);
  }
  v1::ScheduleKeyVersionDestroyResponse Destroy(uint32_t version) {
    v1::ScheduleKeyVersionDestroyRequest request;
    v1::ScheduleKeyVersionDestroyResponse response;
    request.set_tenant("acme");
    request.set_name(kCard);
    request.set_version(version);
    EXPECT_EQ(OfKeys(&Keys::ScheduleKeyVersionDestroy, request, &response), "OK");
    return response;
  }
  // This user as `principal`, with these rules.
  void RestartAs(const std::string& rules, const std::string& principal = "me") {
    ASSERT_EQ(daemon_->Terminate().code, 0);
    StartWith("access:\n  roles:\n    r:\n" + rules + "  principals:\n    " + principal +
              ": {users: [" + std::to_string(getuid()) + "], roles: [r]}\n");
  }

  std::string field_;  // that the last Acquire complained of
};

TEST_F(LeaseRpcTest, TheAnswerSaysWhatIsLeasedAndForHowLong) {
  v1::AcquireLeaseResponse response;
  ASSERT_EQ(Acquire(ToLease("card"), &response), "OK");
  const v1::Lease& lease = response.lease();
  EXPECT_EQ(response.material().size(), 32u);
  EXPECT_EQ(lease.lease_id().size(), 32u);
  EXPECT_EQ(lease.tenant(), "acme");
  EXPECT_EQ(lease.key(), kCard) << "by its own name";
  EXPECT_EQ(lease.key_id(), GetKey(kCard).key_id());
  EXPECT_EQ(lease.version(), 1u);
  EXPECT_EQ(lease.use(), v1::LEASE_USE_ENCRYPT_AND_DECRYPT);
  EXPECT_EQ(lease.suite(), v1::SUITE_KC_XAES_256_GCM);
  EXPECT_EQ(lease.max_messages(), 1'000u);
  EXPECT_EQ(lease.remaining().seconds(), 300);
  EXPECT_EQ(lease.expire_time().seconds() - lease.create_time().seconds(), 300);

  auto request = ToLease(kCard, /*seal=*/false);
  request.mutable_duration()->set_seconds(7);
  ASSERT_EQ(Acquire(request, &response), "OK");
  EXPECT_EQ(response.lease().remaining().seconds(), 7);
  EXPECT_EQ(response.lease().max_messages(), 0u);
  EXPECT_EQ(response.lease().use(), v1::LEASE_USE_DECRYPT);
}

TEST_F(LeaseRpcTest, WhatThePolicyDoesNotAllowIsDenied) {
  const std::string denied = "FAILED_PRECONDITION LEASE_DENIED";
  EXPECT_EQ(Acquire(ToLease("not.leased")), denied);
  auto request = ToLease(kCard);
  request.mutable_duration()->set_seconds(301);
  EXPECT_EQ(Acquire(request), denied);
  EXPECT_EQ(field_, "duration");
  request = ToLease(kCard);
  request.set_max_messages(1'001);
  EXPECT_EQ(Acquire(request), denied);
  EXPECT_EQ(field_, "max_messages");
  v1::CreateKeyRequest create;
  v1::CreateKeyResponse created;
  create.set_tenant("acme");
  create.set_name("macs");
  create.set_purpose(v1::KEY_PURPOSE_MAC);
  ASSERT_EQ(OfKeys(&Keys::CreateKey, create, &created), "OK");
  EXPECT_EQ(Acquire(ToLease("macs")), "FAILED_PRECONDITION KEY_PURPOSE");
}

TEST_F(LeaseRpcTest, WrongRequestsNameTheField) {
  const std::string invalid = "INVALID_ARGUMENT INVALID_FIELD";
  auto request = ToLease(kCard);
  request.set_use(v1::LEASE_USE_UNSPECIFIED);
  EXPECT_EQ(Acquire(request), invalid);
  EXPECT_EQ(field_, "use");
  request = ToLease(kCard);
  request.mutable_duration()->set_nanos(1);
  EXPECT_EQ(Acquire(request), invalid);
  EXPECT_EQ(field_, "duration");
  ASSERT_EQ(Verdict(RotateKey("acme", kCard)), "OK");
  request = ToLease(kCard);
  request.set_version(1);
  EXPECT_EQ(Acquire(request), invalid) << "only the primary version seals";
  EXPECT_EQ(field_, "version");
  request = ToLease(kCard, /*seal=*/false);
  request.set_version(3);
  EXPECT_EQ(Acquire(request), "NOT_FOUND KEY_NOT_FOUND");
  EXPECT_EQ(field_, "version");
  EXPECT_EQ(Acquire(ToLease("nothing")), "NOT_FOUND KEY_NOT_FOUND");
  EXPECT_EQ(field_, "key");
  EXPECT_EQ(Renew("nonsense"), invalid);
  EXPECT_EQ(Renew(std::string(32, '0')), "NOT_FOUND LEASE_NOT_FOUND");
}

TEST_F(LeaseRpcTest, TakesTheRightToLeaseAndToDoWhatItIsFor) {
  const auto rule = [](const std::string& actions, const std::string& keys = "\"*\"") {
    return "      - {actions: [" + actions + "], tenants: acme, keys: " + keys + "}\n";
  };
  RestartAs(rule("encrypt, decrypt"));
  EXPECT_EQ(Acquire(ToLease(kCard, false)), kDenied);
  RestartAs(rule("lease.acquire, encrypt"));
  EXPECT_EQ(Acquire(ToLease(kCard)), kDenied);
  EXPECT_EQ(Acquire(ToLease(kCard, false)), kDenied);
  RestartAs(rule("lease.acquire, decrypt"));
  EXPECT_EQ(Acquire(ToLease(kCard)), kDenied);
  EXPECT_EQ(Acquire(ToLease(kCard, false)), "OK");
  RestartAs(rule("lease.acquire, encrypt, decrypt", kCard));
  EXPECT_EQ(Acquire(ToLease(kCard)), "OK");
  EXPECT_EQ(Acquire(ToLease("card")), "OK") << "by an alias of it";
  EXPECT_EQ(Acquire(ToLease("not.leased")), kDenied);
  EXPECT_EQ(Acquire(ToLease("no.such.name")), kDenied);
  RestartAs(rule("lease.acquire, encrypt, decrypt", "card"));
  EXPECT_EQ(Acquire(ToLease("card")), kDenied) << "rights are those on the key's own name";
}

TEST_F(LeaseRpcTest, ARightThatWasWithdrawnEndsItAtTheNextRenewal) {
  const std::string all = "      - {actions: [lease.acquire, encrypt, decrypt], tenants: acme, ";
  RestartAs(all + "keys: \"*\"}\n");
  const std::string id = Leased();
  EXPECT_EQ(Renew(id), "OK");
  RestartAs("      - {actions: [lease.acquire, decrypt], tenants: acme, keys: \"*\"}\n");
  EXPECT_EQ(Renew(id), kDenied);
  EXPECT_EQ(AuditLines().back()["key"], kCard);
  EXPECT_EQ(End(id, 5), "OK") << "what was used is worth knowing";
  RestartAs(all + "keys: other}\n");
  EXPECT_EQ(End(id), kDenied);
}

TEST_F(LeaseRpcTest, ALeaseIsItsHoldersOnly) {
  const std::string rules =
      "      - {actions: [lease.acquire, encrypt, decrypt], tenants: \"*\", keys: \"*\"}\n";
  RestartAs(rules, "billing");
  const std::string id = Leased();
  RestartAs(rules, "shipping");
  EXPECT_EQ(Renew(id), "NOT_FOUND LEASE_NOT_FOUND");
  EXPECT_EQ(End(id), "NOT_FOUND LEASE_NOT_FOUND");
  RestartAs(rules, "billing");
  EXPECT_EQ(Renew(id), "OK");
}

TEST_F(LeaseRpcTest, RenewedItLastsItsFirstLengthAgain) {
  auto request = ToLease(kCard);
  request.mutable_duration()->set_seconds(60);
  request.set_max_messages(10);
  v1::AcquireLeaseResponse response;
  ASSERT_EQ(Acquire(request, &response), "OK");
  v1::Lease renewed;
  ASSERT_EQ(Renew(response.lease().lease_id(), 10, &renewed), "OK");
  EXPECT_EQ(renewed.remaining().seconds(), 60);
  EXPECT_EQ(renewed.max_messages(), 10u);
  v1::Lease ended;
  ASSERT_EQ(End(response.lease().lease_id(), 12, &ended), "OK");
  EXPECT_FALSE(ended.has_remaining());
  EXPECT_EQ(Renew(response.lease().lease_id(), 12), "FAILED_PRECONDITION LEASE_EXPIRED");
}

TEST_F(LeaseRpcTest, WhoDisablesAVersionIsToldHowLongItIsOut) {
  v1::DisableKeyVersionResponse disabled;
  ASSERT_EQ(Verdict(RotateKey("acme", kCard)), "OK");
  ASSERT_EQ(Disable(1, &disabled), "OK");
  EXPECT_FALSE(disabled.has_last_lease_end_time());
  v1::AcquireLeaseResponse response;
  ASSERT_EQ(Acquire(ToLease(kCard), &response), "OK");
  const std::string id = response.lease().lease_id();
  ASSERT_EQ(Disable(2, &disabled), "OK");
  EXPECT_EQ(disabled.last_lease_end_time().seconds(), response.lease().expire_time().seconds());
  EXPECT_EQ(disabled.last_lease_end_time().nanos(), response.lease().expire_time().nanos());
  EXPECT_EQ(Renew(id), "FAILED_PRECONDITION KEY_STATE");
  EXPECT_EQ(Acquire(ToLease(kCard)), "FAILED_PRECONDITION KEY_STATE");
  EXPECT_FALSE(Destroy(1).has_last_lease_end_time());
  EXPECT_EQ(Destroy(0).last_lease_end_time().seconds(), response.lease().expire_time().seconds())
      << "of the whole key: of any version";
  ASSERT_EQ(End(id), "OK");
  EXPECT_FALSE(Destroy(0).has_last_lease_end_time());
}

TEST_F(LeaseRpcTest, ALeaseEndsByItself) {
  auto request = ToLease(kCard);
  request.mutable_duration()->set_seconds(1);
  v1::AcquireLeaseResponse response;
  ASSERT_EQ(Acquire(request, &response), "OK");
  v1::DisableKeyVersionResponse disabled;
  do {
    ASSERT_EQ(Disable(1, &disabled), "OK");
  } while (disabled.has_last_lease_end_time());
  EXPECT_EQ(Renew(response.lease().lease_id()), "FAILED_PRECONDITION LEASE_EXPIRED");
}

TEST_F(LeaseRpcTest, TheTrailHasEachLeaseBeforeItLeaves) {
  v1::AcquireLeaseResponse response;
  ASSERT_EQ(Acquire(ToLease("card"), &response), "OK");
  const std::string id = response.lease().lease_id();
  ASSERT_EQ(Renew(id, 7), "OK");
  ASSERT_EQ(End(id, 9), "OK");
  const auto lines = AuditLines();
  ASSERT_GE(lines.size(), 6u);
  const auto* const last = &lines[lines.size() - 6];
  EXPECT_EQ(last[0]["method"], "LeaseService.AcquireLease");
  EXPECT_EQ(last[0]["kind"], "intent");
  EXPECT_EQ(last[0]["key"], "card") << "as it was asked for";
  EXPECT_EQ(last[1]["kind"], "outcome");
  EXPECT_EQ(last[1]["code"], "OK");
  EXPECT_EQ(last[1]["key"], kCard);
  EXPECT_EQ(last[1]["key_version"], 1);
  EXPECT_EQ(last[1]["lease_id"], id);
  for (int i = 2; i < 6; ++i) {
    EXPECT_EQ(last[i]["method"], i < 4 ? "LeaseService.RenewLease" : "LeaseService.EndLease");
    EXPECT_EQ(last[i]["kind"], i % 2 == 0 ? "intent" : "outcome");
    EXPECT_EQ(last[i]["lease_id"], id);
    EXPECT_EQ(last[i]["used_messages"], i < 4 ? 7 : 9);
  }
  EXPECT_EQ(last[5]["key"], kCard);
  EXPECT_EQ(last[5]["key_version"], 1);
}

}  // namespace
}  // namespace fieldkms::testing
