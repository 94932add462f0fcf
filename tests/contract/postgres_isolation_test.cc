// Tenants are kept apart by the database itself: what the login of the service can do with
// plain SQL, whatever our code does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>

#include "kms/store/postgres_store.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;

class PostgresIsolation : public ::testing::Test {
 protected:
  // A store with tenants "acme" and "globex", each with a key, a version, and so on.
  void SetUp() override {
    Superuser(R"(
      INSERT INTO fieldkms_store.tenants VALUES ('acme', now(), 1, 1), ('globex', now(), 1, 2);
      INSERT INTO fieldkms_store.keks VALUES ('acme', 1, 'a', now()), ('globex', 1, 'g', now());
      INSERT INTO fieldkms_store.keys VALUES
        (7, 'acme', 'k', 1, 1, now(), 1, false, false, 1, 0, null, 0, 0, '{}', 3),
        (8, 'globex', 'k', 1, 1, now(), 1, false, false, 1, 0, null, 0, 0, '{}', 4);
      INSERT INTO fieldkms_store.key_versions VALUES
        ('acme', 7, 1, 1, 1, 'a', now(), 1, null), ('globex', 8, 1, 1, 1, 'g', now(), 1, null);
      INSERT INTO fieldkms_store.aliases VALUES ('acme', 'x', 7, 5), ('globex', 'x', 8, 6);
      INSERT INTO fieldkms_store.fields VALUES
        (9, 'acme', 'f', '{}', now(), now(), 7), (10, 'globex', 'f', '{}', now(), now(), 8);
      INSERT INTO fieldkms_store.tokens VALUES
        (9, now(), null, false, false, 'acme', 't', null, 'a', ''),
        (10, now(), null, false, false, 'globex', 't', null, 'g', '');
      INSERT INTO fieldkms_store.subjects VALUES
        (now(), null, 'acme', 's', repeat('a', 16)::bytea, repeat('s', 32)::bytea, null),
        (now(), null, 'globex', 's', repeat('g', 16)::bytea, repeat('s', 32)::bytea, null);
      INSERT INTO fieldkms_store.subject_fields VALUES
        (9, 'acme', repeat('a', 16)::bytea), (10, 'globex', repeat('g', 16)::bytea);
      INSERT INTO fieldkms_store.erasure_marks VALUES (7, repeat('l', 16)::bytea);
      INSERT INTO fieldkms_store.rotation_jobs VALUES
        (now(), now(), 9, 1, 'acme', repeat('a', 32), 'db', '', '', ''),
        (now(), now(), 10, 1, 'globex', repeat('b', 32), 'db', '', '', '');
      INSERT INTO fieldkms_store.rotation_schedules VALUES
        (now(), now(), now(), 11, 'acme', repeat('a', 32), ''),
        (now(), now(), now(), 12, 'globex', repeat('b', 32), '');
      INSERT INTO fieldkms_store.replicas VALUES (now(), 12, 60, repeat('c', 32));
      INSERT INTO fieldkms_store.leases VALUES
        ('acme', repeat('a', 32), 7, 1, true, 'p', now(), now(), 1, 0),
        ('globex', repeat('b', 32), 8, 1, true, 'p', now(), now(), 1, 0);
      INSERT INTO fieldkms_store.mutations VALUES
        ('acme', 'r', repeat('f', 32)::bytea, '{}', now()),
        ('globex', 'r', repeat('f', 32)::bytea, '{}', now());
      INSERT INTO fieldkms_store.operations VALUES
        (repeat('c', 32), 1, 'acme', 1, '', 0, 0, '', now(), now(), '', now(), 9))");
  }

  PostgresServer::Rows Superuser(const std::string& sql) const {
    return server_.Sql(database_, PostgresServer::kSuperuser, sql);
  }
  PostgresServer::Rows Service(const std::string& sql) const {
    return server_.Sql(database_, PostgresServer::kServiceLogin, sql);
  }
  std::string ServiceError(const std::string& sql) const {
    try {
      Service(sql);
    } catch (const pqxx::failure& error) {
      return error.what();
    }
    return "none";
  }
  static std::string For(const std::string& tenant, const std::string& sql) {
    return "SET fieldkms.tenant = '" + tenant + "'; " + sql;
  }

