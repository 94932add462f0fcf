#include "kms/identity/identities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/identity/settable_clock.h"
#include "tests/unit/kms/identity/token_maker.h"
#include "tests/unit/kms/identity/trial.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::Authority;
using ::testing::HasSubstr;
using testing::kTrialNow;
using testing::SettableClock;
using testing::TempDir;
using testing::TokenMaker;
using testing::WriteFile;

constexpr char kIssuer[] = "https://id.example.com";
constexpr int64_t kNow = 1'800'000'000;

class IdentitiesTest : public ::testing::Test {
 protected:
  IdentitiesTest() {
    AccessPolicy policy;
    policy.principals = {
        {.name = "local", .uids = {1001}},
        {.name = "shop", .certificates = {"dns:shop", "uri:spiffe://example.com/shop"}},
        {.name = "batch", .certificates = {"dns:batch"}, .tokens = {"corp:batch"}}};
    access_ = *StaticAccess::Create(policy);
    WriteFile(ca_, authority_.Pem()->certificate);
    WriteFile(crl_, *authority_.Revoke({}, kTrialNow - hours(1), kTrialNow + hours(90)));
    WriteFile(keys_, maker_.KeySetJson());
    IdentityOptions options;
    options.certificates = {ca_, crl_};
    options.issuers.push_back(
        {{.name = "corp", .issuer = kIssuer, .audiences = {"fieldkms"}}, keys_});
    sources_ = *IdentitySources::Open(options, clock_);
    identities_ = std::make_unique<Identities>(*sources_, *access_, clock_);
  }

  std::string NameOf(const Caller& caller) const {
    const absl::StatusOr<const Principal*> who = identities_->Authenticate(caller);
    if (who.ok()) return (*who)->name;
    EXPECT_THAT(who, StatusIs(absl::StatusCode::kUnauthenticated, Reason::kUnauthenticated));
    return "refused: " + std::string(MessageOf(who.status()));
  }
  static Caller Remote(std::string_view certificate, std::string_view token = {}) {
    return {{}, "ipv4:192.0.2.7:4711", certificate, token, {}};
  }
  std::string Certificate(std::vector<std::string> names) const {
    return testing::Client(authority_, std::move(names)).certificate;
  }
  std::string Token(const std::string& subject, int64_t expires = kNow + 600) const {
    return maker_.Sign({{"iss", kIssuer}, {"aud", "fieldkms"}, {"sub", subject}, {"exp", expires}});
  }
  void Refresh() { sources_->Refresh(std::chrono::steady_clock::now() + seconds(5)); }

  SettableClock clock_;
  const TempDir dir_;
  const std::string ca_ = dir_.File("ca.crt"), crl_ = dir_.File("ca.crl"),
                    keys_ = dir_.File("keys.json");
  const TrialAuthority authority_ = Authority();
  const TokenMaker maker_{"one"};
  std::unique_ptr<StaticAccess> access_;
  std::unique_ptr<IdentitySources> sources_;
  std::unique_ptr<Identities> identities_;
};

TEST_F(IdentitiesTest, ByTheUserOfAUnixSocket) {
  EXPECT_EQ(NameOf({{true, 1001, 7}, {}, {}, {}, {}}), "local");
  EXPECT_THAT(NameOf({{true, 1002, 7}, {}, {}, {}, {}}), HasSubstr("user"));
  // uid 0 of a peer that nobody vouches for is nobody's.
  EXPECT_THAT(NameOf(Remote("")), HasSubstr("no certificate"));
}

TEST_F(IdentitiesTest, ByCertificate) {
  EXPECT_EQ(NameOf(Remote(Certificate({"DNS:shop"}))), "shop");
  EXPECT_EQ(NameOf(Remote(Certificate({"DNS:x", "URI:spiffe://example.com/shop"}))), "shop");
  EXPECT_EQ(NameOf(Remote(Certificate({"DNS:shop", "URI:spiffe://example.com/shop"}))), "shop");
  EXPECT_THAT(NameOf(Remote(Certificate({"DNS:shop", "DNS:batch"}))), HasSubstr("or two"));
  EXPECT_THAT(NameOf(Remote(Certificate({"DNS:other"}))), HasSubstr("no principal"));
  EXPECT_THAT(NameOf(Remote(testing::Client(Authority(), {"DNS:shop"}).certificate)),
              HasSubstr("refused"));
}

