// The whole life of a key through a real daemon.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

using Keys = v1::KeyService::Stub;
constexpr char kCard[] = "customers.card";

// A request about acme's customers.card.
template <class Request>
Request About(uint32_t version = 0) {
  Request request;
  request.set_tenant("acme");
  request.set_name(kCard);
  if constexpr (requires { request.set_version(version); }) request.set_version(version);
  return request;
}

class KeyLifecycleRpcTest : public ServerTest {
 protected:
  void SetUp() override {
    StartDev();
    CreateTenant("acme");
    CreateKey("acme", kCard);
  }
  std::string Update(const v1::UpdateKeyRequest& request, v1::Key* key = nullptr) {
    v1::UpdateKeyResponse response;
    const std::string verdict = OfKeys(&Keys::UpdateKey, request, &response);
    if (key != nullptr) *key = response.key();
    return verdict;
  }
  std::string Enable(const v1::EnableKeyVersionRequest& request) {
    v1::EnableKeyVersionResponse response;
    return OfKeys(&Keys::EnableKeyVersion, request, &response);
  }
  std::string Disable(const v1::DisableKeyVersionRequest& request) {
    v1::DisableKeyVersionResponse response;
    return OfKeys(&Keys::DisableKeyVersion, request, &response);
  }
  std::string Destroy(const v1::ScheduleKeyVersionDestroyRequest& request,
                      v1::ScheduleKeyVersionDestroyResponse* response = nullptr) {
    v1::ScheduleKeyVersionDestroyResponse unused;
    return OfKeys(&Keys::ScheduleKeyVersionDestroy, request,
                  response == nullptr ? &unused : response);
  }
  std::string Cancel(const v1::CancelKeyVersionDestroyRequest& request) {
    v1::CancelKeyVersionDestroyResponse response;
    return OfKeys(&Keys::CancelKeyVersionDestroy, request, &response);
  }
  std::vector<v1::KeyVersion> Versions() {
    v1::ListKeyVersionsResponse response;
    EXPECT_EQ(OfKeys(&Keys::ListKeyVersions, About<v1::ListKeyVersionsRequest>(), &response), "OK");
    return {response.versions().begin(), response.versions().end()};
  }
};