  static constexpr const char* kTables[] = {
      "tenants",           "keks",     "keys",           "key_versions",
      "aliases",           "fields",   "tokens",         "leases",
      "mutations",         "subjects", "subject_fields", "rotation_jobs",
      "rotation_schedules"};

 private:
  PostgresServer& server_ = PostgresServer::Shared();
  const std::string database_ = server_.MakeStore();
};

TEST_F(PostgresIsolation, NobodyIsThereWithoutATenant) {
  for (const std::string table : kTables) {
    EXPECT_EQ(Service("SELECT count(*) FROM fieldkms_store." + table)[0][0], "0") << table;
    EXPECT_EQ(Service(For("", "SELECT count(*) FROM fieldkms_store." + table))[0][0], "0") << table;
    EXPECT_EQ(Superuser("SELECT count(*) FROM fieldkms_store." + table)[0][0], "2") << table;
  }
}

TEST_F(PostgresIsolation, OnlyTheTenantNamedIsRead) {
  for (const std::string table : kTables) {
    const auto rows = Service(For("acme", "SELECT DISTINCT tenant FROM fieldkms_store." + table));
    ASSERT_EQ(rows.size(), 1u) << table;
    EXPECT_EQ(rows[0][0], "acme") << table;
    EXPECT_TRUE(
        Service(For("acme", "SELECT FROM fieldkms_store." + table + " WHERE tenant = 'globex'"))
            .empty())
        << table;
  }
}

TEST_F(PostgresIsolation, OnlyTheTenantNamedIsWritten) {
  Service(For("acme", "UPDATE fieldkms_store.key_versions SET wrapped = 'z'"));
  Service(For("acme", "DELETE FROM fieldkms_store.mutations"));
  EXPECT_EQ(Superuser("SELECT tenant FROM fieldkms_store.key_versions WHERE wrapped = 'z'").size(),
            1u);
  EXPECT_EQ(Superuser("SELECT tenant FROM fieldkms_store.mutations")[0][0], "globex");
  EXPECT_THAT(
      ServiceError(For("acme", "INSERT INTO fieldkms_store.keks VALUES ('globex', 2, 'z', now())")),
      HasSubstr("row-level security"));
}

TEST_F(PostgresIsolation, OnlyTheTokensOfTheTenantNamedAreWritten) {
  Service(For("acme", "UPDATE fieldkms_store.tokens SET expire_time = now()"));
  EXPECT_EQ(Superuser("SELECT tenant FROM fieldkms_store.tokens WHERE expire_time IS NOT NULL"),
            (PostgresServer::Rows{{"acme"}}));
  Service(For("acme", "DELETE FROM fieldkms_store.tokens"));
  EXPECT_EQ(Superuser("SELECT tenant FROM fieldkms_store.tokens"),
            (PostgresServer::Rows{{"globex"}}));
  EXPECT_THAT(ServiceError(For("acme",
                               "INSERT INTO fieldkms_store.tokens VALUES (9, now(), null, false, "
                               "false, 'globex', 'u', null, 'z', '')")),
              HasSubstr("row-level security"));
  // Nor does a conflict tell of another's.
  EXPECT_EQ(Service(For("acme",
                        "INSERT INTO fieldkms_store.tokens VALUES (10, now(), null, false, false, "
                        "'acme', 't', null, 'z', '') ON CONFLICT DO NOTHING RETURNING tenant")),
            (PostgresServer::Rows{{"acme"}}));
}

