// KeyService and TenantService through a real daemon.
#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

class KeyRpcTest : public ServerTest {
 protected:
  void SetUp() override { StartDev(); }

  std::string Create(const v1::CreateKeyRequest& request, v1::Key* key = nullptr) {
    v1::CreateKeyResponse response;
    const grpc::Status status = Call(*keys_, &v1::KeyService::Stub::CreateKey, request, &response);
    if (key != nullptr) *key = response.key();
    return Verdict(status);
  }
  std::string Rotate(const v1::RotateKeyRequest& request, v1::Key* key = nullptr) {
    v1::RotateKeyResponse response;
    const grpc::Status status = Call(*keys_, &v1::KeyService::Stub::RotateKey, request, &response);
    if (key != nullptr) *key = response.key();
    return Verdict(status);
  }
  v1::CreateKeyRequest CreateRequest(const std::string& name) {
    v1::CreateKeyRequest request;
    request.set_tenant("acme");
    request.set_name(name);
    request.set_request_id(RequestId());
    return request;
  }
  v1::RotateKeyRequest RotateRequest(uint32_t expected) {
    v1::RotateKeyRequest request;
    request.set_tenant("acme");
    request.set_name("customers.card");
    request.set_expected_primary(expected);
    request.set_request_id(RequestId());
    return request;
  }
};

