#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>

#include "rotation/registry.h"
#include "rotation/target_schema.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/database_fixture.h"

namespace fieldkms::rotation {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

class TargetSchemaTest : public testing::DatabaseTest {
 protected:
  std::string Versions() {
    return Sql(
        "SELECT string_agg(version || ' ' || name, ',' ORDER BY version) "
        "FROM kms.schema_version");
  }
  // Roles are the server's: another test may have made it.
  bool RoleIsThere() { return Sql("SELECT to_regrole('kms_admin') IS NOT NULL") == "t"; }
  std::string AllVersions() {
    std::string all;
    int number = 0;
    for (const EmbeddedSql& migration : TargetSchema()) {
      all +=
          (all.empty() ? "" : ",") + std::to_string(++number) + " " + std::string(migration.name);
    }
    return all;
  }
};

TEST_F(TargetSchemaTest, IsInstalledOnce) {
  ASSERT_OK(InstallTargetSchema(database()));
  EXPECT_EQ(Versions(), AllVersions());
  EXPECT_OK(CheckTargetSchema(database()));
  const std::string first = Sql("SELECT min(applied_at) FROM kms.schema_version");
  Sql("INSERT INTO kms.rotation_jobs (job_id, tenant, started, source_key_id, target_key_id, "
      "target_version) VALUES (repeat('0', 32), 'acme', '1.0', '12345678', '12345678', 2)");
  ASSERT_OK(InstallTargetSchema(database()));
  EXPECT_EQ(Sql("SELECT min(applied_at) FROM kms.schema_version"), first);
  EXPECT_EQ(Sql("SELECT count(*) FROM kms.rotation_jobs"), "1");
}

TEST_F(TargetSchemaTest, IsWhatTheStatementsMake) {
  Sql(TargetSchemaSql());
  EXPECT_EQ(Versions(), AllVersions());
  Sql(TargetSchemaSql());
  EXPECT_EQ(Versions(), AllVersions());
  EXPECT_OK(CheckTargetSchema(database()));
  EXPECT_OK(InstallTargetSchema(database()));
}

TEST_F(TargetSchemaTest, IsBroughtUpToDate) {
  ASSERT_OK(InstallTargetSchema(database()));
  // As an earlier release has left it: with the registry only.
  Sql("ALTER TABLE kms.protected_columns SET SCHEMA public; "
      "ALTER TABLE kms.pending_rewrites SET SCHEMA public; "
      "ALTER TABLE kms.schema_version SET SCHEMA public; DROP SCHEMA kms CASCADE; CREATE SCHEMA "
      "kms; "
      "ALTER TABLE protected_columns SET SCHEMA kms; ALTER TABLE pending_rewrites SET SCHEMA kms; "
      "ALTER TABLE schema_version SET SCHEMA kms; "
      "ALTER TABLE kms.protected_columns DROP COLUMN source CASCADE, DROP COLUMN source_key "
      "CASCADE, "
      "DROP COLUMN source_attributes CASCADE, DROP COLUMN source_numbers CASCADE; "
      "DELETE FROM kms.schema_version WHERE version > 1");
  EXPECT_THAT(CheckTargetSchema(database()),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kDatabaseRefused));
  ASSERT_OK(InstallTargetSchema(database()));
  EXPECT_EQ(Versions(), AllVersions());
  EXPECT_EQ(Sql("SELECT to_regclass('kms.rotation_quarantine') IS NOT NULL"), "t");
  EXPECT_EQ(Sql("SELECT count(*) FROM kms.encryption_status"), "0");
}

TEST_F(TargetSchemaTest, SaysWhatToRun) {
  const absl::Status missing = CheckTargetSchema(database());
  EXPECT_THAT(missing, StatusIs(StatusCode::kFailedPrecondition, Reason::kDatabaseRefused));
  EXPECT_THAT(std::string(missing.message()), HasSubstr("fieldkms column init"));
}

TEST_F(TargetSchemaTest, OfANewerReleaseIsLeftAlone) {
  ASSERT_OK(InstallTargetSchema(database()));
  Sql("INSERT INTO kms.schema_version (version, name) VALUES (99, 'later')");
  EXPECT_THAT(InstallTargetSchema(database()), StatusIs(Reason::kDatabaseRefused));
  EXPECT_THAT(CheckTargetSchema(database()), StatusIs(Reason::kDatabaseRefused));
}

TEST_F(TargetSchemaTest, TwoAtATimeDoNoHarm) {
  const auto other_database = Connect();
  auto other = std::async(std::launch::async, [&] { return InstallTargetSchema(*other_database); });
  EXPECT_OK(InstallTargetSchema(database()));
  EXPECT_OK(other.get());
  EXPECT_EQ(Versions(), AllVersions());
}

