// MACs through a real daemon.
#include <unistd.h>

#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

using Crypto = v1::CryptoService::Stub;

class MacRpcTest : public ServerTest {
 protected:
  void SetUp() override {
    StartDev();
    CreateTenant("acme");
    CreateTenant("other");
    CreateKey("acme", "fields");
    v1::CreateKeyRequest request;
    v1::CreateKeyResponse response;
    request.set_tenant("acme");
    request.set_name("macs");
    request.set_purpose(v1::KEY_PURPOSE_MAC);
    ASSERT_EQ(OfKeys(&v1::KeyService::Stub::CreateKey, request, &response), "OK");
  }
  std::string Compute(const std::string& key, const std::string& data, std::string* mac) {
    v1::ComputeMacRequest request;
    v1::ComputeMacResponse response;
    request.set_tenant("acme");
    request.set_key(key);
    request.set_data(data);
    request.add_context()->set_name("pk");
    const std::string verdict = OfCrypto(&Crypto::ComputeMac, request, &response);
    *mac = response.mac();
    return verdict;
  }
  v1::VerifyMacRequest VerifyRequest(const std::string& mac, const std::string& data) {
    v1::VerifyMacRequest request;
    request.set_tenant("acme");
    request.set_mac(mac);
    request.set_data(data);
    request.add_context()->set_name("pk");
    return request;
  }
  // "valid", "not valid" or an error.
  std::string Verify(const v1::VerifyMacRequest& request) {
    v1::VerifyMacResponse response;
    const std::string verdict = OfCrypto(&Crypto::VerifyMac, request, &response);
    if (verdict != "OK") return verdict;
    EXPECT_EQ(response.key_version() != 0, response.valid());
    return response.valid() ? "valid" : "not valid";
  }
};

TEST_F(MacRpcTest, IsValidForItsDataContextTenantAndKey) {
  std::string mac, again;
  ASSERT_EQ(Compute("macs", "data", &mac), "OK");
  ASSERT_EQ(Compute("macs", "data", &again), "OK");
  EXPECT_EQ(mac, again);
  EXPECT_EQ(mac.size(), 45u);
  EXPECT_EQ(Verify(VerifyRequest(mac, "data")), "valid");

  EXPECT_EQ(Verify(VerifyRequest(mac, "Data")), "not valid");
  EXPECT_EQ(AuditLines().back()["reason"], "MAC_MISMATCH");
  EXPECT_EQ(AuditLines().back()["code"], "OK");
  auto request = VerifyRequest(mac, "data");
  request.mutable_context(0)->set_value("x");
  EXPECT_EQ(Verify(request), "not valid");
  request = VerifyRequest(mac, "data");
  request.set_tenant("other");
  EXPECT_EQ(Verify(request), "not valid");
  request = VerifyRequest(mac, "data");
  request.set_key("macs");
  EXPECT_EQ(Verify(request), "valid");
  request.set_key("fields");
  EXPECT_EQ(Verify(request), "not valid");
  for (std::string bad : {std::string(), mac.substr(1), mac + "x"}) {
    EXPECT_EQ(Verify(VerifyRequest(bad, "data")), "not valid");
  }
}

TEST_F(MacRpcTest, OldVersionsStayValid) {
  std::string old, fresh;
  ASSERT_EQ(Compute("macs", "data", &old), "OK");
  ASSERT_EQ(Verdict(RotateKey("acme", "macs")), "OK");
  ASSERT_EQ(Compute("macs", "data", &fresh), "OK");
  EXPECT_NE(old, fresh);
  EXPECT_EQ(Verify(VerifyRequest(old, "data")), "valid");
  ASSERT_EQ(SetAlias("signatures", "macs"), "OK");
  auto request = VerifyRequest(old, "data");
  request.set_key("signatures");
  EXPECT_EQ(Verify(request), "valid");
}

TEST_F(MacRpcTest, PurposesDoNotMix) {
  std::string mac;
  EXPECT_EQ(Compute("fields", "data", &mac), "FAILED_PRECONDITION KEY_PURPOSE");
  EXPECT_EQ(EncryptVerdict("macs"), "FAILED_PRECONDITION KEY_PURPOSE");
  EXPECT_EQ(Compute("nothing", "data", &mac), "NOT_FOUND KEY_NOT_FOUND");
}

TEST_F(MacRpcTest, WhoVerifiesNeedNotBeAbleToMakeOne) {
  std::string mac;
  ASSERT_EQ(Compute("macs", "data", &mac), "OK");
  ASSERT_EQ(daemon_->Terminate().code, 0);
  StartWith(
      "access:\n  roles:\n    r:\n      - {actions: [mac.verify], tenants: acme, keys: macs}\n"
      "  principals:\n    me: {users: [" +
      std::to_string(getuid()) + "], roles: [r]}\n");
  EXPECT_EQ(Verify(VerifyRequest(mac, "data")), "valid");
  EXPECT_EQ(Compute("macs", "data", &mac), "PERMISSION_DENIED PERMISSION_DENIED");
}

}  // namespace
}  // namespace fieldkms::testing
