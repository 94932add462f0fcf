// Values on the command line: encrypt, decrypt, rewrap, inspect.
#include <sys/stat.h>

#include <string>

#include "tests/integration/cli/cli_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::vector<std::string> kDecrypt = {"decrypt", "--tenant", "acme"};

std::vector<std::string> With(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

class CliValuesTest : public CliTest {
 protected:
  static void SetUpTestSuite() {
    CliTest::SetUpTestSuite();
    ASSERT_EQ(Cli({"tenant", "create", "globex"}).code, 0);
    ASSERT_EQ(Cli({"key", "create", "customers.email", "--tenant", "globex"}).code, 0);
  }
  static void ExpectDoesNotOpen(const Run& run) {
    EXPECT_EQ(run.code, 5) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr("DECRYPT_FAILED"));
  }
};

TEST_F(CliValuesTest, BytesComeBackAsTheyWere) {
  for (const std::string& value :
       {std::string("alice@example.com"), std::string(), std::string("two\nlines\n"),
        std::string("\0\xff\r\n\x80", 5), std::string(1 << 20, 'x')}) {
    const std::string ciphertext = Encrypted(value);
    EXPECT_THAT(ciphertext, StartsWith("fk1."));
    const Run run = Cli(kDecrypt, ciphertext + "\n");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.out, value);
  }
}

TEST_F(CliValuesTest, CiphertextsMayBeArguments) {
  const Run run = Cli(With(kDecrypt, {Encrypted("hello")}));
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.out, "hello");
}

TEST_F(CliValuesTest, BinaryIsTheEnvelope) {
  const Run sealed =
      Cli({"encrypt", "--tenant", "acme", "--key", "customers.email", "--binary"}, "hello");
  ASSERT_EQ(sealed.code, 0) << sealed.err;
  EXPECT_EQ(sealed.out.size(), 53u + 5u);
  EXPECT_EQ(Cli(kDecrypt, sealed.out).out, "hello");
}

TEST_F(CliValuesTest, SpeaksJson) {
  const Run sealed =
      Cli({"encrypt", "--tenant", "acme", "--key", "customers.email", "--json"}, "hello");
  ASSERT_EQ(sealed.code, 0) << sealed.err;
  const auto json = Parsed(sealed.out);
  EXPECT_GE(json["key_version"], 1);
  const Run opened = Cli(With(kDecrypt, {"--json", std::string(json["ciphertext"])}));
  EXPECT_EQ(Parsed(opened.out)["plaintext_base64"], "aGVsbG8=");
  EXPECT_EQ(Parsed(opened.out)["key_version"], json["key_version"]);
}

TEST_F(CliValuesTest, OpensOnlyUnderItsContext) {
  const std::string ciphertext = Encrypted("hello", {"b=column", "pk=1"});
  EXPECT_EQ(Cli(With(kDecrypt, {ciphertext, "--context", "pk=1", "--context", "b=column"})).out,
            "hello");
  EXPECT_EQ(
      Cli(With(kDecrypt, {ciphertext, "--context", "pk:b64=MQ==", "--context", "b=column"})).out,
      "hello");
  ExpectDoesNotOpen(Cli(With(kDecrypt, {ciphertext})));
  ExpectDoesNotOpen(
      Cli(With(kDecrypt, {ciphertext, "--context", "pk=2", "--context", "b=column"})));
  ExpectDoesNotOpen(Cli(With(kDecrypt, {ciphertext, "--context", "pk=1"})));
}

TEST_F(CliValuesTest, OpensOnlyForItsTenantAndKey) {
  const std::string ciphertext = Encrypted("hello");
  ExpectDoesNotOpen(Cli({"decrypt", "--tenant", "globex", ciphertext}));
  ExpectDoesNotOpen(Cli(With(kDecrypt, {"--key", "customers.phone", ciphertext})));
  EXPECT_EQ(Cli(With(kDecrypt, {"--key", "customers.email", ciphertext})).out, "hello");
}

TEST_F(CliValuesTest, DamagedCiphertextsDoNotOpen) {
  const std::string ciphertext = Encrypted("hello");
  for (size_t i : {size_t{10}, ciphertext.size() / 2, ciphertext.size() - 2}) {
    std::string flipped = ciphertext;
    flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
    ExpectDoesNotOpen(Cli(kDecrypt, flipped));
  }
  for (const size_t length : {size_t{0}, size_t{3}, size_t{4}, size_t{30}, ciphertext.size() - 4}) {
    const Run run = Cli(kDecrypt, ciphertext.substr(0, length));
    EXPECT_NE(run.code, 0) << length;
    EXPECT_EQ(run.out, "");
  }
  ExpectDoesNotOpen(
      Cli(kDecrypt, "some other text that is no ciphertext at all, to be sure of it"));
}

