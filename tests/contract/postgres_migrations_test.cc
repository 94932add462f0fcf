#include "kms/store/postgres_migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "kms/store/postgres_schema.h"
#include "kms/store/postgres_store.h"
#include "tests/contract/rotation_fixture.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PostgresMigrations : public ::testing::Test {
 protected:
  PostgresServer& server() const { return PostgresServer::Shared(); }
  std::string Conninfo(std::string_view user = PostgresServer::kSuperuser) const {
    return server().Conninfo(database_, user);
  }
  std::string Sql(const std::string& sql) const {
    const auto rows = server().Sql(database_, PostgresServer::kSuperuser, sql);
    return rows.empty() || rows[0].empty() ? std::string() : rows[0][0];
  }
  absl::Status Open() const {
    return OpenPostgresStore({.conninfo = Conninfo()}, SystemClock()).status();
  }
  // Makes the schema as a release that had the first `count` migrations left it.
  void HaveSchema(size_t count) const {
    ASSERT_OK(MigratePostgresStore({.conninfo = Conninfo()}));  // the roles
    std::string sql =
        "DROP SCHEMA fieldkms_store CASCADE; "
        "CREATE SCHEMA fieldkms_store AUTHORIZATION fieldkms_owner; SET ROLE fieldkms_owner; "
        "CREATE TABLE fieldkms_store.schema_migrations (number integer PRIMARY KEY, "
        "name text NOT NULL, sha256 text NOT NULL, apply_time timestamptz NOT NULL "
        "DEFAULT now(), applied_by name NOT NULL DEFAULT session_user);";
    for (size_t number = 1; number <= count; ++number) {
      const EmbeddedSql& migration = EmbeddedSchema()[number];
      ASSERT_OK_AND_ASSIGN(const auto digest, Sha256(AsBytes(migration.text)));
      sql += std::string(migration.text) +
             ";INSERT INTO fieldkms_store.schema_migrations VALUES (" + std::to_string(number) +
             ", '" + std::string(migration.name) + "', '" + EncodeHex(digest) + "');";
    }
    Sql(sql);
  }

 private:
  const std::string database_ = PostgresServer::Shared().MakeDatabase();
};

TEST_F(PostgresMigrations, AreAppliedOnce) {
  ASSERT_OK_AND_ASSIGN(const auto first, MigratePostgresStore({.conninfo = Conninfo()}));
  EXPECT_THAT(first.applied, SizeIs(static_cast<size_t>(NewestPostgresSchema())));
  ASSERT_OK_AND_ASSIGN(const auto second, MigratePostgresStore({.conninfo = Conninfo()}));
  EXPECT_THAT(second.applied, IsEmpty());
  EXPECT_FALSE(second.made_roles);
  EXPECT_OK(Open());
  EXPECT_EQ(Sql("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
                "WHERE nspname = 'fieldkms_store' AND relowner <> 'fieldkms_owner'::regrole"),
            "0");
}

