// --lines: many values through batch calls.
#include <string>
#include <vector>

#include "tests/integration/cli/cli_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;

constexpr size_t kCount = 25'000;

std::vector<std::string> SplitLines(const std::string& text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class CliLinesTest : public CliTest {
 protected:
  static std::vector<std::string> Values() {
    std::vector<std::string> values;
    for (size_t i = 0; i < kCount; ++i) {
      values.push_back(i % 100 == 7 ? "" : "customer-" + std::to_string(i) + "@example.com");
    }
    return values;
  }
  static Run EncryptLines(const std::string& input) {
    return Cli({"encrypt", "--lines", "--tenant", "acme", "--key", "customers.email", "--context",
                "b=column"},
               input);
  }
  static Run DecryptLines(const std::string& input, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"decrypt", "--lines",   "--tenant",
                                          "acme",    "--context", "b=column"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Cli(arguments, input);
  }
};

TEST_F(CliLinesTest, ManyValuesKeepTheirOrderAndOneBadLineFailsAlone) {
  const std::vector<std::string> values = Values();
  const Run sealed = EncryptLines(Joined(values));
  ASSERT_EQ(sealed.code, 0) << sealed.err;
  EXPECT_THAT(sealed.err, HasSubstr("25000 lines"));
  std::vector<std::string> ciphertexts = SplitLines(sealed.out);
  ASSERT_EQ(ciphertexts.size(), kCount);

  const Run opened = DecryptLines(sealed.out);
  ASSERT_EQ(opened.code, 0) << opened.err;
  EXPECT_EQ(SplitLines(opened.out), values);

  constexpr size_t kBad = 12'344;  // line 12,345
  std::string& bad = ciphertexts[kBad];
  bad[bad.size() / 2] = bad[bad.size() / 2] == 'A' ? 'B' : 'A';
  const Run partial = DecryptLines(Joined(ciphertexts));
  EXPECT_EQ(partial.code, 7);
  EXPECT_THAT(partial.err, HasSubstr("line 12345: "));
  EXPECT_THAT(partial.err, HasSubstr("1 failed"));
  std::vector<std::string> expected = values;
  expected[kBad] = "";
  EXPECT_EQ(SplitLines(partial.out), expected);
}

TEST_F(CliLinesTest, SpeaksJson) {
  const std::string sealed = EncryptLines("one\ntwo\n").out;
  const Run run = DecryptLines(sealed + "fk1.nonsense\n", {"--json"});
  EXPECT_EQ(run.code, 7);
  const std::vector<std::string> lines = SplitLines(run.out);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(Parsed(lines[0])["line"], 1);
  EXPECT_EQ(Parsed(lines[0])["plaintext_base64"], "b25l");
  EXPECT_EQ(Parsed(lines[1])["plaintext_base64"], "dHdv");
  EXPECT_EQ(Parsed(lines[2])["error"]["reason"], "DECRYPT_FAILED");
  EXPECT_EQ(Parsed(run.err)["error"]["line"], 3);
}

TEST_F(CliLinesTest, RewrapsLinesToAnotherKey) {
  const std::string sealed = EncryptLines("one\ntwo\n").out;
  const Run moved = Cli({"rewrap", "--lines", "--quiet", "--tenant", "acme", "--context",
                         "b=column", "--to-key", "customers.phone", "--to-context", "b=other"},
                        sealed);
  ASSERT_EQ(moved.code, 0) << moved.err;
  EXPECT_EQ(moved.err, "");
  const Run opened = Cli({"decrypt", "--lines", "--quiet", "--tenant", "acme", "--key",
                          "customers.phone", "--context", "b=other"},
                         moved.out);
  EXPECT_EQ(opened.out, "one\ntwo\n");
}

TEST_F(CliLinesTest, AValueWithALineBreakNeedsJson) {
  const std::string ciphertext = Encrypted("two\nlines", {"b=column"});
  const Run plain = DecryptLines(ciphertext + "\n");
  EXPECT_EQ(plain.code, 7);
  EXPECT_THAT(plain.err, HasSubstr("line break"));
  const Run json = DecryptLines(ciphertext + "\n", {"--json"});
  EXPECT_EQ(json.code, 0);
  EXPECT_EQ(Parsed(json.out)["plaintext_base64"], "dHdvCmxpbmVz");
}

TEST_F(CliLinesTest, AnUnknownKeyEndsItAtOnce) {
  const Run run = Cli({"encrypt", "--lines", "--tenant", "acme", "--key", "no.such.key"}, "a\nb\n");
  EXPECT_THAT(run.err, HasSubstr("KEY_NOT_FOUND"));
  EXPECT_NE(run.code, 0);
}

TEST_F(CliLinesTest, ADaemonThatIsDownLeavesNoFile) {
  const TempDir dir;
  const Run run = CliAt("unix:" + dir.File("s"),
                        {"encrypt", "--lines", "--tenant", "acme", "--key", "customers.email",
                         "--out", dir.File("out")},
                        "a\n");
  EXPECT_EQ(run.code, 6);
  EXPECT_THAT(run.err, HasSubstr("stopped at line 1: "));
  EXPECT_THROW(ReadFile(dir.File("out")), std::runtime_error);
}

}  // namespace
}  // namespace fieldkms::testing