TEST_F(PostgresIsolation, OnlyTheSubjectsOfTheTenantNamedAreWritten) {
  Service(
      For("acme", "UPDATE fieldkms_store.subjects SET hold_reason = 'court', hold_time = now()"));
  EXPECT_EQ(Superuser("SELECT tenant FROM fieldkms_store.subjects WHERE hold_time IS NOT NULL"),
            (PostgresServer::Rows{{"acme"}}));
  EXPECT_THAT(
      ServiceError(For("acme",
                       "INSERT INTO fieldkms_store.subjects VALUES (now(), null, 'globex', 'u', "
                       "repeat('u', 16)::bytea, repeat('s', 32)::bytea, null)")),
      HasSubstr("row-level security"));
  EXPECT_THAT(ServiceError(For("acme",
                               "INSERT INTO fieldkms_store.subject_fields VALUES "
                               "(11, 'globex', repeat('g', 16)::bytea)")),
              HasSubstr("row-level security"));
  // No token is another tenant's subject's, nor nobody's.
  EXPECT_THAT(ServiceError(For("acme",
                               "INSERT INTO fieldkms_store.tokens VALUES (9, now(), null, false, "
                               "false, 'acme', 'u', null, 'z', '', repeat('g', 16)::bytea)")),
              HasSubstr("tokens_subject"));
  // What is the subject's goes with it, and nothing else.
  Service(For("acme",
              "INSERT INTO fieldkms_store.tokens VALUES (9, now(), null, false, false, 'acme', "
              "'u', null, 'z', '', repeat('a', 16)::bytea)"));
  Service(For("acme", "DELETE FROM fieldkms_store.subjects"));
  for (const std::string table : {"subjects", "subject_fields"}) {
    EXPECT_EQ(Superuser("SELECT tenant FROM fieldkms_store." + table),
              (PostgresServer::Rows{{"globex"}}))
        << table;
  }
  EXPECT_EQ(Superuser("SELECT convert_from(token, 'UTF8') FROM fieldkms_store.tokens "
                      "WHERE tenant = 'acme'"),
            (PostgresServer::Rows{{"t"}}));
}

TEST_F(PostgresIsolation, OnlyTheRotationsOfTheTenantNamedAreWritten) {
  for (const std::string table : {"rotation_jobs", "rotation_schedules"}) {
    Service(For("acme", "UPDATE fieldkms_store." + table + " SET spec = 'z'"));
    EXPECT_EQ(Superuser("SELECT tenant FROM fieldkms_store." + table + " WHERE spec = 'z'"),
              (PostgresServer::Rows{{"acme"}}))
        << table;
  }
  Service(For("acme", "DELETE FROM fieldkms_store.rotation_schedules"));
  EXPECT_EQ(Superuser("SELECT tenant FROM fieldkms_store.rotation_schedules"),
            (PostgresServer::Rows{{"globex"}}));
  EXPECT_THAT(ServiceError(For("acme",
                               "INSERT INTO fieldkms_store.rotation_jobs VALUES (now(), now(), 9, "
                               "1, 'globex', repeat('c', 32), 'db', '', '', '')")),
              HasSubstr("row-level security"));
  EXPECT_THAT(ServiceError(For("acme",
                               "INSERT INTO fieldkms_store.rotation_schedules VALUES (now(), "
                               "now(), now(), 9, 'globex', repeat('c', 32), '')")),
              HasSubstr("row-level security"));
  // Nor does a conflict tell of another's.
  EXPECT_EQ(Service(For("acme",
                        "INSERT INTO fieldkms_store.rotation_jobs VALUES (now(), now(), 9, 1, "
                        "'acme', repeat('b', 32), 'db', '', '', '') ON CONFLICT DO NOTHING "
                        "RETURNING tenant")),
            (PostgresServer::Rows{{"acme"}}));
}

// What is due is named of all tenants, and nothing else of it.
TEST_F(PostgresIsolation, DueSchedulesAreNamedAlone) {
  EXPECT_EQ(
      Service("SELECT * FROM fieldkms_store.due_rotation_schedules(now(), 9)"),
      (PostgresServer::Rows{{"acme", std::string(32, 'a')}, {"globex", std::string(32, 'b')}}));
}

TEST_F(PostgresIsolation, ReplicasAreNoTenantsBusiness) {
  EXPECT_EQ(Service("SELECT change FROM fieldkms_store.replicas"), (PostgresServer::Rows{{"12"}}));
  EXPECT_TRUE(Service(For("acme", "SELECT FROM fieldkms_store.replicas")).empty());
  Service(For("acme", "UPDATE fieldkms_store.replicas SET change = 13"));
  Service(For("acme", "DELETE FROM fieldkms_store.replicas"));
  EXPECT_EQ(Superuser("SELECT change FROM fieldkms_store.replicas"),
            (PostgresServer::Rows{{"12"}}));
  EXPECT_THAT(ServiceError(For("acme",
                               "INSERT INTO fieldkms_store.replicas VALUES (now(), 12, 60, "
                               "repeat('d', 32))")),
              HasSubstr("row-level security"));
}

