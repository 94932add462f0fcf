// Roles and limits through a real daemon.
#include <unistd.h>

#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

class AccessRpcTest : public ServerTest {
 protected:
  // An administrator makes what the tests use; then the daemon restarts with `role`
  // (rules in YAML) for this user and nothing else.
  void StartAs(const std::string& rules, const std::string& more = "") {
    const std::string me = std::to_string(getuid());
    StartWith(
        Access("[\"encrypt\", decrypt, rewrap, key.create, key.read, key.rotate, "
               "tenant.create, tenant.read]",
               "\"*\"", "\"*\""));
    CreateTenant("acme");
    CreateTenant("other");
    CreateKey("acme", "customers.card");
    CreateKey("acme", "staff.salary");
    for (const auto& [tenant, keys] : more_) {
      if (tenant != "acme") CreateTenant(tenant);
      for (const std::string& key : keys) CreateKey(tenant, key);
    }
    card_ = Encrypt("acme", "customers.card", "4111111111111111", "1");
    salary_ = Encrypt("acme", "staff.salary", "100000", "1");
    ASSERT_EQ(daemon_->Terminate().code, 0);
    StartWith("access:\n  roles:\n    tested:\n" + rules +
              "  principals:\n    me:\n      users: " + me + "\n      roles: tested\n" + more);
  }
  static std::string Access(const std::string& actions, const std::string& tenants,
                            const std::string& keys) {
    return "access:\n  roles:\n    all:\n      - actions: " + actions +
           "\n        tenants: " + tenants + "\n        keys: " + keys +
           "\n  principals:\n    me:\n      users: " + std::to_string(getuid()) +
           "\n      roles: all\n";
  }
  std::string EncryptVerdict(const std::string& tenant, const std::string& key) {
    v1::EncryptResponse response;
    return Verdict(Call(*crypto_, &v1::CryptoService::Stub::Encrypt,
                        EncryptRequest(tenant, key, "v", "1"), &response));
  }
  std::string RewrapVerdict(const std::string& ciphertext, const std::string& destination_key,
                            bool other_context) {
    v1::RewrapRequest request;
    v1::RewrapResponse response;
    request.set_tenant("acme");
    request.set_ciphertext(ciphertext);
    request.set_destination_key(destination_key);
    auto* entry = request.add_context();
    entry->set_name("pk");
    entry->set_value("1");
    entry = request.mutable_destination_context()->add_entries();
    entry->set_name("pk");
    entry->set_value(other_context ? "2" : "1");
    return Verdict(Call(*crypto_, &v1::CryptoService::Stub::Rewrap, request, &response));
  }
  std::string card_, salary_;
  std::vector<std::pair<std::string, std::vector<std::string>>> more_;  // tenants and their keys
};

TEST_F(AccessRpcTest, DecrypterMayDecryptItsKeysAndNothingElse) {
  StartAs("      - {actions: [decrypt], tenants: acme, keys: \"customers.*\"}\n");
  EXPECT_EQ(Verdict(Decrypt("acme", card_, "1")), "OK");
  EXPECT_EQ(Verdict(Decrypt("acme", salary_, "1")), "PERMISSION_DENIED PERMISSION_DENIED");
  EXPECT_EQ(Verdict(Decrypt("acme", "garbage", "1")), "INVALID_ARGUMENT DECRYPT_FAILED");
  EXPECT_EQ(EncryptVerdict("acme", "customers.card"), "PERMISSION_DENIED PERMISSION_DENIED");
  EXPECT_EQ(Verdict(RotateKey("acme", "customers.card")), "PERMISSION_DENIED PERMISSION_DENIED");
  v1::ListTenantsResponse tenants;
  EXPECT_EQ(Verdict(Call(*tenants_, &v1::TenantService::Stub::ListTenants, {}, &tenants)),
            "PERMISSION_DENIED PERMISSION_DENIED");

  // In a batch it is the item's own.
  v1::BatchDecryptRequest batch;
  v1::BatchDecryptResponse opened;
  batch.set_tenant("acme");
  auto* entry = batch.add_shared_context();
  entry->set_name("pk");
  entry->set_value("1");
  batch.add_items()->set_ciphertext(card_);
  batch.add_items()->set_ciphertext(salary_);
  ASSERT_EQ(Verdict(Call(*crypto_, &v1::CryptoService::Stub::BatchDecrypt, batch, &opened)), "OK");
  EXPECT_EQ(opened.results(0).plaintext(), "4111111111111111");
  EXPECT_EQ(Verdict(opened.results(1).error()), "PERMISSION_DENIED PERMISSION_DENIED");
}

