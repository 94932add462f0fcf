#include "rotation/worker_pace.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fieldkms::rotation {
namespace {

using std::chrono::seconds;

constexpr WorkerPace::Time kBegin{};

v1::ReportJobRequest AReport(uint64_t seen) {
  v1::ReportJobRequest report;
  report.mutable_progress()->set_phase(v1::ROTATION_PHASE_SWEEP);
  report.mutable_progress()->set_pass(1);
  report.mutable_progress()->set_estimated_rows(10'000);
  report.mutable_progress()->mutable_counts()->set_seen(seen);
  return report;
}

// Others work on the pass, too: their rows are the pass's, and not the worker's.
TEST(WorkerPaceTest, TellsOfTheWorkerAndOfThePass) {
  WorkerPace pace(kBegin);
  v1::ReportJobRequest first = AReport(0);
  pace.Tell(kBegin, &first);
  EXPECT_EQ(first.worker().rows_per_second(), 0);
  EXPECT_FALSE(first.progress().has_soonest());
  pace.Wrote(1'500);
  pace.Wrote(500);
  v1::ReportJobRequest second = AReport(5'000);
  pace.Tell(kBegin + seconds(20), &second);
  EXPECT_DOUBLE_EQ(second.worker().rows_per_second(), 100);
  EXPECT_EQ(second.progress().soonest().seconds(), 16);
  EXPECT_EQ(second.progress().latest().seconds(), 24);
}

TEST(WorkerPaceTest, WhatIsLongAgoIsNoPace) {
  WorkerPace pace(kBegin);
  pace.Wrote(100'000);
  v1::ReportJobRequest report;
  pace.Tell(kBegin + seconds(10), &report);
  EXPECT_DOUBLE_EQ(report.worker().rows_per_second(), 10'000);
  pace.Tell(kBegin + seconds(310), &report);
  EXPECT_LT(report.worker().rows_per_second(), 1);
}

TEST(WorkerPaceTest, WithoutProgressItTellsOfTheWorkerOnly) {
  WorkerPace pace(kBegin);
  pace.Wrote(60);
  v1::ReportJobRequest report;
  pace.Tell(kBegin + seconds(2), &report);
  EXPECT_DOUBLE_EQ(report.worker().rows_per_second(), 30);
  EXPECT_FALSE(report.has_progress());
}

TEST(WorkerPaceTest, AfterARestThePassIsLearntAnew) {
  WorkerPace pace(kBegin);
  v1::ReportJobRequest report = AReport(0);
  pace.Tell(kBegin, &report);
  pace.Forget();
  report = AReport(5'000);
  pace.Tell(kBegin + seconds(20), &report);
  EXPECT_FALSE(report.progress().has_soonest());
}

}  // namespace
}  // namespace fieldkms::rotation
