#include "rotation/pass_clock.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fieldkms::rotation {
namespace {

using std::chrono::seconds;

constexpr PassClock::Time kBegin{};

v1::RotationProgress At(v1::RotationPhase phase, uint64_t seen = 0) {
  v1::RotationProgress progress;
  progress.set_phase(phase);
  progress.set_pass(1);
  progress.set_estimated_rows(10'000);
  progress.mutable_counts()->set_seen(seen);
  return progress;
}

void AddTable(uint64_t rows, bool done, v1::RotationProgress* progress) {
  v1::RotationTableProgress* const table = progress->add_tables();
  table->set_estimated_rows(rows);
  table->set_pass_done(done);
}

TEST(RowsOfPassTest, CountWhatThePassIsAbout) {
  EXPECT_EQ(RowsOfPass(At(v1::ROTATION_PHASE_SWEEP, 4'200))->done, 4'200u);
  v1::RotationProgress progress = At(v1::ROTATION_PHASE_VERIFY, 4'200);
  progress.mutable_counts()->set_verified(7);
  EXPECT_EQ(RowsOfPass(progress)->done, 7u);
  progress = At(v1::ROTATION_PHASE_FINAL_SWEEP, 4'200);
  AddTable(4'000, true, &progress);
  AddTable(6'000, false, &progress);
  EXPECT_EQ(RowsOfPass(progress)->done, 4'000u);
  EXPECT_EQ(RowsOfPass(At(v1::ROTATION_PHASE_COMPLETE))->done, 10'000u);
  EXPECT_FALSE(RowsOfPass(At(v1::ROTATION_PHASE_BARRIER)));
  EXPECT_FALSE(RowsOfPass(v1::RotationProgress()));
}

TEST(PassClockTest, LearnsFromOnePassAndForgetsItWithTheNext) {
  PassClock clock;
  EXPECT_FALSE(clock.Left(At(v1::ROTATION_PHASE_SWEEP), kBegin));
  const auto left = clock.Left(At(v1::ROTATION_PHASE_SWEEP, 5'000), kBegin + seconds(20));
  ASSERT_TRUE(left);  // 250 rows a second, and 4,000 to 6,000 to go
  EXPECT_EQ(left->soonest, seconds(16));
  EXPECT_EQ(left->latest, seconds(24));
  EXPECT_FALSE(clock.Left(At(v1::ROTATION_PHASE_BARRIER), kBegin + seconds(21)));
  EXPECT_FALSE(clock.Left(At(v1::ROTATION_PHASE_SWEEP, 9'000), kBegin + seconds(22)));
}

TEST(PassClockTest, EachPassByItself) {
  PassClock clock;
  v1::RotationProgress progress = At(v1::ROTATION_PHASE_SWEEP);
  clock.Left(progress, kBegin);
  progress.mutable_counts()->set_seen(5'000);
  EXPECT_TRUE(clock.Left(progress, kBegin + seconds(20)));
  progress.set_pass(2);
  EXPECT_FALSE(clock.Left(progress, kBegin + seconds(40)));
}

TEST(PassClockTest, ForgetsWhatStoodStill) {
  PassClock clock;
  clock.Left(At(v1::ROTATION_PHASE_SWEEP), kBegin);
  EXPECT_TRUE(clock.Left(At(v1::ROTATION_PHASE_SWEEP, 5'000), kBegin + seconds(20)));
  clock.Forget();
  EXPECT_FALSE(clock.Left(At(v1::ROTATION_PHASE_SWEEP, 5'000), kBegin + seconds(90)));
  EXPECT_TRUE(clock.Left(At(v1::ROTATION_PHASE_SWEEP, 7'000), kBegin + seconds(100)));
}

}  // namespace
}  // namespace fieldkms::rotation
