// Requests that cannot be carried out, and workers that come and go.
#include <csignal>

#include "tests/integration/cli/serve_fixture.h"
#include "tests/unit/rotation/libpq_session.h"

namespace fieldkms::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ServeRequestsTest : public ServeTest {
 protected:
  ServeRequestsTest() {
    Value("CREATE TABLE public.customers (id bigint PRIMARY KEY, card text, kind text)");
    Value("INSERT INTO public.customers SELECT i, 'card ' || i FROM generate_series(1, 50) i");
  }
  static inline const std::string kProtect = "protect_column('customers', 'card', key => 'cards'";
};

TEST_F(ServeRequestsTest, WrongInputIsSaidAsItIs) {
  const auto serve = Serve();
  Value("CREATE VIEW seen AS SELECT * FROM customers");
  Value("CREATE TABLE parts (id int PRIMARY KEY, card text) PARTITION BY LIST (id)");
  Value("CREATE TABLE part PARTITION OF parts FOR VALUES IN (1)");
  Value("CREATE TABLE keyless (card text)");
  const auto protect = [](const std::string& table, const std::string& more) {
    return "protect_column('" + table + "', 'card', " + more + ")";
  };
  EXPECT_THAT(Error(protect("customers", "field => 'missing'")),
              AllOf(HasSubstr("42704"), HasSubstr("FIELD_NOT_FOUND")));
  EXPECT_THAT(Error(protect("customers", "key => 'missing'")),
              AllOf(HasSubstr("42704"), HasSubstr("KEY_NOT_FOUND"), HasSubstr("option key")));
  EXPECT_THAT(Error(protect("customers", "index_key => 'cards', key => 'cards'")),
              AllOf(HasSubstr("22023"), HasSubstr("option index_key")));
  EXPECT_THAT(Error(protect("customers", "key => 'cards', row_key => '{missing}'")),
              AllOf(HasSubstr("22023"), HasSubstr("option row_key")));
  EXPECT_THAT(Error(protect("customers", "key => 'cards', binding_id => 'x'")),
              HasSubstr("option binding_id"));
  EXPECT_THAT(Error(protect("customers", "key => 'cards', into_column => 'kind'")),
              HasSubstr("option into_column"));
  EXPECT_THAT(Error(protect("customers", "field => 'a', key => 'b'")), HasSubstr("not both"));
  EXPECT_THAT(Error(protect("seen", "key => 'cards'")), HasSubstr("22023"));
  EXPECT_THAT(Error(protect("part", "key => 'cards'")), HasSubstr("22023"));
  EXPECT_THAT(Error(protect("keyless", "key => 'cards'")),
              AllOf(HasSubstr("option row_key"), HasSubstr("no primary key")));
  EXPECT_THAT(Error("close_column('customers', 'card')"), HasSubstr("not in the registry"));
  EXPECT_THAT(Error("unprotect_column('customers', 'card', 'clear')"),
              AllOf(HasSubstr("42501"), HasSubstr("--allow unprotect")));
  EXPECT_THAT(Error("ask_create_key('new')"),
              AllOf(HasSubstr("42501"), HasSubstr("--allow create-key")));
  EXPECT_THAT(Error("ask_rotate_key('cards')"),
              AllOf(HasSubstr("42501"), HasSubstr("must be owner")));
  EXPECT_THAT(Error("ask_pause_job('00000000000000000000000000000000')"), HasSubstr("42704"));
  Call(kProtect + ", fill => false)");
  EXPECT_THAT(Error("switch_column('customers', 'card')"),
              AllOf(HasSubstr("55000"), HasSubstr("kms.close_column comes first")));
  EXPECT_THAT(Error("drop_plaintext('customers', 'card')"), HasSubstr("kms.switch_column"));
}