// From each number on, with what is in it.
TEST_F(PostgresMigrations, AnOlderStoreIsBroughtUpToDate) {
  const auto newest = static_cast<size_t>(NewestPostgresSchema());
  for (size_t older = 3; older < newest; ++older) {
    HaveSchema(older);
    Sql("INSERT INTO fieldkms_store.tenants VALUES ('acme', now(), 1, 1); "
        "INSERT INTO fieldkms_store.keks VALUES ('acme', 1, 'a', now()); "
        "UPDATE fieldkms_store.store_state SET change_number = 1");
    EXPECT_THAT(Open(), StatusIs(StatusCode::kFailedPrecondition, Reason::kStoreUnavailable));
    ASSERT_OK_AND_ASSIGN(const auto status, ReadPostgresStatus(Conninfo()));
    EXPECT_EQ(status.schema, static_cast<int>(older));
    EXPECT_THAT(status.pending, SizeIs(newest - older));
    ASSERT_OK_AND_ASSIGN(const auto report, MigratePostgresStore({.conninfo = Conninfo()}));
    EXPECT_THAT(report.applied, SizeIs(newest - older));
    ASSERT_OK_AND_ASSIGN(const auto store,
                         OpenPostgresStore({.conninfo = Conninfo()}, SystemClock()));
    const FieldRecord field{"acme", "f", 7, "{}", {}, {}, 0};
    ASSERT_OK_AND_ASSIGN(const auto put,
                         store->PutField(field, {"request-1", std::string(32, 'f')}, kNoDeadline));
    EXPECT_EQ(put.value.change, 2u);
    ASSERT_OK_AND_ASSIGN(const auto changes, store->ReadChanges(0, 9, kNoDeadline));
    EXPECT_THAT(changes, SizeIs(2));
    ASSERT_OK_AND_ASSIGN(const bool has_tokens, store->tokens().HasTokens(kNoDeadline));
    EXPECT_FALSE(has_tokens);
    ASSERT_OK_AND_ASSIGN(const bool has_subjects, store->subjects().HasSubjects(kNoDeadline));
    EXPECT_FALSE(has_subjects);
    ASSERT_OK_AND_ASSIGN(const auto job, store->rotations().PutRotationJob(
                                             Job("acme", 'a', SystemClock().Now()), kNoDeadline));
    EXPECT_EQ(job.change, 3u);
    // What replicas of the older release call, until they are replaced.
    EXPECT_EQ(Sql("SELECT string_agg(tenant || is_alias, ',') "
                  "FROM fieldkms_store.read_changes(0, 9)"),
              "acmefalse");
  }
}

TEST_F(PostgresMigrations, TokensOfBeforeSubjectsAreNobodys) {
  HaveSchema(5);
  Sql("INSERT INTO fieldkms_store.tenants VALUES ('acme', now(), 1, 1); "
      "INSERT INTO fieldkms_store.keks VALUES ('acme', 1, 'a', now()); "
      "INSERT INTO fieldkms_store.tokens VALUES "
      "(9, now(), null, false, false, 'acme', 't', null, 'sealed', '')");
  ASSERT_OK(MigratePostgresStore({.conninfo = Conninfo()}));
  ASSERT_OK_AND_ASSIGN(const auto store,
                       OpenPostgresStore({.conninfo = Conninfo()}, SystemClock()));
  const std::vector<std::string_view> name = {"t"};
  ASSERT_OK_AND_ASSIGN(const auto found, store->tokens().GetTokens(
                                             {"acme", 9}, name, SystemClock().Now(), kNoDeadline));
  ASSERT_TRUE(found[0].has_value());
  EXPECT_EQ(found[0]->sealed, "sealed");
  EXPECT_EQ(found[0]->subject, "");
}

TEST_F(PostgresMigrations, TwoAtATimeDoNoHarm) {
  const auto migrate = [&] { return MigratePostgresStore({.conninfo = Conninfo()}); };
  auto other = std::async(std::launch::async, migrate);
  const auto one = migrate();
  const auto two = other.get();
  ASSERT_OK(one);
  ASSERT_OK(two);
  EXPECT_EQ(one->applied.size() + two->applied.size(), static_cast<size_t>(NewestPostgresSchema()));
  EXPECT_OK(Open());
}

TEST_F(PostgresMigrations, DryRunChangesNothing) {
  ASSERT_OK_AND_ASSIGN(const auto report,
                       MigratePostgresStore({.conninfo = Conninfo(), .dry_run = true}));
  EXPECT_THAT(report.applied, SizeIs(static_cast<size_t>(NewestPostgresSchema())));
  EXPECT_EQ(Sql("SELECT to_regnamespace('fieldkms_store') IS NULL"), "t");
}