TEST_F(IdentitiesTest, ACertificateThatIsRevokedCountsNoMore) {
  const std::string certificate = Certificate({"DNS:shop"});
  EXPECT_EQ(NameOf(Remote(certificate)), "shop");
  EXPECT_EQ(NameOf(Remote(certificate)), "shop");  // known by now
  WriteFile(crl_, *authority_.Revoke({{certificate}}, kTrialNow - hours(1), kTrialNow + hours(9)));
  Refresh();
  EXPECT_THAT(NameOf(Remote(certificate)), HasSubstr("revoked"));
  EXPECT_THAT(NameOf(Remote(certificate, Token("batch"))), HasSubstr("refused"));
  // Mended: the refusal does not outlive what it came from.
  WriteFile(crl_, *authority_.Revoke({}, kTrialNow - hours(1), kTrialNow + hours(9)));
  Refresh();
  EXPECT_EQ(NameOf(Remote(certificate)), "shop");
  EXPECT_THAT(NameOf(Remote(std::string(40'000, 'x'))), HasSubstr("too long"));
}

TEST_F(IdentitiesTest, ACertificateThatIsOverCountsNoMore) {
  const std::string certificate = Certificate({"DNS:shop"});
  EXPECT_EQ(NameOf(Remote(certificate)), "shop");
  clock_.now += hours(24);
  EXPECT_THAT(NameOf(Remote(certificate)), HasSubstr("expired"));
}

TEST_F(IdentitiesTest, ByTokenWhereverItComesFrom) {
  EXPECT_EQ(NameOf(Remote("", Token("batch"))), "batch");
  EXPECT_EQ(NameOf(Remote(Certificate({"DNS:shop"}), Token("batch"))), "batch");
  EXPECT_EQ(NameOf({{true, 1001, 7}, {}, {}, Token("batch"), {}}), "batch");
  EXPECT_THAT(NameOf(Remote("", Token("other"))), HasSubstr("subject"));
}

TEST_F(IdentitiesTest, ATokenThatIsNotBelievedIsRefusedWhateverElseThereIs) {
  const std::string other = TokenMaker("one").Sign(
      {{"iss", kIssuer}, {"aud", "fieldkms"}, {"sub", "batch"}, {"exp", kNow + 600}});
  EXPECT_THAT(NameOf(Remote(Certificate({"DNS:shop"}), other)), HasSubstr("not valid"));
  EXPECT_THAT(NameOf({{true, 1001, 7}, {}, {}, "nonsense", {}}), HasSubstr("not valid"));
  EXPECT_THAT(NameOf({{true, 1001, 7}, {}, {}, ".", {}}), HasSubstr("not valid"));
  EXPECT_THAT(NameOf(Remote("", std::string(9'000, 'a'))), HasSubstr("not valid"));
}

TEST_F(IdentitiesTest, ATokenEndsWithItsTimeAndItsKey) {
  const std::string token = Token("batch", kNow + 10);
  const std::string longer = Token("batch", kNow + 6'000);
  EXPECT_EQ(NameOf(Remote("", token)), "batch");
  EXPECT_EQ(NameOf(Remote("", longer)), "batch");
  clock_.now += seconds(69);
  EXPECT_EQ(NameOf(Remote("", token)), "batch");
  clock_.now += seconds(1);
  EXPECT_THAT(NameOf(Remote("", token)), HasSubstr("expired"));
  WriteFile(keys_, TokenMaker("two").KeySetJson());
  Refresh();
  EXPECT_THAT(NameOf(Remote("", longer)), HasSubstr("not valid"));
}

}  // namespace
}  // namespace fieldkms
