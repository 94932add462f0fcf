// Rotation jobs through the client: what is repeated, under which request ids, and watching a job.
#include "clients/cpp/rotation_client.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/clients/cpp/fake_service.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using testing::FakeRotations;
using testing::FakeService;
using testing::TempDir;
using testing::Unavailable;
using testing::WireStatus;

template <class Request>
Request Of(const std::string& job) {
  Request request;
  request.set_tenant("acme");
  request.set_job_id(job);
  return request;
}

class RotationClientTest : public ::testing::Test {
 protected:
  RotationClientTest() : service_(dir_.File("s")) {
    auto client = Client::Create({.target = "unix:" + dir_.File("s"),
                                  .max_attempts = 3,
                                  .backoff_base = milliseconds(1),
                                  .backoff_cap = milliseconds(5)});
    EXPECT_OK(client);
    client_ = std::move(client).value();
  }
  RotationClient rotations() { return RotationClient(*client_); }
  FakeRotations& service() { return service_.rotations; }

  TempDir dir_;
  FakeService service_;
  std::unique_ptr<Client> client_;
};

TEST_F(RotationClientTest, AJobIsMadeUnderOneRequestId) {
  service().create.Push(Unavailable());
  v1::CreateJobRequest request;
  request.set_tenant("acme");
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob job, rotations().CreateJob(request));
  EXPECT_EQ(job.job_id(), "made");
  const auto sent = service().create.requests();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].request_id().size(), 36u);
  EXPECT_EQ(sent[0].request_id(), sent[1].request_id());
  request.set_request_id("my-own-id");
  ASSERT_OK(rotations().CreateJob(request));
  EXPECT_EQ(service().create.requests()[2].request_id(), "my-own-id");
}

TEST_F(RotationClientTest, ChangesOfStateAndReadsAreRepeated) {
  service().start.Push(Unavailable());
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob job,
                       rotations().StartJob(Of<v1::StartJobRequest>("j")));
  EXPECT_EQ(job.job_id(), "j");
  EXPECT_EQ(service().start.requests().size(), 2u);
  service().list.Push(Unavailable());
  v1::ListJobsRequest list;
  list.set_page_token("page");
  ASSERT_OK_AND_ASSIGN(const v1::ListJobsResponse page, rotations().ListJobs(list));
  EXPECT_EQ(page.next_page_token(), "next");
  EXPECT_EQ(service().list.requests().at(1).page_token(), "page");
  service().barrier.Push(Unavailable());
  ASSERT_OK_AND_ASSIGN(const v1::GetWriteBarrierResponse barrier,
                       rotations().GetWriteBarrier(Of<v1::GetWriteBarrierRequest>("j")));
  EXPECT_TRUE(barrier.passed());
}

TEST_F(RotationClientTest, AScheduleIsMadeUnderOneRequestId) {
  service().create_schedule.Push(Unavailable());
  ASSERT_OK_AND_ASSIGN(const v1::RotationSchedule made,
                       rotations().CreateSchedule(v1::CreateScheduleRequest()));
  EXPECT_EQ(made.schedule_id(), "made");
  const auto sent = service().create_schedule.requests();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].request_id(), sent[1].request_id());
  service().delete_schedule.Push(Unavailable());
  EXPECT_OK(rotations().DeleteSchedule(v1::DeleteScheduleRequest()));
  EXPECT_EQ(service().delete_schedule.requests().size(), 2u);
}

// The second attempt would find the job changed, by the first.
TEST_F(RotationClientTest, LimitsWithAnEtagAreSetOnce) {
  auto request = Of<v1::UpdateJobLimitsRequest>("j");
  service().update_limits.Push(Unavailable());
  EXPECT_OK(rotations().UpdateJobLimits(request));
  request.set_etag("7");
  service().update_limits.Push(Unavailable());
  EXPECT_THAT(rotations().UpdateJobLimits(request), StatusIs(Reason::kStoreUnavailable));
  service().update_limits.Push(
      WireStatus(Error(absl::StatusCode::kUnavailable, Reason::kDraining, "going down")));
  EXPECT_OK(rotations().UpdateJobLimits(request));
}

TEST_F(RotationClientTest, AWatchEndsWithTheJob) {
  service().watch.Push(Unavailable());
  std::vector<std::string> seen;
  ASSERT_OK(rotations().WatchJob(Of<v1::WatchJobRequest>("j"), [&](const v1::RotationJob& job) {
    seen.push_back(job.etag());
    return true;
  }));
  EXPECT_THAT(seen, ::testing::ElementsAre("2", "3"));
  const auto sent = service().watch.requests();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[1].seen(), "");
  EXPECT_EQ(sent[2].seen(), "2");
  EXPECT_EQ(sent[2].job_id(), "j");
}

TEST_F(RotationClientTest, AWatchSaysNothingWhereNothingHasChanged) {
  service().same_at = 2;
  std::vector<std::string> seen;
  ASSERT_OK(rotations().WatchJob(Of<v1::WatchJobRequest>("j"), [&](const v1::RotationJob& job) {
    seen.push_back(job.etag());
    return true;
  }));
  EXPECT_THAT(seen, ::testing::ElementsAre("1", "3"));
}

TEST_F(RotationClientTest, AWatchEndsWhenItsCallerHasSeenEnough) {
  int calls = 0;
  ASSERT_OK(rotations().WatchJob(Of<v1::WatchJobRequest>("j"),
                                 [&](const v1::RotationJob&) { return ++calls > 5; }));
  EXPECT_EQ(calls, 1);
}

TEST_F(RotationClientTest, AWatchThatFailsSaysSo) {
  service().watch.Push(WireStatus(
      Error(absl::StatusCode::kResourceExhausted, Reason::kOverloaded, "too many are waiting")));
  EXPECT_THAT(rotations().WatchJob(Of<v1::WatchJobRequest>("j"),
                                   [](const v1::RotationJob&) { return true; }),
              StatusIs(absl::StatusCode::kResourceExhausted, Reason::kOverloaded));
}

// The service answers after `wait`; that is not the client's patience.
TEST_F(RotationClientTest, AWatchHasTimeToWait) {
  auto request = Of<v1::WatchJobRequest>("j");
  const auto before = std::chrono::system_clock::now();
  ASSERT_OK(rotations().WatchJob(request));
  request.mutable_wait()->set_seconds(3);
  ASSERT_OK(rotations().WatchJob(request));
  ASSERT_EQ(service().watch_deadlines.size(), 2u);
  EXPECT_GE(service().watch_deadlines[0], before + std::chrono::seconds(39));
  EXPECT_GE(service().watch_deadlines[1], before + std::chrono::seconds(12));
}

TEST(HasEndedTest, KnowsTheEndStates) {
  v1::RotationJob job;
  for (const auto state :
       {v1::ROTATION_STATE_PLANNED, v1::ROTATION_STATE_RUNNING, v1::ROTATION_STATE_PAUSED}) {
    job.set_state(state);
    EXPECT_FALSE(HasEnded(job));
  }
  for (const auto state :
       {v1::ROTATION_STATE_DONE, v1::ROTATION_STATE_FAILED, v1::ROTATION_STATE_CANCELLED}) {
    job.set_state(state);
    EXPECT_TRUE(HasEnded(job));
  }
}

}  // namespace
}  // namespace fieldkms
