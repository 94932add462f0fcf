// Aliases through a real daemon.
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

using Keys = v1::KeyService::Stub;

class AliasRpcTest : public ServerTest {
 protected:
  void SetUp() override {
    StartDev();
    CreateTenant("acme");
    CreateKey("acme", "card.2026");
    CreateKey("acme", "card.2027");
    ASSERT_EQ(SetAlias("card", "card.2026", &alias_), "OK");
  }
  std::string Delete(const std::string& alias, const std::string& etag) {
    v1::DeleteAliasRequest request;
    v1::DeleteAliasResponse response;
    request.set_tenant("acme");
    request.set_alias(alias);
    request.set_etag(etag);
    return OfKeys(&Keys::DeleteAlias, request, &response);
  }
  std::vector<v1::Alias> List() {
    v1::ListAliasesRequest request;
    v1::ListAliasesResponse response;
    request.set_tenant("acme");
    EXPECT_EQ(OfKeys(&Keys::ListAliases, request, &response), "OK");
    return {response.aliases().begin(), response.aliases().end()};
  }
  void RestartAs(const std::string& rules) {
    ASSERT_EQ(daemon_->Terminate().code, 0);
    StartWith("access:\n  roles:\n    r:\n" + rules + "  principals:\n    me: {users: [" +
              std::to_string(getuid()) + "], roles: [r]}\n");
  }
  v1::Alias alias_;
};

TEST_F(AliasRpcTest, SealsAndOpensAsItsKey) {
  EXPECT_EQ(alias_.key(), "card.2026");
  const std::string sealed = Encrypt("acme", "card", "4111", "1");
  std::string opened;
  EXPECT_EQ(Verdict(Decrypt("acme", sealed, "1", &opened, "card.2026")), "OK");
  EXPECT_EQ(opened, "4111");
  EXPECT_EQ(Verdict(Decrypt("acme", sealed, "1", &opened, "card")), "OK");
  EXPECT_EQ(Verdict(Decrypt("acme", sealed, "1", &opened, "card.2027")),
            "INVALID_ARGUMENT DECRYPT_FAILED");

  v1::Alias moved;
  ASSERT_EQ(SetAlias("card", "card.2027", &moved, alias_.etag()), "OK");
  EXPECT_EQ(Verdict(Decrypt("acme", sealed, "1", &opened, "card")),
            "INVALID_ARGUMENT DECRYPT_FAILED");
  EXPECT_EQ(Verdict(Decrypt("acme", sealed, "1", &opened)), "OK");
  EXPECT_EQ(EncryptVerdict("card"), "OK");
  EXPECT_EQ(AuditLines().back()["key"], "card.2027");
}