TEST_F(PostgresMigrations, ServiceNeverMigrates) {
  const auto needed = StatusIs(StatusCode::kFailedPrecondition, Reason::kStoreUnavailable);
  EXPECT_THAT(Open(), needed);
  EXPECT_EQ(Sql("SELECT to_regnamespace('fieldkms_store') IS NULL"), "t");
  ASSERT_OK(MigratePostgresStore({.conninfo = Conninfo()}));
  Sql("DELETE FROM fieldkms_store.schema_migrations WHERE number = " +
      std::to_string(NewestPostgresSchema()));
  EXPECT_THAT(Open(), needed);
}

TEST_F(PostgresMigrations, NewerOrAlteredSchemaIsLeftAlone) {
  ASSERT_OK(MigratePostgresStore({.conninfo = Conninfo()}));
  Sql("INSERT INTO fieldkms_store.schema_migrations (number, name, sha256) "
      "VALUES (99, 'later', repeat('0', 64))");
  const auto too_new = StatusIs(StatusCode::kFailedPrecondition, Reason::kStoreTooNew);
  EXPECT_THAT(Open(), too_new);
  EXPECT_THAT(MigratePostgresStore({.conninfo = Conninfo()}), too_new);
  Sql("DELETE FROM fieldkms_store.schema_migrations WHERE number = 99; "
      "UPDATE fieldkms_store.schema_migrations SET sha256 = repeat('0', 64) WHERE number = 2");
  const auto corrupt = StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt);
  EXPECT_THAT(Open(), corrupt);
  EXPECT_THAT(MigratePostgresStore({.conninfo = Conninfo()}), corrupt);
}

TEST_F(PostgresMigrations, LoginWithoutRightsIsTold) {
  Sql("DROP ROLE IF EXISTS nobody_much; CREATE ROLE nobody_much LOGIN");
  EXPECT_THAT(MigratePostgresStore({.conninfo = Conninfo("nobody_much")}),
              StatusIs(StatusCode::kPermissionDenied, Reason::kPermissionDenied));
  ASSERT_OK(MigratePostgresStore({.conninfo = Conninfo()}));
  // No member of fieldkms_service.
  EXPECT_THAT(OpenPostgresStore({.conninfo = Conninfo("nobody_much")}, SystemClock()).status(),
              StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable));
}

// No superuser: with CREATEROLE it may have made the roles, and is made a member here.
TEST_F(PostgresMigrations, MemberOfTheOwnerMayMigrate) {
  ASSERT_OK(MigratePostgresStore({.conninfo = Conninfo()}));  // the roles
  Sql("DROP SCHEMA fieldkms_store CASCADE; DROP ROLE IF EXISTS migrator; "
      "CREATE ROLE migrator LOGIN IN ROLE fieldkms_owner");
  Sql("DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO migrator', current_database()); "
      "END $$");
  ASSERT_OK_AND_ASSIGN(const auto report, MigratePostgresStore({.conninfo = Conninfo("migrator")}));
  EXPECT_THAT(report.applied, SizeIs(static_cast<size_t>(NewestPostgresSchema())));
  EXPECT_OK(Open());
}

TEST_F(PostgresMigrations, StatusSaysWhatIsThere) {
  ASSERT_OK_AND_ASSIGN(const auto before, ReadPostgresStatus(Conninfo()));
  EXPECT_EQ(before.schema, 0);
  EXPECT_FALSE(before.change_number.has_value());
  EXPECT_THAT(before.pending, SizeIs(static_cast<size_t>(NewestPostgresSchema())));
  EXPECT_THAT(before.warnings, ::testing::Contains("fsync = off"));
  ASSERT_OK(MigratePostgresStore({.conninfo = Conninfo()}));
  ASSERT_OK_AND_ASSIGN(const auto after, ReadPostgresStatus(Conninfo()));
  EXPECT_EQ(after.schema, NewestPostgresSchema());
  EXPECT_THAT(after.pending, IsEmpty());
  EXPECT_EQ(after.change_number, 0u);
  EXPECT_TRUE(after.roles_exist);
}

}  // namespace
}  // namespace fieldkms::testing
