// Who calls from a network, told by certificates and tokens, with the real daemon.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "crypto/status.h"
#include "fieldkms/v1/crypto_service.grpc.pb.h"
#include "tests/integration/tls/tls_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/identity/token_maker.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class TlsIdentitiesTest : public TlsTest {
 protected:
  TlsIdentitiesTest() {
    for (const char* name : {"shop", "powerless", "stranger"}) ToFiles(name, Issue(name));
  }
  // As the socket's user, with headers "authorization".
  grpc::StatusCode EncryptOnSocket(const std::vector<std::string>& headers) const {
    const auto stub = v1::CryptoService::NewStub(
        grpc::CreateChannel(daemon_->target(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    for (const std::string& header : headers) context.AddMetadata("authorization", header);
    v1::EncryptRequest request;
    request.set_tenant("acme");
    request.set_key("mail");
    request.set_plaintext("anna@example.com");
    v1::EncryptResponse response;
    return stub->Encrypt(&context, request, &response).error_code();
  }
  std::string ClientCa() const { return "    client_ca: " + ca_ + "\n"; }
};

TEST_F(TlsIdentitiesTest, ACertificateTellsWhoCalls) {
  Start(ClientCa());
  EXPECT_EQ(Encrypt(*ClientAs("shop")), "OK");
  EXPECT_THAT(Encrypt(*ClientAs("powerless")), HasSubstr("roles do not allow"));
  EXPECT_THAT(Encrypt(*ClientAs("stranger")), HasSubstr("no principal is configured"));
  EXPECT_THAT(Encrypt(*ClientAs("")), StartsWith("UNAVAILABLE"));
  int seen = 0;
  for (const nlohmann::json& line : AuditLines()) {
    if (line.value("method", "") != "CryptoService.Encrypt") continue;
    EXPECT_THAT(line["address"], StartsWith("ipv4:127.0.0.1:"));
    EXPECT_FALSE(line.contains("uid"));
    if (line.value("code", "") == "OK") {
      EXPECT_EQ(line["principal"], "shop");
    }
    ++seen;
  }
  EXPECT_EQ(seen, 3);
}

TEST_F(TlsIdentitiesTest, AClientOfAnotherAuthorityDoesNotConnect) {
  const TrialAuthority other =
      *TrialAuthority::Make("Trial CA", SystemClock().Now() - std::chrono::hours(1),
                            SystemClock().Now() + std::chrono::hours(1));
  CertificateWish wish{"shop",
                       {"URI:spiffe://trial/shop"},
                       false,
                       SystemClock().Now() - std::chrono::hours(1),
                       SystemClock().Now() + std::chrono::hours(1)};
  ToFiles("shop", *other.Issue(wish));
  Start(ClientCa());
  EXPECT_THAT(Encrypt(*ClientAs("shop")), StartsWith("UNAVAILABLE"));
}

TEST_F(TlsIdentitiesTest, RevokingStopsAConnectionThatIsThere) {
  ToFiles("spare", Issue("shop"));
  Revoke({});
  Start(ClientCa() + "    client_crl: " + crl_ + "\n");
  const auto shop = ClientAs("shop");
  const auto spare = ClientAs("spare");
  ASSERT_EQ(Encrypt(*shop), "OK");
  ASSERT_EQ(Encrypt(*spare), "OK");
  Revoke({ReadFile(dir_.File("shop.crt"))});
  EXPECT_TRUE(Soon([&] { return Encrypt(*shop) != "OK"; }));
  EXPECT_THAT(Encrypt(*shop), HasSubstr("refused"));
  EXPECT_EQ(Encrypt(*spare), "OK");  // of the same name, and not revoked
}

TEST_F(TlsIdentitiesTest, ATokenTellsWhoCalls) {
  const TokenMaker maker("one");
  WriteFile(dir_.File("keys.json"), maker.KeySetJson());
  const int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(SystemClock().Now().time_since_epoch())
          .count();
  const auto write = [&](const std::string& subject, int64_t expires) {
    WriteFile(dir_.File("token"), maker.Sign({{"iss", "https://id.example.com"},
                                              {"aud", "fieldkms"},
                                              {"sub", subject},
                                              {"exp", expires}}) +
                                      "\n");
  };
  write("batch", now + 600);
  Start(ClientCa() + "    client_certificates: optional\n",
        "    batch: {tokens: [\"corp:batch\"], roles: [all]}\n"
        "tokens:\n"
        "  corp:\n"
        "    issuer: https://id.example.com\n"
        "    audiences: [fieldkms]\n"
        "    keys_file: " +
            dir_.File("keys.json") + "\n");
  TlsOptions tls;
  tls.token_file = dir_.File("token");
  const auto batch = ClientAs("", tls);
  EXPECT_EQ(Encrypt(*batch), "OK");
  EXPECT_EQ(AuditLines().back()["principal"], "batch");
  EXPECT_EQ(Encrypt(*ClientAs("shop", tls)), "OK");  // both: the token counts
  EXPECT_EQ(AuditLines().back()["principal"], "batch");
  EXPECT_EQ(Encrypt(*ClientAs("shop")), "OK");
  EXPECT_EQ(AuditLines().back()["principal"], "shop");
  EXPECT_THAT(Encrypt(*ClientAs("")), HasSubstr("no certificate"));
  // What is there and is no token is none that one may do without.
  for (const std::vector<std::string>& headers :
       {std::vector<std::string>{"Basic YTpi"}, {"Bearer "}, {""}, {"Bearer a", "Bearer b"}}) {
    EXPECT_EQ(EncryptOnSocket(headers), grpc::StatusCode::UNAUTHENTICATED) << headers[0];
  }
  EXPECT_EQ(EncryptOnSocket({}), grpc::StatusCode::OK);
  write("batch", now - 600);
  EXPECT_THAT(Encrypt(*batch), HasSubstr("expired"));
  write("other", now + 600);
  EXPECT_THAT(Encrypt(*batch), HasSubstr("subject"));
  WriteFile(dir_.File("token"), "nonsense");
  EXPECT_THAT(Encrypt(*batch), HasSubstr("not valid"));
  for (const nlohmann::json& line : AuditLines()) {
    EXPECT_EQ(line.dump().find("eyJ"), std::string::npos) << "a token in the trail";
  }
  // What is written down anew counts from the next call on.
  write("batch", now + 600);
  EXPECT_EQ(Encrypt(*batch), "OK");
  WriteFile(dir_.File("keys.json"), TokenMaker("two").KeySetJson());
  EXPECT_TRUE(Soon([&] { return Encrypt(*batch) != "OK"; }));
  EXPECT_THAT(Encrypt(*batch), HasSubstr("not valid"));
  EXPECT_EQ(daemon_->Log().find("eyJ"), std::string::npos) << "a token in the log";
}

}  // namespace
}  // namespace fieldkms::testing
