// Keys of one's own on the command line, with openssl as the other side; MACs by lines.
#include <sys/stat.h>

#include <string>
#include <vector>

#include "tests/integration/cli/cli_fixture.h"
#include "tests/support/paths.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CliTransferTest : public CliTest {
 protected:
  // Runs a command about acme under --json. A key pair takes seconds.
  static Run Try(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.end(), {"--tenant", "acme", "--json", "--timeout", "300"});
    return Cli(arguments, input);
  }
  static nlohmann::json OfAcme(const std::vector<std::string>& arguments,
                               std::string_view input = {}) {
    const Run run = Try(arguments, input);
    EXPECT_EQ(run.code, 0) << run.err;
    return run.code == 0 ? Parsed(run.out) : nlohmann::json();
  }
  // The commands of docs/operators.md, run in the directory of the test by a shell.
  void Shell(const std::string& script) {
    const CommandResult result =
        RunCommand({.argv = {"sh", "-euc", script}, .working_dir = dir_.path()});
    ASSERT_EQ(result.status.code, 0) << script << result.err;
  }
  std::string File(const std::string& name) const { return dir_.File(name); }

  const std::string key_ = std::string(31, '\x17') + '\n';  // a line feed is a byte of a key
  TempDir dir_;
};

constexpr char kWrap[] = R"sh(
openssl rand -out aes.key 32
openssl pkeyutl -encrypt -pubin -inkey import.pem -in aes.key -out wrapped.1 \
  -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256
openssl enc -e -id-aes256-wrap-pad -iv A65959A6 \
  -K "$(od -An -v -tx1 aes.key | tr -d ' \n')" -in my.key -out wrapped.2
cat wrapped.1 wrapped.2 >wrapped.key
rm aes.key wrapped.1 wrapped.2
)sh";

constexpr char kUnwrap[] = R"sh(
head -c 512 exported.key | openssl pkeyutl -decrypt -inkey recipient.key -out aes.key \
  -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256
tail -c +513 exported.key | openssl enc -d -id-aes256-wrap-pad -iv A65959A6 \
  -K "$(od -An -v -tx1 aes.key | tr -d ' \n')" -out my.key
rm aes.key
)sh";

TEST_F(CliTransferTest, AKeyIsImportedInOneCommand) {
  WriteFile(File("my.key"), key_);
  const auto made = OfAcme({"key", "import", "from.file", "--in", File("my.key"), "--exportable",
                            "--label", "team=payments"});
  EXPECT_EQ(made["suite"], "KC_XAES_256_GCM");
  EXPECT_EQ(made["exportable"], true);
  EXPECT_EQ(made["labels"]["team"], "payments");
  EXPECT_EQ(OfAcme({"key", "import-version", "from.file"}, key_)["primary_version"], 2);
  EXPECT_EQ(OfAcme({"key", "versions", "from.file"})["versions"][0]["origin"], "IMPORTED");
  EXPECT_EQ(Try({"key", "rotate", "from.file"}).code, 8);
}

TEST_F(CliTransferTest, WhatIsNoKeyIsRefusedBeforeAnybodyIsAsked) {
  const TempDir nowhere;
  const std::vector<std::string> import = {"key",      "import", "bad", "--json",
                                           "--tenant", "acme",   "--in"};
  const auto with = [&](const std::string& path) {
    std::vector<std::string> arguments = import;
    arguments.push_back(path);
    return CliAt("unix:" + nowhere.File("s"), arguments);
  };
  for (const size_t size : {0u, 31u, 33u, 64u}) {
    WriteFile(File("my.key"), std::string(size, 'k'));
    const Run run = with(File("my.key"));
    EXPECT_EQ(run.code, 2) << size;
    EXPECT_EQ(FieldIn(run), "in");
    EXPECT_THAT(run.err, HasSubstr("32 bytes"));
    EXPECT_THAT(run.err, Not(HasSubstr("kkk")));
  }
  WriteFile(File("my.key"), key_);
  ASSERT_EQ(chmod(File("my.key").c_str(), 0640), 0);
  const Run open = with(File("my.key"));
  EXPECT_EQ(ReasonIn(open), "ROOT_FILE_PERMISSIONS");
  EXPECT_THAT(open.err, HasSubstr("chmod 600"));
  EXPECT_EQ(with(File("missing")).code, 3);
  EXPECT_EQ(Try({"key", "import", "bad", "--wrapped", File("my.key")}).code, 2) << "and the token?";
  EXPECT_EQ(Try({"key", "import", "bad", std::string(32, 'k')}).code, 2) << "no argument";
}

