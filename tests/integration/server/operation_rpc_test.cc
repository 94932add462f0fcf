// Long work, and the status of a replica, through a real daemon.
#include <unistd.h>

#include <thread>

#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

class OperationRpcTest : public ServerTest {
 protected:
  void SetUp() override {
    StartDev();
    CreateTenant("acme");
    CreateTenant("other");
    for (int i = 0; i < 5; ++i) CreateKey("acme", "key-" + std::to_string(i));
  }
  std::string RotateKek(const std::string& tenant, v1::Operation* operation,
                        const std::string& request_id) {
    v1::RotateTenantKekRequest request;
    v1::RotateTenantKekResponse response;
    request.set_tenant(tenant);
    request.set_request_id(request_id);
    const std::string verdict =
        Verdict(Call(*tenants_, &v1::TenantService::Stub::RotateTenantKek, request, &response));
    *operation = response.operation();
    return verdict;
  }
  std::string RotateRoot(v1::Operation* operation) {
    v1::RotateRootRequest request;
    v1::RotateRootResponse response;
    request.set_request_id(RequestId());
    const std::string verdict =
        Verdict(Call(*operations_, &v1::OperationService::Stub::RotateRoot, request, &response));
    *operation = response.operation();
    return verdict;
  }
  std::string Get(const std::string& id, v1::Operation* operation) {
    v1::GetOperationRequest request;
    v1::GetOperationResponse response;
    request.set_operation_id(id);
    const std::string verdict =
        Verdict(Call(*operations_, &v1::OperationService::Stub::GetOperation, request, &response));
    *operation = response.operation();
    return verdict;
  }
  // Asks until the operation has ended. Bounded by the test's time.
  v1::Operation Ended(const std::string& id) {
    v1::Operation operation;
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      EXPECT_EQ(Get(id, &operation), "OK");
    } while (operation.state() == v1::OPERATION_STATE_RUNNING);
    return operation;
  }
  std::vector<v1::Operation> List(bool running_only) {
    v1::ListOperationsRequest request;
    v1::ListOperationsResponse response;
    request.set_running_only(running_only);
    EXPECT_EQ(Verdict(Call(*operations_, &v1::OperationService::Stub::ListOperations, request,
                           &response)),
              "OK");
    return {response.operations().begin(), response.operations().end()};
  }
};

TEST_F(OperationRpcTest, AKekIsRotatedAndEverythingStaysReadable) {
  const std::string sealed = Encrypt("acme", "key-0", "v", "1");
  const std::string id = RequestId();
  v1::Operation started, again;
  ASSERT_EQ(RotateKek("acme", &started, id), "OK");
  EXPECT_EQ(started.kind(), v1::OPERATION_KIND_ROTATE_TENANT_KEK);
  EXPECT_EQ(started.tenant(), "acme");
  EXPECT_EQ(started.total(), 5u);
  ASSERT_EQ(RotateKek("acme", &again, id), "OK");
  EXPECT_EQ(again.operation_id(), started.operation_id());
  const v1::Operation ended = Ended(started.operation_id());
  EXPECT_EQ(ended.state(), v1::OPERATION_STATE_DONE) << ended.error();
  EXPECT_EQ(ended.done(), 5u);
  EXPECT_EQ(Verdict(Decrypt("acme", sealed, "1")), "OK");
  ASSERT_EQ(daemon_->Terminate().code, 0);
  StartDev();
  EXPECT_EQ(Verdict(Decrypt("acme", sealed, "1")), "OK") << "with nothing loaded";
  ASSERT_EQ(List(false).size(), 1u);
  EXPECT_TRUE(List(true).empty());
}

TEST_F(OperationRpcTest, ARootIsRotated) {
  const std::string sealed = Encrypt("acme", "key-0", "v", "1");
  v1::Operation started;
  ASSERT_EQ(RotateRoot(&started), "OK");
  EXPECT_EQ(started.kind(), v1::OPERATION_KIND_ROTATE_ROOT);
  EXPECT_EQ(started.tenant(), "");
  EXPECT_EQ(Ended(started.operation_id()).state(), v1::OPERATION_STATE_DONE);
  ASSERT_EQ(daemon_->Terminate().code, 0);
  StartDev();
  EXPECT_EQ(Verdict(Decrypt("acme", sealed, "1")), "OK");
}

TEST_F(OperationRpcTest, Refusals) {
  v1::Operation operation;
  EXPECT_EQ(RotateKek("nobody", &operation, RequestId()), "NOT_FOUND TENANT_NOT_FOUND");
  EXPECT_EQ(RotateKek("acme", &operation, "short"), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(Get("no id", &operation), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(Get(std::string(32, '0'), &operation), "NOT_FOUND OPERATION_NOT_FOUND");
}

TEST_F(OperationRpcTest, WhatIsOfTheWholeServiceTakesARuleForAllTenants) {
  v1::Operation of_acme, of_other, root;
  ASSERT_EQ(RotateKek("acme", &of_acme, RequestId()), "OK");
  ASSERT_EQ(RotateKek("other", &of_other, RequestId()), "OK");
  ASSERT_EQ(RotateRoot(&root), "OK");
  ASSERT_EQ(daemon_->Terminate().code, 0);
  StartWith(
      "access:\n  roles:\n    r:\n      - {actions: [operation.read, root.rotate, system.read], "
      "tenants: acme}\n  principals:\n    me: {users: [" +
      std::to_string(getuid()) + "], roles: [r]}\n");
  ASSERT_EQ(List(false).size(), 1u);
  EXPECT_EQ(List(false)[0].operation_id(), of_acme.operation_id());
  v1::Operation got;
  EXPECT_EQ(Get(of_acme.operation_id(), &got), "OK");
  EXPECT_EQ(Get(of_other.operation_id(), &got), "NOT_FOUND OPERATION_NOT_FOUND");
  EXPECT_EQ(Get(root.operation_id(), &got), "NOT_FOUND OPERATION_NOT_FOUND");
  EXPECT_EQ(RotateRoot(&root), "PERMISSION_DENIED PERMISSION_DENIED");
  EXPECT_EQ(RotateKek("acme", &got, RequestId()), "PERMISSION_DENIED PERMISSION_DENIED");
  v1::GetStatusResponse status;
  EXPECT_EQ(Verdict(Call(*system_, &v1::SystemService::Stub::GetStatus, {}, &status)),
            "PERMISSION_DENIED PERMISSION_DENIED");
}

TEST_F(OperationRpcTest, StatusOfAReplica) {
  Encrypt("acme", "key-0", "v", "1");
  v1::GetStatusResponse status;
  ASSERT_EQ(Verdict(Call(*system_, &v1::SystemService::Stub::GetStatus, {}, &status)), "OK");
  EXPECT_FALSE(status.version().empty());
  EXPECT_EQ(status.replica_id().size(), 32u);
  EXPECT_EQ(status.store().kind(), "sqlite");
  EXPECT_TRUE(status.store().has_seen_ago());
  EXPECT_NE(status.root().description().find("root.key"), std::string::npos);
  EXPECT_EQ(status.keyring().loaded_keys(), 1u);
  EXPECT_GT(status.memory().reserved_bytes(), 0u);
  EXPECT_EQ(AuditLines().back()["method"], "SystemService.GetStatus");
}

}  // namespace
}  // namespace fieldkms::testing
