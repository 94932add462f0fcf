// Workers from a job's start to its end, over a real PostgreSQL and a real service.
#include "rotation/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "crypto/status.h"
#include "tests/support/job_board.h"
#include "tests/support/rotation_bed.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using rotation::Worker;
using rotation::WorkerOptions;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class WorkerTest : public ::testing::Test {
 protected:
  WorkerTest() : bed_(PostgresServer::Shared()) {}

  void SetUpJob(uint64_t rows) {
    bed_.MakeCards(rows);
    bed_.Rotate();
    board_ = std::make_unique<JobBoard>(bed_.client(), RotationBed::kTenant, RotationBed::kKey,
                                        bed_.Target());
  }
  WorkerOptions Options(const std::string& name) {
    WorkerOptions options;
    options.conninfo = bed_.conninfo();
    options.tenant = RotationBed::kTenant;
    options.job_id = board_->job().job_id();
    options.name = name;
    options.beat = std::chrono::milliseconds(20);
    options.range_rows = 700;
    return options;
  }
  void ExpectAllUnder(uint32_t version, uint64_t rows) {
    const CardCounts counts = bed_.Count();
    EXPECT_THAT(counts.versions, ElementsAre(Pair(version, rows)));
    EXPECT_EQ(counts.unreadable + counts.wrong + counts.missing + counts.unexpected, 0u);
  }

  RotationBed bed_;
  std::unique_ptr<JobBoard> board_;
};

