// The rules of schedules, without a store.
#include "kms/rotations/rotation_schedule.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "kms/proto/times.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kNow{hours(24 * 20'000) + minutes(30)};  // half past midnight
const ScheduleKey kKey{"00000000000000aa", 3};
const ScheduleKey kNewer{"00000000000000aa", 4};

v1::RotationSchedule Wanted(const std::string& cron) {
  v1::RotationSchedule wanted;
  wanted.mutable_spec()->set_data_source("shop");
  wanted.mutable_spec()->set_key("card");
  wanted.set_cron(cron);
  return wanted;
}
RotationSchedule Made(const std::string& cron) {
  const auto schedule = NewSchedule(Wanted(cron), kKey, kNow);
  EXPECT_OK(schedule);
  return schedule.ok() ? *schedule : RotationSchedule();
}

TEST(RotationScheduleTest, EachRuleNamesItsField) {
  using Wish = v1::RotationSchedule;
  struct Case {
    std::string field;
    std::function<void(Wish*)> change;
  };
  const std::vector<Case> refused = {
      {"schedule.spec.key", [](Wish* w) { w->mutable_spec()->clear_key(); }},
      {"schedule.spec.transform",
       [](Wish* w) { w->mutable_spec()->set_transform(static_cast<v1::RotationTransform>(99)); }},
      {"schedule.cron", [](Wish* w) { w->set_cron("hourly"); }},
      {"schedule.cron", [](Wish* w) { w->set_cron("0 0 30 2 *"); }},
      {"schedule.rotate_after", [](Wish* w) { w->mutable_rotate_after()->set_seconds(3'599); }},
      {"schedule.rotate_after",
       [](Wish* w) { w->mutable_rotate_after()->set_seconds(int64_t{3'651} * 86'400); }},
      {"schedule.rotate_after", [](Wish* w) { w->mutable_rotate_after()->set_nanos(1); }},
      {"schedule.rotate_after",
       [](Wish* w) {
         w->mutable_spec()->set_transform(v1::ROTATION_TRANSFORM_REKEY);
         w->mutable_spec()->set_destination_key("other");
         w->mutable_rotate_after()->set_seconds(86'400);
       }},
      {"schedule.within", [](Wish* w) { w->mutable_within()->set_seconds(59); }},
      {"schedule.within", [](Wish* w) { w->mutable_within()->set_seconds(-1); }},
  };
  EXPECT_OK(CheckSchedule(Wanted("0 3 * * sun")));
  EXPECT_OK(CheckSchedule(Wanted("")));
  for (const Case& one : refused) {
    Wish wanted = Wanted("0 3 * * sun");
    one.change(&wanted);
    const absl::Status status = CheckSchedule(wanted);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
    EXPECT_EQ(FieldOf(status), one.field);
  }
}

// What no new version calls for goes by times, and rotates no key.
TEST(RotationScheduleTest, PlaintextIsWorkedOnByTimesOnly) {
  for (const auto transform : {v1::ROTATION_TRANSFORM_ENCRYPT, v1::ROTATION_TRANSFORM_DECRYPT}) {
    v1::RotationSchedule wanted = Wanted("0 3 * * *");
    wanted.mutable_spec()->set_transform(transform);
    EXPECT_OK(CheckSchedule(wanted));
    wanted.mutable_rotate_after()->set_seconds(86'400);
    EXPECT_THAT(CheckSchedule(wanted), StatusIs(Reason::kInvalidField));
    EXPECT_EQ(FieldOf(CheckSchedule(wanted)), "schedule.rotate_after");
    wanted.clear_rotate_after();
    wanted.clear_cron();
    EXPECT_THAT(CheckSchedule(wanted), StatusIs(Reason::kInvalidField));
    EXPECT_EQ(FieldOf(CheckSchedule(wanted)), "schedule.cron");
  }
}

TEST(RotationScheduleTest, TheOthersFollowTheirKey) {
  for (const auto transform : {v1::ROTATION_TRANSFORM_REENCRYPT, v1::ROTATION_TRANSFORM_REINDEX,
                               v1::ROTATION_TRANSFORM_RETOKENIZE}) {
    v1::RotationSchedule wanted = Wanted("");
    wanted.mutable_spec()->set_transform(transform);
    wanted.mutable_rotate_after()->set_seconds(86'400);
    EXPECT_OK(CheckSchedule(wanted));
  }
}

TEST(RotationScheduleTest, LooksWhenItFires) {
  const RotationSchedule by_time = Made("0 3 * * *");
  EXPECT_EQ(by_time.record.next_run, kNow + hours(2) + minutes(30));
  EXPECT_FALSE(Fires(by_time, kNewer, *by_time.record.next_run - seconds(1)));
  EXPECT_TRUE(Fires(by_time, kKey, *by_time.record.next_run));
  const RotationSchedule by_key = Made("");
  EXPECT_EQ(by_key.record.next_run, kNow + kScheduleLook);
  EXPECT_FALSE(Fires(by_key, kKey, kNow + hours(999)));
  EXPECT_TRUE(Fires(by_key, kNewer, kNow));
  // Another key of that name, or behind that alias.
  EXPECT_TRUE(Fires(by_key, {"00000000000000bb", 3}, kNow));
}

TEST(RotationScheduleTest, IsClaimedByOne) {
  RotationSchedule schedule = Made("0 3 * * *");
  const WallTime due = *schedule.record.next_run;
  EXPECT_FALSE(Claim(&schedule, due - seconds(1)));
  EXPECT_TRUE(Claim(&schedule, due));
  EXPECT_FALSE(Claim(&schedule, due + kScheduleClaim - seconds(1)));
  // Who comes after one that died does what that one was to do, under the same name.
  const std::string name = FireName(schedule, kKey);
  EXPECT_TRUE(Claim(&schedule, due + kScheduleClaim));
  EXPECT_TRUE(Fires(schedule, kKey, due + kScheduleClaim));
  EXPECT_EQ(FireName(schedule, kKey), name);
}

TEST(RotationScheduleTest, EachFireHasItsName) {
  RotationSchedule schedule = Made("0 3 * * *");
  const std::string first = FireName(schedule, kKey);
  const WallTime due = *schedule.record.next_run;
  ASSERT_OK(Conclude(&schedule, {.job_id = "j", .key = kKey}, due));
  EXPECT_NE(FireName(schedule, kKey), first);
  const RotationSchedule by_key = Made("");
  EXPECT_NE(FireName(by_key, kKey), FireName(by_key, kNewer));
}

TEST(RotationScheduleTest, ConcludesWithAJob) {
  RotationSchedule schedule = Made("0 3 * * *");
  schedule.details.set_last_error("the last job is still open");
  const WallTime due = *schedule.record.next_run;
  ASSERT_TRUE(Claim(&schedule, due));
  ASSERT_OK(Conclude(&schedule, {.job_id = "j", .key = kNewer}, due + seconds(1)));
  EXPECT_EQ(schedule.details.last_job_id(), "j");
  EXPECT_EQ(schedule.details.last_key_version(), 4u);
  EXPECT_EQ(schedule.details.last_error(), "");
  EXPECT_EQ(schedule.details.edition(), 2u);
  EXPECT_EQ(schedule.record.next_run, due + hours(24));
}

TEST(RotationScheduleTest, MissedTimesAreOne) {
  RotationSchedule schedule = Made("0 3 * * *");
  const WallTime late = *schedule.record.next_run + hours(24 * 9) + minutes(5);
  ASSERT_TRUE(Claim(&schedule, late));
  ASSERT_OK(Conclude(&schedule, {.job_id = "j", .key = kKey}, late));
  EXPECT_EQ(schedule.record.next_run, late - minutes(5) + hours(24));
}

TEST(RotationScheduleTest, LooksWhenTheLastJobWillBeOverdue) {
  RotationSchedule schedule = Made("0 3 * * *");
  const WallTime due = *schedule.record.next_run;
  ASSERT_TRUE(Claim(&schedule, due));
  ASSERT_OK(Conclude(&schedule, {.job_id = "j", .key = kKey, .look_at = due + hours(2)}, due));
  EXPECT_EQ(schedule.record.next_run, due + hours(2));
  ASSERT_TRUE(Claim(&schedule, due + hours(2)));
  EXPECT_FALSE(Fires(schedule, kKey, due + hours(2)));
  ASSERT_OK(
      Conclude(&schedule, {.error = "the last job is overdue", .overdue = true}, due + hours(2)));
  EXPECT_TRUE(schedule.details.said_overdue());
  EXPECT_EQ(schedule.details.last_error(), "the last job is overdue");
  EXPECT_EQ(schedule.record.next_run, due + hours(24));
  ASSERT_OK(Conclude(&schedule, {.job_id = "k", .key = kKey}, due + hours(24)));
  EXPECT_FALSE(schedule.details.said_overdue());
}

TEST(RotationScheduleTest, LooksThatFindNothingAreNoChange) {
  RotationSchedule schedule = Made("");
  WallTime now = *schedule.record.next_run;
  ASSERT_TRUE(Claim(&schedule, now));
  ASSERT_OK(Conclude(&schedule, {}, now));
  EXPECT_EQ(schedule.details.edition(), 1u);
  EXPECT_EQ(schedule.record.next_run, now + kScheduleLook);
  ASSERT_OK(Conclude(&schedule, {.error = "e"}, now));
  ASSERT_OK(Conclude(&schedule, {.error = "e"}, now));
  EXPECT_EQ(schedule.details.edition(), 2u);
  ASSERT_OK(Conclude(&schedule, {}, now));
  EXPECT_EQ(schedule.details.last_error(), "");
  EXPECT_EQ(schedule.details.edition(), 3u);
}

// One that goes by times and could not make a job says so until the next.
TEST(RotationScheduleTest, AnErrorStaysUntilTheNextTime) {
  RotationSchedule schedule = Made("0 3 * * *");
  const WallTime due = *schedule.record.next_run;
  ASSERT_OK(Conclude(&schedule, {.error = "the tenant has no such key"}, due));
  ASSERT_OK(Conclude(&schedule, {}, due + hours(1)));
  EXPECT_EQ(schedule.details.last_error(), "the tenant has no such key");
}

TEST(RotationScheduleTest, SuspendedItLooksNoMore) {
  RotationSchedule schedule = Made("0 3 * * *");
  ASSERT_OK_AND_ASSIGN(const bool suspended, SetSuspended(&schedule, true, kNow));
  EXPECT_TRUE(suspended);
  EXPECT_EQ(schedule.record.next_run, std::nullopt);
  EXPECT_FALSE(Claim(&schedule, kNow + hours(999)));
  ASSERT_OK_AND_ASSIGN(const bool again, SetSuspended(&schedule, true, kNow));
  EXPECT_FALSE(again);
  // By who had claimed it before.
  ASSERT_OK(Conclude(&schedule, {.job_id = "j", .key = kKey}, kNow + hours(30)));
  EXPECT_EQ(schedule.record.next_run, std::nullopt);
  EXPECT_EQ(schedule.details.last_job_id(), "j");
  ASSERT_OK(SetSuspended(&schedule, false, kNow + hours(50)));
  EXPECT_EQ(schedule.record.next_run, kNow + minutes(30) + hours(50));
}

TEST(RotationScheduleTest, RecordsComeBack) {
  RotationSchedule schedule = Made("0 3 * * *");
  schedule.record.schedule_id = std::string(32, 'a');
  const RotationScheduleRecord record = ScheduleToRecord(schedule);
  ASSERT_OK_AND_ASSIGN(const RotationSchedule back, ScheduleFromRecord(record));
  EXPECT_EQ(back.details.SerializeAsString(), schedule.details.SerializeAsString());
  EXPECT_EQ(back.record.next_run, schedule.record.next_run);
  RotationScheduleRecord broken = record;
  broken.spec = "\xff";
  EXPECT_THAT(ScheduleFromRecord(broken),
              StatusIs(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt));
}

}  // namespace
}  // namespace fieldkms
