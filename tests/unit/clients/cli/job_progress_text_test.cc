#include "clients/cli/job_progress_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace fieldkms {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::RotationJob AJob(v1::RotationPhase phase = v1::ROTATION_PHASE_SWEEP) {
  v1::RotationJob job;
  job.set_job_id("00112233445566778899aabbccddeeff");
  job.set_state(v1::ROTATION_STATE_RUNNING);
  v1::RotationProgress* const progress = job.mutable_progress();
  progress->set_phase(phase);
  progress->set_pass(1);
  progress->set_estimated_rows(10'000);
  progress->mutable_counts()->set_seen(4'200);
  progress->mutable_counts()->set_changed(4'000);
  return job;
}

void AddTable(const std::string& name, uint64_t seen, bool done, v1::RotationJob* job) {
  v1::RotationTableProgress* const table = job->mutable_progress()->add_tables();
  table->set_schema("public");
  table->set_table(name);
  table->set_estimated_rows(5'000);
  table->mutable_counts()->set_seen(seen);
  table->set_pass_done(done);
}

TEST(JobLineTest, ASweep) {
  v1::RotationJob job = AJob();
  EXPECT_EQ(JobLine({job}, /*with_bar=*/false),
            "SWEEP, pass 1, 4,200 of about 10,000 rows, 4,000 changed");
  job.mutable_progress()->add_workers()->set_rows_per_second(2'000);
  job.mutable_progress()->add_workers()->set_rows_per_second(1'500);
  EXPECT_EQ(JobLine({job, rotation::TimeLeft{seconds(2), seconds(4)}}, /*with_bar=*/true),
            "[########------------]  42%  SWEEP, pass 1, 4,200 of about 10,000 rows, 4,000 "
            "changed, 3,500 rows/s, 2 s to 4 s left");
  // Statistics had too few rows: the pass goes on all the same.
  job.mutable_progress()->mutable_counts()->set_seen(12'000);
  EXPECT_THAT(JobLine({job}, true), HasSubstr("]  99%  SWEEP"));
  job.mutable_progress()->mutable_counts()->set_quarantined(3);
  EXPECT_THAT(JobLine({job}, true), HasSubstr(", 3 quarantined"));
}

TEST(JobLineTest, SaysOnceForWhatItRests) {
  v1::RotationJob job = AJob();
  job.mutable_progress()->add_workers()->set_resting("9 lock waits, limit 8");
  job.mutable_progress()->add_workers()->set_resting("9 lock waits, limit 8");
  job.mutable_progress()->add_workers();
  const std::vector<std::string> here = {"no connection\x1b[2J", "9 lock waits, limit 8"};
  EXPECT_THAT(JobLine({.job = job, .resting = here}, false),
              ::testing::EndsWith("changed; resting: no connection\\x1b[2J; resting: 9 lock "
                                  "waits, limit 8"));
}

TEST(JobLineTest, OtherStatesHaveNoRate) {
  v1::RotationJob job = AJob();
  job.mutable_progress()->add_workers()->set_rows_per_second(2'000);
  job.set_state(v1::ROTATION_STATE_PAUSED);
  EXPECT_EQ(JobLine({job}, true), "[########------------]  42%  PAUSED, 4,000 changed");
  job = AJob(v1::ROTATION_PHASE_COMPLETE);
  job.set_state(v1::ROTATION_STATE_DONE);
  EXPECT_EQ(JobLine({job}, true), "[####################] 100%  DONE, 4,000 changed");
  job = AJob(v1::ROTATION_PHASE_UNSPECIFIED);
  EXPECT_EQ(JobLine({job}, true), "no worker has begun");
  EXPECT_EQ(JobLine({v1::RotationJob()}, true), "asking the service");
}

TEST(TimeLeftTest, IsWhatTheServiceSays) {
  v1::RotationJob job = AJob();
  rotation::PassClock clock;
  EXPECT_FALSE(TimeLeftOf(job, &clock, {}));
  job.mutable_progress()->mutable_soonest()->set_seconds(5);
  job.mutable_progress()->mutable_latest()->set_seconds(9);
  const auto left = TimeLeftOf(job, &clock, {});
  ASSERT_TRUE(left);
  EXPECT_EQ(left->soonest, seconds(5));
  EXPECT_EQ(left->latest, seconds(9));
  job.set_state(v1::ROTATION_STATE_PAUSED);
  EXPECT_FALSE(TimeLeftOf(job, &clock, {}));
}

TEST(TimeLeftTest, OrWhatWasSeenHereSinceTheJobGoesOn) {
  v1::RotationJob job = AJob();
  rotation::PassClock clock;
  const rotation::PassClock::Time begin{};
  EXPECT_FALSE(TimeLeftOf(job, &clock, begin));
  job.mutable_progress()->mutable_counts()->set_seen(6'000);
  EXPECT_TRUE(TimeLeftOf(job, &clock, begin + seconds(20)));
  job.set_state(v1::ROTATION_STATE_PAUSED);
  EXPECT_FALSE(TimeLeftOf(job, &clock, begin + seconds(21)));
  job.set_state(v1::ROTATION_STATE_RUNNING);
  EXPECT_FALSE(TimeLeftOf(job, &clock, begin + seconds(999)));
}

TEST(JobTableLinesTest, AreOfSeveralTablesAndFew) {
  v1::RotationJob job = AJob();
  AddTable("cards", 5'000, true, &job);
  EXPECT_THAT(JobTableLines(job.progress()), IsEmpty());  // the job's line says it
  AddTable("Long name", 1'000, false, &job);
  EXPECT_THAT(
      JobTableLines(job.progress()),
      ElementsAre("[####################] 100%  public.cards        5,000 of about 5,000 rows",
                  "[####----------------]  20%  public.\"Long name\"  1,000 of about 5,000 "
                  "rows"));
  job.mutable_progress()->set_phase(v1::ROTATION_PHASE_BARRIER);
  EXPECT_THAT(JobTableLines(job.progress()), IsEmpty());
  job.mutable_progress()->set_phase(v1::ROTATION_PHASE_VERIFY);
  EXPECT_THAT(JobTableLines(job.progress()), SizeIs(2));
  for (int i = 0; i < 7; ++i) AddTable("t" + std::to_string(i), 0, false, &job);
  EXPECT_THAT(JobTableLines(job.progress()), IsEmpty());
}

}  // namespace
}  // namespace fieldkms
