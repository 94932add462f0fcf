// Jobs that re-encrypt rows: kept whole, written by who read them last, and listed.
#include "kms/store/rotation_store.h"

#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "tests/contract/rotation_fixture.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Any bytes, and all of them.
std::string Bytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i);
  return bytes;
}

std::string FieldOfPut(Store& store, const RotationJobRecord& job) {
  const auto put = store.rotations().PutRotationJob(job, kNoDeadline);
  EXPECT_THAT(put, StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
  return FieldOf(put.status());
}

std::string Listed(Store& store, std::string_view tenant, const RotationJobFilter& filter,
                   size_t limit = SIZE_MAX) {
  const auto jobs = store.rotations().ListRotationJobs(tenant, filter, limit, kNoDeadline);
  EXPECT_OK(jobs);
  return jobs.ok() ? DigitsOf(*jobs) : std::string();
}

TEST_P(StoreContract, RotationJobIsKeptWithEveryField) {
  HaveTenant("acme");
  RotationJobRecord job = Job("acme", 'a', Now());
  EXPECT_THAT(store().rotations().GetRotationJob("acme", job.job_id, kNoDeadline), NoJob());
  const RotationJobRecord made = HaveJob(store(), job);
  job.change = 2;
  EXPECT_THAT(made, IsRecord(job));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto kept,
                       store().rotations().GetRotationJob("acme", job.job_id, kNoDeadline));
  EXPECT_THAT(kept, IsRecord(job));

  job.state = RotationState::kFailed;
  job.spec = Bytes(kMaxRotationSpec);
  job.progress = Bytes(kMaxRotationProgress);
  job.error = Bytes(kMaxRotationError);
  clock().Advance(seconds(1));
  job.update_time = Now();
  const RotationJobRecord next = HaveJob(store(), job);
  job.change = 3;
  EXPECT_THAT(next, IsRecord(job));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto again,
                       store().rotations().GetRotationJob("acme", job.job_id, kNoDeadline));
  EXPECT_THAT(again, IsRecord(job));
  ASSERT_OK_AND_ASSIGN(const auto list,
                       store().rotations().ListRotationJobs("acme", {}, 9, kNoDeadline));
  EXPECT_THAT(list, ElementsAre(IsRecord(job)));

  job.spec.clear();
  job.progress.clear();
  job.error.clear();
  EXPECT_EQ(HaveJob(store(), job).change, 4u);
  ASSERT_OK_AND_ASSIGN(const auto emptied,
                       store().rotations().GetRotationJob("acme", job.job_id, kNoDeadline));
  EXPECT_EQ(emptied.spec + emptied.progress + emptied.error, "");
}

TEST_P(StoreContract, RotationJobsBeginAndDataSourceStay) {
  HaveTenant("acme");
  const RotationJobRecord made = HaveJob(store(), Job("acme", 'a', Now()));
  RotationJobRecord other = made;
  other.data_source = "elsewhere";
  other.create_time += seconds(1);
  other.progress = "half";
  RotationJobRecord expected = made;
  expected.progress = "half";
  expected.change = made.change + 1;
  EXPECT_THAT(HaveJob(store(), other), IsRecord(expected));
  ASSERT_OK_AND_ASSIGN(const auto kept,
                       store().rotations().GetRotationJob("acme", made.job_id, kNoDeadline));
  EXPECT_THAT(kept, IsRecord(expected));
}

TEST_P(StoreContract, RotationJobHasEachState) {
  HaveTenant("acme");
  RotationJobRecord job = Job("acme", 'a', Now());
  for (const RotationState state :
       {RotationState::kPlanned, RotationState::kRunning, RotationState::kPaused,
        RotationState::kDone, RotationState::kFailed, RotationState::kCancelled}) {
    job.state = state;
    job = HaveJob(store(), job);
    ASSERT_OK_AND_ASSIGN(const auto kept,
                         store().rotations().GetRotationJob("acme", job.job_id, kNoDeadline));
    EXPECT_EQ(kept.state, state);
    EXPECT_EQ(Listed(store(), "acme", {.open_only = true}), IsOpen(state) ? "a" : "");
  }
}

