#include "kms/root/vault_root.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "kms/root/vault_transit.h"
#include "tests/support/fake_vault/certificates.h"
#include "tests/support/fake_vault/fake_vault.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeVault;
using ::testing::HasSubstr;
using testing::VaultFaults;

auto Unavailable() { return StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable); }
auto WrongKey() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kRootWrongKey); }
auto Denied() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kRootDenied); }
auto NoKey() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kConfigInvalid); }

Deadline Soon() { return SystemClock().Steady() + milliseconds(300); }

// The machine's clock, which the test may set forward.
class ForwardClock final : public Clock {
 public:
  WallTime Now() const override { return SystemClock().Now(); }
  Deadline Steady() const override { return SystemClock().Steady() + seconds(forward); }
  std::atomic<int> forward = 0;
};

class VaultRootTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::WriteFile(secret_file_, "secret-1");
    vault_.AddAppRole("role-1", "secret-1", 3600);
    options_.address = vault_.url();
    options_.key = "kek";
    options_.auth = VaultAppRole{.role_id = "role-1", .secret_id_file = secret_file_};
    Administer("keys/kek", "{}");
  }

  // A request of the administrator to the transit engine.
  void Administer(const std::string& path, const std::string& body,
                  const std::string& name_space = "") {
    const auto http = MakeHttpClient({}).value();
    const auto response =
        http->Send({"POST",
                    vault_.url() + "/v1/transit/" + path,
                    {{"X-Vault-Token", FakeVault::kRootToken}, {"X-Vault-Namespace", name_space}},
                    body},
                   kNoDeadline);
    ASSERT_OK(response);
    ASSERT_LT(response->status, 300);
  }

  absl::StatusOr<std::unique_ptr<RootKey>> Open() {
    return OpenVaultRoot(options_, kNoDeadline, {&clock_, RealTime().pause});
  }

  FakeVault vault_;
  testing::TempDir directory_;
  const std::string secret_file_ = directory_.File("secret-id");
  VaultOptions options_;
  ForwardClock clock_;
  const SecretBytes key_ = SecretBytes::Random(32).value();
};

TEST_F(VaultRootTest, SaysWhereItIs) {
  ASSERT_OK_AND_ASSIGN(const auto root, Open());
  EXPECT_EQ(root->Describe(), "vault:" + vault_.url() + "/transit/kek");
}

TEST_F(VaultRootTest, WrappedKeysSayWhetherTheyAreBoundByAad) {
  ASSERT_OK_AND_ASSIGN(const auto root, Open());
  ASSERT_OK_AND_ASSIGN(const std::string bound, root->Wrap(key_, "c", kNoDeadline));
  EXPECT_TRUE(bound.starts_with("avault:v1:"));
  vault_.SetFaults({.ignores_aad = true});
  ASSERT_OK_AND_ASSIGN(const auto old, Open());
  ASSERT_OK_AND_ASSIGN(const std::string plain, old->Wrap(key_, "c", kNoDeadline));
  EXPECT_TRUE(plain.starts_with("pvault:v1:"));
  // After an update of the server, all is readable.
  vault_.SetFaults({});
  EXPECT_OK(root->Unwrap(plain, "c", kNoDeadline));
  EXPECT_THAT(root->Unwrap(plain, "d", kNoDeadline), WrongKey());
  EXPECT_OK(old->Unwrap(bound, "c", kNoDeadline));
  vault_.SetFaults({.refuses_aad = true});
  ASSERT_OK_AND_ASSIGN(const auto other, Open());
  ASSERT_OK_AND_ASSIGN(const std::string refused, other->Wrap(key_, "c", kNoDeadline));
  EXPECT_TRUE(refused.starts_with("pvault:v1:"));
}

TEST_F(VaultRootTest, OpensWithoutAServer) {
  vault_.SetFaults({.sealed = true});
  ASSERT_OK_AND_ASSIGN(const auto root, Open());
  EXPECT_THAT(root->Wrap(key_, "c", kNoDeadline), Unavailable());
  vault_.SetFaults({});
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root->Wrap(key_, "c", kNoDeadline));
  EXPECT_TRUE(wrapped.starts_with("avault:v1:"));
}

TEST_F(VaultRootTest, OpenTakesNoLongerThanItMay) {
  vault_.SetFaults({.hang = true});
  const Deadline deadline = Soon();
  ASSERT_OK(OpenVaultRoot(options_, deadline));
  // It tried until then; libcurl counts microseconds on its own.
  EXPECT_GE(SystemClock().Steady() + std::chrono::milliseconds(1), deadline);
}