TEST_F(WorkerTest, CarriesAJobToItsEnd) {
  SetUpJob(3'000);
  Worker worker(Options("one"), board_->Calls(), nullptr);
  const auto job = worker.Run();
  ASSERT_OK(job);
  EXPECT_EQ(job->state(), v1::ROTATION_STATE_DONE) << job->error();
  const v1::RotationOutcome& outcome = job->outcome();
  EXPECT_EQ(outcome.counts().seen(), 3'000u);
  EXPECT_EQ(outcome.counts().changed(), 3'000u);
  EXPECT_EQ(outcome.counts().verified(), 3'000u);
  EXPECT_GT(outcome.counts().opened(), 300u);
  EXPECT_EQ(outcome.counts().quarantined(), 0u);
  EXPECT_EQ(outcome.passes(), 3u);
  EXPECT_GT(outcome.barrier_time().seconds(), 0);
  EXPECT_GE(outcome.verify_time().seconds(), outcome.barrier_time().seconds());
  ExpectAllUnder(2, 3'000);
}

// What is bad is a value in its row: the same envelope in its own row is as good as any.
TEST_F(WorkerTest, AnEnvelopeThatWasCopiedStaysGoodInItsOwnRow) {
  SetUpJob(1'500);
  bed_.Sql(
      "UPDATE public.cards SET card = (SELECT card FROM public.cards WHERE id = 900) WHERE id = 1");
  Worker worker(Options("one"), board_->Calls(), nullptr);
  const auto job = worker.Run();
  ASSERT_OK(job);
  EXPECT_EQ(job->state(), v1::ROTATION_STATE_DONE) << job->error();
  EXPECT_EQ(job->outcome().counts().changed(), 1'499u);
  EXPECT_EQ(job->outcome().counts().quarantined(), 1u);
  EXPECT_THAT(bed_.Sql("SELECT row_key[1] FROM kms.rotation_quarantine"),
              ElementsAre(ElementsAre("1")));
}

TEST_F(WorkerTest, WhatIsNoEnvelopeIsListedWithoutADigestOfIt) {
  SetUpJob(1'000);
  std::atomic<bool> written = false;
  board_->BeforeRewrap([&] {
    // After the plan, whose sample would have refused it.
    if (!written.exchange(true)) {
      bed_.Sql(
          "UPDATE public.cards SET card = convert_to('4111111111111111', 'UTF8') "
          "WHERE id = 990");
    }
    return absl::OkStatus();
  });
  Worker worker(Options("one"), board_->Calls(), nullptr);
  const auto job = worker.Run();
  ASSERT_OK(job);
  EXPECT_EQ(job->outcome().counts().quarantined(), 1u) << job->error();
  EXPECT_THAT(bed_.Sql("SELECT row_key[1], digest = sha256(convert_to('4111111111111111', 'UTF8')) "
                       "FROM kms.rotation_quarantine"),
              ElementsAre(ElementsAre("990", "f")));
}

// They are all that a second job finds, and no sign of a wrong registry.
TEST_F(WorkerTest, ManyDamagedRowsDoNotStopTheNextJob) {
  SetUpJob(500);
  bed_.Sql(
      "UPDATE public.cards SET card = set_byte(card, 40, get_byte(card, 40) # 1) WHERE id <= 70");
  for (int i = 0; i < 2; ++i) {
    board_ = std::make_unique<JobBoard>(bed_.client(), RotationBed::kTenant, RotationBed::kKey,
                                        bed_.Target());
    board_->Change([i](v1::RotationJob* job) { job->mutable_start_time()->set_seconds(10 + i); });
    Worker worker(Options("one"), board_->Calls(), nullptr);
    const auto job = worker.Run();
    ASSERT_OK(job);
    EXPECT_EQ(job->state(), v1::ROTATION_STATE_DONE) << job->error();
    EXPECT_EQ(job->outcome().counts().changed(), i == 0 ? 430u : 0u);
    EXPECT_EQ(job->outcome().counts().quarantined(), 70u);
  }
}

TEST_F(WorkerTest, APartitionThatCameMeanwhileIsNotPassedOver) {
  SetUpJob(300);
  std::atomic<bool> made = false;
  board_->BeforeRewrap([&] {
    if (!made.exchange(true)) bed_.Sql("CREATE TABLE public.more_cards () INHERITS (public.cards)");
    return absl::OkStatus();
  });
  Worker worker(Options("one"), board_->Calls(), nullptr);
  const auto job = worker.Run();
  ASSERT_OK(job);
  EXPECT_EQ(job->state(), v1::ROTATION_STATE_FAILED);
  EXPECT_THAT(job->error(), HasSubstr("has got partitions since the job began"));
}

TEST_F(WorkerTest, ManyShareAJob) {
  SetUpJob(5'000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      Worker worker(Options("worker " + std::to_string(i)), board_->Calls(), nullptr);
      const auto job = worker.Run();
      EXPECT_OK(job);
      EXPECT_EQ(job->state(), v1::ROTATION_STATE_DONE) << job->error();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(board_->job().outcome().counts().changed(), 5'000u);
  ExpectAllUnder(2, 5'000);
}

TEST_F(WorkerTest, WaitsWhileTheJobIsPausedAndGoesOn) {
  SetUpJob(2'000);
  board_->SetState(v1::ROTATION_STATE_PAUSED);
  std::atomic<bool> rested = false;
  Worker worker(Options("one"), board_->Calls(), [&](const rotation::WorkerNews& news) {
    if (news.resting != "the job is paused" || rested.exchange(true)) return;
    EXPECT_EQ(bed_.Count().versions.at(1), 2'000u);
    board_->SetState(v1::ROTATION_STATE_RUNNING);
  });
  ASSERT_OK(worker.Run());
  EXPECT_TRUE(rested);
  ExpectAllUnder(2, 2'000);
}

// Of which start of the job they are, how fast the worker is, and what it waits for.
TEST_F(WorkerTest, ReportsSayWhatTheyAreOf) {
  SetUpJob(2'000);
  board_->SetState(v1::ROTATION_STATE_PAUSED);
  rotation::ServiceCalls calls = board_->Calls();
  std::vector<v1::ReportJobRequest> reports;
  calls.report_job = [&, keep = calls.report_job](const v1::ReportJobRequest& report) {
    reports.push_back(report);
    if (reports.size() == 3) board_->SetState(v1::ROTATION_STATE_RUNNING);
    return keep(report);
  };
  WorkerOptions options = Options("one");
  options.beat = std::chrono::milliseconds(0);
  Worker worker(options, calls, nullptr);
  ASSERT_OK(worker.Run());
  ASSERT_GT(reports.size(), 4u);
  const std::string start = board_->job().start_time().SerializeAsString();
  double fastest = 0;
  for (size_t i = 0; i < reports.size(); ++i) {
    EXPECT_EQ(reports[i].start_time().SerializeAsString(), start);
    EXPECT_EQ(reports[i].has_progress(), i >= 3) << i;  // the third hears that the job goes on
    if (i < 3) {
      EXPECT_EQ(reports[i].worker().resting(), "the job is paused");
    }
    fastest = std::max(fastest, reports[i].worker().rows_per_second());
  }
  EXPECT_GT(fastest, 0);
}

TEST_F(WorkerTest, StopsWhenTheJobIsCancelled) {
  SetUpJob(2'000);
  board_->BeforeRewrap([this] {
    board_->SetState(v1::ROTATION_STATE_CANCELLED);
    return absl::OkStatus();
  });
  WorkerOptions options = Options("one");
  options.beat = std::chrono::milliseconds(0);
  Worker worker(options, board_->Calls(), nullptr);
  const auto job = worker.Run();
  ASSERT_OK(job);
  EXPECT_EQ(job->state(), v1::ROTATION_STATE_CANCELLED);
  const CardCounts counts = bed_.Count();
  EXPECT_GT(counts.versions.at(1), 0u);  // it did not go on
  EXPECT_EQ(counts.unreadable + counts.wrong + counts.missing, 0u);
}

TEST_F(WorkerTest, TriesAgainWhatPasses) {
  SetUpJob(1'000);
  std::atomic<int> calls = 0;
  board_->BeforeRewrap([&calls]() -> absl::Status {
    if (++calls % 2 == 1) {
      return Error(StatusCode::kUnavailable, Reason::kStoreUnavailable, "the store is away");
    }
    return absl::OkStatus();
  });
  Worker worker(Options("one"), board_->Calls(), nullptr);
  const auto job = worker.Run();
  ASSERT_OK(job);
  EXPECT_EQ(job->state(), v1::ROTATION_STATE_DONE) << job->error();
  EXPECT_EQ(job->outcome().counts().changed(), 1'000u);
  ExpectAllUnder(2, 1'000);
}

TEST_F(WorkerTest, FailsTheJobWhereNoTryHelps) {
  SetUpJob(100);
  board_->BeforeRewrap([] {
    return Error(StatusCode::kPermissionDenied, Reason::kPermissionDenied, "not allowed");
  });
  Worker worker(Options("one"), board_->Calls(), nullptr);
  const auto job = worker.Run();
  ASSERT_OK(job);
  EXPECT_EQ(job->state(), v1::ROTATION_STATE_FAILED);
  EXPECT_EQ(job->error(), "not allowed");
  ExpectAllUnder(1, 100);
}

TEST_F(WorkerTest, FindsWhatWasSealedBeforeTheBarrier) {
  SetUpJob(100);
  const std::string old = bed_.Sql("SELECT card FROM public.cards WHERE id = 100")[0][0];
  board_->SetBarrier(false);
  std::atomic<bool> waited = false;
  Worker worker(Options("one"), board_->Calls(), [&](const rotation::WorkerNews& news) {
    if (news.job.progress().phase() != v1::ROTATION_PHASE_BARRIER || waited.exchange(true)) return;
    // An application whose replica has not heard writes what it sealed under the old version.
    bed_.Sql("UPDATE public.cards SET card = '" + old + "' WHERE id = 100");
    board_->SetBarrier(true);
  });
  const auto job = worker.Run();
  ASSERT_OK(job);
  EXPECT_TRUE(waited);
  EXPECT_EQ(job->state(), v1::ROTATION_STATE_DONE) << job->error();
  EXPECT_EQ(job->outcome().counts().changed(), 101u);
  ExpectAllUnder(2, 100);
}

TEST_F(WorkerTest, StopReturnsTheJobAsItIs) {
  SetUpJob(100);
  board_->SetBarrier(false);
  std::unique_ptr<Worker> worker;
  worker = std::make_unique<Worker>(
      Options("one"), board_->Calls(), [&](const rotation::WorkerNews& news) {
        if (news.job.progress().phase() == v1::ROTATION_PHASE_BARRIER) {
          worker->Stop();
        }
      });
  const auto job = worker->Run();
  ASSERT_OK(job);
  EXPECT_EQ(job->state(), v1::ROTATION_STATE_RUNNING);
}

TEST_F(WorkerTest, SaysWhatIsWrongWithAConnectionStringAndNotThePassword) {
  SetUpJob(1);
  WorkerOptions options = Options("one");
  options.conninfo = "postgresql://u:secret@[";
  Worker worker(options, board_->Calls(), nullptr);
  const auto job = worker.Run();
  EXPECT_THAT(job, StatusIs(StatusCode::kInvalidArgument, Reason::kConfigInvalid));
  EXPECT_THAT(std::string(job.status().message()), ::testing::Not(HasSubstr("secret")));
}

TEST_F(WorkerTest, FailsTheJobWhenTooManyValuesAreBad) {
  SetUpJob(300);
  bed_.Sql(
      "UPDATE public.cards SET card = (SELECT card FROM public.cards WHERE id = 1) "
      "WHERE id BETWEEN 250 AND 259");
  board_->Change([](v1::RotationJob* job) {
    job->mutable_spec()->mutable_limits()->set_most_quarantined(10);
    job->mutable_spec()->set_verify_sample(1);
  });
  Worker worker(Options("one"), board_->Calls(), nullptr);
  const auto job = worker.Run();
  ASSERT_OK(job);
  EXPECT_EQ(job->state(), v1::ROTATION_STATE_FAILED);
  EXPECT_THAT(job->error(), HasSubstr("10, as many as the job's limit allows"));
}

TEST_F(WorkerTest, RefusesATableThatIsNotInTheRegistry) {
  SetUpJob(10);
  board_->Change([](v1::RotationJob* job) {
    v1::RotationTable* const table = job->mutable_spec()->add_tables();
    table->set_schema("public");
    table->set_table("orders");
  });
  Worker worker(Options("one"), board_->Calls(), nullptr);
  const auto job = worker.Run();
  ASSERT_OK(job);
  EXPECT_EQ(job->state(), v1::ROTATION_STATE_FAILED);
  ExpectAllUnder(1, 10);
}

}  // namespace
}  // namespace fieldkms::testing
