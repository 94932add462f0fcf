// Connections that break while a COMMIT of a rotation's records is under way; instantiated in
// postgres_commit_test.cc.
#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>

#include "tests/fault/postgres_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;

RotationJobRecord Job() {
  RotationJobRecord job;
  job.job_id = std::string(32, 'a');
  job.tenant = "acme";
  job.data_source = "billing";
  return job;
}

TEST_P(PostgresCommit, RotationJobsAreWrittenOnce) {
  const uint64_t before = Newest();
  RotationStore& rotations = proxied().rotations();
  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(auto job, rotations.PutRotationJob(Job(), kNoDeadline));
  ExpectCut();
  EXPECT_EQ(job.change, before + 1);
  EXPECT_THAT(rotations.PutRotationJob(Job(), kNoDeadline), StatusIs(Reason::kEtagMismatch));
  job.state = RotationState::kRunning;
  job.progress = "half";
  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(const auto put, rotations.PutRotationJob(job, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(put.change, before + 2);
  EXPECT_EQ(put.progress, "half");
  EXPECT_EQ(Newest(), before + 2);
}

TEST_P(PostgresCommit, RotationSchedulesAreWrittenAndDeletedOnce) {
  const uint64_t before = Newest();
  RotationStore& rotations = proxied().rotations();
  RotationScheduleRecord schedule;
  schedule.schedule_id = std::string(32, 'a');
  schedule.tenant = "acme";
  schedule.create_time = schedule.update_time = Time();
  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(schedule, rotations.PutRotationSchedule(schedule, kNoDeadline));
  ExpectCut();
  schedule.next_run = Time();
  CutNextCommit();
  ASSERT_OK_AND_ASSIGN(schedule, rotations.PutRotationSchedule(schedule, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(schedule.change, before + 2);
  CutNextCommit();
  ASSERT_OK(
      rotations.DeleteRotationSchedule("acme", schedule.schedule_id, schedule.change, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(Newest(), before + 3);
  EXPECT_EQ(Superuser("SELECT count(*) FROM fieldkms_store.rotation_schedules"), "0");
}

// Another writes before the commit can be looked for: of what is there then, nobody can tell.
TEST_P(PostgresCommit, RotationJobOfAnotherIsNotTakenForOurs) {
  RotationStore& others = straight().rotations();
  ASSERT_OK_AND_ASSIGN(const auto job, others.PutRotationJob(Job(), kNoDeadline));
  proxied();
  proxy().CutNextCommit(GetParam(), true);
  auto ours = std::async(std::launch::async, [&] {
    RotationJobRecord mine = job;
    mine.progress = "mine";
    return proxied().rotations().PutRotationJob(mine, kNoDeadline);
  });
  while (proxy().cuts() == 0) std::this_thread::yield();
  absl::StatusOr<RotationJobRecord> theirs;
  do {
    ASSERT_OK_AND_ASSIGN(theirs, others.GetRotationJob("acme", job.job_id, kNoDeadline));
    theirs->progress = "theirs";
    theirs = others.PutRotationJob(*theirs, kNoDeadline);
  } while (ReasonOf(theirs.status()) == Reason::kEtagMismatch);
  ASSERT_OK(theirs);
  proxy().Accept();
  EXPECT_THAT(ours.get(), StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable));
  ASSERT_OK_AND_ASSIGN(const auto kept, others.GetRotationJob("acme", job.job_id, kNoDeadline));
  EXPECT_EQ(kept.change, theirs->change);
}

TEST_P(PostgresCommit, ReplicasAreWritten) {
  RotationStore& rotations = proxied().rotations();
  const ReplicaRecord replica = {std::string(32, 'a'), 7, Time(), std::chrono::seconds(60)};
  CutNextCommit();
  ASSERT_OK(rotations.PutReplica(replica, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(Superuser("SELECT change FROM fieldkms_store.replicas"), "7");
  CutNextCommit();
  ASSERT_OK(rotations.DropReplica(replica.replica_id, kNoDeadline));
  ExpectCut();
  EXPECT_EQ(Superuser("SELECT count(*) FROM fieldkms_store.replicas"), "0");
}

}  // namespace
}  // namespace fieldkms::testing
