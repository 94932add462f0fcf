// Schedules that make jobs on a real store, by a clock that the test moves on.
#include "kms/rotations/schedule_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kHourly[] = "0 * * * *";

absl::Status Down() { return Error(StatusCode::kUnavailable, Reason::kStoreUnavailable, "down"); }

class ScheduleRunnerTest : public KeyringFixture {
 protected:
  void SetUp() override {
    KeyringFixture::SetUp();
    HaveTenant("acme");
    HaveKey("acme", "card");
  }
  Schedules schedules() { return {store(), clock()}; }
  Rotations rotations() { return {store(), clock()}; }
  static v1::RotationSchedule Wanted(const std::string& cron) {
    v1::RotationSchedule wanted;
    wanted.mutable_spec()->set_data_source("shop");
    wanted.mutable_spec()->set_key("card");
    wanted.set_cron(cron);
    return wanted;
  }
  // Each day, some minutes before what time it is now.
  std::string Daily() {
    const auto time = std::chrono::floor<minutes>(clock().Now() - minutes(5)).time_since_epoch();
    return std::to_string(time.count() % 60) + " " +
           std::to_string(std::chrono::floor<hours>(time).count() % 24) + " * * *";
  }
  RotationSchedule Made(const v1::RotationSchedule& wanted) {
    const auto schedule = schedules().Create("acme", wanted, FreshId(), kNoDeadline);
    EXPECT_OK(schedule);
    return schedule.ok() ? *schedule : RotationSchedule();
  }
  ScheduleRunner Make() {
    return ScheduleRunner(store(), keyring(), clock(), [this](const ScheduleEvent& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event.kind);
      last_error_ = event.status;
    });
  }
  absl::Status Round() { return Make().RunOnce(go_on_); }
  static ScheduleRef RefOf(const RotationSchedule& schedule) {
    return {schedule.record.tenant, schedule.record.schedule_id};
  }
  RotationSchedule Read(const RotationSchedule& schedule) {
    const auto read = schedules().Get(RefOf(schedule), kNoDeadline);
    EXPECT_OK(read);
    return read.ok() ? *read : RotationSchedule();
  }
  std::vector<RotationJob> Jobs() {
    auto jobs = rotations().List("acme", {}, 100, kNoDeadline);
    EXPECT_OK(jobs);
    return jobs.ok() ? *std::move(jobs) : std::vector<RotationJob>();
  }
  void Cancel(const RotationJob& job) {
    ASSERT_OK(rotations().Cancel({job.record.tenant, job.record.job_id}, kNoDeadline));
  }
  void Rotate() { ASSERT_OK(admin().RotateKey("acme", "card", 0, FreshId(), kNoDeadline)); }
  uint32_t Primary() {
    const auto key = admin().GetKey("acme", "card", kNoDeadline);
    EXPECT_OK(key);
    return key.ok() ? key->primary_version : 0;
  }

  const std::atomic<bool> go_on_{false};
  std::mutex mutex_;
  std::vector<ScheduleEvent::Kind> events_;
  absl::Status last_error_;
};

using Kind = ScheduleEvent::Kind;

TEST_F(ScheduleRunnerTest, AScheduleIsMadeOnce) {
  const v1::RotationSchedule wanted = Wanted(kHourly);
  const std::string id = FreshId();
  ASSERT_OK_AND_ASSIGN(const RotationSchedule made,
                       schedules().Create("acme", wanted, id, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const RotationSchedule again,
                       schedules().Create("acme", wanted, id, kNoDeadline));
  EXPECT_EQ(again.record.schedule_id, made.record.schedule_id);
  EXPECT_EQ(again.record.change, made.record.change);
  EXPECT_THAT(schedules().Create("acme", Wanted(""), id, kNoDeadline),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kRequestIdReused));
  ASSERT_OK_AND_ASSIGN(const auto all, schedules().List("acme", "", 10, kNoDeadline));
  EXPECT_EQ(all.size(), 1u);
}

TEST_F(ScheduleRunnerTest, ItsKeyMustBeThere) {
  v1::RotationSchedule wanted = Wanted(kHourly);
  wanted.mutable_spec()->set_key("none");
  const auto refused = schedules().Create("acme", wanted, FreshId(), kNoDeadline);
  EXPECT_THAT(refused, StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound));
  EXPECT_EQ(FieldOf(refused.status()), "schedule.spec.key");
}