TEST_F(AliasRpcTest, RefusesWhatIsNotAsExpected) {
  EXPECT_EQ(SetAlias("card", "card.2027"), "ABORTED ETAG_MISMATCH") << "it is there already";
  EXPECT_EQ(SetAlias("card", "card.2027", nullptr, "999999"), "ABORTED ETAG_MISMATCH");
  EXPECT_EQ(SetAlias("new", "nothing"), "NOT_FOUND KEY_NOT_FOUND");
  EXPECT_EQ(SetAlias("new", "card"), "NOT_FOUND KEY_NOT_FOUND") << "an alias of an alias";
  EXPECT_EQ(SetAlias("card.2027", "card.2026"), "ALREADY_EXISTS KEY_EXISTS");
  EXPECT_EQ(SetAlias("Upper", "card.2026"), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(SetAlias("new", "card.2026", nullptr, "x"), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(Delete("card", ""), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(Delete("card", "999999"), "ABORTED ETAG_MISMATCH");
}

TEST_F(AliasRpcTest, KeyServiceTakesAKeysOwnNameOnly) {
  EXPECT_EQ(Verdict(RotateKey("acme", "card")), "NOT_FOUND KEY_NOT_FOUND");
  v1::GetKeyRequest get;
  v1::GetKeyResponse got;
  get.set_tenant("acme");
  get.set_name("card");
  EXPECT_EQ(OfKeys(&Keys::GetKey, get, &got), "NOT_FOUND KEY_NOT_FOUND");
  v1::ListKeyVersionsRequest list;
  v1::ListKeyVersionsResponse listed;
  list.set_tenant("acme");
  list.set_name("card");
  EXPECT_EQ(OfKeys(&Keys::ListKeyVersions, list, &listed), "NOT_FOUND KEY_NOT_FOUND");
}

TEST_F(AliasRpcTest, IsListedAndDeleted) {
  ASSERT_EQ(SetAlias("another", "card.2026"), "OK");
  ASSERT_EQ(List().size(), 2u);
  EXPECT_EQ(List()[0].alias(), "another");
  EXPECT_EQ(List()[1].alias(), "card");
  EXPECT_EQ(List()[1].key(), "card.2026");
  EXPECT_EQ(List()[1].etag(), alias_.etag());
  EXPECT_EQ(EncryptVerdict("card"), "OK");
  ASSERT_EQ(Delete("card", alias_.etag()), "OK");
  EXPECT_EQ(AuditLines().back()["alias"], "card");
  EXPECT_EQ(AuditLines().back()["method"], "KeyService.DeleteAlias");
  EXPECT_EQ(List().size(), 1u);
  EXPECT_EQ(EncryptVerdict("card"), "NOT_FOUND KEY_NOT_FOUND");
  EXPECT_EQ(SetAlias("card", "card.2027"), "OK") << "its name is free again";
}

// Every call uses the one key or the other, and none fails.
TEST_F(AliasRpcTest, PointsElsewhereUnderLoad) {
  std::atomic<bool> stop{false};
  std::atomic<int> calls{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!stop) {
        EXPECT_EQ(EncryptVerdict("card"), "OK");
        ++calls;
      }
    });
  }
  v1::Alias alias = alias_;
  for (int i = 0; i < 60; ++i) {
    const std::string target = i % 2 == 0 ? "card.2027" : "card.2026";
    ASSERT_EQ(SetAlias("card", target, &alias, alias.etag()), "OK");
    // The answer is the moment from which it is so.
    ASSERT_EQ(Verdict(Decrypt("acme", Encrypt("acme", target, "v", "1"), "1", nullptr, "card")),
              "OK");
  }
  stop = true;
  for (auto& caller : callers) caller.join();
  EXPECT_GT(calls, 0);
}

TEST_F(AliasRpcTest, RightsAreThoseOnTheKeysOwnName) {
  RestartAs("      - {actions: [encrypt, key.read], tenants: acme, keys: \"card.2026\"}\n");
  EXPECT_EQ(EncryptVerdict("card"), "OK");
  EXPECT_EQ(List().size(), 1u);
  RestartAs("      - {actions: [encrypt, key.read], tenants: acme, keys: [card, card.2027]}\n");
  for (const char* name : {"card", "card.2026"}) {
    EXPECT_EQ(EncryptVerdict(name), "PERMISSION_DENIED PERMISSION_DENIED") << name;
  }
  EXPECT_EQ(EncryptVerdict("no.such.name"), "PERMISSION_DENIED PERMISSION_DENIED");
  EXPECT_TRUE(List().empty());
}

TEST_F(AliasRpcTest, SettingOneTakesTheRightOnBothNames) {
  RestartAs("      - {actions: [alias.set], tenants: acme, keys: [\"card.*\", new]}\n");
  EXPECT_EQ(SetAlias("card", "card.2027", nullptr, alias_.etag()),
            "PERMISSION_DENIED PERMISSION_DENIED");
  EXPECT_EQ(Delete("card", alias_.etag()), "PERMISSION_DENIED PERMISSION_DENIED");
  EXPECT_EQ(SetAlias("new", "other.key"), "PERMISSION_DENIED PERMISSION_DENIED");
  EXPECT_EQ(SetAlias("new", "card.2027"), "OK");
}

}  // namespace
}  // namespace fieldkms::testing