// Longer than other statements wait for locks.
TEST_F(TargetSchemaTest, WaitsForAnotherInstallation) {
  const auto other = Connect();
  std::future<absl::Status> installed;
  const auto waits_no_more = [&] {
    return installed.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  ASSERT_OK(other->Write([&](Transaction& transaction) {
    const std::string sql = TargetSchemaSql();
    const size_t lock = sql.find("SELECT pg_advisory_xact_lock");
    transaction.RunOnce(sql.substr(lock, sql.find(';', lock) - lock));
    installed = std::async(std::launch::async, [&] { return InstallTargetSchema(database()); });
    const std::string waited =
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND "
        "clock_timestamp() - waitstart > interval '" +
        std::to_string(2 * Database::kLockTimeout.count()) + " milliseconds'";
    while (!waits_no_more() && Sql(waited) == "0") {
    }
    EXPECT_FALSE(waits_no_more());
    return absl::OkStatus();
  }));
  EXPECT_OK(installed.get());
}

// It may not make schemas, and others may have nothing of what it makes but kms_admin.
TEST_F(TargetSchemaTest, TakesAnExistingSchemaOfItsOwnerAndGrantsNothingToOthers) {
  const std::string role = MakeRole(), somebody = MakeRole();
  Sql("CREATE SCHEMA kms AUTHORIZATION " + role);
  const auto owner = Connect(role);
  ASSERT_OK(InstallTargetSchema(*owner));
  ASSERT_OK(InstallTargetSchema(*owner));
  EXPECT_OK(CheckTargetSchema(*owner));
  EXPECT_EQ(Sql("SELECT count(*) FROM pg_class c WHERE relnamespace = 'kms'::regnamespace AND "
                "relowner <> '" +
                role + "'::regrole"),
            "0");
  EXPECT_EQ(
      Sql("SELECT string_agg(DISTINCT grantee::regrole::text, ',') FROM ("
          "SELECT (aclexplode(relacl)).grantee, relnamespace AS schema FROM pg_class UNION ALL "
          "SELECT (aclexplode(coalesce(proacl, acldefault('f', proowner)))).grantee, "
          "pronamespace FROM pg_proc) a WHERE schema = 'kms'::regnamespace AND grantee <> '" +
          role + "'::regrole"),
      RoleIsThere() ? "kms_admin" : "");
  EXPECT_EQ(Sql("SELECT has_schema_privilege('" + somebody + "', 'kms', 'USAGE')"), "f");
  EXPECT_EQ(Sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'kms'::regnamespace AND "
                "relkind = 'r' AND obj_description(oid, 'pg_class') IS NULL"),
            "0");
  EXPECT_THAT(CheckTargetSchema(*Connect(somebody)), StatusIs(Reason::kDatabaseRefused));
}

// Who installs it may not be allowed to make roles: then somebody else does, and rights are
// granted.
TEST_F(TargetSchemaTest, RoleKmsAdminMayComeLater) {
  if (RoleIsThere()) Sql("DROP OWNED BY kms_admin; ALTER ROLE kms_admin RENAME TO kms_admin_aside");
  const std::string role = MakeRole();
  Sql("CREATE SCHEMA kms AUTHORIZATION " + role);
  ASSERT_OK(InstallTargetSchema(*Connect(role)));
  EXPECT_FALSE(RoleIsThere());
  Sql("CREATE ROLE kms_admin");
  EXPECT_EQ(Sql("SELECT kms.grant_admin_rights()", role), "t");
  EXPECT_EQ(Sql("SELECT has_table_privilege('kms_admin', 'kms.encryption_status', 'SELECT')"), "t");
  Sql("DROP OWNED BY kms_admin; DROP ROLE kms_admin; "
      "DO $$ BEGIN IF to_regrole('kms_admin_aside') IS NOT NULL THEN "
      "ALTER ROLE kms_admin_aside RENAME TO kms_admin; END IF; END $$");
}

TEST_F(TargetSchemaTest, LoginWithoutRightsIsRefusedAndLeavesNothing) {
  EXPECT_THAT(InstallTargetSchema(*Connect(MakeRole())),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kDatabaseRefused));
  EXPECT_EQ(Sql("SELECT to_regnamespace('kms') IS NULL"), "t");
}

// Sessions of Database refuse to read what row security hides; an event trigger may do just that.
TEST_F(TargetSchemaTest, EventTriggersReadAsInAnyOtherSession) {
  const std::string role = MakeRole();
  Sql("CREATE TABLE changes (who name); ALTER TABLE changes ENABLE ROW LEVEL SECURITY; "
      "GRANT SELECT ON changes TO " +
      role +
      "; "
      "CREATE FUNCTION look() RETURNS event_trigger LANGUAGE plpgsql AS "
      "'BEGIN PERFORM * FROM public.changes; END'; "
      "CREATE EVENT TRIGGER looks ON ddl_command_end EXECUTE FUNCTION look(); "
      "CREATE SCHEMA kms AUTHORIZATION " +
      role);
  EXPECT_OK(InstallTargetSchema(*Connect(role)));
}

}  // namespace
}  // namespace fieldkms::rotation