TEST_F(KeyLifecycleRpcTest, AKeyWithAllSettings) {
  v1::CreateKeyRequest request;
  v1::CreateKeyResponse response;
  request.set_tenant("acme");
  request.set_name("all.settings");
  request.set_exportable(true);
  request.mutable_rotation_period()->set_seconds(90 * 86'400);
  request.mutable_lease()->mutable_longest()->set_seconds(300);
  request.mutable_lease()->set_most_messages(1'000);
  (*request.mutable_labels())["team"] = "payments";
  ASSERT_EQ(OfKeys(&Keys::CreateKey, request, &response), "OK");
  const v1::Key& key = response.key();
  EXPECT_EQ(key.suite(), v1::SUITE_KC_XAES_256_GCM) << "since it can be leased";
  EXPECT_TRUE(key.exportable());
  EXPECT_EQ(key.next_rotation_time().seconds(), key.create_time().seconds() + 90 * 86'400);
  EXPECT_EQ(key.lease().most_messages(), 1'000u);
  EXPECT_EQ(key.labels().at("team"), "payments");
  EXPECT_EQ(key.min_decrypt_version(), 1u);
  EXPECT_FALSE(key.etag().empty());
  EXPECT_EQ(GetKey("all.settings").SerializeAsString(), key.SerializeAsString());
}

TEST_F(KeyLifecycleRpcTest, WrongSettingsNameTheirField) {
  const auto field = [this](const std::function<void(v1::CreateKeyRequest*)>& spoil) {
    v1::CreateKeyRequest request;
    v1::CreateKeyResponse response;
    request.set_tenant("acme");
    request.set_name("wrong");
    request.set_request_id(RequestId());
    spoil(&request);
    const grpc::Status status = Call(*keys_, &Keys::CreateKey, request, &response);
    EXPECT_EQ(Verdict(status), "INVALID_ARGUMENT INVALID_FIELD");
    return FieldOfRpc(status);
  };
  EXPECT_EQ(field([](auto* r) { r->set_suite(static_cast<v1::Suite>(3)); }), "suite");
  EXPECT_EQ(field([](auto* r) {
              r->set_purpose(v1::KEY_PURPOSE_MAC);
              r->set_suite(v1::SUITE_XAES_256_GCM);
            }),
            "suite");
  EXPECT_EQ(field([](auto* r) { r->mutable_rotation_period()->set_seconds(59); }),
            "rotation_period");
  EXPECT_EQ(field([](auto* r) { r->mutable_rotation_period()->set_nanos(1); }), "rotation_period");
  EXPECT_EQ(field([](auto* r) { r->mutable_lease()->mutable_longest()->set_seconds(5); }),
            "lease.most_messages");
  EXPECT_EQ(field([](auto* r) { (*r->mutable_labels())["UPPER"] = "x"; }), "labels");
}

TEST_F(KeyLifecycleRpcTest, UpdatesWhatTheMaskNames) {
  auto request = About<v1::UpdateKeyRequest>();
  request.mutable_update_mask()->add_paths("labels");
  request.mutable_update_mask()->add_paths("rotation_period");
  (*request.mutable_labels())["team"] = "payments";
  request.mutable_rotation_period()->set_seconds(86'400);
  request.set_min_decrypt_version(99);  // not named, so not looked at
  v1::Key key;
  ASSERT_EQ(Update(request, &key), "OK");
  EXPECT_EQ(key.labels().size(), 1u);
  EXPECT_EQ(key.rotation_period().seconds(), 86'400);
  EXPECT_EQ(key.min_decrypt_version(), 1u);

  request = About<v1::UpdateKeyRequest>();
  EXPECT_EQ(Update(request), "INVALID_ARGUMENT INVALID_FIELD");
  request.mutable_update_mask()->add_paths("purpose");
  EXPECT_EQ(Update(request), "INVALID_ARGUMENT INVALID_FIELD");
  request.mutable_update_mask()->set_paths(0, "min_decrypt_version");
  request.set_min_decrypt_version(2);
  EXPECT_EQ(Update(request), "FAILED_PRECONDITION KEY_STATE") << "above the primary version";
  request.set_name("nothing");
  EXPECT_EQ(Update(request), "NOT_FOUND KEY_NOT_FOUND");
}

TEST_F(KeyLifecycleRpcTest, OfTwoWhoUpdateWithOneEtagOneIsTold) {
  auto request = About<v1::UpdateKeyRequest>();
  request.mutable_update_mask()->add_paths("audit_per_operation");
  request.set_audit_per_operation(true);
  request.set_etag(GetKey(kCard).etag());
  std::atomic<int> updated{0}, told{0};
  std::vector<v1::UpdateKeyRequest> requests(8, request);
  for (auto& one : requests) one.set_request_id(RequestId());
  std::vector<std::thread> threads;
  for (const auto& one : requests) {
    threads.emplace_back([&] {
      const std::string verdict = Update(one);
      updated += verdict == "OK";
      told += verdict == "ABORTED ETAG_MISMATCH";
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(updated, 1);
  EXPECT_EQ(told, 7);
  request.set_etag("not one of ours");
  EXPECT_EQ(Update(request), "INVALID_ARGUMENT INVALID_FIELD");
}

TEST_F(KeyLifecycleRpcTest, ADisabledVersionRefusesAtOnce) {
  const std::string old = Encrypt("acme", kCard, "4111", "1");
  ASSERT_EQ(Verdict(RotateKey("acme", kCard)), "OK");
  const std::string fresh = Encrypt("acme", kCard, "4111", "1");
  ASSERT_EQ(Disable(About<v1::DisableKeyVersionRequest>(1)), "OK");
  EXPECT_EQ(Verdict(Decrypt("acme", old, "1")), "FAILED_PRECONDITION KEY_STATE");
  EXPECT_EQ(Verdict(Decrypt("acme", fresh, "1")), "OK");
  EXPECT_EQ(EncryptVerdict(kCard), "OK");
  ASSERT_EQ(Disable(About<v1::DisableKeyVersionRequest>(2)), "OK");
  EXPECT_EQ(EncryptVerdict(kCard), "FAILED_PRECONDITION KEY_STATE");
  EXPECT_EQ(Versions()[0].state(), v1::KEY_VERSION_STATE_DISABLED);
  ASSERT_EQ(Enable(About<v1::EnableKeyVersionRequest>(1)), "OK");
  ASSERT_EQ(Enable(About<v1::EnableKeyVersionRequest>(2)), "OK");
  EXPECT_EQ(Verdict(Decrypt("acme", old, "1")), "OK");
  EXPECT_EQ(EncryptVerdict(kCard), "OK");
  EXPECT_EQ(Enable(About<v1::EnableKeyVersionRequest>(0)), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(Disable(About<v1::DisableKeyVersionRequest>(3)), "NOT_FOUND KEY_NOT_FOUND");
}

TEST_F(KeyLifecycleRpcTest, DestructionWaitsAndCanBeCancelled) {
  const std::string old = Encrypt("acme", kCard, "4111", "1");
  ASSERT_EQ(Verdict(RotateKey("acme", kCard)), "OK");
  EXPECT_EQ(Destroy(About<v1::ScheduleKeyVersionDestroyRequest>(2)),
            "FAILED_PRECONDITION VERSION_IS_PRIMARY");
  auto request = About<v1::ScheduleKeyVersionDestroyRequest>(1);
  request.set_waiting_days(91);
  EXPECT_EQ(Destroy(request), "INVALID_ARGUMENT INVALID_FIELD");
  request.set_waiting_days(0);
  v1::ScheduleKeyVersionDestroyResponse response;
  const auto before = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  ASSERT_EQ(Destroy(request, &response), "OK");
  EXPECT_GE(response.destroy_time().seconds(), before + 30 * 86'400);
  EXPECT_NE(response.copies_notice().find("backups"), std::string::npos);
  EXPECT_EQ(Verdict(Decrypt("acme", old, "1")), "FAILED_PRECONDITION KEY_STATE");
  EXPECT_EQ(Enable(About<v1::EnableKeyVersionRequest>(1)), "FAILED_PRECONDITION KEY_STATE");
  EXPECT_EQ(Versions()[1].state(), v1::KEY_VERSION_STATE_DESTROY_SCHEDULED);
  EXPECT_EQ(Versions()[1].destroy_time().seconds(), response.destroy_time().seconds());

  ASSERT_EQ(Cancel(About<v1::CancelKeyVersionDestroyRequest>(1)), "OK");
  EXPECT_EQ(Versions()[1].state(), v1::KEY_VERSION_STATE_DISABLED);
  EXPECT_EQ(Cancel(About<v1::CancelKeyVersionDestroyRequest>(1)), "FAILED_PRECONDITION KEY_STATE");
  ASSERT_EQ(Enable(About<v1::EnableKeyVersionRequest>(1)), "OK");
  EXPECT_EQ(Verdict(Decrypt("acme", old, "1")), "OK");
}

TEST_F(KeyLifecycleRpcTest, AWholeKeyEnds) {
  const std::string sealed = Encrypt("acme", kCard, "4111", "1");
  v1::ScheduleKeyVersionDestroyResponse response;
  ASSERT_EQ(Destroy(About<v1::ScheduleKeyVersionDestroyRequest>(), &response), "OK");
  EXPECT_TRUE(response.has_destroy_time());
  EXPECT_EQ(EncryptVerdict(kCard), "FAILED_PRECONDITION KEY_STATE");
  EXPECT_EQ(Verdict(Decrypt("acme", sealed, "1")), "FAILED_PRECONDITION KEY_STATE");
  EXPECT_EQ(Verdict(RotateKey("acme", kCard)), "FAILED_PRECONDITION KEY_STATE");
  ASSERT_EQ(Cancel(About<v1::CancelKeyVersionDestroyRequest>()), "OK");
  ASSERT_EQ(Enable(About<v1::EnableKeyVersionRequest>(1)), "OK");
  EXPECT_EQ(Verdict(Decrypt("acme", sealed, "1")), "OK");
}

TEST_F(KeyLifecycleRpcTest, ARepeatedRequestActsOnce) {
  ASSERT_EQ(Verdict(RotateKey("acme", kCard)), "OK");
  auto disable = About<v1::DisableKeyVersionRequest>(1);
  disable.set_request_id(RequestId());
  ASSERT_EQ(Disable(disable), "OK");
  ASSERT_EQ(Enable(About<v1::EnableKeyVersionRequest>(1)), "OK");
  EXPECT_EQ(Disable(disable), "OK");
  EXPECT_EQ(Versions()[1].state(), v1::KEY_VERSION_STATE_ENABLED) << "it was done once";
  disable.set_version(2);
  EXPECT_EQ(Disable(disable), "FAILED_PRECONDITION REQUEST_ID_REUSED");
  disable.set_request_id("short");
  EXPECT_EQ(Disable(disable), "INVALID_ARGUMENT INVALID_FIELD");
}

TEST_F(KeyLifecycleRpcTest, TheTrailNamesVersionAndMethod) {
  ASSERT_EQ(Verdict(RotateKey("acme", kCard)), "OK");
  ASSERT_EQ(Destroy(About<v1::ScheduleKeyVersionDestroyRequest>(1)), "OK");
  const auto lines = AuditLines();
  for (const auto& line : {lines[lines.size() - 2], lines.back()}) {
    EXPECT_EQ(line["method"], "KeyService.ScheduleKeyVersionDestroy");
    EXPECT_EQ(line["key"], kCard);
    EXPECT_EQ(line["key_version"], 1);
    EXPECT_EQ(line["request_id"], "request-" + std::to_string(request_ids_));
  }
  EXPECT_EQ(lines[lines.size() - 2]["kind"], "intent");
  EXPECT_EQ(lines.back()["kind"], "outcome");
}

TEST_F(KeyLifecycleRpcTest, EachRightIsOneOfItsOwn) {
  ASSERT_EQ(daemon_->Terminate().code, 0);
  StartWith(
      "access:\n  roles:\n    r:\n      - {actions: [key.update], tenants: acme, keys: \"*\"}\n"
      "  principals:\n    me: {users: [" +
      std::to_string(getuid()) + "], roles: [r]}\n");
  auto update = About<v1::UpdateKeyRequest>();
  update.mutable_update_mask()->add_paths("labels");
  EXPECT_EQ(Update(update), "OK");
  const std::string denied = "PERMISSION_DENIED PERMISSION_DENIED";
  EXPECT_EQ(Disable(About<v1::DisableKeyVersionRequest>(1)), denied);
  EXPECT_EQ(Enable(About<v1::EnableKeyVersionRequest>(1)), denied);
  EXPECT_EQ(Destroy(About<v1::ScheduleKeyVersionDestroyRequest>()), denied);
  EXPECT_EQ(Cancel(About<v1::CancelKeyVersionDestroyRequest>()), denied);
  EXPECT_EQ(AuditLines().back()["kind"], "refusal");
}

}  // namespace
}  // namespace fieldkms::testing
