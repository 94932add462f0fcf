// The application's database fails over to a standby in the midst of a rotation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "tests/fault/rotation_fixture.h"
#include "tests/support/seeded_random.h"

namespace fieldkms::testing {
namespace {

constexpr uint64_t kRows = 1'500;

struct OwnServer {
  PostgresServer primary;
};

// The server has to be there before the bed.
class RotationFailover : private OwnServer, public RotationFault {
 protected:
  RotationFailover() : RotationFault(primary) {
    bed().MakeCards(kRows);
    standby_ = std::make_unique<PostgresServer>(PostgresServer::StandbyOf{primary});
  }
  // Nothing counts as committed from then on that the standby has not.
  void MakeSynchronous() {
    bed().Sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
    bed().Sql("SELECT pg_reload_conf()");
    while (One("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1") {
      std::this_thread::yield();
    }
  }
  // As docs/rotation.md has workers and applications connect.
  std::string BothHosts() {
    return "host=" + primary.socket_dir() + "," + standby_->socket_dir() +
           " port=5432,5432 user=postgres dbname=" + bed().database();
  }
  // The standby receives nothing any more.
  void StopReplication() {
    OnStandby("ALTER SYSTEM SET primary_conninfo = ''");
    OnStandby("SELECT pg_reload_conf()");
    while (OnStandby("SELECT count(*) FROM pg_stat_wal_receiver") != "0") {
      std::this_thread::yield();
    }
  }
  std::string OnStandby(const std::string& sql) {
    const auto rows = standby_->Sql(bed().database(), PostgresServer::kSuperuser, sql);
    return rows.empty() ? "" : rows[0][0];
  }
  // When so many rows are written, in the midst of the sweep.
  void FailOverAt(int rows) {
    while (std::stoi(One(kChanged)) < rows) std::this_thread::yield();
    primary.Kill();
    standby_->Promote();
    bed().MoveTo(*standby_);
  }

  static constexpr char kChanged[] = "SELECT coalesce(sum(changed), 0) FROM kms.rotation_ranges";
  std::unique_ptr<PostgresServer> standby_;
};

TEST_F(RotationFailover, WhatWasCommittedIsThereAndTheJobEnds) {
  MakeSynchronous();
  Application application(bed(), kRows, RunSeed(), BothHosts());
  application.Start();
  const v1::RotationJob job = Rotate();
  const auto worker = StartProbe(job, "worker", BothHosts());
  FailOverAt(200);
  const v1::RotationJob ended = AwaitEnd(job);
  AwaitEnd(*worker);
  application.Stop();
  EXPECT_GT(application.committed(), 0u);
  ExpectDone(ended, application);
}

// What the standby had not received is done again: nobody wrote but the job.
TEST_F(RotationFailover, WhatWasNotReplicatedIsDoneAgain) {
  SetBusyPercent(5);  // or it might be over before the standby is cut off
  const v1::RotationJob job = Rotate();
  const auto worker = StartProbe(job, "worker", BothHosts());
  while (std::stoi(OnStandby(kChanged)) < 100) std::this_thread::yield();
  StopReplication();
  const int received = std::stoi(OnStandby(kChanged));
  FailOverAt(received + 200);
  const v1::RotationJob ended = AwaitEnd(job);
  AwaitEnd(*worker);
  EXPECT_EQ(ended.outcome().counts().changed(), kRows);
  ExpectDone(ended);
}

}  // namespace
}  // namespace fieldkms::testing
