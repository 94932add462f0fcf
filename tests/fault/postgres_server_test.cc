// A PostgreSQL that is killed, hangs, is full or read-only under a store, and comes back.
#include <gmock/gmock.h>

#include <atomic>
#include <pqxx/pqxx>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/postgres_fixture.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

// Repeats a call with the same request id until the store answers: what a caller does.
template <class Call>
auto UntilAvailable(const Call& call) {
  while (true) {
    auto result = call();
    if (result.status().code() != StatusCode::kUnavailable) return result;
    std::this_thread::yield();
  }
}

TEST_F(PostgresFault, KilledServerIsUnavailableAndComesBack) {
  ASSERT_OK(straight().CreateKey(Key("before", 7), Version(1), Fresh(), kNoDeadline));
  server().Kill();
  const auto unavailable = StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable);
  EXPECT_THAT(straight().GetKey("acme", "before", kNoDeadline), unavailable);
  EXPECT_THAT(straight().CreateKey(Key("k", 8), Version(1), Fresh(), kNoDeadline), unavailable);
  server().Start();
  ASSERT_OK(straight().GetKey("acme", "before", kNoDeadline));
  ASSERT_OK(straight().CreateKey(Key("k", 8), Version(1), Fresh(), kNoDeadline));
  // Who waits for changes is back, too.
  ASSERT_OK_AND_ASSIGN(const uint64_t newest, straight().WaitForChange(2, kNoDeadline));
  EXPECT_EQ(newest, 3u);
}

// Between two calls: the connections that the pool kept are dead, and nobody notices.
TEST_F(PostgresFault, RestartBetweenCallsIsNotSeen) {
  ASSERT_OK(straight().GetTenant("acme", kNoDeadline));
  server().Stop();
  server().Start();
  ASSERT_OK(straight().GetTenant("acme", kNoDeadline));
  server().Stop();
  server().Start();
  ASSERT_OK(straight().CreateKey(Key("k", 7), Version(1), Fresh(), kNoDeadline));
}

TEST_F(PostgresFault, NothingIsLostOrDoneTwiceWhileServersDie) {
  constexpr uint64_t kEach = 40;
  constexpr uint64_t kThreads = 3;
  std::atomic<uint64_t> made = 0;
  {
    std::vector<std::jthread> threads;
    for (uint64_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (uint64_t i = 0; i < kEach; ++i) {
          const uint64_t id = 1 + thread * kEach + i;
          const Mutation mutation{"kill-" + std::to_string(id), std::string(32, 'f')};
          const auto outcome = UntilAvailable([&] {
            return straight().CreateKey(Key("k" + std::to_string(id), id), Version(1), mutation,
                                        kNoDeadline);
          });
          ASSERT_OK(outcome);
          ASSERT_EQ(outcome->value.key_id, id);
          ++made;
        }
      });
    }
    // From the main thread: a server ends with the thread that started it.
    for (const uint64_t after : {10u, 50u, 90u}) {
      while (made < after) std::this_thread::yield();
      server().Kill();
      server().Start();
    }
  }
  // One number for the tenant and one for each key: none twice, none left out.
  EXPECT_EQ(Superuser("SELECT change_number FROM fieldkms_store.store_state"),
            std::to_string(1 + kThreads * kEach));
  EXPECT_EQ(Superuser("SELECT count(DISTINCT change) FROM fieldkms_store.keys"),
            std::to_string(kThreads * kEach));
}

// Each call returns while the server still hangs: nothing but the deadline ends it.
TEST_F(PostgresFault, HangingServerIsLeftAtTheDeadline) {
  ASSERT_OK(straight().CreateKey(Key("k", 7), Version(1), Fresh(), kNoDeadline));
  server().Freeze();
  const auto exceeded = StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded);
  // On a connection that was there, and on none.
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(straight().GetKey("acme", "k", In(milliseconds(200))), exceeded);
    EXPECT_THAT(straight().CreateKey(Key("x", 8), Version(1), Fresh(), In(milliseconds(200))),
                exceeded);
    EXPECT_THAT(straight().PutLease({}, In(milliseconds(200))), exceeded);
  }
  server().Thaw();
  ASSERT_OK(UntilAvailable([&] { return straight().GetKey("acme", "k", kNoDeadline); }));
  EXPECT_THAT(straight().GetKey("acme", "x", kNoDeadline), StatusIs(Reason::kKeyNotFound));
}