TEST_F(ScheduleRunnerTest, MakesAJobWhenItIsTime) {
  const RotationSchedule schedule = Made(Wanted(kHourly));
  ASSERT_OK(Round());
  EXPECT_THAT(Jobs(), IsEmpty());
  clock().Advance(hours(1));
  ASSERT_OK(Round());
  const std::vector<RotationJob> jobs = Jobs();
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].record.state, RotationState::kRunning);
  EXPECT_EQ(jobs[0].details.schedule_id(), schedule.record.schedule_id);
  EXPECT_EQ(jobs[0].details.target().key_version(), 1u);
  const RotationSchedule after = Read(schedule);
  EXPECT_EQ(after.details.last_job_id(), jobs[0].record.job_id);
  EXPECT_GT(*after.record.next_run, clock().Now());
  EXPECT_LE(*after.record.next_run, clock().Now() + hours(1));
  EXPECT_THAT(events_, ElementsAre(Kind::kJobMade));
  ASSERT_OK(Round());
  EXPECT_EQ(Jobs().size(), 1u);
}

TEST_F(ScheduleRunnerTest, WhatWasMissedIsOneJob) {
  Made(Wanted(kHourly));
  clock().Advance(hours(50));
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(Round());
    clock().Advance(seconds(5));
  }
  EXPECT_EQ(Jobs().size(), 1u);
}

TEST_F(ScheduleRunnerTest, OfManyReplicasOneMakesIt) {
  for (int i = 0; i < 3; ++i) Made(Wanted(kHourly));
  clock().Advance(hours(1));
  {
    std::vector<std::jthread> replicas;
    for (int i = 0; i < 4; ++i) {
      replicas.emplace_back([this] { EXPECT_OK(Round()); });
    }
  }
  EXPECT_EQ(Jobs().size(), 3u);
  EXPECT_THAT(events_, ElementsAre(Kind::kJobMade, Kind::kJobMade, Kind::kJobMade));
}

// It had claimed the schedule, and perhaps made the job.
TEST_F(ScheduleRunnerTest, WhoComesAfterOneThatDiedMakesIt) {
  for (const std::string died_at : {"PutRotationJob", "PutRotationJob done"}) {
    const RotationSchedule schedule = Made(Wanted(kHourly));
    const size_t before = Jobs().size();
    clock().Advance(hours(1));
    store().watch().SetHook(died_at, [] { return Down(); });
    EXPECT_THAT(Round(), StatusIs(Reason::kStoreUnavailable));
    store().watch().SetHook(died_at, {});
    EXPECT_EQ(Read(schedule).details.last_job_id(), "");
    ASSERT_OK(Round());  // it is claimed
    EXPECT_EQ(Read(schedule).details.last_job_id(), "");
    clock().Advance(kScheduleClaim);
    ASSERT_OK(Round());
    EXPECT_EQ(Jobs().size(), before + 1);
    EXPECT_NE(Read(schedule).details.last_job_id(), "");
    ASSERT_OK(schedules().Delete(RefOf(schedule), kNoDeadline));
  }
}

TEST_F(ScheduleRunnerTest, AJobThatIsStillOpenIsSaid) {
  const RotationSchedule schedule = Made(Wanted(kHourly));
  clock().Advance(hours(1));
  ASSERT_OK(Round());
  clock().Advance(hours(1));
  ASSERT_OK(Round());
  EXPECT_EQ(Jobs().size(), 1u);
  EXPECT_EQ(Read(schedule).details.last_error(), "the last job is still open");
  EXPECT_THAT(events_, ElementsAre(Kind::kJobMade, Kind::kNoJob));
  clock().Advance(hours(1));
  ASSERT_OK(Round());
  EXPECT_EQ(events_.size(), 2u);  // which is known
  Cancel(Jobs()[0]);
  clock().Advance(hours(1));
  ASSERT_OK(Round());
  EXPECT_EQ(Jobs().size(), 2u);
  EXPECT_EQ(Read(schedule).details.last_error(), "");
}

TEST_F(ScheduleRunnerTest, WhyThereIsNoneIsSaid) {
  const RotationSchedule schedule = Made(Wanted(kHourly));
  ASSERT_OK(admin().DisableVersion({"acme", "card"}, 1, FreshId(), kNoDeadline));
  clock().Advance(hours(1));
  ASSERT_OK(Round());
  EXPECT_THAT(Jobs(), IsEmpty());
  EXPECT_EQ(Read(schedule).details.last_error(), "the key's primary version is not enabled");
  EXPECT_THAT(events_, ElementsAre(Kind::kNoJob));
  EXPECT_THAT(last_error_, StatusIs(Reason::kKeyState));
  ASSERT_OK(admin().EnableVersion({"acme", "card"}, 1, FreshId(), kNoDeadline));
  clock().Advance(hours(1));
  ASSERT_OK(Round());
  EXPECT_EQ(Jobs().size(), 1u);
}