TEST_F(PostgresIsolation, MarksOfErasuresAreNoTenantsBusiness) {
  EXPECT_EQ(Service("SELECT number FROM fieldkms_store.erasure_marks"),
            (PostgresServer::Rows{{"7"}}));
  EXPECT_TRUE(Service(For("acme", "SELECT FROM fieldkms_store.erasure_marks")).empty());
  Service(For("acme", "UPDATE fieldkms_store.erasure_marks SET number = 9"));
  EXPECT_EQ(Superuser("SELECT number FROM fieldkms_store.erasure_marks"),
            (PostgresServer::Rows{{"7"}}));
}

TEST_F(PostgresIsolation, StagedFieldsAreATenantsOwn) {
  const std::string row = ", 77, $$globex$$, $$f$$, $$x$$, now(), now(), 1)";
  EXPECT_THAT(ServiceError(For("acme",
                               "INSERT INTO fieldkms_store.staged_fields VALUES "
                               "(decode(repeat('00', 16), 'hex')" +
                                   row)),
              HasSubstr("row-level security"));
  Superuser("INSERT INTO fieldkms_store.staged_fields VALUES (decode(repeat('00', 16), 'hex')" +
            row);
  EXPECT_TRUE(Service(For("acme", "SELECT FROM fieldkms_store.staged_fields")).empty());
  EXPECT_EQ(Service(For("globex", "SELECT FROM fieldkms_store.staged_fields")).size(), 1u);
}

TEST_F(PostgresIsolation, WhatIdentifiesARecordStays) {
  for (const std::string change :
       {"UPDATE fieldkms_store.keys SET tenant = 'globex'",
        "UPDATE fieldkms_store.keys SET key_id = 9",
        "UPDATE fieldkms_store.keys SET exportable = true",
        "UPDATE fieldkms_store.key_versions SET tenant = 'globex'",
        "DELETE FROM fieldkms_store.keys",
        "DELETE FROM fieldkms_store.key_versions",
        "UPDATE fieldkms_store.fields SET tenant = 'globex'",
        "UPDATE fieldkms_store.fields SET field_id = 11",
        "UPDATE fieldkms_store.fields SET name = 'g'",
        "DELETE FROM fieldkms_store.fields",
        "UPDATE fieldkms_store.tokens SET tenant = 'globex'",
        "UPDATE fieldkms_store.tokens SET token = 'x'",
        "UPDATE fieldkms_store.tokens SET sealed = 'x'",
        "UPDATE fieldkms_store.tokens SET subject = null",
        "UPDATE fieldkms_store.subjects SET tenant = 'globex'",
        "UPDATE fieldkms_store.subjects SET handle = secret",
        "UPDATE fieldkms_store.subjects SET secret = handle",
        "UPDATE fieldkms_store.subjects SET subject = 'x'",
        "UPDATE fieldkms_store.subject_fields SET field_id = 11",
        "DELETE FROM fieldkms_store.subject_fields",
        "DELETE FROM fieldkms_store.erasure_marks",
        "UPDATE fieldkms_store.rotation_jobs SET tenant = 'globex'",
        "UPDATE fieldkms_store.rotation_jobs SET job_id = repeat('c', 32)",
        "UPDATE fieldkms_store.rotation_jobs SET data_source = 'x'",
        "UPDATE fieldkms_store.rotation_jobs SET create_time = now()",
        "DELETE FROM fieldkms_store.rotation_jobs",
        "UPDATE fieldkms_store.rotation_schedules SET tenant = 'globex'",
        "UPDATE fieldkms_store.rotation_schedules SET schedule_id = repeat('c', 32)",
        "UPDATE fieldkms_store.rotation_schedules SET create_time = now()",
        "UPDATE fieldkms_store.replicas SET replica_id = repeat('d', 32)",
        "DELETE FROM fieldkms_store.tenants",
        "UPDATE fieldkms_store.mutations SET outcome = '{}'",
        "TRUNCATE fieldkms_store.leases",
        "DELETE FROM fieldkms_store.store_state",
        "INSERT INTO fieldkms_store.schema_migrations VALUES (9, 'x', repeat('0', 64))"}) {
    const std::string error = ServiceError(For("acme", change));
    // Nothing may be deleted where there is the policy alone.
    EXPECT_THAT(error, HasSubstr("permission denied")) << change;
  }
}

