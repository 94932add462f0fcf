// What was wrapped and is destroyed or wrapped anew is gone from the store's files.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "kms/store/sqlite_connection.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/store/store_fixture.h"

namespace fieldkms::testing {
namespace {

class SqliteShred : public StoreFixture {
 protected:
  void SetUp() override {
    ASSERT_OK(Open());
    ASSERT_OK(CreateTenant());
    ASSERT_OK(CreateKey(7));
  }
  // Puts the bytes of a version where SQLite has no use for them, as it may leave them when
  // it splits a page: behind the last cell pointer of the page of all versions.
  void LeaveACopy(uint32_t version) {
    Close();
    auto files = Files();
    std::string& store = files.at("store.db");
    const size_t row = store.find(WrappedOf(2));
    ASSERT_NE(row, std::string::npos);
    store.replace(row / 4096 * 4096 + 2000, WrappedOf(version).size(), WrappedOf(version));
    SetFiles(files);
    ASSERT_OK(Open());
  }
  // While the store is open: with its log.
  bool InFiles(const std::string& bytes) {
    return std::ranges::any_of(
        Files(), [&](const auto& file) { return file.second.find(bytes) != std::string::npos; });
  }
};

TEST_F(SqliteShred, DestroyedVersionsLeaveNoBytes) {
  ASSERT_OK(Rotate(2));
  ASSERT_TRUE(InFiles(WrappedOf(1)));
  ASSERT_OK(Destroy(1));
  EXPECT_FALSE(InFiles(WrappedOf(1)));
  EXPECT_TRUE(InFiles(WrappedOf(2)));
  Close();
  EXPECT_FALSE(InFiles(WrappedOf(1)));
}

// Pages of the store have been split and merged: a row has lain in several places.
TEST_F(SqliteShred, AlsoWhereRowsHaveMoved) {
  constexpr uint32_t kVersions = 200;
  for (uint64_t id = 100; id < 120; ++id) ASSERT_OK(CreateKey(id));
  for (uint32_t version = 2; version <= kVersions; ++version) ASSERT_OK(Rotate(version));
  for (uint32_t version = 2; version < kVersions; version += 3) {
    ASSERT_TRUE(InFiles(WrappedOf(version)));
    ASSERT_OK(Destroy(version));
    EXPECT_FALSE(InFiles(WrappedOf(version))) << version;
  }
  EXPECT_TRUE(InFiles(WrappedOf(kVersions)));
}

TEST_F(SqliteShred, AlsoWhereACopyWasLeftInAPage) {
  ASSERT_OK(Rotate(2));
  ASSERT_NO_FATAL_FAILURE(LeaveACopy(1));
  ASSERT_OK(Destroy(1));
  EXPECT_FALSE(InFiles(WrappedOf(1)));
  EXPECT_EQ(CheckedPrimary(), 2u);
}

// As a process leaves it that was killed before it could look, or whose disk was full.
TEST_F(SqliteShred, TheNextStartDoesWhatWasLeftToDo) {
  ASSERT_OK(Rotate(2));
  ASSERT_OK(Destroy(1));
  ASSERT_NO_FATAL_FAILURE(LeaveACopy(1));
  EXPECT_TRUE(InFiles(WrappedOf(1))) << "nothing was left to do";
  Close();
  RunSql("INSERT INTO meta (name, value) VALUES ('scrub_due', x'01')");
  ASSERT_OK(Open());
  EXPECT_FALSE(InFiles(WrappedOf(1)));
  EXPECT_EQ(CheckedPrimary(), 2u);
}

TEST_F(SqliteShred, RewrappedBytesLeaveNoOldOnes) {
  const std::vector<RewrappedVersion> versions = {{7, 1, WrappedOf(1), 2, "wrapped anew"}};
  ASSERT_OK(store().RewrapKeyVersions("acme", versions, kNoDeadline));
  EXPECT_FALSE(InFiles(WrappedOf(1)));
  EXPECT_TRUE(InFiles("wrapped anew"));
  const std::vector<RewrappedKek> first = {{"acme", 1, "kek", "the second wrapping"}};
  ASSERT_OK(store().RewrapKeks(first, kNoDeadline));
  const std::vector<RewrappedKek> keks = {{"acme", 1, "the second wrapping", "a third"}};
  ASSERT_OK(store().RewrapKeks(keks, kNoDeadline));
  EXPECT_FALSE(InFiles("the second wrapping"));
}

// A reader that needs the log keeps it: the change is made, and a repeat, which finds
// that it is, empties the log when the reader is gone.
TEST_F(SqliteShred, ARepeatEmptiesTheLogThatAReaderKept) {
  ASSERT_OK(Rotate(2));
  ASSERT_NO_FATAL_FAILURE(LeaveACopy(1));
  ASSERT_OK_AND_ASSIGN(const auto reader, SqliteConnection::Open(path()));
  ASSERT_OK(reader->Execute("BEGIN; SELECT count(*) FROM keys"));
  ASSERT_OK_AND_ASSIGN(const KeyRecord key, store().GetKeyById("acme", 7, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(KeyVersionRecord gone, store().GetKeyVersion("acme", 7, 1, kNoDeadline));
  gone.state = VersionState::kDestroyed;
  gone.wrapped.clear();
  const Mutation mutation{"request-destroy", std::string(32, 'f')};
  const Deadline soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  EXPECT_THAT(store().ChangeKey({key, {gone}}, mutation, soon),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));
  ASSERT_OK(reader->Execute("ROLLBACK"));
  ASSERT_OK_AND_ASSIGN(const auto again, store().ChangeKey({key, {gone}}, mutation, kNoDeadline));
  EXPECT_TRUE(again.replayed);
  EXPECT_FALSE(InFiles(WrappedOf(1)));
}

}  // namespace
}  // namespace fieldkms::testing
