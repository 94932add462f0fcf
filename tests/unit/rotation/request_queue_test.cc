// How workers take requests, and what becomes of those whose worker is gone.
#include "rotation/request_queue.h"

#include <future>

#include "crypto/status.h"
#include "rotation/request_beat.h"
#include "rotation/request_runner.h"
#include "tests/unit/rotation/requests_fixture.h"

namespace fieldkms::rotation {
namespace {

using ::testing::HasSubstr;

class RequestQueueTest : public testing::RequestsTest {
 protected:
  RequestQueue Queue(const std::string& worker = "w1", const std::string& tenant = "acme") {
    return RequestQueue(database(), worker, tenant, kAll);
  }
  static inline const std::vector<std::string> kAll =
      ActionsOf({"convert", "unprotect", "rotate", "create-key"});

  static Request Taken(RequestQueue queue) {
    const auto taken = queue.Take();
    EXPECT_OK(taken);
    EXPECT_TRUE(taken.ok() && taken->has_value());
    return taken.ok() && *taken ? **taken : Request();
  }
  static bool TakesNone(RequestQueue queue) {
    const auto taken = queue.Take();
    EXPECT_OK(taken);
    return taken.ok() && !taken->has_value();
  }
};

TEST_F(RequestQueueTest, TakesTheOldestWithWhatItIsAbout) {
  EXPECT_TRUE(TakesNone(Queue()));
  const std::string first =
      Ask("switch_column('customers', 'card', old_name => 'o', wait => NULL)");
  Ask("ask_create_key('k', wait => NULL)");
  const Request request = Taken(Queue());
  EXPECT_EQ(std::to_string(request.id), first);
  EXPECT_EQ(request.action, "switch");
  EXPECT_EQ(*request.table, (TableName{"public", "customers"}));
  EXPECT_EQ(request.column, "card");
  EXPECT_EQ(request.options.Text("old_name").value(), "o");
  EXPECT_EQ(request.requested_by, owner_);
  EXPECT_TRUE(request.allowed);
  EXPECT_EQ(request.fence, 1);
  EXPECT_EQ(Of(first, "state, worker"), "running/w1");
  const Request second = Taken(Queue("w2"));
  EXPECT_EQ(second.action, "create_key");
  EXPECT_FALSE(second.table);
  EXPECT_TRUE(second.allowed);
  EXPECT_TRUE(TakesNone(Queue("w3")));
}

TEST_F(RequestQueueTest, NamesAreThoseOfNow) {
  Ask();
  Sql("ALTER TABLE customers RENAME COLUMN card TO \"C\"; ALTER TABLE customers RENAME TO \"T\"; "
      "ALTER TABLE \"T\" SET SCHEMA pg_catalog",
      "postgres");
  Sql("ALTER TABLE pg_catalog.\"T\" SET SCHEMA public", "postgres");
  const Request request = Taken(Queue());
  EXPECT_EQ(*request.table, (TableName{"public", "T"}));
  EXPECT_EQ(request.column, "C");
}

TEST_F(RequestQueueTest, IsNotAllowedWhatIsAnothersOrGoneByNow) {
  Ask();
  Sql("ALTER TABLE customers OWNER TO postgres");
  EXPECT_FALSE(Taken(Queue()).allowed);
  Sql("ALTER TABLE customers OWNER TO " + owner_);
  Ask("reopen_column('customers', 'card', wait => NULL)");
  Sql("ALTER TABLE customers DROP COLUMN card");
  EXPECT_FALSE(Taken(Queue()).allowed);
  Sql("ALTER TABLE customers ADD card text");
  Ask("abandon_column('customers', 'card', wait => NULL)");
  Sql("DROP TABLE customers");
  EXPECT_FALSE(Taken(Queue()).allowed);
}

TEST_F(RequestQueueTest, OfOtherTenantsDatabasesAndTimesIsNotTaken) {
  const std::string id = Ask();
  Sql("UPDATE kms.requests SET tenant = 'other'");
  EXPECT_TRUE(TakesNone(Queue()));
  Sql("UPDATE kms.requests SET tenant = 'acme', database_oid = 1");
  EXPECT_TRUE(TakesNone(Queue()));
  Sql("UPDATE kms.requests SET database_oid = kms.this_database(), expires_at = now()");
  EXPECT_TRUE(TakesNone(Queue()));
  Sql("UPDATE kms.requests SET expires_at = now() + interval '1 minute'");
  EXPECT_EQ(std::to_string(Taken(Queue()).id), id);
}

TEST_F(RequestQueueTest, IsTakenAgainWhenItsWorkerIsGone) {
  const std::string id = Ask();
  auto first = Queue(), second = Queue("w2");
  const Request lost = Taken(first);
  EXPECT_TRUE(TakesNone(second));
  Sql("UPDATE kms.requests SET lease_until = now()");
  const Request again = Taken(second);
  EXPECT_EQ(again.fence, 2);
  EXPECT_EQ(again.lost, 1);
  EXPECT_EQ(again.call_id, lost.call_id);  // so the service knows the call
  // What the first one says now is not heard.
  ASSERT_OK(first.Done(lost, {.answer = "late"}));
  ASSERT_OK(first.Failed(lost, InvalidField("key", "late")));
  ASSERT_OK(first.GiveBack(lost));
  EXPECT_EQ(Of(id, "state, worker, answer, message"), "running/w2");
  ASSERT_OK(second.Done(again, {.answer = "done", .result = {{"a", 1}}}));
  EXPECT_EQ(Of(id, "state, answer, result"), R"(done/done/{"a": 1})");
  EXPECT_TRUE(TakesNone(first));
}

TEST_F(RequestQueueTest, FailuresHaveReasonAndOption) {
  const std::string id = Ask();
  auto queue = Queue();
  const Request request = Taken(queue);
  ASSERT_OK(queue.Say(request, "at it"));
  EXPECT_EQ(Of(id, "progress"), "at it");
  ASSERT_OK(queue.Failed(request, InvalidField("row_key", "is no column")));
  EXPECT_EQ(Of(id, "state, reason, field, message, progress"),
            "failed/INVALID_FIELD/row_key/is no column");
  const std::string other = Ask();
  ASSERT_OK(queue.Failed(Taken(queue), absl::InternalError("4111111111111111")));
  EXPECT_EQ(Of(other, "message"), "the call failed");  // what a library says may be a value
}

TEST_F(RequestQueueTest, GivenBackItIsAnothers) {
  const std::string id = Ask();
  auto queue = Queue();
  const Request request = Taken(queue);
  ASSERT_OK(queue.AwaitJob(request, "job"));
  ASSERT_OK(queue.GiveBack(request));
  const Request again = Taken(Queue("w2"));
  EXPECT_EQ(std::to_string(again.id), id);
  EXPECT_EQ(again.job_id, "job");
  EXPECT_EQ(again.lost, 0);
  auto second = Queue("w2");
  ASSERT_OK(second.GiveBack(again, std::chrono::seconds(60)));
  EXPECT_TRUE(TakesNone(Queue()));
}

// Its lease does not end, since the worker is there.
TEST_F(RequestQueueTest, WhatAWorkerHasForgottenIsTakenByItAgain) {
  Ask("ask_create_key('k', wait => NULL)");
  RequestQueue queue(database(), "w1", "acme", ActionsOf({"create-key"}));
  const auto first = queue.Take();
  ASSERT_OK(first);
  ASSERT_TRUE(*first);
  EXPECT_TRUE(TakesNone(queue));
  queue.Forget(**first);
  const auto again = queue.Take();
  ASSERT_OK(again);
  ASSERT_TRUE(*again);
  EXPECT_EQ((*again)->id, (*first)->id);
  EXPECT_EQ((*again)->lost, 0);
  EXPECT_GT((*again)->fence, (*first)->fence);
}

TEST_F(RequestQueueTest, TakesWhatItMayDo) {
  Ask("ask_create_key('k', wait => NULL)");
  RequestQueue queue(database(), "w1", "acme", ActionsOf({"convert", "rotate", "unprotect"}));
  EXPECT_TRUE(TakesNone(queue));
  Taken(Queue());
}

// What the program takes for a kind is what SQL does.
TEST_F(RequestQueueTest, KindsAreTheSameInSql) {
  for (const std::string& kind : AllowedKinds()) {
    const std::vector<std::string> actions = ActionsOf({kind});
    EXPECT_EQ(Sql("SELECT bool_and(kms.kind_of(a) = '" + kind +
                  "') FROM "
                  "unnest(string_to_array('" +
                  testing::Joined(actions) + "', ',')) a"),
              "t")
        << kind;
  }
}

TEST_F(RequestQueueTest, TwoAtATimeTakeDifferentOnes) {
  for (int i = 0; i < 40; ++i) Ask("ask_create_key('k" + std::to_string(i) + "', wait => NULL)");
  const auto take_all = [&](const std::string& worker) {
    const auto own = Connect();
    RequestQueue queue(*own, worker, "acme", {"create_key"});
    int taken = 0;
    for (auto each = queue.Take(); each.ok() && *each; each = queue.Take()) ++taken;
    return taken;
  };
  auto other = std::async(std::launch::async, take_all, "w1");
  const int here = take_all("w2");
  EXPECT_EQ(here + other.get(), 40);
  EXPECT_EQ(Sql("SELECT max(fence) FROM kms.requests"), "1");
}

TEST_F(RequestQueueTest, ABeatKeepsWhatAWorkerHasAndTheEndTakesItOffTheList) {
  const std::string id = Ask();
  Taken(Queue("beating"));
  Sql("UPDATE kms.requests SET lease_until = now() - interval '1 second'");
  {
    const RequestBeat beat(Connect(), {"beating", "acme", "orders", {"convert"}});
    EXPECT_EQ(Of(id, "lease_until > now() + interval '20 seconds'"), "t");
    EXPECT_EQ(Sql("SELECT concat_ws(' ', worker, tenant, data_source, allows) "
                  "FROM kms.request_workers"),
              "beating acme orders {convert}");
    EXPECT_TRUE(TakesNone(Queue("w2")));
  }
  EXPECT_EQ(Sql("SELECT count(*) FROM kms.request_workers"), "0");
}

// Whoever may INSERT may write into options what they like.
TEST(RequestOptionsTest, TypesAreChecked) {
  const RequestOptions options(nlohmann::json::parse(
      R"({"t": "x", "n": 1, "f": true, "l": ["a", "b"], "m": ["a", 1], "o": {"a": "b"},
          "p": {"a": 1}, "z": null, "e": ""})"));
  const auto refuses = [](const absl::Status& status, const std::string& field) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
    EXPECT_EQ(FieldOf(status), field);
  };
  EXPECT_EQ(options.Text("t").value(), "x");
  EXPECT_EQ(options.Text("z").value(), "");
  EXPECT_EQ(options.Text("missing").value(), "");
  refuses(options.Text("n").status(), "n");
  refuses(options.Text("e", true).status(), "e");
  refuses(options.Text("missing", true).status(), "missing");
  EXPECT_TRUE(options.Flag("f", false).value());
  EXPECT_TRUE(options.Flag("missing", true).value());
  refuses(options.Flag("t", false).status(), "t");
  EXPECT_EQ(**options.Names("l"), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(options.Names("missing")->has_value());
  refuses(options.Names("m").status(), "m");
  refuses(options.Names("t").status(), "t");
  EXPECT_EQ(options.Pairs("o").value(),
            (std::vector<std::pair<std::string, std::string>>{{"a", "b"}}));
  refuses(options.Pairs("p").status(), "p");
  refuses(options.Pairs("l").status(), "l");
  EXPECT_EQ(RequestOptions(nlohmann::json(3)).Text("t").value(), "");
}

}  // namespace
}  // namespace fieldkms::rotation
