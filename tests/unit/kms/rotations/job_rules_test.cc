// The life of a job, as a table: from each state, what each rule does.
#include "kms/rotations/job_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "kms/proto/times.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using State = RotationState;
using std::chrono::days;
using std::chrono::seconds;

constexpr WallTime kNow{std::chrono::hours(24 * 20'000)};

RotationStart StartAt(uint64_t change) {
  RotationStart start;
  start.target.set_source_key("card");
  start.target.set_key("card");
  start.target.set_key_version(3);
  start.change = change;
  return start;
}

RotationEnd Done() {
  RotationEnd end;
  end.outcome.mutable_counts()->set_changed(70);
  end.outcome.set_passes(2);
  end.progress.set_pass(9);
  end.progress.mutable_counts()->set_changed(70);
  return end;
}
RotationEnd Failed() {
  RotationEnd end;
  end.error = "the table is gone";
  return end;
}

// A job that came to `state` by the rules, with its barrier passed where it was started.
RotationJob In(State state) {
  RotationJob job;
  job.details.set_edition(1);
  job.details.mutable_spec()->mutable_backup_horizon()->set_seconds(86'400);
  if (state == State::kPlanned) return job;
  EXPECT_OK(StartJob(&job, StartAt(7), kNow));
  ToProto(kNow + seconds(1), job.details.mutable_barrier()->mutable_pass_time());
  job.progress.set_pass(1);
  job.progress.add_workers()->set_worker("w");
  absl::Status moved;
  if (state == State::kPaused) moved = PauseJob(&job, kNow).status();
  if (state == State::kDone) moved = FinishJob(&job, Done(), kNow).status();
  if (state == State::kFailed) moved = FinishJob(&job, Failed(), kNow).status();
  if (state == State::kCancelled) moved = CancelJob(&job, kNow).status();
  EXPECT_OK(moved);
  EXPECT_EQ(job.record.state, state);
  return job;
}

struct Rule {
  std::string name;
  std::function<absl::StatusOr<bool>(RotationJob*)> run;
  State to;
  std::vector<State> from;        // where it moves
  std::vector<State> stays = {};  // where it is OK and does nothing
};

std::vector<Rule> Rules() {
  return {
      {"start",
       [](RotationJob* job) { return StartJob(job, StartAt(8), kNow); },
       State::kRunning,
       {State::kPlanned, State::kFailed},
       {State::kRunning}},
      {"pause",
       [](RotationJob* job) { return PauseJob(job, kNow); },
       State::kPaused,
       {State::kRunning},
       {State::kPaused}},
      {"resume",
       [](RotationJob* job) { return ResumeJob(job, kNow); },
       State::kRunning,
       {State::kPaused},
       {State::kRunning}},
      {"cancel",
       [](RotationJob* job) { return CancelJob(job, kNow); },
       State::kCancelled,
       {State::kPlanned, State::kRunning, State::kPaused, State::kFailed},
       {State::kCancelled}},
      {"finish",
       [](RotationJob* job) { return FinishJob(job, Done(), kNow); },
       State::kDone,
       {State::kRunning},
       {State::kDone}},
      {"fail",
       [](RotationJob* job) { return FinishJob(job, Failed(), kNow); },
       State::kFailed,
       {State::kRunning},
       {State::kFailed}},
  };
}

bool Has(const std::vector<State>& states, State state) {
  return std::find(states.begin(), states.end(), state) != states.end();
}

TEST(JobRulesTest, EachRuleFromEachState) {
  for (const Rule& rule : Rules()) {
    for (const State from : {State::kPlanned, State::kRunning, State::kPaused, State::kDone,
                             State::kFailed, State::kCancelled}) {
      RotationJob job = In(from);
      const std::string before = job.details.SerializeAsString();
      const uint64_t edition = job.details.edition();
      const absl::StatusOr<bool> changed = rule.run(&job);
      const std::string what = rule.name + " from " + std::to_string(static_cast<int>(from));
      if (Has(rule.from, from)) {
        ASSERT_OK(changed) << what;
        EXPECT_TRUE(*changed) << what;
        EXPECT_EQ(job.record.state, rule.to) << what;
        EXPECT_EQ(job.details.edition(), edition + 1) << what;
        EXPECT_EQ(job.record.update_time, kNow) << what;
        continue;
      }
      EXPECT_EQ(job.record.state, from) << what;
      EXPECT_EQ(job.details.SerializeAsString(), before) << what;
      if (Has(rule.stays, from)) {
        ASSERT_OK(changed) << what;
        EXPECT_FALSE(*changed) << what;
      } else {
        EXPECT_THAT(changed,
                    StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kRotationState))
            << what;
      }
    }
  }
}

TEST(JobRulesTest, StartingFixesTheTargetAndTheBarrier) {
  RotationJob job = In(State::kPlanned);
  ASSERT_OK(StartJob(&job, StartAt(7), kNow));
  EXPECT_EQ(job.details.target().key_version(), 3u);
  EXPECT_EQ(job.details.barrier().change(), 7u);
  EXPECT_EQ(FromProto(job.details.barrier().begin_time()), kNow);
  EXPECT_EQ(FromProto(job.details.start_time()), kNow);
  EXPECT_FALSE(job.details.has_end_time());
}

TEST(JobRulesTest, StartingAnewForgetsWhatWasReached) {
  RotationJob job = In(State::kFailed);
  EXPECT_TRUE(job.details.has_end_time());
  ASSERT_OK(StartJob(&job, StartAt(20), kNow));
  EXPECT_EQ(job.record.error, "");
  EXPECT_EQ(job.progress.ByteSizeLong(), 0u);
  EXPECT_FALSE(job.details.has_end_time());
  EXPECT_EQ(job.details.barrier().change(), 20u);
  EXPECT_FALSE(job.details.barrier().has_pass_time());
}

TEST(JobRulesTest, WhatEndsHasNoWorkers) {
  for (const State state : {State::kDone, State::kFailed, State::kCancelled}) {
    const RotationJob job = In(state);
    EXPECT_EQ(job.progress.workers_size(), 0);
    EXPECT_EQ(FromProto(job.details.end_time()), kNow);
  }
}

TEST(JobRulesTest, WhatDoesNotGoOnHasNoTimeLeft) {
  RotationJob job = In(State::kRunning);
  job.progress.mutable_soonest()->set_seconds(5);
  job.progress.mutable_latest()->set_seconds(9);
  ASSERT_OK(PauseJob(&job, kNow));
  EXPECT_FALSE(job.progress.has_soonest());
  EXPECT_FALSE(job.progress.has_latest());
  EXPECT_EQ(job.progress.workers_size(), 1);
}

TEST(JobRulesTest, WhatIsDoneHasAnOutcome) {
  const RotationJob job = In(State::kDone);
  const v1::RotationOutcome& outcome = job.details.outcome();
  EXPECT_EQ(outcome.counts().changed(), 70u);
  EXPECT_EQ(outcome.passes(), 2u);
  EXPECT_EQ(FromProto(outcome.barrier_time()), kNow + seconds(1));
  EXPECT_EQ(FromProto(outcome.verify_time()), kNow);
  EXPECT_EQ(FromProto(outcome.retire_after()), kNow + days(1));
  EXPECT_EQ(job.progress.phase(), v1::ROTATION_PHASE_COMPLETE);
  EXPECT_EQ(job.progress.pass(), 9u);
}

TEST(JobRulesTest, QuarantinedRowsKeepTheirVersions) {
  RotationJob job = In(State::kRunning);
  RotationEnd end = Done();
  end.outcome.mutable_counts()->set_quarantined(1);
  // What workers say of times is not taken.
  ToProto(kNow, end.outcome.mutable_retire_after());
  ASSERT_OK(FinishJob(&job, end, kNow));
  EXPECT_FALSE(job.details.outcome().has_retire_after());
}

TEST(JobRulesTest, OnlyWhatMakesVersionsOldHasThemRetired) {
  for (const auto transform : {v1::ROTATION_TRANSFORM_REENCRYPT, v1::ROTATION_TRANSFORM_REKEY,
                               v1::ROTATION_TRANSFORM_ENCRYPT, v1::ROTATION_TRANSFORM_DECRYPT,
                               v1::ROTATION_TRANSFORM_REINDEX, v1::ROTATION_TRANSFORM_RETOKENIZE}) {
    RotationJob job = In(State::kRunning);
    job.details.mutable_spec()->set_transform(transform);
    ASSERT_OK(FinishJob(&job, Done(), kNow));
    const bool plain =
        transform == v1::ROTATION_TRANSFORM_ENCRYPT || transform == v1::ROTATION_TRANSFORM_DECRYPT;
    EXPECT_EQ(job.details.outcome().has_retire_after(), !plain);
    EXPECT_TRUE(job.details.outcome().has_barrier_time());
  }
}

TEST(JobRulesTest, NothingIsDoneBeforeItsBarrier) {
  RotationJob job = In(State::kPlanned);
  ASSERT_OK(StartJob(&job, StartAt(7), kNow));
  EXPECT_THAT(FinishJob(&job, Done(), kNow), StatusIs(Reason::kRotationState));
  EXPECT_EQ(job.record.state, State::kRunning);
  EXPECT_OK(FinishJob(&job, Failed(), kNow));
}

// A worker that has not heard that the job was started anew does not end what it knows nothing of.
TEST(JobRulesTest, AnotherStartIsNotFinished) {
  RotationJob job = In(State::kFailed);
  RotationEnd end = Failed();
  end.start = FromProto(job.details.start_time());
  EXPECT_OK(FinishJob(&job, end, kNow));
  ASSERT_OK(StartJob(&job, StartAt(8), kNow + seconds(5)));
  EXPECT_THAT(FinishJob(&job, end, kNow), StatusIs(Reason::kRotationState));
  EXPECT_EQ(job.record.state, State::kRunning);
  end.start = kNow + seconds(5);
  EXPECT_OK(FinishJob(&job, end, kNow));
  EXPECT_EQ(job.record.state, State::kFailed);
}

TEST(JobRulesTest, LaterStartsAreAboveWhateverTheClock) {
  RotationJob job = In(State::kFailed);
  const WallTime first = FromProto(job.details.start_time());
  ASSERT_OK(StartJob(&job, StartAt(8), kNow - days(1)));
  EXPECT_GT(FromProto(job.details.start_time()), first);
}

TEST(JobRulesTest, AnotherOutcomeIsRefused) {
  RotationJob job = In(State::kDone);
  RotationEnd other = Done();
  other.outcome.mutable_counts()->set_changed(71);
  EXPECT_THAT(FinishJob(&job, other, kNow), StatusIs(Reason::kRotationState));
  job = In(State::kFailed);
  RotationEnd error = Failed();
  error.error = "another";
  EXPECT_THAT(FinishJob(&job, error, kNow), StatusIs(Reason::kRotationState));
}

TEST(JobRulesTest, LimitsAreSetUnlessTheJobIsOver) {
  v1::RotationLimits limits;
  limits.set_most_batch_rows(9);
  for (const State state : {State::kPlanned, State::kRunning, State::kPaused, State::kFailed}) {
    RotationJob job = In(state);
    const uint64_t edition = job.details.edition();
    ASSERT_OK(SetLimits(&job, limits, 0, kNow));
    EXPECT_EQ(job.record.state, state);
    EXPECT_EQ(job.details.spec().limits().most_batch_rows(), 9u);
    EXPECT_THAT(SetLimits(&job, limits, edition, kNow),
                StatusIs(absl::StatusCode::kAborted, Reason::kEtagMismatch));
    EXPECT_OK(SetLimits(&job, limits, edition + 1, kNow));
  }
  for (const State state : {State::kDone, State::kCancelled}) {
    RotationJob job = In(state);
    EXPECT_THAT(SetLimits(&job, limits, 0, kNow), StatusIs(Reason::kRotationState));
  }
}

TEST(JobRulesTest, AnEndIsOneOrTheOther) {
  EXPECT_OK(CheckEnd(Done()));
  EXPECT_OK(CheckEnd(Failed()));
  RotationEnd both = Done();
  both.error = "e";
  EXPECT_EQ(FieldOf(CheckEnd(both)), "outcome");
  RotationEnd longer = Failed();
  longer.error = std::string(4'096, 'e');
  EXPECT_OK(CheckEnd(longer));
  longer.error += "e";
  EXPECT_EQ(FieldOf(CheckEnd(longer)), "error");
  RotationEnd odd = Done();
  odd.progress.set_phase(static_cast<v1::RotationPhase>(77));
  EXPECT_EQ(FieldOf(CheckEnd(odd)), "progress.phase");
}

}  // namespace
}  // namespace fieldkms