TEST_F(VaultRootTest, SealedIsUnavailableAndPasses) {
  ASSERT_OK_AND_ASSIGN(const auto root, Open());
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root->Wrap(key_, "c", kNoDeadline));
  for (const VaultFaults& faults :
       {VaultFaults{.sealed = true}, VaultFaults{.standby = true}, VaultFaults{.drop = true},
        VaultFaults{.limited = 3}, VaultFaults{.failing = 3}}) {
    vault_.SetFaults(faults);
    EXPECT_THAT(root->Unwrap(wrapped, "c", kNoDeadline), Unavailable());
    vault_.SetFaults({});
    EXPECT_OK(root->Unwrap(wrapped, "c", kNoDeadline));
  }
}

TEST_F(VaultRootTest, ShortTroubleIsNotSeen) {
  ASSERT_OK_AND_ASSIGN(const auto root, Open());
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root->Wrap(key_, "c", kNoDeadline));
  vault_.SetFaults({.failing = 2});
  EXPECT_OK(root->Unwrap(wrapped, "c", kNoDeadline));
  vault_.SetFaults({.limited = 2, .retry_after = 0});
  EXPECT_OK(root->Unwrap(wrapped, "c", kNoDeadline));
  // A minute is more than a caller would wait.
  const int before = vault_.Requests("transit/decrypt/kek");
  vault_.SetFaults({.limited = 2, .retry_after = 60});
  EXPECT_THAT(root->Unwrap(wrapped, "c", kNoDeadline), Unavailable());
  EXPECT_EQ(vault_.Requests("transit/decrypt/kek"), before + 1);
}

TEST_F(VaultRootTest, DeadlineEndsACallThatHangs) {
  ASSERT_OK_AND_ASSIGN(const auto root, Open());
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root->Wrap(key_, "c", kNoDeadline));
  vault_.SetFaults({.hang = true});
  const Deadline deadline = Soon();
  EXPECT_THAT(root->Unwrap(wrapped, "c", deadline),
              StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  EXPECT_GE(SystemClock().Steady(), deadline);
  vault_.SetFaults({});
  EXPECT_OK(root->Unwrap(wrapped, "c", kNoDeadline));
}

TEST_F(VaultRootTest, LogsInAnewWhenItsTokenIsRevoked) {
  ASSERT_OK_AND_ASSIGN(const auto root, Open());
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root->Wrap(key_, "c", kNoDeadline));
  EXPECT_EQ(vault_.Requests("auth/approle/login"), 1);
  vault_.RevokeAll();
  clock_.forward = 20;
  EXPECT_OK(root->Unwrap(wrapped, "c", kNoDeadline));
  EXPECT_EQ(vault_.Requests("auth/approle/login"), 2);
}

TEST_F(VaultRootTest, AMissingPolicyIsNamedAndCostsNoLogins) {
  ASSERT_OK_AND_ASSIGN(const auto root, Open());
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root->Wrap(key_, "c", kNoDeadline));
  vault_.Deny("transit/decrypt/kek");
  clock_.forward = 20;
  for (int i = 0; i < 5; ++i) {
    const absl::Status status = root->Unwrap(wrapped, "c", kNoDeadline).status();
    EXPECT_THAT(status, Denied());
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("transit/decrypt/kek"));
  }
  EXPECT_EQ(vault_.Requests("auth/approle/login"), 2);
  EXPECT_THAT(Open(), Denied());
}

TEST_F(VaultRootTest, WrongCredentialsAreDenied) {
  testing::WriteFile(secret_file_, "secret-2");
  const absl::Status status = Open().status();
  EXPECT_THAT(status, Denied());
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("auth/approle/login"));
}

TEST_F(VaultRootTest, ATypingErrorMakesNoKey) {
  options_.key = "kke";
  EXPECT_THAT(Open(), NoKey());
  EXPECT_FALSE(vault_.HasKey("kke"));
  options_.key = "kek";
  options_.mount = "transport";
  EXPECT_THAT(Open(), NoKey());
}

