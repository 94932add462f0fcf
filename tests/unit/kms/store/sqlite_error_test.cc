#include "kms/store/sqlite_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cerrno>
#include <string>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

TEST(SqliteError, FullDiskHidesBehindSeveralCodes) {
  const auto full = StatusIs(StatusCode::kResourceExhausted, Reason::kStoreFull);
  EXPECT_THAT(SqliteError(SQLITE_FULL, 0, "commit"), full);
  EXPECT_THAT(SqliteError(SQLITE_IOERR_SHMSIZE, ENOSPC, "open"), full);
  EXPECT_THAT(SqliteError(SQLITE_IOERR_WRITE, EDQUOT, "commit"), full);
}

TEST(SqliteError, FailedSyncIsInDoubt) {
  const auto unavailable = StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable);
  EXPECT_THAT(SqliteError(SQLITE_IOERR_FSYNC, ENOSPC, "commit"), unavailable);
  EXPECT_THAT(SqliteError(SQLITE_IOERR_DIR_FSYNC, ENOSPC, "commit"), unavailable);
}

TEST(SqliteError, OtherCodes) {
  for (const int code : {SQLITE_IOERR_WRITE, SQLITE_IOERR_READ, SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT,
                         SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_NOMEM, SQLITE_LOCKED}) {
    EXPECT_THAT(SqliteError(code, EIO, "x"),
                StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable))
        << code;
  }
  for (const int code : {SQLITE_CORRUPT, SQLITE_CORRUPT_INDEX, SQLITE_NOTADB}) {
    EXPECT_THAT(SqliteError(code, 0, "x"), StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt))
        << code;
  }
  for (const int code : {SQLITE_ERROR, SQLITE_MISUSE, SQLITE_CONSTRAINT_FOREIGNKEY}) {
    EXPECT_THAT(SqliteError(code, 0, "x"), StatusIs(StatusCode::kInternal, Reason::kInternal))
        << code;
  }
}

TEST(SqliteError, SaysWhereAndWhy) {
  const absl::Status status = SqliteError(SQLITE_IOERR_WRITE, EIO, "commit");
  EXPECT_THAT(std::string(status.message()), HasSubstr("commit"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("778"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("errno 5"));
  EXPECT_THAT(std::string(SqliteError(SQLITE_NOTADB, 0, "x").message()), HasSubstr("restore"));
}

TEST(SqliteError, ConnectionsBreakUnlessSqliteHasItselfInHand) {
  for (const int code : {SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL, SQLITE_CONSTRAINT_UNIQUE}) {
    EXPECT_FALSE(BreaksConnection(code)) << code;
  }
  for (const int code : {SQLITE_IOERR_FSYNC, SQLITE_CORRUPT, SQLITE_NOMEM, SQLITE_ERROR}) {
    EXPECT_TRUE(BreaksConnection(code)) << code;
  }
}

}  // namespace
}  // namespace fieldkms