TEST_F(ServeRequestsTest, NamesOfAnyKindAndPartitionsAreProtected) {
  const auto serve = Serve();
  Value(
      "CREATE TABLE \"We ird\"\"T\" (\"Id\" int, \"Ca'rd\" text, PRIMARY KEY (\"Id\")) "
      "PARTITION BY LIST (\"Id\")");
  Value("CREATE TABLE part PARTITION OF \"We ird\"\"T\" FOR VALUES IN (1)");
  Value("INSERT INTO \"We ird\"\"T\" VALUES (1, 'x')");
  const std::string of = "('\"We ird\"\"T\"', 'Ca''rd'";
  EXPECT_EQ(Call("protect_column" + of + ", key => 'cards')")["column"], "Ca'rd_protected");
  Call("fill_column" + of + ", wait => '2 minutes')");
  Call("close_column" + of + ")");
  Call("switch_column" + of + ")");
  EXPECT_EQ(Call("drop_plaintext" + of + ")")["rewritten"][0]["table"], "part");
  EXPECT_EQ(Value("SELECT substr(\"Ca'rd\", 1, 1) FROM part"), "\\x11");
}

TEST_F(ServeRequestsTest, KeysAreMadeAndJobsKeptWhereThatIsAllowed) {
  const auto serve = Serve({"--allow", "create-key", "--allow", "convert", "--allow", "rotate"});
  EXPECT_EQ(Call("ask_create_key('new.key')")["primary_version"], 1);
  EXPECT_THAT(Error("ask_create_key('new.key')"), HasSubstr("42710"));
  EXPECT_THAT(Error("ask_create_key('other', purpose => 'MAGIC')"), HasSubstr("option purpose"));
  Call(kProtect + ")");
  Call("fill_column('customers', 'card', wait => '2 minutes')");
  const std::string job = Call("ask_create_job('cards', start => false)")["job_id"];
  EXPECT_EQ(Call("ask_start_job('" + job + "')")["state"], "RUNNING");
  EXPECT_EQ(Call("ask_cancel_job('" + job + "')")["state"], "CANCELLED");
  EXPECT_THAT(Error("await_rotation_job('" + job + "')"), HasSubstr("was cancelled"));
  Value("CALL kms.ask_rotate_keys()");
  EXPECT_EQ(
      One("SELECT result ->> 'primary_version' FROM kms.requests WHERE action = 'rotate_key'"),
      "2");
}

// Owners are told apart also when it is carried out.
TEST_F(ServeRequestsTest, IsNotDoneForWhoIsNotTheOwnerAnyMore) {
  Value("CALL kms.close_column('customers', 'card', wait => NULL)");
  bed_.Sql("ALTER TABLE customers OWNER TO postgres");
  const auto serve = Serve();
  AwaitSql("(SELECT state = 'failed' AND reason = 'PERMISSION_DENIED' FROM kms.requests)");
}

// To have a column under a key is to have a say in its rotation.
TEST_F(ServeRequestsTest, AKeyIsNotSharedWithOtherOwners) {
  const auto serve = Serve();
  Call(kProtect + ", fill => false)");
  Value("CREATE TABLE other (id int PRIMARY KEY, card text)");
  bed_.Sql("ALTER TABLE customers OWNER TO postgres");
  EXPECT_THAT(Error("protect_column('other', 'card', key => 'cards', fill => false)"),
              AllOf(HasSubstr("42501"), HasSubstr("must be owner"), HasSubstr("option key")));
}

TEST_F(ServeRequestsTest, ATableThatIsRenamedMeanwhileIsTheSame) {
  Value("CALL kms." + kProtect + ", wait => NULL)");
  Value("ALTER TABLE customers RENAME COLUMN card TO number");
  Value("ALTER TABLE customers RENAME TO clients");
  const auto serve = Serve();
  EXPECT_EQ(Call("await_request(1)")["plain_column"], "number");
}

// Whoever holds the table longer than a step waits makes it try again, and not fail at once.
TEST_F(ServeRequestsTest, TriesAgainWhileOthersAreAtTheTable) {
  const auto serve = Serve();
  LibpqSession other(bed_.conninfo());
  other.Run("BEGIN; SELECT count(*) FROM public.customers");
  Value("CALL kms." + kProtect + ", fill => false, wait => NULL)");
  AwaitSql("(SELECT progress LIKE 'others are at the table%' FROM kms.requests)");
  other.Run("COMMIT");
  EXPECT_EQ(Call("await_request(1)")["conversion"], "protect");
}

