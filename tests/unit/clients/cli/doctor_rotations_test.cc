// What the doctor says of rotations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "clients/cli/doctor.h"

namespace fieldkms {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr WallTime kNow{std::chrono::hours(24 * 20'000)};
constexpr int64_t kNowSeconds = int64_t{20'000} * 86'400;

v1::RotationJob AJob(const std::string& id, v1::RotationState state) {
  v1::RotationJob job;
  job.set_job_id(id);
  job.set_tenant("acme");
  job.mutable_spec()->set_data_source("orders");
  job.mutable_spec()->set_key("cards");
  job.mutable_spec()->set_transform(v1::ROTATION_TRANSFORM_REENCRYPT);
  job.set_state(state);
  if (state == v1::ROTATION_STATE_FAILED) job.set_error("a privilege \x1b[2J is missing");
  job.mutable_create_time()->set_seconds(kNowSeconds - 3'600);
  return job;
}

v1::RotationSchedule ASchedule(const std::string& last_job = "") {
  v1::RotationSchedule schedule;
  schedule.set_schedule_id("s-1");
  schedule.set_tenant("acme");
  schedule.mutable_spec()->set_key("cards");
  schedule.set_last_job_id(last_job);
  schedule.mutable_within()->set_seconds(3'600);
  return schedule;
}

TEST(DoctorRotationsTest, WhatGoesWellIsNoFinding) {
  EXPECT_THAT(FindingsOf(TenantRotations(), kNow), IsEmpty());
  const TenantRotations rotations = {
      .schedules = {ASchedule(), ASchedule("gone"), ASchedule("j-1")},
      .jobs = {AJob("j-2", v1::ROTATION_STATE_CANCELLED), AJob("j-1", v1::ROTATION_STATE_DONE)}};
  EXPECT_THAT(FindingsOf(rotations, kNow + seconds(999'999)), IsEmpty());
}

TEST(DoctorRotationsTest, AJobThatIsNotDoneInTimeIsOverdue) {
  for (const auto state : {v1::ROTATION_STATE_RUNNING, v1::ROTATION_STATE_PAUSED}) {
    TenantRotations rotations = {.schedules = {ASchedule("j-1")}, .jobs = {AJob("j-1", state)}};
    EXPECT_THAT(FindingsOf(rotations, kNow - seconds(1)), IsEmpty());
    const auto findings = FindingsOf(rotations, kNow);
    ASSERT_THAT(findings, SizeIs(1));
    EXPECT_EQ(findings[0].check, "rotations");
    EXPECT_EQ(findings[0].level, Level::kFail);
    EXPECT_EQ(findings[0].detail, "schedule s-1 of tenant acme, key cards: its job j-1 is overdue");
    EXPECT_THAT(findings[0].advice, HasSubstr("rotation status j-1"));
    rotations.schedules[0].set_suspended(true);
    EXPECT_THAT(FindingsOf(rotations, kNow), IsEmpty());
    rotations.schedules[0].set_suspended(false);
    rotations.schedules[0].clear_within();
    EXPECT_THAT(FindingsOf(rotations, kNow), IsEmpty());
  }
}

TEST(DoctorRotationsTest, AScheduleThatMakesNoJobs) {
  TenantRotations rotations = {.schedules = {ASchedule()}, .jobs = {}};
  rotations.schedules[0].set_last_error("the key's primary version is not enabled");
  const auto findings = FindingsOf(rotations, kNow);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].level, Level::kWarn);
  EXPECT_EQ(findings[0].detail,
            "schedule s-1 of tenant acme, key cards: the key's primary version is not enabled");
  rotations.schedules[0].set_suspended(true);
  EXPECT_THAT(FindingsOf(rotations, kNow), IsEmpty());
}

TEST(DoctorRotationsTest, AJobThatHasFailed) {
  TenantRotations rotations = {.schedules = {}, .jobs = {AJob("j-1", v1::ROTATION_STATE_FAILED)}};
  const auto findings = FindingsOf(rotations, kNow);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].level, Level::kWarn);
  EXPECT_THAT(findings[0].detail,
              HasSubstr("job j-1 of tenant acme, key cards has failed: a privilege"));
  EXPECT_THAT(findings[0].detail, Not(HasSubstr("\x1b")));
}

TEST(DoctorRotationsTest, OneThatWasMadeGoodIsNoConcern) {
  TenantRotations rotations = {
      .schedules = {},
      .jobs = {AJob("j-2", v1::ROTATION_STATE_RUNNING), AJob("j-1", v1::ROTATION_STATE_FAILED)}};
  EXPECT_THAT(FindingsOf(rotations, kNow), IsEmpty());
  // By one that does the same, and was not called off.
  rotations.jobs[0].set_state(v1::ROTATION_STATE_CANCELLED);
  EXPECT_THAT(FindingsOf(rotations, kNow), SizeIs(1));
  for (const auto change : {0, 1, 2}) {
    rotations.jobs[0] = AJob("j-2", v1::ROTATION_STATE_DONE);
    v1::RotationSpec* const spec = rotations.jobs[0].mutable_spec();
    if (change == 0) spec->set_key("other");
    if (change == 1) spec->set_data_source("other");
    if (change == 2) spec->set_transform(v1::ROTATION_TRANSFORM_DECRYPT);
    EXPECT_THAT(FindingsOf(rotations, kNow), SizeIs(1));
  }
}

}  // namespace
}  // namespace fieldkms
