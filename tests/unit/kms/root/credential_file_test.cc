#include "kms/root/credential_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using testing::TempDir;
using testing::WriteFile;

class CredentialFileTest : public ::testing::Test {
 protected:
  absl::StatusOr<CredentialFile> Read(const std::string& content) {
    WriteFile(path_, content);
    return ReadCredentialFile(path_, CredentialFileMode::kPrivate);
  }

  TempDir directory_;
  const std::string path_ = directory_.File("token");
};

TEST_F(CredentialFileTest, ReadsATokenWithoutSpaceAround) {
  ASSERT_OK_AND_ASSIGN(const CredentialFile file, Read(" hvs.abc\n"));
  EXPECT_EQ(std::string(AsText(file.text.Expose())), "hvs.abc");
  EXPECT_EQ(StampOf(path_), file.stamp);
}

TEST_F(CredentialFileTest, MissingOrEmptyIsForNowOnly) {
  const auto for_now = StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable);
  EXPECT_THAT(ReadCredentialFile(directory_.File("none"), CredentialFileMode::kAny), for_now);
  EXPECT_THAT(Read(""), for_now);
  EXPECT_THAT(Read("\n"), for_now);
  EXPECT_EQ(StampOf(directory_.File("none")), std::nullopt);
}

TEST_F(CredentialFileTest, OnlyATokenIsRead) {
  const auto no_token = StatusIs(StatusCode::kInvalidArgument, Reason::kConfigInvalid);
  for (const std::string& content :
       {std::string("a b"), std::string("a\nb"), std::string("a\"b"), std::string(4096, 'a')}) {
    const auto file = Read(content);
    EXPECT_THAT(file, no_token);
    EXPECT_EQ(MessageOf(file.status()).find(content), std::string_view::npos);
  }
  EXPECT_OK(Read(std::string(4095, 'a')));
}

TEST_F(CredentialFileTest, OthersMayReadPlatformFilesOnly) {
  WriteFile(path_, "a");
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_THAT(ReadCredentialFile(path_, CredentialFileMode::kPrivate),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kRootFilePermissions));
  EXPECT_OK(ReadCredentialFile(path_, CredentialFileMode::kAny));
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  EXPECT_OK(ReadCredentialFile(path_, CredentialFileMode::kPrivate));
}

TEST_F(CredentialFileTest, AReplacedFileHasAnotherStamp) {
  ASSERT_OK_AND_ASSIGN(const CredentialFile file, Read("abc"));
  const std::string other = directory_.File("new");
  WriteFile(other, "abd");
  std::filesystem::rename(other, path_);
  EXPECT_NE(StampOf(path_), file.stamp);
}

}  // namespace
}  // namespace fieldkms
