#include "kms/server/data_dir.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;

class DataDirTest : public ::testing::Test {
 protected:
  DataDirTest() : old_(umask(077)) {}
  ~DataDirTest() override { umask(old_); }
  std::string TextOf(const absl::StatusOr<DataDirLock>& lock) {
    return std::string(MessageOf(lock.status()));
  }
  const mode_t old_;
  testing::TempDir temp_;
  const std::string dir_ = temp_.File("data");
};

TEST_F(DataDirTest, MadePrivateWithTheHoldersPid) {
  const auto lock = DataDirLock::Acquire(dir_);
  ASSERT_THAT(lock, IsOk());
  struct stat info {};
  ASSERT_EQ(stat(dir_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_EQ(testing::ReadFile(dir_ + "/LOCK"), std::to_string(getpid()) + "\n");
}

TEST_F(DataDirTest, HeldByOneAtATime) {
  {
    const auto first = DataDirLock::Acquire(dir_);
    ASSERT_THAT(first, IsOk());
    const auto second = DataDirLock::Acquire(dir_);
    EXPECT_THAT(second, StatusIs(Reason::kDataDirInUse));
    EXPECT_THAT(TextOf(second), HasSubstr("process " + std::to_string(getpid())));
  }
  EXPECT_THAT(DataDirLock::Acquire(dir_), IsOk());
}

TEST_F(DataDirTest, LoosePermissionsAreRefused) {
  ASSERT_EQ(mkdir(dir_.c_str(), 0700), 0);
  for (const mode_t mode : {0701u, 0710u, 0750u, 0777u}) {
    ASSERT_EQ(chmod(dir_.c_str(), mode), 0);
    EXPECT_THAT(TextOf(DataDirLock::Acquire(dir_)), HasSubstr("chmod 700"));
  }
}

TEST_F(DataDirTest, WhatIsNoDirectoryIsRefused) {
  testing::WriteFile(dir_, "");
  EXPECT_THAT(DataDirLock::Acquire(dir_), StatusIs(Reason::kConfigInvalid));
  EXPECT_THAT(DataDirLock::Acquire(dir_ + "/below"), StatusIs(Reason::kConfigInvalid));
}

TEST_F(DataDirTest, SymbolicLinkIsRefused) {
  ASSERT_EQ(mkdir(dir_.c_str(), 0700), 0);
  const std::string link = temp_.File("link");
  ASSERT_EQ(symlink(dir_.c_str(), link.c_str()), 0);
  EXPECT_THAT(TextOf(DataDirLock::Acquire(link)), HasSubstr("not a directory"));
}

}  // namespace
}  // namespace fieldkms
