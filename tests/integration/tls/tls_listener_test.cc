// What the daemon's listener for the network lets in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "crypto/status.h"
#include "tests/integration/tls/tls_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class TlsListenerTest : public TlsTest {
 protected:
  TlsListenerTest() { ToFiles("shop", Issue("shop")); }

  // What openssl s_client says of a connection.
  std::string Connect(std::vector<std::string> more) const {
    std::vector<std::string> argv = {"openssl",  "s_client",
                                     "-connect", Target(),
                                     "-CAfile",  ca_,
                                     "-alpn",    "h2",
                                     "-cert",    dir_.File("shop.crt"),
                                     "-key",     dir_.File("shop.key")};
    argv.insert(argv.end(), more.begin(), more.end());
    const CommandResult result = RunCommand({.argv = argv}, "");
    return result.out + result.err;
  }
  std::string ClientCa() const { return "    client_ca: " + ca_ + "\n"; }

  // The refusal of a daemon that is not to start.
  std::string Refusal(const std::string& tls) {
    WriteConfig(tls, "");
    DaemonOptions options;
    options.data_dir = data_dir_;
    options.args = {"--config", dir_.File("config.yaml")};
    options.log_path = dir_.File("refused.log");
    Daemon daemon(options);
    EXPECT_EQ(daemon.StartAndWait().signal, 0);
    return ReadFile(dir_.File("refused.log"));
  }
};

TEST_F(TlsListenerTest, SpeaksTls13AndNothingElse) {
  Start(ClientCa());
  EXPECT_THAT(Connect({"-tls1_3"}), HasSubstr("TLSv1.3"));
  for (const char* version : {"-tls1_2", "-tls1_1"}) {
    const std::string said = Connect({version, "-cipher", "ALL:@SECLEVEL=0"});
    EXPECT_THAT(said, HasSubstr("Cipher is (NONE)"));
    EXPECT_THAT(said, HasSubstr("no peer certificate"));
  }
}

TEST_F(TlsListenerTest, ANewCertificateIsShownAndConnectionsGoOn) {
  Start(ClientCa());
  const auto client = ClientAs("shop");
  ASSERT_EQ(Encrypt(*client), "OK");
  const auto serial = [&] {
    const std::string said = Connect({"-tls1_3"});
    const size_t at = said.find("BEGIN CERTIFICATE");
    return at == std::string::npos ? said : said.substr(at, said.find("END CERTIFICATE") - at);
  };
  const std::string before = serial();
  ASSERT_THAT(before, StartsWith("BEGIN CERTIFICATE"));
  ToFiles("server", Issue("server", /*server=*/true));
  EXPECT_TRUE(Soon([&] {
    EXPECT_EQ(Encrypt(*client), "OK");
    return serial() != before;
  }));
  EXPECT_EQ(Encrypt(*ClientAs("shop")), "OK");
}

TEST_F(TlsListenerTest, NoCertificateThatComesLaterBringsBackTls12) {
  Start(ClientCa());
  const CommandResult rsa = RunCommand(
      {.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=rsa",
                "-keyout", dir_.File("new.key"), "-out", dir_.File("new.crt")}});
  ASSERT_EQ(rsa.status.code, 0);
  std::filesystem::rename(dir_.File("new.key"), dir_.File("server.key"));
  std::filesystem::rename(dir_.File("new.crt"), dir_.File("server.crt"));
  EXPECT_TRUE(
      Soon([&] { return daemon_->Log().find("tls_certificate_not_read") != std::string::npos; }));
  ASSERT_TRUE(Soon([&] { return Connect({"-tls1_3"}).find("CN = rsa") != std::string::npos; }));
  EXPECT_THAT(Connect({"-tls1_2", "-cipher", "ALL:@SECLEVEL=0"}), HasSubstr("Cipher is (NONE)"));
}

TEST_F(TlsListenerTest, AClientChecksTheService) {
  Start(ClientCa());
  TlsOptions other_name;
  other_name.server_name = "kms.example.com";
  EXPECT_THAT(Encrypt(*ClientAs("shop", other_name)), StartsWith("UNAVAILABLE"));
  TlsOptions other_authority;
  other_authority.ca_file = dir_.File("other.crt");
  WriteFile(other_authority.ca_file,
            TrialAuthority::Make("Trial CA", SystemClock().Now() - std::chrono::hours(1),
                                 SystemClock().Now() + std::chrono::hours(1))
                ->Pem()
                ->certificate);
  EXPECT_THAT(Encrypt(*ClientAs("shop", other_authority)), StartsWith("UNAVAILABLE"));
  EXPECT_EQ(Encrypt(*ClientAs("shop")), "OK");
}

TEST_F(TlsListenerTest, DoesNotStartWithFilesThatAreNotRight) {
  EXPECT_THAT(Refusal(""), HasSubstr("needs client_ca, or tokens"));
  EXPECT_THAT(Refusal("    client_ca: " + dir_.File("absent") + "\n"), HasSubstr("absent"));
  EXPECT_THAT(Refusal(ClientCa() + "    client_crl: " + ca_ + "\n"), HasSubstr("revocation lists"));
  chmod(dir_.File("server.key").c_str(), 0644);
  EXPECT_THAT(Refusal(ClientCa()), HasSubstr("chmod o-r"));
  const CommandResult rsa = RunCommand(
      {.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=rsa",
                "-keyout", dir_.File("server.key"), "-out", dir_.File("server.crt")}});
  ASSERT_EQ(rsa.status.code, 0);
  EXPECT_THAT(Refusal(ClientCa()), HasSubstr("elliptic curve"));
}

}  // namespace
}  // namespace fieldkms::testing