TEST_F(KeyRpcTest, CreateGetListRotate) {
  CreateTenant("acme");
  v1::Key key;
  ASSERT_EQ(Create(CreateRequest("customers.card"), &key), "OK");
  EXPECT_EQ(key.tenant(), "acme");
  EXPECT_EQ(key.name(), "customers.card");
  EXPECT_EQ(key.key_id().size(), 16u);
  EXPECT_EQ(key.purpose(), v1::KEY_PURPOSE_ENCRYPT);
  EXPECT_EQ(key.primary_version(), 1u);
  EXPECT_GT(key.create_time().seconds(), 1'700'000'000);

  v1::Key rotated;
  ASSERT_EQ(Rotate(RotateRequest(1), &rotated), "OK");
  EXPECT_EQ(rotated.primary_version(), 2u);
  EXPECT_EQ(rotated.key_id(), key.key_id());

  v1::GetKeyRequest get;
  v1::GetKeyResponse got;
  get.set_tenant("acme");
  get.set_name("customers.card");
  ASSERT_EQ(Verdict(Call(*keys_, &v1::KeyService::Stub::GetKey, get, &got)), "OK");
  EXPECT_EQ(got.key().SerializeAsString(), rotated.SerializeAsString());
}

TEST_F(KeyRpcTest, RetriesChangeNothing) {
  CreateTenant("acme");
  const v1::CreateKeyRequest create = CreateRequest("customers.card");
  v1::Key first, again;
  ASSERT_EQ(Create(create, &first), "OK");
  ASSERT_EQ(Create(create, &again), "OK");
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  const v1::RotateKeyRequest rotate = RotateRequest(0);
  ASSERT_EQ(Rotate(rotate, &first), "OK");
  ASSERT_EQ(Rotate(rotate, &again), "OK");
  EXPECT_EQ(again.primary_version(), 2u);

  v1::CreateKeyRequest reused = CreateRequest("another");
  reused.set_request_id(create.request_id());
  EXPECT_EQ(Create(reused), "FAILED_PRECONDITION REQUEST_ID_REUSED");
}

TEST_F(KeyRpcTest, Refusals) {
  EXPECT_EQ(Create(CreateRequest("customers.card")), "NOT_FOUND TENANT_NOT_FOUND");
  CreateTenant("acme");
  CreateKey("acme", "customers.card");
  EXPECT_EQ(Create(CreateRequest("customers.card")), "ALREADY_EXISTS KEY_EXISTS");
  EXPECT_EQ(Create(CreateRequest("Upper")), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(Create(CreateRequest(std::string(129, 'x'))), "INVALID_ARGUMENT INVALID_FIELD");
  v1::CreateKeyRequest request = CreateRequest("x");
  request.set_request_id("short");
  EXPECT_EQ(Create(request), "INVALID_ARGUMENT INVALID_FIELD");
  request = CreateRequest("x");
  request.set_purpose(static_cast<v1::KeyPurpose>(99));
  EXPECT_EQ(Create(request), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(Rotate(RotateRequest(7)), "ABORTED PRIMARY_CHANGED");
  EXPECT_EQ(Verdict(RotateKey("acme", "no.such.key")), "NOT_FOUND KEY_NOT_FOUND");

  v1::CreateTenantRequest tenant;
  v1::CreateTenantResponse response;
  tenant.set_tenant("acme");
  tenant.set_request_id(RequestId());
  EXPECT_EQ(Verdict(Call(*tenants_, &v1::TenantService::Stub::CreateTenant, tenant, &response)),
            "ALREADY_EXISTS TENANT_EXISTS");
}

TEST_F(KeyRpcTest, ConcurrentRotationsExpectingOneVersionLetOneThrough) {
  CreateTenant("acme");
  CreateKey("acme", "customers.card");
  std::vector<v1::RotateKeyRequest> requests;
  for (int i = 0; i < 8; ++i) requests.push_back(RotateRequest(1));
  std::atomic<int> rotated{0}, changed{0};
  std::vector<std::thread> threads;
  for (const auto& request : requests) {
    threads.emplace_back([&] {
      const std::string verdict = Rotate(request);
      rotated += verdict == "OK";
      changed += verdict == "ABORTED PRIMARY_CHANGED";
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(rotated, 1);
  EXPECT_EQ(changed, 7);
}

TEST_F(KeyRpcTest, PagesOfKeys) {
  CreateTenant("acme");
  for (int i = 0; i < 7; ++i) CreateKey("acme", "key-" + std::to_string(i));
  v1::ListKeysRequest request;
  request.set_tenant("acme");
  request.set_page_size(3);
  std::vector<std::string> names;
  int pages = 0;
  do {
    v1::ListKeysResponse response;
    ASSERT_EQ(Verdict(Call(*keys_, &v1::KeyService::Stub::ListKeys, request, &response)), "OK");
    for (const auto& key : response.keys()) names.push_back(key.name());
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, 3);
  ASSERT_EQ(names.size(), 7u);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));

  v1::ListKeysResponse response;
  request.set_page_token("forged");
  EXPECT_EQ(Verdict(Call(*keys_, &v1::KeyService::Stub::ListKeys, request, &response)),
            "INVALID_ARGUMENT INVALID_FIELD");
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_EQ(Verdict(Call(*keys_, &v1::KeyService::Stub::ListKeys, request, &response)),
            "INVALID_ARGUMENT INVALID_FIELD");
  request.set_page_size(0);
  request.set_tenant("nobody");
  EXPECT_EQ(Verdict(Call(*keys_, &v1::KeyService::Stub::ListKeys, request, &response)),
            "NOT_FOUND TENANT_NOT_FOUND");
}

TEST_F(KeyRpcTest, PagesOfVersionsNewestFirst) {
  CreateTenant("acme");
  CreateKey("acme", "customers.card");
  for (int i = 0; i < 4; ++i) ASSERT_EQ(Verdict(RotateKey("acme", "customers.card")), "OK");
  v1::ListKeyVersionsRequest request;
  request.set_tenant("acme");
  request.set_name("customers.card");
  request.set_page_size(2);
  std::vector<uint32_t> versions;
  do {
    v1::ListKeyVersionsResponse response;
    ASSERT_EQ(Verdict(Call(*keys_, &v1::KeyService::Stub::ListKeyVersions, request, &response)),
              "OK");
    for (const auto& version : response.versions()) {
      versions.push_back(version.version());
      EXPECT_EQ(version.primary(), version.version() == 5);
      EXPECT_EQ(version.state(), v1::KEY_VERSION_STATE_ENABLED);
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(versions, (std::vector<uint32_t>{5, 4, 3, 2, 1}));
}

TEST_F(KeyRpcTest, Tenants) {
  for (const std::string& tenant : {std::string("b"), std::string("a"), std::string("c")})
    CreateTenant(tenant);
  v1::ListTenantsRequest request;
  v1::ListTenantsResponse response;
  request.set_page_size(2);
  ASSERT_EQ(Verdict(Call(*tenants_, &v1::TenantService::Stub::ListTenants, request, &response)),
            "OK");
  ASSERT_EQ(response.tenants_size(), 2);
  EXPECT_EQ(response.tenants(0).tenant(), "a");
  request.set_page_token(response.next_page_token());
  ASSERT_EQ(Verdict(Call(*tenants_, &v1::TenantService::Stub::ListTenants, request, &response)),
            "OK");
  ASSERT_EQ(response.tenants_size(), 1);
  EXPECT_EQ(response.tenants(0).tenant(), "c");
  EXPECT_TRUE(response.next_page_token().empty());
}

}  // namespace
}  // namespace fieldkms::testing
