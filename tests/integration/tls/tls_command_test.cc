// fieldkms over a network, with the certificates that `fieldkms pki dev` makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/integration/tls/tls_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;

class TlsCommandTest : public TlsTest {
 protected:
  CommandResult Fieldkms(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), BinaryPath("fieldkms"));
    return RunCommand({.argv = arguments}, "");
  }
  CommandResult As(const std::string& name, std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--target", Target(), "--tls-ca", Pki("ca.crt")});
    if (!name.empty()) {
      arguments.insert(arguments.end(),
                       {"--tls-cert", Pki(name + ".crt"), "--tls-key", Pki(name + ".key")});
    }
    return Fieldkms(arguments);
  }
  std::string Pki(const std::string& name) const { return dir_.File("pki/" + name); }
  // The daemon shows what pki dev made.
  void StartWithPki() {
    for (const char* end : {".crt", ".key"}) {
      WriteFile(dir_.File(std::string("server") + end), ReadFile(Pki(std::string("server") + end)));
    }
    Start("    client_ca: " + Pki("ca.crt") + "\n    client_crl: " + Pki("ca.crl") + "\n",
          "    trial: {certificates: [\"uri:spiffe://fieldkms.trial/trial\"], roles: [all]}\n");
  }
};

TEST_F(TlsCommandTest, FromNothingToACallAndARevocation) {
  const CommandResult made =
      Fieldkms({"pki", "dev", "--dir", dir_.File("pki"), "--client", "trial"});
  ASSERT_EQ(made.status.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("client_ca: " + Pki("ca.crt")));
  EXPECT_THAT(made.out, HasSubstr("uri:spiffe://fieldkms.trial/trial"));
  struct stat info {};
  for (const char* secret : {"ca.key", "server.key", "trial.key"}) {
    ASSERT_EQ(stat(Pki(secret).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << secret;
  }
  StartWithPki();
  const CommandResult listed = As("trial", {"key", "list", "--tenant", "acme"});
  EXPECT_EQ(listed.status.code, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("mail"));
  EXPECT_EQ(As("trial", {"doctor"}).status.code, 0);
  EXPECT_EQ(As("", {"key", "list", "--tenant", "acme", "--timeout", "2"}).status.code, 6);

  // Made again: the authority stays, so what it made before is good.
  const std::string authority = ReadFile(Pki("ca.crt"));
  std::filesystem::copy(Pki("trial.key"), Pki("kept.key"));
  ASSERT_EQ(Fieldkms({"pki", "dev", "--dir", dir_.File("pki"), "--client", "trial"}).status.code,
            0);
  EXPECT_EQ(ReadFile(Pki("ca.crt")), authority);
  std::filesystem::copy(Pki("trial.1.old.crt"), Pki("kept.crt"));
  EXPECT_EQ(As("kept", {"key", "list", "--tenant", "acme"}).status.code, 0);

  // Revoking is of all of them, and is not undone by another certificate of the name.
  for (int round = 0; round < 2; ++round) {
    const CommandResult revoked =
        Fieldkms({"pki", "dev", "--dir", dir_.File("pki"), "--revoke", "trial"});
    ASSERT_EQ(revoked.status.code, 0) << revoked.err;
    EXPECT_FALSE(std::filesystem::exists(Pki("trial.crt")));
    EXPECT_TRUE(Soon([&] {
      return As("kept", {"key", "list", "--tenant", "acme"}).status.code == 4;
    }));
    ASSERT_EQ(Fieldkms({"pki", "dev", "--dir", dir_.File("pki"), "--client", "trial"}).status.code,
              0);
    EXPECT_EQ(As("trial", {"key", "list", "--tenant", "acme"}).status.code, 0);
  }
  EXPECT_EQ(As("kept", {"key", "list", "--tenant", "acme"}).status.code, 4);
}

TEST_F(TlsCommandTest, WrongInput) {
  const CommandResult name =
      Fieldkms({"pki", "dev", "--dir", dir_.File("pki"), "--client", "../x"});
  EXPECT_EQ(name.status.code, 2);
  EXPECT_THAT(name.err, HasSubstr("a name has small letters"));
  EXPECT_FALSE(std::filesystem::exists(Pki("ca.key")));
  EXPECT_EQ(Fieldkms({"pki", "dev", "--dir", dir_.File("pki"), "--revoke", "none"}).status.code, 3);
  const CommandResult no_ca = Fieldkms({"status", "--target", "localhost:9443"});
  EXPECT_NE(no_ca.status.code, 0);
  EXPECT_THAT(no_ca.err, HasSubstr("ca_file"));
  const CommandResult half =
      Fieldkms({"status", "--target", "localhost:9443", "--tls-ca", ca_, "--tls-cert", ca_});
  EXPECT_THAT(half.err, HasSubstr("come together"));
}

}  // namespace
}  // namespace fieldkms::testing