TEST_P(StoreContract, RotationJobGoesOnWhereItWasRead) {
  HaveTenant("acme");
  RotationStore& rotations = store().rotations();
  const RotationJobRecord made = HaveJob(store(), Job("acme", 'a', Now()));
  EXPECT_THAT(rotations.PutRotationJob(Job("acme", 'a', Now()), kNoDeadline), Mismatch());
  RotationJobRecord next = made;
  next.state = RotationState::kRunning;
  next = HaveJob(store(), next);
  EXPECT_THAT(rotations.PutRotationJob(made, kNoDeadline), Mismatch());
  RotationJobRecord unknown = Job("acme", 'b', Now());
  unknown.change = next.change;
  EXPECT_THAT(rotations.PutRotationJob(unknown, kNoDeadline), Mismatch());
  ASSERT_OK_AND_ASSIGN(const auto kept, rotations.GetRotationJob("acme", made.job_id, kNoDeadline));
  EXPECT_THAT(kept, IsRecord(next));
  EXPECT_THAT(rotations.GetRotationJob("acme", unknown.job_id, kNoDeadline), NoJob());
  EXPECT_EQ(NewestChange(), next.change);
}

TEST_P(StoreContract, WhatIsNoRotationJobIsRefused) {
  HaveTenant("acme");
  const RotationJobRecord good = Job("acme", 'a', Now());
  for (const std::string& id : {std::string(), std::string(31, 'a'), std::string(33, 'a'),
                                std::string(32, 'A'), std::string(32, 'g')}) {
    RotationJobRecord job = good;
    job.job_id = id;
    EXPECT_EQ(FieldOfPut(store(), job), "job_id") << id;
  }
  RotationJobRecord job = good;
  job.data_source.clear();
  EXPECT_EQ(FieldOfPut(store(), job), "data_source");
  job = good;
  job.spec.resize(kMaxRotationSpec + 1);
  EXPECT_EQ(FieldOfPut(store(), job), "spec");
  job = good;
  job.progress.resize(kMaxRotationProgress + 1);
  EXPECT_EQ(FieldOfPut(store(), job), "progress");
  job = good;
  job.error.resize(kMaxRotationError + 1);
  EXPECT_EQ(FieldOfPut(store(), job), "error");
  EXPECT_EQ(NewestChange(), 1u);
  EXPECT_EQ(Listed(store(), "acme", {}), "");
}

TEST_P(StoreContract, RotationJobsOfATenantAreItsOwn) {
  HaveTenant("acme");
  HaveTenant("globex");
  RotationStore& rotations = store().rotations();
  const RotationJobRecord acme = HaveJob(store(), Job("acme", 'a', Now()));
  EXPECT_THAT(rotations.GetRotationJob("globex", acme.job_id, kNoDeadline), NoJob());
  EXPECT_EQ(Listed(store(), "globex", {}), "");
  EXPECT_THAT(rotations.ListRotationJobs("globex", {.before_job_id = acme.job_id}, 9, kNoDeadline),
              NoJob());
  RotationJobRecord moved = acme;
  moved.tenant = "globex";
  EXPECT_THAT(rotations.PutRotationJob(moved, kNoDeadline), Mismatch());
  // Nor does an id that is taken there tell.
  moved.change = 0;
  moved.progress = "globex's";
  moved = HaveJob(store(), moved);
  ASSERT_OK_AND_ASSIGN(const auto kept, rotations.GetRotationJob("acme", acme.job_id, kNoDeadline));
  EXPECT_THAT(kept, IsRecord(acme));
  ASSERT_OK_AND_ASSIGN(const auto others,
                       rotations.GetRotationJob("globex", acme.job_id, kNoDeadline));
  EXPECT_THAT(others, IsRecord(moved));
}