TEST_F(ScheduleRunnerTest, WithoutTimesItFollowsTheKey) {
  Made(Wanted(""));
  clock().Advance(kScheduleLook);
  ASSERT_OK(Round());
  EXPECT_THAT(Jobs(), IsEmpty());  // nothing has changed
  Rotate();
  ASSERT_OK(Round());
  EXPECT_THAT(Jobs(), IsEmpty());  // nor been looked at
  clock().Advance(kScheduleLook);
  ASSERT_OK(Round());
  ASSERT_EQ(Jobs().size(), 1u);
  EXPECT_EQ(Jobs()[0].details.target().key_version(), 2u);
  clock().Advance(kScheduleLook);
  ASSERT_OK(Round());
  EXPECT_EQ(Jobs().size(), 1u);
  // A version that comes while the job is open has its job after that.
  Rotate();
  clock().Advance(kScheduleLook);
  ASSERT_OK(Round());
  EXPECT_EQ(Jobs().size(), 1u);
  Cancel(Jobs()[0]);
  clock().Advance(kScheduleLook);
  ASSERT_OK(Round());
  EXPECT_EQ(Jobs().size(), 2u);
}

TEST_F(ScheduleRunnerTest, AnOldKeyIsRotatedFirst) {
  v1::RotationSchedule wanted = Wanted("");
  wanted.mutable_rotate_after()->set_seconds(86'400);
  Made(wanted);
  clock().Advance(hours(23));
  ASSERT_OK(Round());
  EXPECT_EQ(Primary(), 1u);
  clock().Advance(hours(1));
  {
    std::vector<std::jthread> replicas;
    for (int i = 0; i < 3; ++i) {
      replicas.emplace_back([this] { EXPECT_OK(Round()); });
    }
  }
  EXPECT_EQ(Primary(), 2u);
  ASSERT_EQ(Jobs().size(), 1u);
  EXPECT_EQ(Jobs()[0].details.target().key_version(), 2u);
  EXPECT_THAT(events_, ElementsAre(Kind::kKeyRotated, Kind::kJobMade));
  // Not while rows are still brought to that one.
  clock().Advance(hours(48));
  ASSERT_OK(Round());
  EXPECT_EQ(Primary(), 2u);
  Cancel(Jobs()[0]);
  clock().Advance(kScheduleLook);
  ASSERT_OK(Round());
  EXPECT_EQ(Primary(), 3u);
}

// Keys that seal nothing are followed and rotated as well.
TEST_F(ScheduleRunnerTest, IndexesAndFormatPreservingTextsFollowTheirKeys) {
  const std::vector<std::pair<v1::RotationTransform, KeyPurpose>> kinds = {
      {v1::ROTATION_TRANSFORM_REINDEX, KeyPurpose::kBlindIndex},
      {v1::ROTATION_TRANSFORM_RETOKENIZE, KeyPurpose::kFpe}};
  for (const auto& [transform, purpose] : kinds) {
    KeySpec spec = SpecOf("acme", "of-transform-" + std::to_string(transform));
    spec.purpose = purpose;
    ASSERT_OK(admin().CreateKey(spec, FreshId(), kNoDeadline));
    v1::RotationSchedule wanted = Wanted("");
    wanted.mutable_spec()->set_transform(transform);
    wanted.mutable_spec()->set_key(spec.name);
    wanted.mutable_rotate_after()->set_seconds(86'400);
    Made(wanted);
  }
  clock().Advance(hours(24));
  ASSERT_OK(Round());
  const std::vector<RotationJob> jobs = Jobs();
  ASSERT_EQ(jobs.size(), 2u);
  for (const RotationJob& job : jobs) EXPECT_EQ(job.details.target().key_version(), 2u);
  EXPECT_THAT(events_,
              ElementsAre(Kind::kKeyRotated, Kind::kJobMade, Kind::kKeyRotated, Kind::kJobMade));
}

// The key is rotated, and the job not made yet.
TEST_F(ScheduleRunnerTest, WhoComesAfterOneThatDiedDoesNotRotateAgain) {
  v1::RotationSchedule wanted = Wanted(kHourly);
  wanted.mutable_rotate_after()->set_seconds(3'600);
  Made(wanted);
  clock().Advance(hours(2));
  store().watch().SetHook("PutRotationJob", [] { return Down(); });
  EXPECT_THAT(Round(), StatusIs(Reason::kStoreUnavailable));
  store().watch().SetHook("PutRotationJob", {});
  EXPECT_EQ(Primary(), 2u);
  clock().Advance(kScheduleClaim);
  ASSERT_OK(Round());
  EXPECT_EQ(Primary(), 2u);
  EXPECT_EQ(Jobs().size(), 1u);
}

TEST_F(ScheduleRunnerTest, AnOverdueJobIsSaidOnce) {
  v1::RotationSchedule wanted = Wanted(Daily());
  wanted.mutable_within()->set_seconds(7'200);
  const RotationSchedule schedule = Made(wanted);
  clock().Advance(hours(24));
  ASSERT_OK(Round());
  ASSERT_EQ(Jobs().size(), 1u);
  const WallTime made = Jobs()[0].record.create_time;
  EXPECT_EQ(Read(schedule).record.next_run, made + hours(2));
  clock().Advance(hours(2));
  ASSERT_OK(Round());
  EXPECT_THAT(events_, ElementsAre(Kind::kJobMade, Kind::kOverdue));
  EXPECT_EQ(Read(schedule).details.last_error(), "the last job is overdue");
  EXPECT_GT(*Read(schedule).record.next_run, made + hours(3));
  EXPECT_EQ(Jobs().size(), 1u);
}

TEST_F(ScheduleRunnerTest, OneThatIsDoneInTimeIsNotOverdue) {
  v1::RotationSchedule wanted = Wanted(Daily());
  wanted.mutable_within()->set_seconds(7'200);
  const RotationSchedule schedule = Made(wanted);
  clock().Advance(hours(24));
  ASSERT_OK(Round());
  Cancel(Jobs()[0]);
  clock().Advance(hours(2));
  ASSERT_OK(Round());
  EXPECT_THAT(events_, ElementsAre(Kind::kJobMade));
  EXPECT_EQ(Read(schedule).details.last_error(), "");
}

TEST_F(ScheduleRunnerTest, SuspendedAndDeletedOnesMakeNone) {
  const RotationSchedule schedule = Made(Wanted(kHourly));
  ASSERT_OK(schedules().Suspend(RefOf(schedule), true, kNoDeadline));
  clock().Advance(hours(5));
  ASSERT_OK(Round());
  EXPECT_THAT(Jobs(), IsEmpty());
  ASSERT_OK(schedules().Suspend(RefOf(schedule), false, kNoDeadline));
  ASSERT_OK(Round());
  EXPECT_THAT(Jobs(), IsEmpty());  // what was missed is not made good
  clock().Advance(hours(1));
  ASSERT_OK(Round());
  EXPECT_EQ(Jobs().size(), 1u);
  ASSERT_OK(schedules().Delete(RefOf(schedule), kNoDeadline));
  Cancel(Jobs()[0]);
  clock().Advance(hours(5));
  ASSERT_OK(Round());
  EXPECT_EQ(Jobs().size(), 1u);
  EXPECT_THAT(schedules().Delete(RefOf(schedule), kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kScheduleNotFound));
  EXPECT_THAT(schedules().Suspend(RefOf(schedule), true, kNoDeadline),
              StatusIs(Reason::kScheduleNotFound));
}

// One that cannot be carried out keeps no other from its turn.
TEST_F(ScheduleRunnerTest, EverythingDueIsTried) {
  HaveKey("acme", "other");
  v1::RotationSchedule broken = Wanted(kHourly);
  broken.mutable_spec()->set_key("other");
  const RotationSchedule first = Made(broken);
  RotationScheduleRecord record = ScheduleToRecord(first);
  record.spec = "\xff\xff";
  ASSERT_OK(store().rotations().PutRotationSchedule(record, kNoDeadline));
  Made(Wanted(kHourly));
  clock().Advance(hours(1));
  EXPECT_THAT(Round(), StatusIs(Reason::kStoreCorrupt));
  EXPECT_EQ(Jobs().size(), 1u);
}

TEST_F(ScheduleRunnerTest, ItEndsBetweenSchedules) {
  Made(Wanted(kHourly));
  clock().Advance(hours(1));
  const std::atomic<bool> stop{true};
  ASSERT_OK(Make().RunOnce(stop));
  EXPECT_THAT(Jobs(), IsEmpty());
}

}  // namespace
}  // namespace fieldkms::testing