TEST_F(VaultRootTest, AnswersForAnotherKeyAreRefused) {
  ASSERT_OK_AND_ASSIGN(const auto root, Open());
  ASSERT_OK_AND_ASSIGN(const std::string one, root->Wrap(key_, "one", kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const std::string two, root->Wrap(key_, "two", kNoDeadline));
  vault_.SetFaults({.mixes_answers = true});
  EXPECT_THAT(root->Unwrap(one, "one", kNoDeadline), WrongKey());
  // Of the same context, even: what cannot be read back is not handed out.
  const SecretBytes other = SecretBytes::Random(32).value();
  EXPECT_THAT(root->Wrap(other, "one", kNoDeadline), WrongKey());
}

TEST_F(VaultRootTest, RotatingTheTransitKeyLeavesAllReadable) {
  ASSERT_OK_AND_ASSIGN(const auto root, Open());
  ASSERT_OK_AND_ASSIGN(const std::string first, root->Wrap(key_, "c", kNoDeadline));
  Administer("keys/kek/rotate", "{}");
  ASSERT_OK_AND_ASSIGN(const std::string second, root->Wrap(key_, "c", kNoDeadline));
  EXPECT_TRUE(second.starts_with("avault:v2:"));
  EXPECT_OK(root->Unwrap(first, "c", kNoDeadline));
  Administer("keys/kek/config", R"({"min_decryption_version":2})");
  EXPECT_THAT(root->Unwrap(first, "c", kNoDeadline), WrongKey());
  EXPECT_OK(root->Unwrap(second, "c", kNoDeadline));
}

TEST_F(VaultRootTest, NamespacesAreApart) {
  options_.name_space = "team/";
  EXPECT_THAT(Open(), NoKey());
  Administer("keys/kek", "{}", "team/");
  ASSERT_OK_AND_ASSIGN(const auto root, Open());
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root->Wrap(key_, "c", kNoDeadline));
  options_.name_space = "";
  ASSERT_OK_AND_ASSIGN(const auto other, Open());
  EXPECT_THAT(other->Unwrap(wrapped, "c", kNoDeadline), WrongKey());
}

TEST_F(VaultRootTest, KubernetesLogsInWithItsToken) {
  vault_.AddKubernetesRole("pod", "a.b.c", 3600);
  testing::WriteFile(secret_file_, "a.b.c");
  options_.auth = VaultKubernetes{.role = "pod", .jwt_file = secret_file_};
  EXPECT_OK(Open());
}

TEST_F(VaultRootTest, AlteredTextsAreRefusedWithoutAsking) {
  ASSERT_OK_AND_ASSIGN(const auto root, Open());
  const int before = vault_.Requests("transit/decrypt/kek");
  for (const std::string& wrapped :
       {std::string(), std::string("a"), std::string("vault:v1:AAAA"),
        std::string("bvault:v1:AAAA"), std::string("avault:v0:AAAA"), std::string("avault:v1:AAA"),
        "avault:v1:" + std::string(4000, 'A')}) {
    EXPECT_THAT(root->Unwrap(wrapped, "c", kNoDeadline), WrongKey()) << wrapped;
  }
  EXPECT_EQ(vault_.Requests("transit/decrypt/kek"), before);
}

TEST(VaultTransitTest, ATransitTextHasOneSpelling) {
  for (const char* text : {"vault:v1:AA==", "vault:v12:AAAA", "vault:v4294967295:AAAA"}) {
    EXPECT_TRUE(IsTransitText(text)) << text;
  }
  for (const char* text :
       {"", "vault:v", "vault:v1", "vault:v1:", "vault:v0:AA==", "vault:v01:AA==", "vault:v:AA==",
        "vault:v1:AB==", "vault:v1:AA=", "vault:v1:AA\n==", "vault:v1:AA==\n", "Vault:v1:AA==",
        "vault:v1;AA==", "vault:v12345678901:AAAA", "vault:v-1:AAAA", "vault:v1:\"AAA"}) {
    EXPECT_FALSE(IsTransitText(text)) << text;
  }
}

TEST(VaultTlsTest, BothSidesShowCertificates) {
  testing::Authority authority, stranger;
  testing::TlsFiles server = authority.Issue("server");
  server.client_ca = authority.ca_file();
  const testing::TlsFiles client = authority.Issue("client");
  FakeVault vault(&server);
  const HttpRequest request{"GET", vault.url() + "/v1/sys/health", {}, ""};
  const auto send = [&](const HttpOptions& options) {
    return MakeHttpClient(options).value()->Send(request, kNoDeadline);
  };
  EXPECT_OK(send({.ca_file = authority.ca_file(),
                  .client_certificate = client.certificate,
                  .client_key = client.key}));
  EXPECT_THAT(send({.ca_file = authority.ca_file()}), Unavailable());
  EXPECT_THAT(send({.ca_file = stranger.ca_file(),
                    .client_certificate = client.certificate,
                    .client_key = client.key}),
              Unavailable());
  // Nor is one of the system's.
  EXPECT_THAT(send({.client_certificate = client.certificate, .client_key = client.key}),
              Unavailable());
}

}  // namespace
}  // namespace fieldkms