TEST_P(StoreContract, RotationJobsOfATenantThatIsNotThere) {
  RotationStore& rotations = store().rotations();
  EXPECT_THAT(rotations.PutRotationJob(Job("acme", 'a', Now()), kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
  EXPECT_THAT(rotations.GetRotationJob("acme", RotationId('a'), kNoDeadline), NoJob());
  EXPECT_EQ(Listed(store(), "acme", {}), "");
  EXPECT_EQ(NewestChange(), 0u);
}

// Some made at the same time, in no order of their ids.
TEST_P(StoreContract, RotationJobsAreListedNewestFirst) {
  HaveTenant("acme");
  HaveTenant("globex");
  EXPECT_EQ(Listed(store(), "acme", {}), "");
  for (const std::string_view made_at_once : {"4", "b07", "1a2", "9"}) {
    for (const char digit : made_at_once) HaveJob(store(), Job("acme", digit, Now()));
    HaveJob(store(), Job("globex", made_at_once[0], Now()));
    clock().Advance(seconds(1));
  }
  Reopen();
  EXPECT_EQ(Listed(store(), "acme", {}), "9a21b704");
  EXPECT_EQ(Listed(store(), "acme", {}, 0), "");
  for (const size_t page_size : {1u, 2u, 3u, 8u}) {
    std::string all;
    RotationJobFilter filter;
    while (true) {
      const std::string page = Listed(store(), "acme", filter, page_size);
      if (page.empty()) break;
      ASSERT_LE(page.size(), page_size);
      all += page;
      filter.before_job_id = RotationId(page.back());
    }
    EXPECT_EQ(all, "9a21b704") << page_size;
  }
  EXPECT_THAT(store().rotations().ListRotationJobs("acme", {.before_job_id = RotationId('c')}, 9,
                                                   kNoDeadline),
              NoJob());
}

TEST_P(StoreContract, RotationJobsAreListedByStateAndDataSource) {
  HaveTenant("acme");
  // An upper half of them is of another source, every second one is open.
  for (const char digit : std::string_view("01234567")) {
    RotationJobRecord job = Job("acme", digit, Now());
    if (digit >= '4') job.data_source = "shop";
    if (digit % 2 == 1) job.state = RotationState::kDone;
    HaveJob(store(), job);
    if (digit % 4 == 3) clock().Advance(seconds(1));
  }
  EXPECT_EQ(Listed(store(), "acme", {.open_only = true}), "6420");
  EXPECT_EQ(Listed(store(), "acme", {.data_source = "billing"}), "3210");
  EXPECT_EQ(Listed(store(), "acme", {.open_only = true, .data_source = "shop"}), "64");
  EXPECT_EQ(Listed(store(), "acme", {.data_source = "Billing"}), "");
  EXPECT_EQ(Listed(store(), "acme", {.data_source = ""}), "");
  EXPECT_EQ(Listed(store(), "acme", {.open_only = true}, 3), "642");
  EXPECT_EQ(Listed(store(), "acme", {.data_source = "shop"}, 2), "76");
  // After one that the filter leaves out, too.
  const std::string before = RotationId('5');
  EXPECT_EQ(Listed(store(), "acme", {.open_only = true, .before_job_id = before}), "420");
  EXPECT_EQ(Listed(store(), "acme", {.data_source = "billing", .before_job_id = before}, 3), "321");
  EXPECT_EQ(
      Listed(store(), "acme", {.open_only = true, .data_source = "shop", .before_job_id = before}),
      "4");
}

TEST_P(StoreContract, RotationJobsAreChangesThatNobodyReads) {
  HaveTenant("acme");
  const uint64_t before = NewestChange();
  auto waiter =
      std::async(std::launch::async, [&] { return store().WaitForChange(before, kNoDeadline); });
  RotationJobRecord job = HaveJob(store(), Job("acme", 'a', Now()));
  EXPECT_EQ(job.change, before + 1);
  ASSERT_OK_AND_ASSIGN(const uint64_t woken, waiter.get());
  EXPECT_EQ(woken, job.change);
  EXPECT_EQ(HaveJob(store(), job).change, before + 2);
  EXPECT_EQ(NewestChange(), before + 2);
  EXPECT_THAT(ChangesAfter(before), IsEmpty());
}

TEST_P(StoreContract, AFrozenStoreKeepsItsRotationJobs) {
  HaveTenant("acme");
  RotationStore& rotations = store().rotations();
  const RotationJobRecord job = HaveJob(store(), Job("acme", 'a', Now()));
  ASSERT_OK(store().SetFrozen(true, kNoDeadline));
  for (const RotationJobRecord& put : {job, Job("acme", 'b', Now())}) {
    EXPECT_THAT(rotations.PutRotationJob(put, kNoDeadline),
                StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable));
  }
  EXPECT_EQ(Listed(store(), "acme", {}), "a");
  ASSERT_OK_AND_ASSIGN(const auto kept, rotations.GetRotationJob("acme", job.job_id, kNoDeadline));
  EXPECT_THAT(kept, IsRecord(job));
  ASSERT_OK(store().SetFrozen(false, kNoDeadline));
  EXPECT_OK(rotations.PutRotationJob(job, kNoDeadline));
}

TEST_P(StoreContract, PassedDeadlineTouchesNoRotationJob) {
  HaveTenant("acme");
  RotationStore& rotations = store().rotations();
  const RotationJobRecord job = HaveJob(store(), Job("acme", 'a', Now()));
  const Deadline passed = clock().Steady() - std::chrono::milliseconds(1);
  const auto late = StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded);
  EXPECT_THAT(rotations.PutRotationJob(job, passed), late);
  EXPECT_THAT(rotations.PutRotationJob(Job("acme", 'b', Now()), passed), late);
  EXPECT_EQ(Listed(store(), "acme", {}), "a");
  EXPECT_EQ(NewestChange(), job.change);
}

}  // namespace
}  // namespace fieldkms::testing
