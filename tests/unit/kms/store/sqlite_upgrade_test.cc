// A store that release 0.1 wrote is opened by this one, with all that is in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kms/store/sqlite_migrations.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/store/store_fixture.h"

namespace fieldkms::testing {
namespace {

// As release 0.1 made it: never edited.
constexpr char kRelease01[] = R"sql(
PRAGMA journal_mode=WAL;
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
  tenant TEXT PRIMARY KEY,
  primary_kek INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  FOREIGN KEY (tenant, primary_kek) REFERENCES keks DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE keks (
  tenant TEXT NOT NULL REFERENCES tenants,
  version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
  wrapped BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  PRIMARY KEY (tenant, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
  key_id INTEGER PRIMARY KEY CHECK (key_id <> 0),
  tenant TEXT NOT NULL REFERENCES tenants,
  name TEXT NOT NULL,
  purpose INTEGER NOT NULL,
  primary_version INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  UNIQUE (tenant, name),
  FOREIGN KEY (key_id, primary_version) REFERENCES key_versions DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE key_versions (
  key_id INTEGER NOT NULL REFERENCES keys,
  version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
  state INTEGER NOT NULL,
  kek_version INTEGER NOT NULL,
  wrapped BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  PRIMARY KEY (key_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE mutations (
  tenant TEXT NOT NULL,
  request_id TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  method INTEGER NOT NULL,
  key_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (tenant, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX mutations_by_time ON mutations (time);
PRAGMA application_id=0x464b4d53;
PRAGMA user_version=1;
)sql";

constexpr char kRows[] = R"sql(
BEGIN;
INSERT INTO meta VALUES ('root_binding', x'0102');
INSERT INTO tenants VALUES ('acme', 1, 10);
INSERT INTO keks VALUES ('acme', 1, x'aa', 10);
INSERT INTO keys VALUES (-2, 'acme', 'k', 1, 2, 20);
INSERT INTO key_versions VALUES (-2, 1, 1, 1, x'b1', 20);
INSERT INTO key_versions VALUES (-2, 2, 1, 1, x'b2', 30);
INSERT INTO mutations VALUES ('acme', 'make-tenant', zeroblob(32), 1, 0, 1, 10);
INSERT INTO mutations VALUES ('acme', 'make-key', zeroblob(32), 2, -2, 1, 20);
INSERT INTO mutations VALUES ('acme', 'rotate', zeroblob(32), 3, -2, 2, 30);
COMMIT;
)sql";

// What schema 6 has made, to go back before it.
constexpr char kDropRotations[] =
    "DROP TABLE rotation_jobs; DROP TABLE rotation_schedules; DROP TABLE replicas;";

constexpr uint64_t kId = static_cast<uint64_t>(-2);

WallTime At(int64_t microseconds) { return WallTime(std::chrono::microseconds(microseconds)); }
Mutation Old(const std::string& id) { return {id, std::string(32, '\0')}; }

class SqliteUpgrade : public StoreFixture {
 protected:
  void SetUp() override { RunSql(kRelease01); }
};

TEST_F(SqliteUpgrade, EmptyStoreIsAsANewOne) {
  ASSERT_OK(Open());
  ASSERT_OK_AND_ASSIGN(const auto newest, store().WaitForChange(0, Deadline::min()));
  EXPECT_EQ(newest, 0u);
  ASSERT_OK(CreateTenant());
  ASSERT_OK_AND_ASSIGN(const auto tenant, store().GetTenant("acme", kNoDeadline));
  EXPECT_EQ(tenant.change, 1u);
}

TEST_F(SqliteUpgrade, RowsAreKept) {
  RunSql(kRows);
  for (int opened = 0; opened < 2; ++opened) {
    ASSERT_OK(Open());
    ASSERT_OK_AND_ASSIGN(const auto binding, store().GetRootBinding(kNoDeadline));
    EXPECT_EQ(binding, "\x01\x02");
    ASSERT_OK_AND_ASSIGN(const auto tenant, store().GetTenant("acme", kNoDeadline));
    EXPECT_EQ(tenant.primary_kek, 1u);
    EXPECT_EQ(tenant.create_time, At(10));
    EXPECT_EQ(tenant.change, 1u);
    ASSERT_OK_AND_ASSIGN(const auto key, store().GetKey("acme", "k", kNoDeadline));
    EXPECT_EQ(key.key_id, kId);
    EXPECT_EQ(key.purpose, KeyPurpose::kEncrypt);
    EXPECT_EQ(key.primary_version, 2u);
    EXPECT_EQ(key.primary_create_time, At(30));
    EXPECT_EQ(key.suite, 1);
    EXPECT_EQ(key.min_decrypt_version, 1u);
    EXPECT_EQ(key.next_rotation, std::nullopt);
    EXPECT_TRUE(key.labels.empty());
    EXPECT_EQ(key.lease, LeasePolicy());
    EXPECT_EQ(key.change, 2u);
    ASSERT_OK_AND_ASSIGN(const auto version, store().GetKeyVersion("acme", kId, 1, kNoDeadline));
    EXPECT_EQ(version.wrapped, "\xb1");
    EXPECT_EQ(version.origin, KeyOrigin::kGenerated);
    ASSERT_OK_AND_ASSIGN(const auto changes, store().ReadChanges(0, 10, kNoDeadline));
    EXPECT_EQ(changes.size(), 2u);
    ASSERT_OK_AND_ASSIGN(const auto newest, store().WaitForChange(0, Deadline::min()));
    EXPECT_EQ(newest, 2u);
  }
}

TEST_F(SqliteUpgrade, OldMutationsAreAnsweredAsBefore) {
  RunSql(kRows);
  ASSERT_OK(Open());
  ASSERT_OK_AND_ASSIGN(const auto tenant,
                       store().CreateTenant("acme", {1, "x", {}}, Old("make-tenant"), kNoDeadline));
  EXPECT_TRUE(tenant.replayed);
  EXPECT_EQ(tenant.value.primary_kek, 1u);
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().FindKeyMutation("acme", Old("make-key"), kNoDeadline));
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->primary_version, 1u);
  EXPECT_EQ(made->primary_create_time, At(20));
  ASSERT_OK_AND_ASSIGN(KeyRecord key, store().GetKey("acme", "k", kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto rotated,
                       store().ChangeKey({key, {}}, Old("rotate"), kNoDeadline));
  EXPECT_TRUE(rotated.replayed);
  EXPECT_EQ(rotated.value.primary_version, 2u);
  EXPECT_THAT(store().FindKeyMutation("acme", {"rotate", std::string(32, 'x')}, kNoDeadline),
              StatusIs(Reason::kRequestIdReused));
  // Life goes on.
  ASSERT_OK_AND_ASSIGN(const auto changed, store().ChangeKey({key, {}}, Old("new"), kNoDeadline));
  EXPECT_EQ(changed.value.change, 3u);
}

// Migrations 1 and 2 are as they were, so this is what one of schema 2 looked like.
TEST_F(SqliteUpgrade, StoresWithoutFieldsAndTokensGetThem) {
  RunSql(kRows);
  ASSERT_OK(Open());
  Close();
  RunSql(kDropRotations);
  RunSql(
      "DROP TABLE fields; DROP TABLE staged_fields; DROP TABLE tokens; DROP TABLE subject_fields; "
      "DROP TABLE subjects; DROP TABLE erasure_marks; PRAGMA user_version=2");
  ASSERT_OK(Open());
  ASSERT_OK_AND_ASSIGN(const auto made, store().PutField({"acme", "f", kId, "{}", At(1), At(2), 0},
                                                         Old("put"), kNoDeadline));
  EXPECT_EQ(made.value.change, 3u);
  ASSERT_OK(Open());
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetField("acme", "f", kNoDeadline));
  EXPECT_EQ(kept.field_id, kId);
  EXPECT_OK(store().GetKey("acme", "k", kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const bool has_tokens, store().tokens().HasTokens(kNoDeadline));
  EXPECT_FALSE(has_tokens);
}

// As schema 4 made them: never edited.
constexpr char kTokens4[] = R"sql(
DROP TABLE tokens; DROP TABLE subject_fields; DROP TABLE subjects; DROP TABLE erasure_marks;
CREATE TABLE tokens (
  tenant TEXT NOT NULL,
  field_id INTEGER NOT NULL CHECK (field_id <> 0),
  token BLOB NOT NULL CHECK (length(token) BETWEEN 1 AND 1024),
  lookup BLOB CHECK (length(lookup) BETWEEN 1 AND 64),
  convergent INTEGER NOT NULL CHECK (convergent IN (0, 1)),
  single_use INTEGER NOT NULL CHECK (single_use IN (0, 1)),
  sealed BLOB NOT NULL CHECK (length(sealed) > 0),
  metadata BLOB NOT NULL CHECK (length(metadata) <= 4096),
  create_time INTEGER NOT NULL,
  expire_time INTEGER,
  CHECK (convergent = 0 OR (lookup IS NOT NULL AND single_use = 0)),
  UNIQUE (tenant, field_id, token)
) STRICT;
CREATE UNIQUE INDEX tokens_by_lookup ON tokens (tenant, field_id, lookup) WHERE convergent = 1;
CREATE INDEX tokens_of_lookup ON tokens (tenant, field_id, lookup)
  WHERE convergent = 0 AND lookup IS NOT NULL;
CREATE INDEX tokens_by_end ON tokens (expire_time) WHERE expire_time IS NOT NULL;
INSERT INTO tokens VALUES
  ('acme', 7, x'61', x'70', 1, 0, x'73', x'6d', 5, NULL),
  ('acme', 7, x'62', NULL, 0, 1, x'74', x'', 6, 7);
PRAGMA user_version=4
)sql";

TEST_F(SqliteUpgrade, TokensOfBeforeSubjectsAreNobodys) {
  RunSql(kRows);
  ASSERT_OK(Open());
  Close();
  RunSql(kDropRotations);
  RunSql(kTokens4);
  ASSERT_OK(Open());
  const TokenDomain domain{"acme", 7};
  ASSERT_OK_AND_ASSIGN(const auto list,
                       store().tokens().ListTokens(domain, "", 9, WallTime(), kNoDeadline));
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].token, "a");
  EXPECT_EQ(list[0].lookup, "p");
  EXPECT_TRUE(list[0].convergent);
  EXPECT_EQ(list[0].metadata, "m");
  EXPECT_EQ(list[1].subject, "");
  EXPECT_EQ(list[1].expire_time, WallTime(std::chrono::microseconds(7)));
  const std::vector<std::string_view> names = {"b"};
  ASSERT_OK_AND_ASSIGN(const auto used,
                       store().tokens().UseTokens(domain, names, WallTime(), kNoDeadline));
  ASSERT_TRUE(used[0].has_value());
  EXPECT_EQ(used[0]->sealed, "t");
}

// Migrations 1 to 5 are as they were, so this is what one of schema 5 looked like.
TEST_F(SqliteUpgrade, StoresWithoutRotationsGetThem) {
  RunSql(kRows);
  ASSERT_OK(Open());
  Close();
  RunSql(kDropRotations);
  RunSql("PRAGMA user_version=5");
  ASSERT_OK(Open());
  RotationJobRecord job;
  job.job_id = std::string(32, 'a');
  job.tenant = "acme";
  job.data_source = "billing";
  ASSERT_OK_AND_ASSIGN(const auto made, store().rotations().PutRotationJob(job, kNoDeadline));
  EXPECT_EQ(made.change, 3u);
  ASSERT_OK(Open());
  EXPECT_OK(store().rotations().GetRotationJob("acme", job.job_id, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto due,
                       store().rotations().ListDueRotationSchedules(At(1), 9, kNoDeadline));
  EXPECT_TRUE(due.empty());
  ASSERT_OK_AND_ASSIGN(const auto replicas, store().rotations().ListReplicas(kNoDeadline));
  EXPECT_TRUE(replicas.empty());
  EXPECT_OK(store().GetKey("acme", "k", kNoDeadline));
}

TEST_F(SqliteUpgrade, KeptAsItWasWhereItCannotBeMigrated) {
  RunSql(kRows);
  RunSql("CREATE TABLE aliases (x)");
  EXPECT_FALSE(Open().ok());
  RunSql("DROP TABLE aliases");
  ASSERT_OK(Open());
  EXPECT_OK(store().GetKey("acme", "k", kNoDeadline));
}

}  // namespace
}  // namespace fieldkms::testing