// A live server that makes a call wait ends it itself, and the connection stays.
TEST_F(PostgresFault, LockOfAnotherIsWaitedForUntilTheDeadline) {
  proxied();
  ASSERT_OK(proxied().GetTenant("acme", kNoDeadline));
  const int connections = proxy().connections();
  pqxx::connection blocker(server().Conninfo(database(), PostgresServer::kSuperuser));
  pqxx::work work(blocker);
  work.exec("SELECT FROM fieldkms_store.store_state FOR UPDATE");
  EXPECT_THAT(proxied().CreateKey(Key("k", 7), Version(1), Fresh(), In(milliseconds(200))),
              StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  work.abort();
  ASSERT_OK(proxied().CreateKey(Key("k", 7), Version(1), Fresh(), kNoDeadline));
  EXPECT_EQ(proxy().connections(), connections);
}

TEST_F(PostgresFault, PollingSeesWhatNoNotificationTold) {
  ASSERT_OK_AND_ASSIGN(const uint64_t before, straight().WaitForChange(0, kNoDeadline));
  Superuser("UPDATE fieldkms_store.store_state SET change_number = change_number + 1");
  ASSERT_OK_AND_ASSIGN(const uint64_t newest, straight().WaitForChange(before, kNoDeadline));
  EXPECT_EQ(newest, before + 1);
}

TEST_F(PostgresFault, ListenerThatWasCutOffHearsAgain) {
  ASSERT_OK_AND_ASSIGN(const uint64_t before, proxied().WaitForChange(0, kNoDeadline));
  proxy().CutAll(true);
  ASSERT_OK(straight().CreateKey(Key("k", 7), Version(1), Fresh(), kNoDeadline));
  proxy().Accept();
  ASSERT_OK_AND_ASSIGN(const uint64_t newest, proxied().WaitForChange(before, kNoDeadline));
  EXPECT_EQ(newest, before + 1);
}

TEST_F(PostgresFault, WaitingForChangesOfAServerThatIsGoneIsUnavailable) {
  proxied();
  proxy().CutAll(true);
  while (proxied().WaitForChange(100, In(milliseconds(100))).ok()) {
  }
  EXPECT_THAT(proxied().WaitForChange(100, In(milliseconds(100))),
              StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable));
}

// Who goes by the number of changes is not told an old one, and one that is asked for in
// time is waited for.
TEST_F(PostgresFault, TheChangeNumberOfAServerThatHangsIsNotMadeUp) {
  ASSERT_OK(straight().WaitForChange(0, kNoDeadline));  // it has been heard of
  server().Freeze();
  EXPECT_THAT(straight().GetChangeNumber(In(milliseconds(500))),
              StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  server().Thaw();
  ASSERT_OK_AND_ASSIGN(const uint64_t newest,
                       UntilAvailable([&] { return straight().GetChangeNumber(kNoDeadline); }));
  EXPECT_EQ(newest, 1u);
}

// As a primary that became a standby: no writes there, and no connection kept to it.
TEST_F(PostgresFault, ReadOnlyServerIsLeftForTheOneToWriteTo) {
  ASSERT_OK(straight().GetTenant("acme", kNoDeadline));
  const auto alter = [&](const std::string& what) {
    server().Sql("postgres", PostgresServer::kSuperuser, "ALTER DATABASE " + database() + what);
  };
  alter(" SET default_transaction_read_only = on");
  server().Stop();
  server().Start();
  EXPECT_THAT(straight().CreateKey(Key("k", 7), Version(1), Fresh(), kNoDeadline),
              StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable));
  alter(" RESET default_transaction_read_only");
  ASSERT_OK(straight().CreateKey(Key("k", 7), Version(1), Fresh(), kNoDeadline));
}

TEST_F(PostgresFault, SecondHostIsTakenWhereTheFirstIsDown) {
  const TempDir nobody;
  const auto store =
      OpenPostgresStore({.conninfo = "host=" + nobody.path() + "," + server().socket_dir() +
                                     " port=5432,5432 dbname=" + database() +
                                     " user=" + PostgresServer::kServiceLogin},
                        SystemClock());
  ASSERT_OK(store);
  ASSERT_OK((*store)->GetTenant("acme", kNoDeadline));
}

// Destroyed bytes leave the table when autovacuum has come by, which it does at once.
TEST_F(PostgresFault, DestroyedVersionsAreVacuumed) {
  auto made = straight().CreateKey(Key("k", 7), Version(1), Fresh(), kNoDeadline);
  ASSERT_OK(made);
  KeyVersionRecord destroyed = Version(1);
  destroyed.state = VersionState::kDestroyed;
  destroyed.wrapped.clear();
  destroyed.destroy_time = Time();
  ASSERT_OK(straight().ChangeKey({made->value, {destroyed}}, Fresh(), kNoDeadline));
  while (Superuser("SELECT autovacuum_count > 0 AND n_dead_tup = 0 FROM pg_stat_all_tables "
                   "WHERE relid = 'fieldkms_store.key_versions'::regclass") != "t") {
    std::this_thread::yield();
  }
  EXPECT_EQ(Superuser("SELECT count(*) FROM fieldkms_store.key_versions WHERE wrapped IS NULL"),
            "1");
}

}  // namespace
}  // namespace fieldkms::testing
