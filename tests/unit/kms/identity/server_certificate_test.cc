#include "kms/identity/server_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/status_matchers.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/identity/trial.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using testing::Authority;
using ::testing::HasSubstr;
using testing::kTrialNow;
using testing::TempDir;
using testing::WriteFile;

class ServerCertificateTest : public ::testing::Test {
 protected:
  ServerCertificateTest() {
    Write(*authority_.Issue(
        {"server", {"DNS:localhost"}, true, kTrialNow - hours(1), kTrialNow + hours(5)}));
  }
  void Write(const CertificateAndKey& pem) const {
    WriteFile(certificate_, pem.certificate);
    WriteFile(key_, pem.key);
  }
  std::string Refusal(WallTime now = kTrialNow) const {
    const absl::StatusOr<WallTime> checked = CheckServerCertificate(certificate_, key_, now);
    return checked.ok() ? "" : std::string(MessageOf(checked.status()));
  }

  const TrialAuthority authority_ = Authority();
  const TempDir dir_;
  const std::string certificate_ = dir_.File("server.crt"), key_ = dir_.File("server.key");
};

TEST_F(ServerCertificateTest, TellsWhenItEnds) {
  ASSERT_OK_AND_ASSIGN(const WallTime expires,
                       CheckServerCertificate(certificate_, key_, kTrialNow));
  EXPECT_EQ(expires, kTrialNow + hours(5));
  EXPECT_THAT(Refusal(kTrialNow + hours(6)), HasSubstr("has expired"));
}

TEST_F(ServerCertificateTest, TheKeyIsItsOwnAndPrivate) {
  chmod(key_.c_str(), 0644);
  EXPECT_THAT(Refusal(), HasSubstr("chmod o-r"));
  chmod(key_.c_str(), 0660);
  EXPECT_THAT(Refusal(), HasSubstr("chmod go-w"));
  chmod(key_.c_str(), 0640);
  EXPECT_EQ(Refusal(), "");
  WriteFile(key_, authority_.Pem()->key);
  EXPECT_THAT(Refusal(), HasSubstr("is not the key of the certificate"));
  WriteFile(key_, "none");
  EXPECT_THAT(Refusal(), HasSubstr("no private key"));
  EXPECT_THAT(CheckServerCertificate(certificate_, dir_.File("absent"), kTrialNow),
              StatusIs(Reason::kConfigInvalid));
}

TEST_F(ServerCertificateTest, NoRsa) {
  const testing::CommandResult made = testing::RunCommand(
      {.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=rsa",
                "-days", "4000", "-keyout", key_, "-out", certificate_}});
  ASSERT_EQ(made.status.code, 0);
  EXPECT_THAT(Refusal(), HasSubstr("elliptic curve"));
}

}  // namespace
}  // namespace fieldkms
