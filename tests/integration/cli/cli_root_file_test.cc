// The key file of a local root on the command line, offline.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/integration/cli/cli_fixture.h"

namespace fieldkms::testing {
namespace {

class CliRootFileTest : public CliTest {
 protected:
  // A command about the file, under --json.
  Run Root(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "root");
    arguments.insert(arguments.end(), {"--file", file_, "--json"});
    return CliAt("unix:/nowhere/at/all", arguments);
  }
  size_t Lines() const {
    const std::string text = ReadFile(file_);
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  std::string Passphrase(const std::string& text) const {
    const std::string path = dir_.File("passphrase-" + text);
    WriteFile(path, text + "\n");
    chmod(path.c_str(), 0600);
    return path;
  }

  TempDir dir_;
  const std::string file_ = dir_.File("root.key");
};

TEST_F(CliRootFileTest, KeysAreAddedAndDropped) {
  ASSERT_EQ(Root({"create-file"}).code, 0);
  EXPECT_EQ(Root({"create-file"}).code, 8);  // it exists, and stays
  const std::string first = ReadFile(file_);
  EXPECT_EQ(Root({"add-key"}).code, 0);
  EXPECT_EQ(Lines(), 2u);
  EXPECT_NE(ReadFile(file_).find(first), std::string::npos);
  EXPECT_EQ(Root({"drop-old-keys"}).code, 0);
  EXPECT_EQ(Lines(), 1u);
  EXPECT_EQ(ReadFile(file_).find(first), std::string::npos);
}

TEST_F(CliRootFileTest, APassphraseIsGivenAndTakenAway) {
  ASSERT_EQ(Root({"create-file"}).code, 0);
  const std::string plain = ReadFile(file_);
  const std::string one = Passphrase("one");
  ASSERT_EQ(Root({"set-passphrase", "--new-passphrase-file", one}).code, 0);
  EXPECT_EQ(ReadFile(file_).find(plain), std::string::npos);
  EXPECT_NE(Root({"add-key"}).code, 0);
  const Run wrong = Root({"add-key", "--passphrase-file", Passphrase("two")});
  EXPECT_NE(wrong.code, 0);
  EXPECT_EQ(ReasonIn(wrong), "ROOT_DENIED");
  ASSERT_EQ(Root({"set-passphrase", "--passphrase-file", one}).code, 0);
  EXPECT_EQ(ReadFile(file_), plain);
}

}  // namespace
}  // namespace fieldkms::testing
