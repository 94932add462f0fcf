#include "kms/identity/certificate_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/identity/trial.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using testing::Authority;
using testing::Client;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kTrialNow;

class CertificateVerifierTest : public ::testing::Test {
 protected:
  std::unique_ptr<const CertificateVerifier> Verifier(const std::string& revocations = "") const {
    return *CertificateVerifier::Make(authority_.Pem()->certificate, revocations);
  }
  const TrialAuthority authority_ = Authority();
};

TEST_F(CertificateVerifierTest, NamesOfAGoodCertificate) {
  const CertificateAndKey client =
      Client(authority_, {"DNS:Shop.Example.com", "URI:spiffe://example.com/Shop", "IP:127.0.0.1",
                          "email:shop@example.com", "DNS:*.example.com"});
  ASSERT_OK_AND_ASSIGN(const VerifiedCertificate verified,
                       Verifier()->Verify(client.certificate, kTrialNow));
  EXPECT_THAT(verified.names, ElementsAre("dns:shop.example.com", "uri:spiffe://example.com/Shop"));
  EXPECT_EQ(verified.expires, kTrialNow + hours(24));
}

TEST_F(CertificateVerifierTest, TheCommonNameIsNoName) {
  ASSERT_OK_AND_ASSIGN(const VerifiedCertificate verified,
                       Verifier()->Verify(Client(authority_, {}).certificate, kTrialNow));
  EXPECT_THAT(verified.names, IsEmpty());
}

TEST_F(CertificateVerifierTest, RefusesWhatIsOverOrNotYet) {
  const std::string client = Client(authority_, {"DNS:shop"}).certificate;
  EXPECT_THAT(Verifier()->Verify(client, kTrialNow + hours(25)).status().message(),
              HasSubstr("expired"));
  EXPECT_THAT(Verifier()->Verify(client, kTrialNow - hours(2)).status().message(),
              HasSubstr("not yet valid"));
  EXPECT_THAT(Verifier()->Verify(client, kTrialNow + hours(25)),
              StatusIs(Reason::kUnauthenticated));
}

TEST_F(CertificateVerifierTest, RefusesAnotherAuthoritysOfTheSameName) {
  EXPECT_FALSE(Verifier()->Verify(Client(Authority(), {"DNS:shop"}).certificate, kTrialNow).ok());
}

TEST_F(CertificateVerifierTest, RefusesAServersCertificate) {
  const CertificateWish wish{
      "server", {"DNS:shop"}, true, kTrialNow - hours(1), kTrialNow + hours(1)};
  EXPECT_FALSE(Verifier()->Verify(authority_.Issue(wish)->certificate, kTrialNow).ok());
}

TEST_F(CertificateVerifierTest, RefusesWhatIsRevoked) {
  const std::string bad = Client(authority_, {"DNS:bad"}).certificate;
  const std::string good = Client(authority_, {"DNS:good"}).certificate;
  const std::string list = *authority_.Revoke({{bad}}, kTrialNow - hours(1), kTrialNow + hours(10));
  const auto verifier = Verifier(list);
  EXPECT_OK(verifier->Verify(good, kTrialNow));
  EXPECT_THAT(verifier->Verify(bad, kTrialNow).status().message(), HasSubstr("revoked"));
  // A list that nobody renews turns everybody away.
  EXPECT_FALSE(verifier->Verify(good, kTrialNow + hours(11)).ok());
  // So does one of another authority.
  const std::string other =
      *Authority("Other").Revoke({}, kTrialNow - hours(1), kTrialNow + hours(10));
  EXPECT_FALSE(Verifier(other)->Verify(good, kTrialNow).ok());
  EXPECT_OK(Verifier(list + other)->Verify(good, kTrialNow));
}

TEST_F(CertificateVerifierTest, RefusesWhatIsNoPem) {
  const std::string pem = authority_.Pem()->certificate;
  EXPECT_THAT(CertificateVerifier::Make("", ""), StatusIs(Reason::kConfigInvalid));
  EXPECT_THAT(CertificateVerifier::Make("none", ""), StatusIs(Reason::kConfigInvalid));
  EXPECT_THAT(CertificateVerifier::Make(pem + pem.substr(0, pem.size() / 2), ""),
              StatusIs(Reason::kConfigInvalid));
  EXPECT_THAT(CertificateVerifier::Make(pem, pem), StatusIs(Reason::kConfigInvalid));
  EXPECT_FALSE(Verifier()->Verify("", kTrialNow).ok());
  EXPECT_FALSE(Verifier()->Verify("-----BEGIN CERTIFICATE-----\nAAAA\n", kTrialNow).ok());
}

}  // namespace
}  // namespace fieldkms