TEST_F(AccessRpcTest, DenialSaysNothingOfWhatExists) {
  StartAs("      - {actions: [encrypt, decrypt], tenants: acme, keys: \"customers.*\"}\n");
  for (const std::string& tenant : {std::string("other"), std::string("nobody")}) {
    EXPECT_EQ(EncryptVerdict(tenant, "customers.card"), "PERMISSION_DENIED PERMISSION_DENIED");
    EXPECT_EQ(Verdict(Decrypt(tenant, card_, "1")), "PERMISSION_DENIED PERMISSION_DENIED");
    v1::ListKeysRequest list;
    v1::ListKeysResponse listed;
    list.set_tenant(tenant);
    EXPECT_EQ(Verdict(Call(*keys_, &v1::KeyService::Stub::ListKeys, list, &listed)),
              "PERMISSION_DENIED PERMISSION_DENIED");
  }
  for (const std::string& key : {std::string("staff.salary"), std::string("staff.nothing")}) {
    EXPECT_EQ(EncryptVerdict("acme", key), "PERMISSION_DENIED PERMISSION_DENIED");
  }
}

TEST_F(AccessRpcTest, RewrapNeedsEncryptWhereKeyOrContextDiffer) {
  StartAs("      - {actions: [rewrap], tenants: acme, keys: \"customers.*\"}\n");
  EXPECT_EQ(RewrapVerdict(card_, "", false), "OK");
  EXPECT_EQ(RewrapVerdict(card_, "customers.card", false), "OK");
  EXPECT_EQ(RewrapVerdict(card_, "", true), "PERMISSION_DENIED PERMISSION_DENIED");
  EXPECT_EQ(RewrapVerdict(card_, "staff.salary", false), "PERMISSION_DENIED PERMISSION_DENIED");
  EXPECT_EQ(RewrapVerdict(salary_, "", false), "PERMISSION_DENIED PERMISSION_DENIED");
  EXPECT_EQ(Verdict(Decrypt("acme", card_, "1")), "PERMISSION_DENIED PERMISSION_DENIED");
}

TEST_F(AccessRpcTest, ListsShowWhatTheCallerMaySee) {
  StartAs(
      "      - {actions: [key.read], tenants: acme, keys: \"customers.*\"}\n"
      "      - {actions: [tenant.read], tenants: acme}\n");
  v1::ListKeysRequest list;
  v1::ListKeysResponse listed;
  list.set_tenant("acme");
  ASSERT_EQ(Verdict(Call(*keys_, &v1::KeyService::Stub::ListKeys, list, &listed)), "OK");
  ASSERT_EQ(listed.keys_size(), 1);
  EXPECT_EQ(listed.keys(0).name(), "customers.card");
  v1::ListTenantsResponse tenants;
  ASSERT_EQ(Verdict(Call(*tenants_, &v1::TenantService::Stub::ListTenants, {}, &tenants)), "OK");
  ASSERT_EQ(tenants.tenants_size(), 1);
  EXPECT_EQ(tenants.tenants(0).tenant(), "acme");
}

