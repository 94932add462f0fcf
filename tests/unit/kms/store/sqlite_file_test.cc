#include "kms/store/sqlite_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/store/store_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::Key;

class SqliteFile : public StoreFixture {
 protected:
  mode_t ModeOf(const std::string& name) {
    struct stat info;
    EXPECT_EQ(stat(File(name).c_str(), &info), 0) << name;
    return info.st_mode & 0777;
  }
};

TEST_F(SqliteFile, OnlyTheOwnerCanReachAnyOfItsFiles) {
  const mode_t old = umask(0);
  const absl::Status status = Open();
  umask(old);
  ASSERT_OK(status);
  ASSERT_OK(CreateTenant());
  for (const char* name : {"store.db", "store.db-wal", "store.db-shm"}) {
    EXPECT_EQ(ModeOf(name), mode_t{0600}) << name;
  }
}

TEST_F(SqliteFile, LooserPermissionsAreTakenBack) {
  ASSERT_OK(Open());
  Close();
  ASSERT_EQ(chmod(path().c_str(), 0664), 0);
  ASSERT_OK(Open());
  EXPECT_EQ(ModeOf("store.db"), mode_t{0600});
}

TEST_F(SqliteFile, ClosedStoreIsOneFile) {
  ASSERT_OK(Open());
  ASSERT_OK(CreateTenant());
  Close();
  EXPECT_THAT(Files(), ElementsAre(Key("store.db")));
}

TEST_F(SqliteFile, RemainsOfAnEarlierAttemptAreReplaced) {
  for (const char* name : {"store.db.new", "store.db.new-journal", "store.db.new-wal"}) {
    WriteFile(File(name), "remains");
  }
  ASSERT_OK(Open());
  Close();
  EXPECT_THAT(Files(), ElementsAre(Key("store.db")));
}

TEST_F(SqliteFile, DirectoryInItsPlaceIsRefused) {
  ASSERT_EQ(mkdir(path().c_str(), 0700), 0);
  EXPECT_THAT(Open(), StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt));
}

TEST_F(SqliteFile, DirectoryMustExist) {
  EXPECT_THAT(StoreFileExists(File("no/store.db")).value_or(true), false);
  EXPECT_THAT(
      MakeStoreFile(File("no/store.db"), [](const std::string&) { return absl::OkStatus(); }),
      StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable));
}

TEST_F(SqliteFile, AFileThatCameInBetweenIsKept) {
  const absl::Status status = MakeStoreFile(path(), [&](const std::string&) {
    WriteFile(path(), "theirs");
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadFile(path()), "theirs");
  EXPECT_THAT(Files(), ElementsAre(Key("store.db")));
}

TEST_F(SqliteFile, FailedFillLeavesNothing) {
  const absl::Status status = MakeStoreFile(
      path(), [](const std::string&) { return absl::UnavailableError("cannot be filled"); });
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(Files().empty());
}

}  // namespace
}  // namespace fieldkms::testing