// As docs/operators.md has it: whoever wraps the key sees the public key only.
TEST_F(CliTransferTest, ACeremonyWithOpenSsl) {
  const auto parameters = OfAcme({"key", "import-parameters", "--public-key", File("import.pem"),
                                  "--token", File("import.token")});
  EXPECT_TRUE(parameters["expire_time"].is_string());
  EXPECT_EQ(Try({"key", "import-parameters", "--public-key", File("import.pem"), "--token",
                 File("import.token")})
                .code,
            8)
      << "the files stay";
  WriteFile(File("my.key"), key_);
  Shell(kWrap);
  OfAcme({"key", "import", "ceremony", "--exportable", "--wrapped", File("wrapped.key"), "--token",
          File("import.token")});
  const auto macs = OfAcme({"key", "import", "for.macs", "--purpose", "mac", "--wrapped",
                            File("wrapped.key"), "--token", File("import.token")});
  EXPECT_EQ(macs["purpose"], "MAC");
  const auto sealed = OfAcme({"encrypt", "--key", "ceremony"}, "4111");
  EXPECT_EQ(OfAcme({"decrypt", std::string(sealed["ciphertext"])})["plaintext_base64"], "NDExMQ==");

  // And out again, to somebody else.
  Shell(
      "openssl genrsa -out recipient.key 4096 2>&1; openssl pkey -in recipient.key -pubout -out "
      "recipient.pem; rm my.key");
  const auto exported = OfAcme({"key", "export", "ceremony", "--recipient", File("recipient.pem"),
                                "--out", File("exported.key")});
  EXPECT_EQ(exported["version"], 1);
  Shell(kUnwrap);
  EXPECT_EQ(ReadFile(File("my.key")), key_);
  const Run kept = Try({"key", "export", "customers.email", "--recipient", File("recipient.pem"),
                        "--out", File("more.key")});
  EXPECT_EQ(kept.code, 8);
  EXPECT_EQ(ReasonIn(kept), "NOT_EXPORTABLE");
  EXPECT_NE(access(File("more.key").c_str(), F_OK), 0);

  std::string spoilt = ReadFile(File("wrapped.key"));
  spoilt[520] = static_cast<char>(spoilt[520] ^ 1);
  WriteFile(File("wrapped.key"), spoilt);
  const Run failed = Try({"key", "import-version", "ceremony", "--wrapped", File("wrapped.key"),
                          "--token", File("import.token")});
  EXPECT_EQ(failed.code, 5) << "as what does not open";
  EXPECT_EQ(ReasonIn(failed), "IMPORT_FAILED");
}

// Those commands are what the manual shows.
TEST_F(CliTransferTest, TheCommandsStandInTheManual) {
  std::string manual = ReadFile(testing::SourceDir() + "/docs/operators.md");
  for (size_t at = 0; (at = manual.find("\n   ", at)) != std::string::npos; ++at) {
    manual.erase(at + 1, 3);  // some stand in a list
  }
  for (const char* commands : {kWrap, kUnwrap}) EXPECT_THAT(manual, HasSubstr(commands));
}

TEST_F(CliTransferTest, MacsByLines) {
  OfAcme({"key", "create", "line.macs", "--purpose", "MAC"});
  const std::vector<std::string> tenant = {"--tenant", "acme", "--context", "b=column"};
  const auto run = [&](std::vector<std::string> arguments, std::string_view input) {
    arguments.insert(arguments.end(), tenant.begin(), tenant.end());
    return Cli(arguments, input);
  };
  const Run made = run({"mac", "compute", "--lines", "--quiet", "--key", "line.macs"},
                       "one\n\ntwo\twith a tab\n");
  ASSERT_EQ(made.code, 0) << made.err;
  std::vector<std::string> macs;
  for (size_t at = 0; at < made.out.size(); at = made.out.find('\n', at) + 1) {
    macs.push_back(made.out.substr(at, made.out.find('\n', at) - at));
  }
  ASSERT_EQ(macs.size(), 3u);
  EXPECT_EQ(macs[0].size(), 60u);
  const Run single = run({"mac", "compute", "--key", "line.macs"}, "one");
  EXPECT_EQ(single.out, macs[0] + "\n");

  const std::string good = macs[0] + "\tone\n" + macs[1] + "\t\n" + macs[2] + "\ttwo\twith a tab\n";
  const Run valid = run({"mac", "verify", "--lines", "--quiet"}, good);
  EXPECT_EQ(valid.code, 0) << valid.err;
  EXPECT_EQ(valid.out, "valid\nvalid\nvalid\n");
  const Run wrong = run({"mac", "verify", "--lines", "--quiet"}, good + macs[0] + "\ttwo\n");
  EXPECT_EQ(wrong.code, 5);
  EXPECT_EQ(wrong.out, "valid\nvalid\nvalid\nnot valid\n");
  EXPECT_EQ(wrong.err, "") << "an answer is no error";
  const Run partial = run({"mac", "verify", "--lines", "--quiet", "--json"}, good + "no tab\n");
  EXPECT_EQ(partial.code, 7);
  EXPECT_THAT(partial.out, HasSubstr("{\"line\":1,\"valid\":true,\"key_version\":1}\n"));
  EXPECT_THAT(partial.out, HasSubstr("{\"line\":4,\"error\""));
  EXPECT_EQ(run({"mac", "verify", "--lines", macs[0]}, good).code, 2);
  EXPECT_EQ(run({"mac", "verify"}, "one").code, 2) << "and the MAC?";
}

}  // namespace
}  // namespace fieldkms::testing
