#include "rotation/load_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/libpq_session.h"

namespace fieldkms::rotation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::FakeStandby;
using testing::LibpqSession;
using ::testing::Optional;
using testing::PostgresServer;

class LoadProbeTest : public ::testing::Test {
 protected:
  using Time = std::chrono::steady_clock::time_point;

  LoadProbeTest() {
    server_.Sql(
        "postgres", PostgresServer::kSuperuser,
        "DO $$ BEGIN CREATE ROLE plain LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
    Sql("CREATE TABLE kept (id int PRIMARY KEY, text text) WITH (autovacuum_enabled = off)");
    // Of the test before: the server takes a moment to notice.
    while (Sql("SELECT count(*) FROM pg_stat_replication")[0][0] != "0") {
      std::this_thread::yield();
    }
  }

  PostgresServer::Rows Sql(const std::string& sql) const {
    return server_.Sql(name_, PostgresServer::kSuperuser, sql);
  }
  std::string Conninfo(std::string_view user = PostgresServer::kSuperuser) const {
    return server_.Conninfo(name_, user);
  }
  std::unique_ptr<Database> Connect(std::string_view user) const {
    auto connected = Database::Connect(Conninfo(user), std::string(kWorkerApplication) + "/test");
    EXPECT_THAT(connected, IsOk());
    return *std::move(connected);
  }
  uint32_t Oid(const std::string& table) const {
    return static_cast<uint32_t>(std::stoul(Sql("SELECT '" + table + "'::regclass::oid")[0][0]));
  }
  uint64_t Written() const {
    return std::stoull(Sql("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")[0][0]);
  }
  void WriteLog() const { Sql("SELECT pg_logical_emit_message(true, '', repeat('x', 100000))"); }

  LoadSample Measure() {
    const absl::StatusOr<LoadSample> sample = probe_.Measure(*database_, now_);
    EXPECT_THAT(sample, IsOk());
    return sample.value_or(LoadSample{});
  }
  // Statistics come when they come.
  LoadSample MeasureUntil(const std::function<bool(const LoadSample&)>& wanted) {
    while (true) {
      if (LoadSample sample = Measure(); wanted(sample) || HasFailure()) return sample;
      std::this_thread::yield();
    }
  }

  PostgresServer& server_ = PostgresServer::Shared();
  const std::string name_ = server_.MakeDatabase();
  std::unique_ptr<Database> database_ = Connect(PostgresServer::kSuperuser);
  LoadProbe probe_{{}};
  Time now_{hours(1)};
};

TEST_F(LoadProbeTest, AllOfAnIdleDatabaseIsKnown) {
  const LoadSample sample = Measure();
  EXPECT_THAT(sample.replication_lag, Optional(std::chrono::milliseconds(0)));
  EXPECT_THAT(sample.replication_lag_bytes, Optional(0u));
  EXPECT_THAT(sample.slot_bytes, Optional(0u));
  EXPECT_THAT(sample.lock_waits, Optional(0u));
  EXPECT_THAT(sample.active_sessions, Optional(0u));
  EXPECT_THAT(sample.dead_percent, Optional(0));
  EXPECT_EQ(sample.dead_table, "");
  EXPECT_THAT(sample.forced_checkpoint_percent, Optional(0));
  EXPECT_THAT(sample.oldest_transaction, Optional(std::chrono::seconds(0)));
  EXPECT_THAT(sample.horizon_transactions, Optional(0u));
}

TEST_F(LoadProbeTest, SessionsThatWorkAreCounted) {
  LibpqSession one(Conninfo());
  one.Send("SELECT pg_sleep(1000)");
  LibpqSession two(Conninfo("plain"));
  two.Send("SELECT pg_sleep(1000)");
  LibpqSession idle(Conninfo());
  LibpqSession in_transaction(Conninfo());
  in_transaction.Run("BEGIN");
  MeasureUntil([](const LoadSample& sample) { return sample.active_sessions == 2u; });
  EXPECT_THAT(Measure().lock_waits, Optional(0u));
}

TEST_F(LoadProbeTest, WorkersAndOtherDatabasesAreNoLoad) {
  LibpqSession worker(Conninfo() + " application_name=" + std::string(kWorkerApplication) + "/2");
  worker.Send("SELECT pg_sleep(1000)");
  LibpqSession elsewhere(server_.Conninfo("postgres", PostgresServer::kSuperuser));
  elsewhere.Send("SELECT pg_sleep(1000)");
  LibpqSession application(Conninfo());
  application.Send("SELECT pg_sleep(1000)");
  const std::string all =
      "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
      "'SELECT pg_sleep%'";
  while (Sql(all)[0][0] != "3") std::this_thread::yield();
  EXPECT_THAT(Measure().active_sessions, Optional(1u));
}

TEST_F(LoadProbeTest, SessionsThatWaitForLocksAreCounted) {
  LibpqSession holder(Conninfo());
  holder.Run("BEGIN");
  holder.Run("LOCK TABLE kept");
  LibpqSession waiter(Conninfo());
  waiter.Send("SELECT FROM kept");
  MeasureUntil([](const LoadSample& sample) { return sample.lock_waits == 1u; });
  holder.Run("COMMIT");
  MeasureUntil([](const LoadSample& sample) { return sample.lock_waits == 0u; });
}

TEST_F(LoadProbeTest, WithoutThePrivilegeOthersAreNotKnown) {
  database_ = Connect("plain");
  EXPECT_THAT(Measure().active_sessions, Optional(0u));  // there is nobody
  LibpqSession own(Conninfo("plain"));
  own.Send("SELECT pg_sleep(1000)");
  MeasureUntil([](const LoadSample& sample) { return sample.active_sessions == 1u; });

  LibpqSession other(Conninfo());
  other.Run("BEGIN ISOLATION LEVEL REPEATABLE READ");
  other.Run("SELECT 1");
  LoadSample sample = Measure();
  EXPECT_EQ(sample.active_sessions, std::nullopt);
  EXPECT_EQ(sample.lock_waits, std::nullopt);
  EXPECT_EQ(sample.oldest_transaction, std::nullopt);
  EXPECT_THAT(sample.slot_bytes, Optional(0u));
  EXPECT_NE(sample.dead_percent, std::nullopt);
  EXPECT_NE(sample.forced_checkpoint_percent, std::nullopt);
  EXPECT_NE(sample.horizon_transactions, std::nullopt);

  Sql("GRANT pg_monitor TO plain");
  sample = Measure();
  Sql("REVOKE pg_monitor FROM plain");
  EXPECT_THAT(sample.active_sessions, Optional(1u));
  EXPECT_THAT(sample.lock_waits, Optional(0u));
  EXPECT_NE(sample.oldest_transaction, std::nullopt);
}

TEST_F(LoadProbeTest, SessionsThatSayNothingOfThemselvesAreNotKnown) {
  LibpqSession untracked(Conninfo());
  untracked.Run("SET track_activities = off");
  MeasureUntil([](const LoadSample& sample) { return !sample.active_sessions.has_value(); });
  EXPECT_THAT(Measure().lock_waits, Optional(0u));
}

TEST_F(LoadProbeTest, WhatIsForbiddenIsNotKnown) {
  Sql("REVOKE SELECT ON pg_replication_slots FROM PUBLIC");
  database_ = Connect("plain");
  for (int i = 0; i < 2; ++i) {
    const LoadSample sample = Measure();
    EXPECT_EQ(sample.slot_bytes, std::nullopt);
    EXPECT_EQ(sample.oldest_transaction, std::nullopt);  // slots are part of this
    EXPECT_THAT(sample.replication_lag, Optional(std::chrono::milliseconds(0)));
    EXPECT_THAT(sample.active_sessions, Optional(0u));
    EXPECT_THAT(sample.forced_checkpoint_percent, Optional(0));
    EXPECT_THAT(sample.dead_percent, Optional(0));
  }
  Sql("GRANT SELECT ON pg_replication_slots TO PUBLIC");
  for (int i = 0; i < 2; ++i) EXPECT_THAT(Measure().slot_bytes, Optional(0u));
}

TEST_F(LoadProbeTest, ALostDatabaseIsAnError) {
  PostgresServer server;
  auto database = Database::Connect(server.Conninfo("postgres", PostgresServer::kSuperuser),
                                    std::string(kWorkerApplication));
  ASSERT_THAT(database, IsOk());
  ASSERT_THAT(probe_.Measure(**database, now_), IsOk());
  server.Kill();
  EXPECT_THAT(probe_.Measure(**database, now_), StatusIs(Reason::kDatabaseUnavailable));
  server.Start();
  EXPECT_THAT(probe_.Measure(**database, now_), IsOk());
}

TEST_F(LoadProbeTest, AStandbyIsAsFarBehindAsItSays) {
  const uint64_t start = Written();
  FakeStandby standby(Conninfo(), Sql("SELECT pg_current_wal_lsn()")[0][0]);
  standby.Report(start, start);
  WriteLog();
  const auto behind = [](const LoadSample& sample) {
    return sample.replication_lag_bytes >= 100'000u;
  };
  // It replays nothing, and so the server has no time to tell: its place has.
  EXPECT_TRUE(MeasureUntil(behind).replication_lag.has_value());
  now_ += hours(2);
  EXPECT_GE(Measure().replication_lag, hours(2));

  const uint64_t received = Written();
  standby.Report(received, start + 1);
  EXPECT_GE(MeasureUntil(behind).replication_lag, hours(2));
  const LoadSample sample = MeasureUntil([&](const LoadSample& measured) {
    standby.Report(received, Written());
    return measured.replication_lag_bytes == 0u;
  });
  EXPECT_LT(sample.replication_lag, hours(1));
}

TEST_F(LoadProbeTest, WithoutThePrivilegeLagIsNotKnownWhereThereIsAStandby) {
  database_ = Connect("plain");
  EXPECT_TRUE(Measure().replication_lag.has_value());
  FakeStandby standby(Conninfo(), Sql("SELECT pg_current_wal_lsn()")[0][0]);
  standby.Report(Written(), Written());
  const LoadSample sample = Measure();
  EXPECT_EQ(sample.replication_lag, std::nullopt);
  EXPECT_EQ(sample.replication_lag_bytes, std::nullopt);
}

TEST_F(LoadProbeTest, WhatReceivesAndDoesNotReplayIsNoStandby) {
  const uint64_t start = Written();
  FakeStandby archive(Conninfo(), Sql("SELECT pg_current_wal_lsn()")[0][0]);
  archive.Report(start, 0);
  WriteLog();
  while (Sql("SELECT count(*) FROM pg_stat_replication WHERE flush_lsn IS NOT NULL")[0][0] != "1") {
    std::this_thread::yield();
  }
  EXPECT_THAT(Measure().replication_lag_bytes, Optional(0u));
  now_ += hours(2);
  EXPECT_THAT(Measure().replication_lag, Optional(std::chrono::milliseconds(0)));
}

TEST_F(LoadProbeTest, TheSlotThatHoldsMostCounts) {
  Sql("SELECT pg_create_physical_replication_slot('never_used')");
  EXPECT_THAT(Measure().slot_bytes, Optional(0u));
  Sql("SELECT pg_create_physical_replication_slot('old', true)");
  WriteLog();
  Sql("SELECT pg_create_physical_replication_slot('new', true)");
  const std::optional<uint64_t> held = Measure().slot_bytes;
  Sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
  EXPECT_GE(held, 100'000u);
  EXPECT_THAT(Measure().slot_bytes, Optional(0u));
}

TEST_F(LoadProbeTest, TheTableWithTheLargestShareOfDeadRowsCounts) {
  Sql("CREATE TABLE \"Odd one\" (id int) WITH (autovacuum_enabled = off);"
      "CREATE TABLE small (id int) WITH (autovacuum_enabled = off)");
  probe_ = LoadProbe({Oid("kept"), Oid("\"Odd one\""), Oid("small"), 4'000'000'000});
  Sql("INSERT INTO kept SELECT generate_series(1, 10000); DELETE FROM kept WHERE id <= 1000;"
      "INSERT INTO \"Odd one\" SELECT generate_series(1, 4000);"
      "DELETE FROM \"Odd one\" WHERE id <= 1000;"
      "INSERT INTO small SELECT generate_series(1, 1000); DELETE FROM small WHERE id < 1000");
  const LoadSample sample =
      MeasureUntil([](const LoadSample& measured) { return measured.dead_percent > 10; });
  EXPECT_THAT(sample.dead_percent, Optional(25));
  EXPECT_EQ(sample.dead_table, "public.\"Odd one\"");
}

TEST_F(LoadProbeTest, DeadRowsThatAreNotCountedAreNotKnown) {
  Sql("ALTER DATABASE " + name_ + " SET track_counts = off");
  database_ = Connect(PostgresServer::kSuperuser);
  EXPECT_EQ(Measure().dead_percent, std::nullopt);
}

TEST_F(LoadProbeTest, CheckpointsThatWereAskedForCount) {
  EXPECT_THAT(Measure().forced_checkpoint_percent, Optional(0));
  for (int i = 0; i < 3; ++i) Sql("CHECKPOINT");
  MeasureUntil([](const LoadSample& sample) { return sample.forced_checkpoint_percent == 100; });
  now_ += minutes(20);
  EXPECT_THAT(Measure().forced_checkpoint_percent, Optional(0));
}

TEST_F(LoadProbeTest, TransactionsThatKeepDeadRowsAreSeen) {
  LibpqSession old(Conninfo());
  old.Run("BEGIN ISOLATION LEVEL REPEATABLE READ");
  old.Run("SELECT 1");
  for (int i = 0; i < 3; ++i) Sql("SELECT pg_current_xact_id()");
  LoadSample sample = Measure();
  EXPECT_GE(sample.horizon_transactions, 3u);
  MeasureUntil([](const LoadSample& measured) {
    return measured.oldest_transaction >= std::chrono::seconds(1);
  });
  old.Run("COMMIT");
  sample = Measure();
  EXPECT_THAT(sample.horizon_transactions, Optional(0u));
  EXPECT_THAT(sample.oldest_transaction, Optional(std::chrono::seconds(0)));
  // One that has written, and sees nothing just now.
  old.Run("BEGIN");
  old.Run("SELECT pg_current_xact_id()");
  Sql("SELECT pg_current_xact_id()");
  EXPECT_GE(Measure().horizon_transactions, 1u);
}

TEST_F(LoadProbeTest, PreparedTransactionsKeepThemToo) {
  PostgresServer server({"max_prepared_transactions=2"});
  const std::string database = "postgres";
  auto connected =
      Database::Connect(server.Conninfo(database, PostgresServer::kSuperuser), "worker");
  ASSERT_THAT(connected, IsOk());
  database_ = *std::move(connected);
  EXPECT_THAT(Measure().active_sessions, Optional(0u));  // not its own session, whatever its name
  {
    LibpqSession session(server.Conninfo(database, PostgresServer::kSuperuser));
    session.Run("BEGIN");
    session.Run("SELECT pg_current_xact_id()");
    session.Run("PREPARE TRANSACTION 'left behind'");
  }
  for (int i = 0; i < 3; ++i) {
    server.Sql(database, PostgresServer::kSuperuser, "SELECT pg_current_xact_id()");
  }
  EXPECT_GE(Measure().horizon_transactions, 3u);
  MeasureUntil([](const LoadSample& sample) {
    return sample.oldest_transaction >= std::chrono::seconds(1);
  });
}

TEST_F(LoadProbeTest, ProcessorsOfAServerOnThisMachine) {
  const auto cores = ServerCores(*database_);
  ASSERT_THAT(cores, IsOk());
  EXPECT_EQ(*cores, std::thread::hardware_concurrency());
}

}  // namespace
}  // namespace fieldkms::rotation
