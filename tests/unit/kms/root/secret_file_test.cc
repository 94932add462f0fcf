#include "kms/root/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using testing::TempDir;
using testing::WriteFile;

class SecretFileTest : public ::testing::Test {
 protected:
  SecretFileTest() { setenv("CREDENTIALS_DIRECTORY", directory_.path().c_str(), 1); }
  ~SecretFileTest() override { unsetenv("CREDENTIALS_DIRECTORY"); }

  // What the source holds, or the name of the reason why not.
  static std::string Read(const SecretSource& source) {
    const auto secret = ReadSecret(source, "PIN");
    return secret.ok() ? std::string(AsText(secret->Expose()))
                       : std::string(ReasonName(ReasonOf(secret.status())));
  }

  TempDir directory_;
  const std::string path_ = directory_.File("pin");
  const SecretSource file_ = {.file = path_};
  const SecretSource credential_ = {.credential = "pin"};
};

TEST_F(SecretFileTest, ReadsAFileOrACredentialWithoutItsLineEnd) {
  for (const auto& [content, secret] :
       {std::pair("1234", "1234"), std::pair("1234\n", "1234"), std::pair("1234\n\n", "1234\n"),
        std::pair(" 12 34 ", " 12 34 ")}) {
    WriteFile(path_, content);
    EXPECT_EQ(Read(file_), secret);
    EXPECT_EQ(Read(credential_), secret);
  }
}

TEST_F(SecretFileTest, LengthIsBounded) {
  WriteFile(path_, "");
  EXPECT_EQ(Read(file_), "CONFIG_INVALID");
  WriteFile(path_, "\n");
  EXPECT_EQ(Read(file_), "CONFIG_INVALID");
  WriteFile(path_, std::string(1024, 'x') + "\n");
  EXPECT_EQ(Read(file_), std::string(1024, 'x'));
  WriteFile(path_, std::string(1025, 'x'));
  EXPECT_EQ(Read(file_), "CONFIG_INVALID");
  WriteFile(path_, std::string(9999, 'x'));
  EXPECT_EQ(Read(file_), "CONFIG_INVALID");
}

TEST_F(SecretFileTest, OneSourceAndNoPathAsACredential) {
  WriteFile(path_, "1234");
  EXPECT_EQ(Read({}), "CONFIG_INVALID");
  EXPECT_EQ(Read({.file = path_, .credential = "pin"}), "CONFIG_INVALID");
  EXPECT_EQ(Read({.credential = "../" + path_}), "CONFIG_INVALID");
  EXPECT_EQ(Read({.credential = ".."}), "CONFIG_INVALID");
  EXPECT_EQ(ReadSecret({.credential = "none"}, "PIN").status().code(), StatusCode::kNotFound);
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(Read(credential_), "CONFIG_INVALID");
}

TEST_F(SecretFileTest, OthersMustNotReachIt) {
  WriteFile(path_, "1234");
  for (const mode_t extra : {040u, 020u, 010u, 04u, 02u, 01u}) {
    ASSERT_EQ(chmod(path_.c_str(), 0400 | extra), 0);
    EXPECT_EQ(Read(file_), "ROOT_FILE_PERMISSIONS") << extra;
    // The mask of an access list, by which systemd lets the user of the service read.
    EXPECT_EQ(Read(credential_), extra == 040u ? "1234" : "ROOT_FILE_PERMISSIONS") << extra;
  }
}

TEST_F(SecretFileTest, OnlyRegularFiles) {
  const std::string link = directory_.File("link");
  ASSERT_EQ(symlink(path_.c_str(), link.c_str()), 0);
  EXPECT_EQ(Read({.file = link}), "ROOT_FILE_PERMISSIONS");
  EXPECT_EQ(Read({.file = directory_.path()}), "CONFIG_INVALID");
  const std::string fifo = directory_.File("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(Read({.file = fifo}), "CONFIG_INVALID");
}

}  // namespace
}  // namespace fieldkms
