// Which reports of workers are kept.
#include "kms/rotations/job_reports.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>

#include "kms/proto/times.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using std::chrono::seconds;

constexpr WallTime kNow{std::chrono::hours(24 * 20'000)};

RotationJob Running() {
  RotationJob job;
  job.record.state = RotationState::kRunning;
  job.details.set_edition(5);
  return job;
}

RotationReport From(const std::string& worker, uint32_t pass, v1::RotationPhase phase,
                    uint64_t rows) {
  RotationReport report;
  report.worker.set_worker(worker);
  report.progress.set_pass(pass);
  report.progress.set_phase(phase);
  report.progress.mutable_counts()->set_seen(rows);
  report.progress.add_tables()->set_table("of " + worker);
  report.progress.add_workers()->set_worker("ignored");
  return report;
}

constexpr auto kSweep = v1::ROTATION_PHASE_SWEEP;
constexpr auto kBarrier = v1::ROTATION_PHASE_BARRIER;
constexpr auto kVerify = v1::ROTATION_PHASE_VERIFY;

TEST(JobReportsTest, AReportIsKept) {
  RotationJob job = Running();
  RotationReport report = From("a", 1, kSweep, 10);
  report.worker.set_resting("standbys are behind");
  ToProto(kNow + seconds(99), report.worker.mutable_report_time());
  ASSERT_OK_AND_ASSIGN(const bool kept, Report(&job, report, kNow));
  EXPECT_TRUE(kept);
  EXPECT_EQ(job.progress.counts().seen(), 10u);
  ASSERT_EQ(job.progress.workers_size(), 1);
  EXPECT_EQ(job.progress.workers(0).worker(), "a");
  EXPECT_EQ(job.progress.workers(0).resting(), "standbys are behind");
  EXPECT_EQ(FromProto(job.progress.workers(0).report_time()), kNow);  // by our own clock
  EXPECT_EQ(job.details.edition(), 5u);
}

TEST(JobReportsTest, NothingOfAJobThatHasEnded) {
  for (const RotationState state :
       {RotationState::kDone, RotationState::kFailed, RotationState::kCancelled}) {
    RotationJob job = Running();
    job.record.state = state;
    ASSERT_OK_AND_ASSIGN(const bool kept, Report(&job, From("a", 1, kSweep, 10), kNow));
    EXPECT_FALSE(kept);
    EXPECT_EQ(job.progress.ByteSizeLong(), 0u);
  }
}

// Who waits for a job that is not to go on can be seen; how far it is does not change.
TEST(JobReportsTest, OfAJobThatWaitsOnlyItsWorkers) {
  for (const RotationState state : {RotationState::kPlanned, RotationState::kPaused}) {
    RotationJob job = Running();
    ASSERT_OK(Report(&job, From("a", 1, kSweep, 10), kNow));
    job.record.state = state;
    ASSERT_OK_AND_ASSIGN(const bool kept,
                         Report(&job, From("b", 1, kSweep, 11), kNow + seconds(59)));
    EXPECT_TRUE(kept);
    EXPECT_EQ(job.progress.workers_size(), 2);
    EXPECT_EQ(job.progress.counts().seen(), 10u);
    EXPECT_EQ(job.progress.tables(0).table(), "of a");
    RotationReport leaving = From("b", 1, kSweep, 12);
    leaving.leaving = true;
    ASSERT_OK(Report(&job, leaving, kNow + seconds(60)));
    EXPECT_EQ(job.progress.workers_size(), 0);  // and the other is gone
  }
}

// A worker that has not heard that the job was started anew tells nothing of it.
TEST(JobReportsTest, NothingOfAnEarlierStart) {
  RotationJob job = Running();
  ToProto(kNow, job.details.mutable_start_time());
  RotationReport report = From("a", 1, kSweep, 10);
  report.start = kNow - std::chrono::microseconds(1);
  ASSERT_OK_AND_ASSIGN(const bool of_earlier, Report(&job, report, kNow));
  EXPECT_FALSE(of_earlier);
  EXPECT_EQ(job.progress.ByteSizeLong(), 0u);
  report.start = kNow;
  ASSERT_OK_AND_ASSIGN(const bool of_this, Report(&job, report, kNow));
  EXPECT_TRUE(of_this);
  EXPECT_EQ(job.progress.counts().seen(), 10u);
}

TEST(JobReportsTest, WhatIsBehindIsNotKept) {
  RotationJob job = Running();
  ASSERT_OK(Report(&job, From("a", 2, kBarrier, 50), kNow));
  for (const RotationReport& behind :
       {From("b", 1, kVerify, 99), From("b", 2, kSweep, 99), From("b", 2, kBarrier, 49)}) {
    ASSERT_OK(Report(&job, behind, kNow));
    EXPECT_EQ(job.progress.tables(0).table(), "of a");
  }
  EXPECT_EQ(job.progress.workers_size(), 2);  // but who said so is there
  for (const RotationReport& ahead : {From("b", 2, kBarrier, 50), From("b", 2, kBarrier, 51),
                                      From("b", 2, kVerify, 0), From("b", 3, kSweep, 0)}) {
    ASSERT_OK(Report(&job, ahead, kNow));
    EXPECT_EQ(job.progress.tables(0).table(), "of b");
    EXPECT_EQ(job.progress.pass(), ahead.progress.pass());
    job.progress.mutable_tables(0)->set_table("of a");
  }
}

TEST(JobReportsTest, WorkersComeAndGo) {
  RotationJob job = Running();
  ASSERT_OK(Report(&job, From("a", 1, kSweep, 1), kNow));
  ASSERT_OK(Report(&job, From("b", 1, kSweep, 2), kNow + seconds(30)));
  ASSERT_OK(Report(&job, From("b", 1, kSweep, 3), kNow + seconds(31)));
  ASSERT_EQ(job.progress.workers_size(), 2);
  EXPECT_EQ(WithoutGoneWorkers(job.progress, kNow + seconds(59)).workers_size(), 2);
  EXPECT_EQ(WithoutGoneWorkers(job.progress, kNow + seconds(60)).workers_size(), 1);
  EXPECT_EQ(job.progress.workers_size(), 2);
  ASSERT_OK(Report(&job, From("c", 1, kSweep, 4), kNow + seconds(60)));
  ASSERT_EQ(job.progress.workers_size(), 2);
  EXPECT_EQ(job.progress.workers(0).worker(), "b");
  RotationReport leaving = From("b", 1, kSweep, 5);
  leaving.leaving = true;
  ASSERT_OK(Report(&job, leaving, kNow + seconds(61)));
  ASSERT_EQ(job.progress.workers_size(), 1);
  EXPECT_EQ(job.progress.workers(0).worker(), "c");
  EXPECT_EQ(job.progress.counts().seen(), 5u);
}

TEST(JobReportsTest, OfTooManyWorkersTheLastStay) {
  RotationJob job = Running();
  for (size_t i = 0; i <= kMaxRotationWorkers; ++i) {
    ASSERT_OK(Report(&job, From("w" + std::to_string(i), 1, kSweep, i), kNow));
  }
  EXPECT_EQ(static_cast<size_t>(job.progress.workers_size()), kMaxRotationWorkers);
  EXPECT_EQ(job.progress.workers(0).worker(), "w1");
}

// What may be reported fits into the record, whatever it is.
TEST(JobReportsTest, TheLargestReportFits) {
  RotationJob job = Running();
  RotationReport report = From("a", ~0u, kSweep, 0);
  report.progress.clear_tables();
  for (size_t i = 0; i < 1'000; ++i) {
    v1::RotationTableProgress* const table = report.progress.add_tables();
    table->set_schema(std::string(63, 's'));
    table->set_table(std::string(63, 't'));
    table->set_estimated_rows(~0ull);
    for (auto set : {&v1::RotationCounts::set_seen, &v1::RotationCounts::set_changed,
                     &v1::RotationCounts::set_conflicts, &v1::RotationCounts::set_quarantined,
                     &v1::RotationCounts::set_verified, &v1::RotationCounts::set_opened}) {
      (table->mutable_counts()->*set)(~0ull);
    }
  }
  report.worker.set_resting(std::string(1'024, 'r'));
  for (size_t i = 0; i < kMaxRotationWorkers; ++i) {
    report.worker.set_worker(std::string(124, 'w') + std::to_string(i));
    ASSERT_OK(CheckReport(report));
    ASSERT_OK(Report(&job, report, kNow));
  }
  EXPECT_LE(job.progress.ByteSizeLong(), kMaxRotationProgress);
}

TEST(JobReportsTest, BadReportsNameTheirFields) {
  const auto field = [](auto change) {
    RotationReport report = From("a", 1, kSweep, 1);
    change(report);
    const absl::Status status = CheckReport(report);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
    return FieldOf(status);
  };
  RotationReport longest = From("a", 1, kSweep, 1);
  longest.worker.set_worker(std::string(128, 'w'));
  longest.progress.mutable_tables(0)->set_table(std::string(63, 't'));
  EXPECT_OK(CheckReport(longest));
  EXPECT_EQ(field([](auto& r) { r.worker.clear_worker(); }), "worker.worker");
  EXPECT_EQ(field([](auto& r) { r.worker.set_worker(std::string(129, 'w')); }), "worker.worker");
  EXPECT_EQ(field([](auto& r) { r.worker.set_resting(std::string(1'025, 'r')); }),
            "worker.resting");
  EXPECT_EQ(field([](auto& r) { r.worker.set_rows_per_second(-1); }), "worker.rows_per_second");
  EXPECT_EQ(
      field([](auto& r) { r.worker.set_rows_per_second(std::numeric_limits<double>::infinity()); }),
      "worker.rows_per_second");
  EXPECT_EQ(field([](auto& r) { r.progress.set_phase(static_cast<v1::RotationPhase>(9)); }),
            "progress.phase");
  EXPECT_EQ(field([](auto& r) { r.progress.mutable_tables(0)->set_table(std::string(64, 't')); }),
            "progress.tables[0].table");
  EXPECT_EQ(field([](auto& r) { r.progress.mutable_tables(0)->set_schema(std::string(64, 't')); }),
            "progress.tables[0].schema");
  EXPECT_EQ(field([](auto& r) {
              for (int i = 0; i < 1'000; ++i) r.progress.add_tables();
            }),
            "progress.tables");
  EXPECT_EQ(field([](auto& r) { r.progress.mutable_soonest()->set_seconds(-1); }),
            "progress.soonest");
  EXPECT_EQ(field([](auto& r) { r.progress.mutable_latest()->set_nanos(-1); }), "progress.latest");
}

}  // namespace
}  // namespace fieldkms