TEST_F(PostgresIsolation, TheSchemaAndItsRulesStay) {
  for (const std::string change :
       {"ALTER TABLE fieldkms_store.keys DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE fieldkms_store.keys NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant_selects ON fieldkms_store.keys",
        "CREATE POLICY mine ON fieldkms_store.keys USING (true)",
        "ALTER TABLE fieldkms_store.keys ADD COLUMN x int", "DROP TABLE fieldkms_store.keys",
        "CREATE TABLE fieldkms_store.x ()", "CREATE INDEX ON fieldkms_store.keys (name)",
        "CREATE TRIGGER t BEFORE UPDATE ON fieldkms_store.keys FOR EACH ROW "
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE OR REPLACE FUNCTION fieldkms_store.tenant_of_key(id bigint) RETURNS text "
        "LANGUAGE sql AS 'SELECT null::text'",
        "ALTER FUNCTION fieldkms_store.tenant_of_key RESET ALL", "SET ROLE fieldkms_owner",
        "SET SESSION AUTHORIZATION postgres", "ALTER ROLE fieldkms_service BYPASSRLS",
        "GRANT fieldkms_owner TO fieldkms_login", "SELECT * FROM fieldkms_store.key_overview"}) {
    EXPECT_THAT(ServiceError(change), HasSubstr("ERROR")) << change;
  }
  // To switch the rules off by setting gives an error, and not the rows.
  EXPECT_THAT(ServiceError("SET row_security = off; SELECT * FROM fieldkms_store.keys"),
              HasSubstr("row-level security"));
}

TEST_F(PostgresIsolation, OperationsAreNoTenantsBusiness) {
  EXPECT_EQ(Service("SELECT tenant FROM fieldkms_store.operations").size(), 1u);
  EXPECT_TRUE(Service(For("acme", "SELECT FROM fieldkms_store.operations")).empty());
}

// Functions run as the owner: they must not be to anybody else, nor look up names where
// a caller says.
TEST_F(PostgresIsolation, FunctionsAreTheServicesAndPinned) {
  EXPECT_EQ(Superuser("SELECT count(*) FROM pg_proc "
                      "WHERE pronamespace = 'fieldkms_store'::regnamespace AND prosecdef "
                      "AND 'search_path=pg_catalog, pg_temp' = ANY (proconfig)")[0][0],
            "13");
  Superuser("DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN");
  for (const std::string sql :
       {"SELECT fieldkms_store.tenant_of_key(7)",
        "SELECT * FROM fieldkms_store.list_tenants('', 9)", "SELECT FROM fieldkms_store.keys"}) {
    EXPECT_THAT(ServiceError("SELECT 1"), "none");
    EXPECT_THROW(PostgresServer::Shared().Sql("postgres", "stranger", sql), pqxx::failure) << sql;
  }
  EXPECT_EQ(
      Superuser("SELECT count(*) FROM pg_proc p, aclexplode(p.proacl) a "
                "WHERE pronamespace = 'fieldkms_store'::regnamespace AND a.grantee = 0")[0][0],
      "0");
}

// The owner may read, for the functions, and is held to the rules as anybody.
TEST_F(PostgresIsolation, OwnerCannotWriteTenants) {
  Superuser("SET ROLE fieldkms_owner; UPDATE fieldkms_store.key_versions SET wrapped = 'z'");
  EXPECT_TRUE(Superuser("SELECT FROM fieldkms_store.key_versions WHERE wrapped = 'z'").empty());
}

TEST_F(PostgresIsolation, PeopleSeeHexDigits) {
  EXPECT_EQ(Superuser("SELECT key_id FROM fieldkms_store.key_overview ORDER BY 1")[0][0],
            "0000000000000007");
}

}  // namespace
}  // namespace fieldkms::testing