// Hidden names stand before, between and after those that the caller may see.
TEST_F(AccessRpcTest, PagesOfListsTellNothingOfWhatIsHidden) {
  for (const char* tenant : {"a-hidden", "b-shown", "c-hidden", "d-shown", "e-hidden"})
    more_.push_back({tenant, {}});
  more_.push_back(
      {"acme", {"a.hidden", "b.shown", "c.hidden", "c.hidden2", "d.shown", "z.hidden"}});
  StartAs(
      "      - {actions: [key.read], tenants: acme, keys: \"*.shown\"}\n"
      "      - {actions: [tenant.read], tenants: \"*-shown\"}\n");
  v1::ListKeysRequest list;
  list.set_tenant("acme");
  list.set_page_size(1);
  for (const char* expected : {"b.shown", "d.shown"}) {
    v1::ListKeysResponse page;
    ASSERT_EQ(Verdict(Call(*keys_, &v1::KeyService::Stub::ListKeys, list, &page)), "OK");
    ASSERT_EQ(page.keys_size(), 1);
    EXPECT_EQ(page.keys(0).name(), expected);
    EXPECT_EQ(page.SerializeAsString().find("hidden"), std::string::npos);
    list.set_page_token(page.next_page_token());
  }
  EXPECT_EQ(list.page_token(), "") << "nothing that the caller may see follows";
  v1::ListTenantsRequest list_tenants;
  list_tenants.set_page_size(1);
  for (const char* expected : {"b-shown", "d-shown"}) {
    v1::ListTenantsResponse page;
    ASSERT_EQ(Verdict(Call(*tenants_, &v1::TenantService::Stub::ListTenants, list_tenants, &page)),
              "OK");
    ASSERT_EQ(page.tenants_size(), 1);
    EXPECT_EQ(page.tenants(0).tenant(), expected);
    EXPECT_EQ(page.SerializeAsString().find("hidden"), std::string::npos);
    list_tenants.set_page_token(page.next_page_token());
  }
  EXPECT_EQ(list_tenants.page_token(), "") << "nothing that the caller may see follows";
}

TEST_F(AccessRpcTest, ItemsASecondAreLimited) {
  StartAs("      - {actions: [encrypt], tenants: acme, keys: \"*\"}\n",
          "      items_per_second: 0.001\n      items_burst: 3\n");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(EncryptVerdict("acme", "customers.card"), "OK");
  v1::EncryptResponse response;
  const grpc::Status status = Call(*crypto_, &v1::CryptoService::Stub::Encrypt,
                                   EncryptRequest("acme", "customers.card", "v", "1"), &response);
  EXPECT_EQ(Verdict(status), "RESOURCE_EXHAUSTED RATE_LIMITED");
  EXPECT_TRUE(HasRetryInfo(status));
}

TEST_F(AccessRpcTest, CallsOfAConnectionAreLimited) {
  StartAs("      - {actions: [encrypt], tenants: acme, keys: \"*\"}\n",
          "limits: {calls_per_second: 0.001}\n");
  EXPECT_EQ(EncryptVerdict("acme", "customers.card"), "OK");
  EXPECT_EQ(EncryptVerdict("acme", "customers.card"), "RESOURCE_EXHAUSTED RATE_LIMITED");
  Connect();  // another connection
  EXPECT_EQ(EncryptVerdict("acme", "customers.card"), "OK");
}

TEST_F(AccessRpcTest, UserWithoutAPrincipalIsRefusedAndAudited) {
  StartWith("access:\n  roles: {}\n  principals:\n    somebody: {users: [64999]}\n");
  EXPECT_EQ(EncryptVerdict("acme", "customers.card"), "UNAUTHENTICATED UNAUTHENTICATED");
  const auto last = AuditLines().back();
  EXPECT_EQ(last["kind"], "refusal");
  EXPECT_EQ(last["uid"], getuid());
  EXPECT_FALSE(last.contains("principal"));
  EXPECT_EQ(last["reason"], "UNAUTHENTICATED");
}

}  // namespace
}  // namespace fieldkms::testing
