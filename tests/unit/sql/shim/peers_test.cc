#include "sql/shim/peers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::shim {
namespace {

constexpr char kConfig[] = R"(
service: unix:/run/fieldkms/fieldkmsd.sock
listen: {unix: /run/shim/shim.sock}
audit: {file: /var/lib/shim/audit.jsonl}
roles:
  reader:
    - actions: [decrypt, field.reveal]
      tenants: [acme]
      keys: ["customers.*"]
      fields: ["customers.*"]
  writer:
    - {actions: [encrypt], tenants: [acme], keys: ["customers.*"]}
  officer:
    - {actions: [field.reveal], tenants: [acme], fields: ["*"], mask_level: full}
peers:
  postgres:
    users: [4001, 4002]
    sessions:
      - {database: shop, role: "app_*", roles: [reader, writer]}
      - {database: shop, session_user: olga, roles: [officer]}
  batch:
    users: 4003
    roles: writer
tokens:
  file: /etc/shim/tokens
  identities:
    vault-app: [writer]
)";

class PeersTest : public ::testing::Test {
 protected:
  PeersTest() : config_(*ParseShimConfig(kConfig)), peers_(config_, tokens_) {}

  bool May(const SessionClaims& claims, Action action, std::string_view name) const {
    return peers_.AskerOf(4001, claims)->rules.Allows(action, "acme", name);
  }

  static std::string LineOf(std::string_view token, std::string_view identity) {
    return EncodeHex(*Sha256(AsBytes(token))) + " " + std::string(identity) + "\n";
  }

  Tokens tokens_;
  Config config_;
  Peers peers_;
};

TEST_F(PeersTest, SessionsGetTheGrantsThatFitThem) {
  EXPECT_TRUE(May({"alice", "app_rw", "shop"}, Action::kEncrypt, "customers.card"));
  EXPECT_TRUE(May({"alice", "app_rw", "shop"}, Action::kDecrypt, "customers.card"));
  EXPECT_FALSE(May({"alice", "app_rw", "shop"}, Action::kDecrypt, "staff.pay"));
  EXPECT_FALSE(May({"alice", "app_rw", "other"}, Action::kEncrypt, "customers.card"));
  EXPECT_FALSE(May({"alice", "postgres", "shop"}, Action::kEncrypt, "customers.card"));
  EXPECT_FALSE(May({"", "", ""}, Action::kEncrypt, "customers.card"));
}

TEST_F(PeersTest, GrantsAddUp) {
  const auto level = [&](const SessionClaims& claims) {
    return peers_.AskerOf(4001, claims)
        ->rules.MayView(Action::kFieldReveal, "acme", "customers.card");
  };
  EXPECT_EQ(level({"alice", "app_rw", "shop"}), MaskLevel::kMasked);
  EXPECT_EQ(level({"olga", "app_rw", "shop"}), MaskLevel::kFull);
  EXPECT_TRUE(May({"olga", "app_rw", "shop"}, Action::kEncrypt, "customers.card"));
}

// No claim can be made to look like the end of another.
TEST_F(PeersTest, ClaimsAreNotTakenForOneAnother) {
  EXPECT_TRUE(May({"x", "app_rw", "shop"}, Action::kEncrypt, "customers.card"));
  EXPECT_FALSE(May({"x:6:app_rw", "", "shop"}, Action::kEncrypt, "customers.card"));
  EXPECT_FALSE(May({"", "x:6:app_rw:4:shop", ""}, Action::kEncrypt, "customers.card"));
}

TEST_F(PeersTest, ProgramsAskForThemselvesWhateverTheyClaim) {
  const auto asker = peers_.AskerOf(4003, {"olga", "app_rw", "shop"});
  EXPECT_EQ(asker->identity, "batch");
  EXPECT_FALSE(asker->is_session);
  EXPECT_TRUE(asker->rules.Allows(Action::kEncrypt, "acme", "customers.card"));
  EXPECT_FALSE(asker->rules.Allows(Action::kFieldReveal, "acme", "customers.card"));
}

TEST_F(PeersTest, NobodyElseIsKnown) {
  EXPECT_EQ(peers_.NameOf(0), nullptr);
  EXPECT_EQ(peers_.AskerOf(0, {"alice", "app_rw", "shop"}), nullptr);
}