TEST_F(ServeRequestsTest, AWorkerThatIsKilledIsFollowedByAnother) {
  auto serve = Serve();
  LibpqSession other(bed_.conninfo());
  other.Run("BEGIN; SELECT count(*) FROM public.customers");
  Value("CALL kms." + kProtect + ", fill => false, wait => NULL)");
  AwaitSql("(SELECT state = 'running' FROM kms.requests)");
  serve->Signal(SIGKILL);
  serve->Wait();
  other.Run("COMMIT");
  EXPECT_EQ(One("SELECT state FROM kms.requests"), "running");
  bed_.Sql("UPDATE kms.requests SET lease_until = now()");  // half a minute later
  const auto next = Serve();
  EXPECT_EQ(Call("await_request(1)")["conversion"], "protect");
  EXPECT_EQ(One("SELECT fence FROM kms.requests"), "2");
}

// One that had been carried out when its worker died is done, though it could not be done twice.
TEST_F(ServeRequestsTest, WhatWasDoneBeforeAWorkerDiedIsDone) {
  auto serve = Serve();
  Call(kProtect + ", fill => false)");
  Call("abandon_column('customers', 'card')");
  EXPECT_THAT(Error("abandon_column('customers', 'card')"), HasSubstr("not in the registry"));
  bed_.Sql(
      "UPDATE kms.requests SET state = 'running', lease_until = now(), ended_at = NULL, "
      "answer = NULL WHERE action = 'abandon' AND state = 'done'");
  AwaitSql(
      "(SELECT bool_and(state = 'done' AND answer LIKE 'it is done%' AND fence = 2) "
      "FROM kms.requests WHERE action = 'abandon' AND reason IS NULL)");
}

TEST_F(ServeRequestsTest, StoppedItGivesBackWhatWaits) {
  auto serve = Serve();
  Call(kProtect + ", fill => false)");
  Value("CALL kms.fill_column('customers', 'card', wait => NULL)");
  AwaitSql("(SELECT job_id IS NOT NULL FROM kms.requests WHERE action = 'fill')");
  serve->Signal(SIGTERM);
  EXPECT_EQ(serve->Wait().code, 0);
  AwaitSql("(SELECT state IN ('queued', 'done') FROM kms.requests WHERE action = 'fill')");
  const auto first = Serve(), second = Serve();
  EXPECT_EQ(Call("await_request(2, wait => '2 minutes')")["quarantined"], 0);
}

TEST_F(ServeRequestsTest, TwoWorkersCarryOutEachRequestOnce) {
  const auto first = Serve({"--allow", "create-key"}), second = Serve({"--allow", "create-key"});
  AwaitSql("(SELECT count(*) = 2 FROM kms.request_workers)");
  for (int i = 0; i < 30; ++i) {
    Value("CALL kms.ask_create_key('key" + std::to_string(i) + "', wait => NULL)");
  }
  AwaitSql("(SELECT bool_and(state = 'done' AND fence = 1) FROM kms.requests)");
}

TEST_F(ServeRequestsTest, TheServiceMayBeAwayForAWhile) {
  const auto serve = Serve();
  AwaitSql("(SELECT count(*) = 1 FROM kms.request_workers)");
  bed_.daemon().Kill();
  Value("CALL kms." + kProtect + ", wait => NULL)");
  AwaitSql("(SELECT fence > 0 FROM kms.requests)");
  ASSERT_OK(bed_.daemon().Start());
  EXPECT_EQ(Call("await_request(1, wait => '2 minutes')")["conversion"], "protect");
}

TEST_F(ServeRequestsTest, RefusesADatabaseWithoutTheSchema) {
  bed_.Sql("DROP SCHEMA kms CASCADE");
  EXPECT_NE(Serve()->Wait().code, 0);
  EXPECT_THAT(ReadFile(log_file_), HasSubstr("fieldkms column init"));
}

}  // namespace
}  // namespace fieldkms::testing
