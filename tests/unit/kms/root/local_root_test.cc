#include "kms/root/local_root.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using testing::ReadFile;
using testing::TempDir;
using testing::WriteFile;

class LocalRootTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(CreateLocalRoot(path_)); }

  // The status of opening the file with this content.
  absl::Status OpenWith(const std::string& content) {
    WriteFile(path_, content);
    return OpenLocalRoot(path_).status();
  }

  TempDir directory_;
  const std::string path_ = directory_.File("root.key");
};

auto NoKeyFile() { return StatusIs(StatusCode::kInvalidArgument, Reason::kConfigInvalid); }
auto BadPermissions() {
  return StatusIs(StatusCode::kFailedPrecondition, Reason::kRootFilePermissions);
}

TEST_F(LocalRootTest, FileIsOneLineThatOnlyItsOwnerCanReach) {
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode, mode_t{S_IFREG | 0600});
  EXPECT_EQ(info.st_nlink, 1u);
  const std::string content = ReadFile(path_);
  EXPECT_EQ(content.size(), 60u);
  EXPECT_TRUE(content.starts_with("fieldkms-root-1 "));
  EXPECT_EQ(content.find('\n'), 59u);
  // Nothing else stays behind.
  const std::filesystem::directory_iterator files(directory_.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(LocalRootTest, ModeDoesNotDependOnTheUmask) {
  const mode_t old = umask(0);
  const std::string path = directory_.File("other.key");
  const absl::Status status = CreateLocalRoot(path);
  umask(old);
  ASSERT_OK(status);
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, mode_t{0600});
}

TEST_F(LocalRootTest, ReadsTheDocumentedForm) {
  // 32 zero bytes and a key wrapped under them are the same on every machine.
  const std::string zero = "fieldkms-root-1 " + std::string(43, 'A') + "\n";
  ASSERT_OK(OpenWith(zero));
  ASSERT_OK_AND_ASSIGN(const auto one, OpenLocalRoot(path_));
  const std::string copy = directory_.File("copy.key");
  WriteFile(copy, zero);
  ASSERT_OK_AND_ASSIGN(const auto two, OpenLocalRoot(copy));
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, one->Wrap(key, "c", kNoDeadline));
  EXPECT_OK(two->Unwrap(wrapped, "c", kNoDeadline));
  EXPECT_EQ(wrapped.size(), 24u + 32u + 16u);
  EXPECT_EQ(one->Describe(), "local:" + path_);
}

TEST_F(LocalRootTest, NeverReplacesAKey) {
  const std::string before = ReadFile(path_);
  EXPECT_EQ(CreateLocalRoot(path_).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadFile(path_), before);
  const std::string link = directory_.File("link.key");
  ASSERT_EQ(symlink("nowhere", link.c_str()), 0);
  EXPECT_EQ(CreateLocalRoot(link).code(), StatusCode::kAlreadyExists);
  const std::filesystem::directory_iterator files(directory_.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 2);  // no drafts
}

TEST_F(LocalRootTest, DirectoryMustExist) {
  EXPECT_EQ(CreateLocalRoot(directory_.File("no/root.key")).code(), StatusCode::kNotFound);
  EXPECT_EQ(OpenLocalRoot(directory_.File("no.key")).status().code(), StatusCode::kNotFound);
}

TEST_F(LocalRootTest, LooserPermissionsAreRefused) {
  for (const mode_t extra : {040u, 020u, 010u, 04u, 02u, 01u}) {
    ASSERT_EQ(chmod(path_.c_str(), 0600 | extra), 0);
    const absl::Status status = OpenLocalRoot(path_).status();
    EXPECT_THAT(status, BadPermissions()) << extra;
    EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 600"));
  }
  ASSERT_EQ(chmod(path_.c_str(), 0400), 0);
  EXPECT_OK(OpenLocalRoot(path_));
}

TEST_F(LocalRootTest, SymbolicLinkIsRefused) {
  const std::string link = directory_.File("link.key");
  ASSERT_EQ(symlink(path_.c_str(), link.c_str()), 0);
  EXPECT_THAT(OpenLocalRoot(link), BadPermissions());
}

TEST_F(LocalRootTest, WhatIsNoFileIsRefused) {
  EXPECT_THAT(OpenLocalRoot(directory_.path()), NoKeyFile());
  const std::string fifo = directory_.File("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(OpenLocalRoot(fifo), NoKeyFile());
}

TEST_F(LocalRootTest, OnlyAWholeKeyFileIsRead) {
  const std::string good = ReadFile(path_);
  ASSERT_OK(OpenWith(good));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(OpenWith(good.substr(0, size)), NoKeyFile()) << size;
  }
  EXPECT_THAT(OpenWith(good + "\n"), NoKeyFile());
  EXPECT_THAT(OpenWith(std::string(100'000, 'A')), NoKeyFile());
  EXPECT_THAT(OpenWith("fieldkms-root-2 " + good.substr(16)), NoKeyFile());
  for (const char bad : {'+', '/', '=', ' ', '\0', '\n'}) {
    std::string content = good;
    content[30] = bad;
    EXPECT_THAT(OpenWith(content), NoKeyFile()) << int{bad};
  }
  // The last digit holds four bits; the two others must be zero.
  const std::string zeros = "fieldkms-root-1 " + std::string(42, 'A');
  EXPECT_OK(OpenWith(zeros + "E\n"));
  EXPECT_THAT(OpenWith(zeros + "B\n"), NoKeyFile());
  EXPECT_THAT(OpenWith(zeros + "C\n"), NoKeyFile());
}

TEST_F(LocalRootTest, ErrorsDoNotQuoteTheFile) {
  std::string content = ReadFile(path_);
  content[20] = '!';
  const absl::Status status = OpenWith(content);
  EXPECT_EQ(std::string(status.message()).find(content.substr(21, 10)), std::string::npos);
}

TEST_F(LocalRootTest, FileOfAnotherUserIsRefused) {
  if (geteuid() != 0) {
    // Every file that is not ours and not root's will do, if it can be opened.
    GTEST_SUCCEED();
    return;
  }
  ASSERT_EQ(chown(path_.c_str(), 12345, static_cast<gid_t>(-1)), 0);
  EXPECT_THAT(OpenLocalRoot(path_), BadPermissions());
  ASSERT_EQ(chown(path_.c_str(), 0, static_cast<gid_t>(-1)), 0);
  EXPECT_OK(OpenLocalRoot(path_));
}

}  // namespace
}  // namespace fieldkms
