// Asking, in SQL: who may, for what, and what waiting is like.
#include "tests/unit/rotation/requests_fixture.h"

namespace fieldkms::rotation {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RequestsSqlTest : public testing::RequestsTest {
 protected:
  // What comes of a CALL that waits, for which somebody writes the answer meanwhile.
  std::string Answered(const std::string& call, const std::string& change) {
    testing::LibpqSession waiting(server().Conninfo(name(), owner_));
    waiting.Send("CALL kms." + call);
    while (Sql("SELECT count(*) FROM kms.requests WHERE state = 'queued'") == "0") {
    }
    Sql("UPDATE kms.requests SET ended_at = clock_timestamp(), " + change);
    return waiting.Receive();
  }
};

TEST_F(RequestsSqlTest, WritesDownWhoAsksForWhat) {
  const std::string id =
      Ask("switch_column('customers', 'card', old_name => 'o''ld', "
          "wait => NULL)");
  EXPECT_EQ(Of(id, "action, relation, attribute, attribute_number, options, dry_run, state"),
            R"(switch/customers/card/2/{"old_name": "o'ld"}/f/queued)");
  EXPECT_EQ(Of(id,
               "requested_by, requested_as, database_oid = kms.this_database(), "
               "expires_at > clock_timestamp()"),
            owner_ + "/" + owner_ + "/t/t");
}

TEST_F(RequestsSqlTest, EachProcedureAsks) {
  const std::pair<std::string, std::string> calls[] = {
      {"protect_column('customers', 'card', field => 'f', row_key => '{id}', context => "
       "'{\"a\": \"b\"}', binding_id => '\\x0102', wait => NULL)",
       R"(protect/{"fill": true, "field": "f", "context": {"a": "b"}, "row_key": ["id"], )"
       R"("binding_id": "0102"})"},
      {"protect_column('customers', 'card', field => 'f', source => 'pgsodium', source_key => 'k', "
       "source_columns => '{id}', wait => NULL)",
       R"(migrate/{"fill": true, "field": "f", "source": "pgsodium", "source_key": "k", )"
       R"("source_columns": ["id"]})"},
      {"unprotect_column('customers', 'card', 'clear', wait => NULL)",
       R"(unprotect/{"fill": true, "into_column": "clear"})"},
      {"fill_column('customers', 'card', wait => NULL)", "fill/{}"},
      {"close_column('customers', 'card', wait => NULL)", "close/{}"},
      {"reopen_column('customers', 'card', wait => NULL)", "reopen/{}"},
      {"switch_column('customers', 'card', keep_names => true, wait => NULL)",
       R"(switch/{"keep_names": true})"},
      {"abandon_column('customers', 'card', wait => NULL)", "abandon/{}"},
      {"drop_plaintext('customers', 'card', rewrite => false, wait => NULL)",
       R"(drop_plaintext/{"rewrite": false})"},
      {"drop_ciphertext('customers', 'card', wait => NULL)", "drop_ciphertext/{}"},
      {"ask_create_key('k', wait => NULL)", R"(create_key/{"key": "k", "purpose": "ENCRYPT"})"},
      {"ask_rotate_key('k', wait => NULL)", R"(rotate_key/{"key": "k", "with_job": false})"},
      {"ask_rotate_keys('k', wait => NULL)", R"(rotate_key/{"key": "k", "with_job": true})"},
      {"ask_create_job('k', wait => NULL)", R"(create_job/{"key": "k", "start": true})"},
      {"ask_start_job('j', wait => NULL)", R"(start_job/{"job_id": "j"})"},
      {"ask_pause_job('j', wait => NULL)", R"(pause_job/{"job_id": "j"})"},
      {"ask_resume_job('j', wait => NULL)", R"(resume_job/{"job_id": "j"})"},
      {"ask_cancel_job('j', wait => NULL)", R"(cancel_job/{"job_id": "j"})"},
      {"await_rotation_job('j', wait => NULL)", R"(await_job/{"job_id": "j"})"}};
  for (const auto& [call, asked] : calls) EXPECT_EQ(Of(Ask(call), "action, options"), asked);
}

TEST_F(RequestsSqlTest, IsForOwnersOfTheTable) {
  const std::string other = MakeRole();
  EXPECT_THAT(ErrorOf("CALL kms.close_column('customers', 'card')", other), StartsWith("42501"));
  Sql("GRANT kms_admin TO " + other);
  EXPECT_THAT(ErrorOf("CALL kms.close_column('customers', 'card')", other),
              AllOf(StartsWith("42501"), HasSubstr("must be owner of table")));
  Sql("GRANT " + owner_ + " TO " + other);
  EXPECT_EQ(ErrorOf("CALL kms.close_column('customers', 'card', wait => NULL)", other), "");
  // A member that does not inherit acts as the owner first.
  const std::string aside = MakeRole();
  Sql("ALTER ROLE " + aside + " NOINHERIT; GRANT " + owner_ + " TO " + aside);
  testing::LibpqSession session(server().Conninfo(name(), aside));
  EXPECT_THROW(session.Run("CALL kms.close_column('customers', 'card', wait => NULL)"),
               std::runtime_error);
  session.Run("SET ROLE " + owner_);
  session.Run("CALL kms.close_column('customers', 'card', wait => NULL)");
  EXPECT_EQ(Sql("SELECT requested_by || ' ' || requested_as FROM kms.requests "
                "ORDER BY request_id DESC LIMIT 1"),
            aside + " " + owner_);
}

// What somebody else's function asks for in the owner's session is not what the owner asks for.
TEST_F(RequestsSqlTest, FunctionsOfOthersAskForThemselves) {
  const std::string other = MakeRole();
  Sql("GRANT kms_admin TO " + other + "; GRANT CREATE ON SCHEMA public TO " + other);
  Sql("CREATE FUNCTION public.trap() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN "
      "INSERT INTO kms.requests (action, relation, relation_oid, attribute, attribute_number) "
      "VALUES ('drop_plaintext', 'public.customers', 'public.customers'::regclass, 'card', 2); "
      "RETURN 1; END $$",
      other);
  EXPECT_EQ(Sql("SELECT public.trap()", owner_), "1");
  EXPECT_EQ(Sql("SELECT requested_by || ' ' || requested_as FROM kms.requests"),
            owner_ + " " + other);
  EXPECT_EQ(
      Sql("SELECT kms.may_change(relation_oid, requested_by, requested_as) FROM kms.requests"),
      "f");
}

TEST_F(RequestsSqlTest, NobodyAsksInTheNameOfOthers) {
  for (const std::string column :
       {"requested_by", "requested_as", "state", "answer", "expires_at"}) {
    EXPECT_THAT(
        ErrorOf("INSERT INTO kms.requests (action, " + column + ") VALUES ('create_key', NULL)",
                owner_),
        StartsWith("42501"))
        << column;
  }
  EXPECT_THAT(ErrorOf("UPDATE kms.requests SET state = 'done'", owner_), StartsWith("42501"));
  EXPECT_THAT(ErrorOf("DELETE FROM kms.requests", owner_), StartsWith("42501"));
}

TEST_F(RequestsSqlTest, RefusesWhatIsNotThere) {
  EXPECT_THAT(ErrorOf("CALL kms.close_column('missing', 'card')", owner_), StartsWith("42P01"));
  EXPECT_THAT(ErrorOf("CALL kms.close_column('customers', 'missing')", owner_),
              StartsWith("42703"));
  EXPECT_THAT(ErrorOf("CALL kms.close_column('customers', 'ctid')", owner_), StartsWith("42703"));
  EXPECT_THAT(ErrorOf("CALL kms.close_column(99999::regclass, 'card')", owner_),
              StartsWith("42P01"));
  EXPECT_THAT(ErrorOf("CALL kms.close_column('customers', NULL)", owner_), StartsWith("22004"));
  EXPECT_THAT(ErrorOf("CALL kms.close_column('customers', 'card', wait => '-1 s')", owner_),
              StartsWith("22023"));
  EXPECT_EQ(Sql("SELECT count(*) FROM kms.requests"), "0");
}

TEST_F(RequestsSqlTest, NamesOfAnyKindAreTakenAsTheyAre) {
  Sql("CREATE TABLE public.\"We ird\"\"T\" (id int PRIMARY KEY, \"Ca'rd\" text)", owner_);
  const std::string id = Ask("close_column('public.\"We ird\"\"T\"', 'Ca''rd', wait => NULL)");
  EXPECT_EQ(Of(id, "relation::oid = 'public.\"We ird\"\"T\"'::regclass, attribute"), "t/Ca'rd");
}

// Operators and functions of the caller's path are not called.
TEST_F(RequestsSqlTest, NothingOfTheCallersPathIsCalled) {
  WorkerIsThere();
  Sql("CREATE SCHEMA evil AUTHORIZATION " + owner_);
  testing::LibpqSession session(server().Conninfo(name(), owner_));
  session.Run(
      "CREATE FUNCTION evil.boom(text, text) RETURNS boolean LANGUAGE plpgsql AS "
      "'BEGIN RAISE EXCEPTION ''called''; END'");
  session.Run("CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.boom)");
  session.Run("CREATE OPERATOR evil.~ (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.boom)");
  session.Run(
      "CREATE FUNCTION evil.jsonb_build_object(text, name, text, boolean) RETURNS jsonb "
      "LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''called''; END'");
  session.Run(
      "CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE plpgsql AS "
      "'BEGIN RAISE EXCEPTION ''called''; END'");
  session.Run("SET search_path = evil, pg_catalog, public");
  session.Send("CALL kms.switch_column('customers', 'card', old_name => 'o')");
  while (Sql("SELECT count(*) FROM kms.requests") == "0") {
  }
  Sql("UPDATE kms.requests SET ended_at = clock_timestamp(), state = 'done', answer = 'a', "
      "result = '{\"b\": 1}'");
  EXPECT_EQ(session.Receive(), R"({"b": 1})");
  session.Run("INSERT INTO customers VALUES (1, '4111111111111111')");
  EXPECT_EQ(session.Run("SELECT kind FROM kms.plaintext_suspects('{public}')"), "pan");
}

TEST_F(RequestsSqlTest, WaitsForTheAnswer) {
  WorkerIsThere();
  EXPECT_EQ(Answered("close_column('customers', 'card')",
                     "state = 'done', answer = 'it is', result = '{\"a\": 1}'"),
            R"({"a": 1})");
  const std::string failed = Answered(
      "reopen_column('customers', 'card')",
      "state = 'failed', reason = 'INVALID_FIELD', field = 'row_key', message = 'is not so'");
  EXPECT_THAT(failed,
              AllOf(HasSubstr("22023"), HasSubstr("is not so"), HasSubstr("option row_key")));
  EXPECT_THAT(Answered("abandon_column('customers', 'card')",
                       "state = 'failed', reason = 'DATABASE_BUSY', message = 'others'"),
              HasSubstr("55P03"));
  EXPECT_THAT(Answered("fill_column('customers', 'card')", "state = 'withdrawn'"),
              HasSubstr("57014"));
}

TEST_F(RequestsSqlTest, SaysThatNoWorkerIsThere) {
  EXPECT_THAT(ErrorOf("CALL kms.close_column('customers', 'card', wait => '0')", owner_),
              AllOf(StartsWith("55000"), HasSubstr("no worker is there")));
  EXPECT_EQ(Sql("SELECT state FROM kms.requests"), "withdrawn");  // nobody does it later
  WorkerIsThere("other");
  Sql("UPDATE kms.request_workers SET seen_at = now() - interval '1 minute'");
  EXPECT_THAT(ErrorOf("CALL kms.close_column('customers', 'card', wait => '0')", owner_),
              StartsWith("55000"));
}

TEST_F(RequestsSqlTest, SaysThatWorkersMayNotDoIt) {
  WorkerIsThere();
  testing::LibpqSession session(server().Conninfo(name(), owner_));
  EXPECT_THAT(session.ErrorOf("CALL kms.unprotect_column('customers', 'card', 'clear')"),
              AllOf(StartsWith("42501"), HasSubstr("--allow unprotect")));
  EXPECT_EQ(Sql("SELECT state FROM kms.requests"), "withdrawn");
}

TEST_F(RequestsSqlTest, WaitingIsBoundedAndGoesOn) {
  WorkerIsThere();
  const std::string call = "CALL kms.close_column('customers', 'card', wait => '0')";
  EXPECT_THAT(ErrorOf(call, owner_), AllOf(StartsWith("57014"), HasSubstr("not begun yet")));
  // Asked again, it is the same request that is waited for.
  EXPECT_THAT(ErrorOf(call, owner_), StartsWith("57014"));
  EXPECT_EQ(Sql("SELECT count(*) || min(state) FROM kms.requests"), "1queued");
  EXPECT_THAT(ErrorOf("CALL kms.await_request(1, wait => '0')", owner_), StartsWith("57014"));
  EXPECT_THAT(ErrorOf("CALL kms.await_request(99, wait => '0')", owner_), StartsWith("42704"));
}

TEST_F(RequestsSqlTest, WithinATransactionItOnlyAsks) {
  WorkerIsThere();
  testing::LibpqSession session(server().Conninfo(name(), owner_));
  session.Run("BEGIN");
  session.Run("CALL kms.close_column('customers', 'card', wait => NULL)");
  EXPECT_EQ(Sql("SELECT count(*) FROM kms.requests"), "0");  // not committed
  session.Run("COMMIT");
  EXPECT_EQ(Sql("SELECT count(*) FROM kms.requests"), "1");
  session.Run("BEGIN");
  session.Run("INSERT INTO customers VALUES (1, 'x')");
  EXPECT_THAT(session.ErrorOf("CALL kms.close_column('customers', 'card')"),
              AllOf(HasSubstr("25001"), HasSubstr("wait => NULL")));
  session.Run("ROLLBACK");
  session.Run("BEGIN");
  EXPECT_THAT(session.ErrorOf("CALL kms.close_column('customers', 'card')"),
              AllOf(HasSubstr("2D000"), HasSubstr("commit_outside_of_a_transaction_block")));
}

TEST_F(RequestsSqlTest, OneTakesBackWhatIsOnesOwn) {
  const std::string id = Ask();
  const std::string other = MakeRole();
  Sql("GRANT kms_admin TO " + other);
  EXPECT_EQ(Sql("SELECT kms.withdraw_request(" + id + ")", other), "f");
  EXPECT_EQ(Sql("SELECT kms.withdraw_request(" + id + ")", owner_), "t");
  EXPECT_EQ(Sql("SELECT kms.withdraw_request(" + id + ")", owner_), "f");
  EXPECT_EQ(Of(id, "state"), "withdrawn");
}

TEST_F(RequestsSqlTest, TheTenantIsThatOfTheWorkersUnlessItIsSaid) {
  const std::string call = "ask_create_key('k', wait => NULL)";
  EXPECT_EQ(Of(Ask(call), "coalesce(tenant, '-')"), "-");
  WorkerIsThere("acme");
  EXPECT_EQ(Of(Ask(call), "tenant"), "acme");
  WorkerIsThere("other");
  EXPECT_THAT(ErrorOf("CALL kms." + call, owner_), StartsWith("22023"));
  EXPECT_EQ(Of(Ask("ask_create_key('k', tenant => 'other', wait => NULL)"), "tenant"), "other");
}

TEST_F(RequestsSqlTest, KeysAreOfThoseWhoOwnAllTablesUnderThem) {
  const auto may = [&](const std::string& key, const std::string& role) {
    return Sql("SELECT kms.may_rotate('acme', '" + key + "', '" + role + "', '" + role + "')");
  };
  const auto registers = [&](const std::string& table, const std::string& binding) {
    Sql("INSERT INTO kms.protected_columns (binding_id, relation, relation_oid, attribute, "
        "attribute_number, tenant, key_name, shape, key_attributes, key_numbers) VALUES "
        "(decode(repeat('" +
        binding + "', 16), 'hex'), '" + table + "', '" + table +
        "'::regclass, 'card', 2, 'acme', 'cards', 'text', '{}', '{}')");
  };
  EXPECT_EQ(may("cards", owner_), "f");
  EXPECT_EQ(may("cards", "postgres"), "t");
  registers("customers", "01");
  EXPECT_EQ(may("cards", owner_), "t");
  EXPECT_EQ(may("cards", "nobody"), "f");
  Sql("CREATE TABLE theirs (id int, card text)");
  registers("theirs", "02");
  EXPECT_EQ(may("cards", owner_), "f");
}

// Restored, requests are what they were, and none is done in the copy.
TEST_F(RequestsSqlTest, AreOfTheDatabaseThatTheyWereMadeIn) {
  const std::string id = Ask();
  const std::string copy = name() + "_copy";
  server().Sql("postgres", "postgres", "CREATE DATABASE " + copy + " TEMPLATE template0");
  const auto dumped = testing::RunCommand({.argv = {testing::PostgresServer::Program("pg_dump"),
                                                    "-d", server().Conninfo(name(), "postgres")}});
  ASSERT_EQ(dumped.status.code, 0) << dumped.err;
  const auto restored =
      testing::RunCommand({.argv = {testing::PostgresServer::Program("psql"), "-q", "-v",
                                    "ON_ERROR_STOP=1", "-d", server().Conninfo(copy, "postgres")}},
                          dumped.out);
  ASSERT_EQ(restored.status.code, 0) << restored.err;
  EXPECT_EQ(server().Sql(copy, "postgres",
                         "SELECT state || ' ' || requested_by || ' ' || "
                         "(database_oid = kms.this_database()) FROM kms.requests")[0][0],
            "queued " + owner_ + " false");
  const auto other = Database::Connect(server().Conninfo(copy, "postgres"), "copy");
  ASSERT_OK(other);
  ASSERT_OK(CheckTargetSchema(**other));
  // The copy has all functions, and their rights.
  EXPECT_EQ(server().Sql(copy, owner_, "SELECT count(*) FROM kms.encryption_status")[0][0], "0");
  EXPECT_EQ(Of(id, "state"), "queued");
}

}  // namespace
}  // namespace fieldkms::rotation