TEST_F(PeersTest, ATokenCountsBeforeTheUser) {
  const testing::TempDir dir;
  testing::WriteFile(dir.File("tokens"),
                     "# ours\n\n" + LineOf("s3cret", "vault-app") + LineOf("other", "unknown"));
  ASSERT_OK(tokens_.Load(dir.File("tokens")));
  HttpHead head;
  head.peer = {true, 4003, 1};
  EXPECT_EQ(peers_.AskerOf(head)->identity, "batch");
  head.headers = {{"x-vault-token", "s3cret"}};
  EXPECT_EQ(peers_.AskerOf(head)->identity, "vault-app");
  head.headers = {{"Authorization", "Bearer s3cret"}};
  EXPECT_EQ(peers_.AskerOf(head)->identity, "vault-app");
  // A wrong one is refused, also of a user that is known; so is one of an identity without roles.
  for (const char* const token : {"s3cre", "s3cret ", "other", "S3cret"}) {
    head.headers = {{"X-Vault-Token", token}};
    EXPECT_EQ(peers_.AskerOf(head), nullptr) << token;
  }
  head.headers = {};
  head.peer = HttpPeer();
  EXPECT_EQ(peers_.AskerOf(head), nullptr);
}

TEST_F(PeersTest, AFileThatIsWrongLeavesTheTokensAsTheyWere) {
  const testing::TempDir dir;
  testing::WriteFile(dir.File("tokens"), LineOf("s3cret", "vault-app"));
  ASSERT_OK(tokens_.Load(dir.File("tokens")));
  testing::WriteFile(dir.File("tokens"), LineOf("s3cret", "vault-app") + "s3cret vault-app\n");
  const absl::Status status = tokens_.Load(dir.File("tokens"));
  EXPECT_THAT(status, StatusIs(Reason::kConfigInvalid));
  EXPECT_THAT(std::string(MessageOf(status)), ::testing::HasSubstr("line 2"));
  EXPECT_THAT(std::string(MessageOf(status)), ::testing::Not(::testing::HasSubstr("s3cret")));
  EXPECT_EQ(tokens_.IdentityOf("s3cret"), "vault-app");
}

std::string Complaint(const std::string& yaml) {
  const auto config = ParseShimConfig(yaml);
  return config.ok() ? std::string() : std::string(MessageOf(config.status()));
}

std::string With(std::string_view from, std::string_view to) {
  std::string yaml = kConfig;
  const size_t at = yaml.find(from);
  return at == std::string::npos ? yaml : yaml.replace(at, from.size(), to);
}

TEST(ShimConfigTest, SaysWhatIsWrong) {
  using ::testing::HasSubstr;
  EXPECT_EQ(Complaint(kConfig), "");
  EXPECT_THAT(Complaint(With("unix:/run/fieldkms/fieldkmsd.sock", "kms.example.org:443")),
              HasSubstr("needs service_tls"));
  EXPECT_THAT(Complaint(With("audit: {file: /var/lib/shim/audit.jsonl}", "")),
              HasSubstr("audit.file is required"));
  EXPECT_THAT(Complaint(With("roles: writer", "roles: wrter")), HasSubstr("'wrter'"));
  EXPECT_THAT(Complaint(With("users: 4003", "users: 4001")), HasSubstr("belongs to two peers"));
  EXPECT_THAT(Complaint(With("    roles: writer", "    users: 7")), HasSubstr("line"));
  EXPECT_THAT(Complaint(With("  file: /etc/shim/tokens\n", "")),
              HasSubstr("tokens needs both file and identities"));
  EXPECT_THAT(Complaint(With("listen: {unix: /run/shim/shim.sock}",
                             "listen: {tls: {address: '0.0.0.0:8200'}}")),
              HasSubstr("must be 127.0.0.1 or [::1]"));
  EXPECT_THAT(Complaint(With("listen: {unix: /run/shim/shim.sock}", "listn: {}")),
              HasSubstr("did you mean 'listen'"));
  EXPECT_THAT(Complaint(std::string(kConfig) + "vault: {tenant: acme, mount: keys}\n"),
              HasSubstr("is a path of the shim's own"));
}

}  // namespace
}  // namespace fieldkms::shim
