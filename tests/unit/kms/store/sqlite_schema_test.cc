// What kind of file is opened, and what is refused untouched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "kms/store/sqlite_migrations.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/store/store_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

class SqliteSchema : public StoreFixture {
 protected:
  void SetUp() override {
    ASSERT_OK(Open());
    ASSERT_OK(CreateTenant());
    ASSERT_OK(CreateKey(7));
    Close();
  }
  // Opening fails like this, and leaves every byte as it was.
  template <class Matcher>
  void ExpectRefusedUntouched(const Matcher& matcher, const std::string& message) {
    const auto before = Files();
    const absl::Status status = Open();
    EXPECT_THAT(status, matcher);
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
    EXPECT_EQ(Files(), before);
  }
  // Leaves the last change in the log, as a process that was killed does.
  void RunSqlAndDie(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    const auto files = Files();
    ASSERT_EQ(sqlite3_close(db), SQLITE_OK);
    SetFiles(files);
    ASSERT_TRUE(files.contains("store.db-wal"));
  }
};

auto Corrupt() { return StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt); }
auto TooNew() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kStoreTooNew); }

TEST_F(SqliteSchema, SchemaIsWhatThisReleaseWrites) {
  ASSERT_OK_AND_ASSIGN(const auto db, SqliteConnection::Open(path()));
  EXPECT_EQ(db->QueryInt("PRAGMA application_id").value_or(-1), 0x464b4d53);
  EXPECT_EQ(db->QueryInt("PRAGMA user_version").value_or(-1), NewestSchema());
  EXPECT_EQ(db->QueryInt("SELECT count(*) FROM pragma_foreign_key_check").value_or(-1), 0);
  EXPECT_EQ(db->QueryInt("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND "
                         "type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'")
                .value_or(-1),
            0);
}

TEST_F(SqliteSchema, KeyIdsReadAsPeopleKnowThem) {
  ASSERT_OK(Open());
  ASSERT_OK(CreateKey(0xfedcba9876543210));
  Close();
  ASSERT_OK_AND_ASSIGN(const auto db, SqliteConnection::Open(path()));
  EXPECT_EQ(db->QueryInt("SELECT count(*) FROM keys WHERE "
                         "printf('%016x', key_id) = 'fedcba9876543210'")
                .value_or(-1),
            1);
}

TEST_F(SqliteSchema, NewerSchemaIsRefusedUntouched) {
  RunSql("PRAGMA user_version=" + std::to_string(NewestSchema() + 1));
  ExpectRefusedUntouched(TooNew(), "schema " + std::to_string(NewestSchema() + 1));
  ExpectRefusedUntouched(TooNew(), "run the release that wrote it");
}

TEST_F(SqliteSchema, NewerSchemaInTheLogIsRefusedUntouched) {
  RunSqlAndDie("PRAGMA user_version=" + std::to_string(NewestSchema() + 1));
  ExpectRefusedUntouched(TooNew(), "newer");
}

TEST_F(SqliteSchema, OtherApplicationsFileIsRefusedUntouched) {
  RunSql("PRAGMA application_id=7");
  ExpectRefusedUntouched(Corrupt(), "restore");
}

TEST_F(SqliteSchema, OtherDatabaseIsRefusedUntouched) {
  SetFiles({});
  RunSql("CREATE TABLE t (x)");
  ExpectRefusedUntouched(Corrupt(), "restore");
}

TEST_F(SqliteSchema, WhatIsNoDatabaseIsRefusedUntouched) {
  for (const std::string& content :
       {std::string(), std::string("SQLite format 3\0", 16), std::string(99, 'x'),
        std::string(8192, '\0'),
        std::string("a text file, longer than a header\n") + std::string(100, '\n')}) {
    SetFiles({{"store.db", content}});
    ExpectRefusedUntouched(Corrupt(), "restore");
  }
}

TEST_F(SqliteSchema, TruncatedFileIsRefused) {
  const std::string whole = Files().at("store.db");
  for (size_t size = 0; size < whole.size(); size += whole.size() / 16) {
    SetFiles({{"store.db", whole.substr(0, size)}});
    EXPECT_THAT(Open(), Corrupt()) << size << " of " << whole.size();
    Close();
  }
}

TEST_F(SqliteSchema, LogWithoutItsStoreIsRefusedUntouched) {
  RunSqlAndDie("UPDATE tenants SET create_time = 1");
  auto files = Files();
  files.erase("store.db");
  SetFiles(files);
  ExpectRefusedUntouched(Corrupt(), "restore");
}

TEST_F(SqliteSchema, LogOfAKilledProcessIsReplayed) {
  RunSqlAndDie("UPDATE tenants SET create_time = 77");
  ASSERT_OK(Open());
  ASSERT_OK_AND_ASSIGN(const TenantRecord tenant, store().GetTenant("acme", kNoDeadline));
  EXPECT_EQ(tenant.create_time.time_since_epoch().count(), 77);
}

TEST_F(SqliteSchema, TornLogLosesOnlyItsTornEnd) {
  RunSqlAndDie("UPDATE tenants SET create_time = 77");
  const auto files = Files();
  const std::string& log = files.at("store.db-wal");
  for (size_t size = 0; size < log.size(); size += 977) {
    auto torn = files;
    torn["store.db-wal"] = log.substr(0, size);
    Close();
    SetFiles(torn);
    ASSERT_OK(Open()) << size;
    EXPECT_EQ(CheckedPrimary(), 1u);
    ASSERT_OK(Rotate(2));
  }
}

// Some damage shows when the file is opened, some when a row is read, and a byte
// of a wrapped key only when it is unwrapped (see the keyring's tests); it never
// crashes and never leaves a store that lies about its form.
TEST_F(SqliteSchema, FlippedBytesAreRefusedOrReadAsRows) {
  ASSERT_OK(Open());
  for (uint32_t version = 2; version <= 30; ++version) ASSERT_OK(Rotate(version));
  Close();
  const auto files = Files();
  const size_t size = files.at("store.db").size();
  int refused = 0;
  for (size_t at = 0; at < size; at += 211) {
    auto damaged = files;
    damaged["store.db"][at] = static_cast<char>(damaged["store.db"][at] ^ 0xff);
    Close();
    SetFiles(damaged);
    if (const absl::Status status = Open(); !status.ok()) {
      EXPECT_TRUE(absl::IsDataLoss(status) || absl::IsFailedPrecondition(status))
          << "byte " << at << ": " << status;
      ++refused;
      continue;
    }
    for (const absl::Status& status :
         {store().GetTenant("acme", kNoDeadline).status(),
          store().GetKek("acme", 1, kNoDeadline).status(),
          store().ListTenants("", 100, kNoDeadline).status(),
          store().GetKey("acme", "key-7", kNoDeadline).status(),
          store().GetKeyById("acme", 7, kNoDeadline).status(),
          store().ListKeys("acme", "", 100, kNoDeadline).status(),
          store().ReadChanges(0, 100, kNoDeadline).status(),
          store().ListKeyVersions("acme", 7, 0, 100, kNoDeadline).status()}) {
      EXPECT_TRUE(status.ok() || absl::IsDataLoss(status) || absl::IsNotFound(status))
          << "byte " << at << ": " << status;
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace fieldkms::testing