TEST_F(CliValuesTest, AValueTooLargeIsRefused) {
  const std::string value((4 << 20) + 1, 'x');
  const Run run = Cli({"encrypt", "--tenant", "acme", "--key", "customers.email", "--json"}, value);
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(ReasonIn(run), "REQUEST_TOO_LARGE");
}

TEST_F(CliValuesTest, EncryptingMakesNoKeys) {
  const Run run = Cli({"encrypt", "--tenant", "acme", "--key", "customers.emial", "--json"}, "v");
  EXPECT_EQ(run.code, 3);
  EXPECT_EQ(ReasonIn(run), "KEY_NOT_FOUND");
  EXPECT_EQ(Cli({"key", "get", "customers.emial", "--tenant", "acme"}).code, 3);
}

TEST_F(CliValuesTest, FilesAreWholePrivateAndKept) {
  const TempDir dir;
  WriteFile(dir.File("value"), "hello");
  const std::vector<std::string> encrypt = {
      "encrypt", "--tenant",        "acme",  "--key",           "customers.email",
      "--in",    dir.File("value"), "--out", dir.File("sealed")};
  ASSERT_EQ(Cli(encrypt).code, 0);
  struct stat info = {};
  ASSERT_EQ(stat(dir.File("sealed").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  const std::string before = ReadFile(dir.File("sealed"));
  EXPECT_EQ(Cli(encrypt).code, 8);
  EXPECT_EQ(ReadFile(dir.File("sealed")), before);
  EXPECT_EQ(Cli(With(encrypt, {"--force"})).code, 0);
  EXPECT_NE(ReadFile(dir.File("sealed")), before);
  EXPECT_EQ(Cli(With(kDecrypt, {"--in", dir.File("sealed")})).out, "hello");
}

TEST_F(CliValuesTest, RewrapMovesToThePrimaryVersion) {
  ASSERT_EQ(Cli({"key", "create", "rewrapped", "--tenant", "acme"}).code, 0);
  const Run sealed =
      Cli({"encrypt", "--tenant", "acme", "--key", "rewrapped", "--context", "a=1"}, "hello");
  ASSERT_EQ(Cli({"key", "rotate", "rewrapped", "--tenant", "acme"}).code, 0);
  const Run rewrapped =
      Cli({"rewrap", "--tenant", "acme", "--context", "a=1", "--json"}, sealed.out);
  ASSERT_EQ(rewrapped.code, 0) << rewrapped.err;
  const auto json = Parsed(rewrapped.out);
  EXPECT_EQ(json["source_key_version"], 1);
  EXPECT_EQ(json["key_version"], 2);
  EXPECT_EQ(Parsed(Cli({"inspect", "--json", std::string(json["ciphertext"])}).out)["key_version"],
            2);
  EXPECT_EQ(Cli(With(kDecrypt, {"--context", "a=1", std::string(json["ciphertext"])})).out,
            "hello");
  EXPECT_EQ(Cli(With(kDecrypt, {"--context", "a=1"}), sealed.out).out, "hello");  // still opens
}

TEST_F(CliValuesTest, RewrapMovesToAnotherKeyAndContext) {
  const std::string ciphertext = Encrypted("hello", {"a=1"});
  const Run moved = Cli({"rewrap", "--tenant", "acme", "--context", "a=1", "--to-key",
                         "customers.phone", "--to-context", "b=2", ciphertext});
  ASSERT_EQ(moved.code, 0) << moved.err;
  EXPECT_EQ(Cli(With(kDecrypt, {"--key", "customers.phone", "--context", "b=2"}), moved.out).out,
            "hello");
  const Run bare =
      Cli({"rewrap", "--tenant", "acme", "--context", "a=1", "--to-empty-context", ciphertext});
  EXPECT_EQ(Cli(kDecrypt, bare.out).out, "hello");
}

TEST_F(CliValuesTest, InspectTellsWhatTheHeaderSays) {
  const auto key = Parsed(Cli({"key", "get", "customers.email", "--tenant", "acme", "--json"}).out);
  const std::string ciphertext = Encrypted("hello");
  const TempDir nowhere;  // offline: no daemon is asked
  const Run run = CliAt("unix:" + nowhere.File("s"), {"inspect", "--json"}, ciphertext + "\n");
  ASSERT_EQ(run.code, 0) << run.err;
  const auto json = Parsed(run.out);
  EXPECT_EQ(json["form"], "text");
  EXPECT_EQ(json["suite"], 1);
  EXPECT_EQ(json["suite_name"], "XAES-256-GCM");
  EXPECT_EQ(json["key_id"], key["key_id"]);
  EXPECT_EQ(json["key_version"], key["primary_version"]);
  EXPECT_EQ(json["envelope_bytes"], 58);
  EXPECT_EQ(json["plaintext_bytes"], 5);
  EXPECT_FALSE(json.contains("subject"));
  EXPECT_THAT(Cli({"inspect", ciphertext}).out, HasSubstr("plaintext    5 bytes\n"));
}

TEST_F(CliValuesTest, InspectNamesTheKeyCommittingSuite) {
  // The tenth vector of tests/vectors/envelope.json.
  const std::string ciphertext =
      "fk1.EgECAwQFBgcIAAAAAfkfUh5goJfcX1-XndGBhQEFTS1DROM2bTRa-ASjDekaOUZxKF3GQ3t1LNzY--ziVQi9PROh"
      "JG3vBHY3vwVxIgPm0Tmb7ALIXpwA2AIttxl6OcpnJyQ3y2c";
  const auto json = Parsed(Cli({"inspect", "--json", ciphertext}).out);
  EXPECT_EQ(json["suite"], 2);
  EXPECT_EQ(json["suite_name"], "KC-XAES-256-GCM");
  EXPECT_EQ(json["envelope_bytes"], 101);
  EXPECT_EQ(json["plaintext_bytes"], 16);
}

TEST_F(CliValuesTest, InspectShowsTheHandleOfASubject) {
  // The first vector of tests/vectors/subject_envelope.json.
  const std::string ciphertext =
      "fk1.EwECAwQFBgcIAAAAAbwCN3ikSH7zsOL7xDSvUEsFIYOBcJQx8GXIWtrH-_VAz2e_rpFIf1sOQ94D51wlO9oX1Mmq"
      "3g_o9JKi33U_lBwyHLzFxggFcQ";
  const auto json = Parsed(Cli({"inspect", "--json", ciphertext}).out);
  EXPECT_EQ(json["suite"], 3);
  EXPECT_EQ(json["suite_name"], "SUBJECT-XAES-256-GCM");
  EXPECT_EQ(json["key_id"], "0102030405060708");
  EXPECT_EQ(json["key_version"], 1);
  EXPECT_EQ(json["subject"], "bc023778a4487ef3b0e2fbc434af504b");
  EXPECT_EQ(json["envelope_bytes"], 85);
  EXPECT_EQ(json["plaintext_bytes"], 16);
  EXPECT_THAT(Cli({"inspect", ciphertext}).out,
              HasSubstr("subject      bc023778a4487ef3b0e2fbc434af504b\n"));
}

TEST_F(CliValuesTest, InspectRefusesGarbage) {
  for (const std::string& garbage :
       {std::string("garbage"), std::string("fk1.???"), std::string("fk1."), std::string(60, '\0'),
        Encrypted("x").substr(0, 40)}) {
    const Run run = Cli({"inspect"}, garbage);
    EXPECT_EQ(run.code, 5) << garbage;
    EXPECT_THAT(run.err, HasSubstr("no FieldKMS ciphertext"));
  }
}

TEST_F(CliValuesTest, ValuesAreNoArgumentsAndAreNotRepeated) {
  const Run run = Cli({"encrypt", "--tenant", "acme", "--key", "customers.email", "my-secret"});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("standard input"));
  EXPECT_THAT(run.err, Not(HasSubstr("my-secret")));
}

TEST_F(CliValuesTest, ADaemonThatIsDownIsUnavailable) {
  const TempDir nowhere;
  const Run run = CliAt("unix:" + nowhere.File("s"),
                        {"encrypt", "--tenant", "acme", "--key", "k", "--json"}, "v");
  EXPECT_EQ(run.code, 6);
  EXPECT_EQ(Parsed(run.err)["error"]["code"], "UNAVAILABLE");
}

TEST_F(CliValuesTest, NothingGoesToAnotherMachineWithoutTls) {
  const Run run = CliAt("localhost:7443", {"tenant", "list"});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("TLS"));
}

}  // namespace
}  // namespace fieldkms::testing
