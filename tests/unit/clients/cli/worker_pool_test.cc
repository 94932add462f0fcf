#include "clients/cli/worker_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/rotation_client.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr char kJob[] = "00112233445566778899aabbccddeeff";

// A service with one job that workers only look at, since it does not run.
class FakeJob {
 public:
  explicit FakeJob(v1::RotationState state) { Set(state); }

  void Set(v1::RotationState state) {
    const std::lock_guard lock(mutex_);
    state_ = state;
  }
  rotation::ServiceCalls Calls() {
    rotation::ServiceCalls calls;
    calls.get_job = [this](const v1::GetJobRequest&) { return Job(); };
    calls.report_job = [this](const v1::ReportJobRequest& request) {
      const std::lock_guard lock(mutex_);
      workers_.insert(request.worker().worker());
      return Made();
    };
    return calls;
  }
  std::set<std::string> workers() const {
    const std::lock_guard lock(mutex_);
    return workers_;
  }

 private:
  absl::StatusOr<v1::RotationJob> Job() {
    const std::lock_guard lock(mutex_);
    return Made();
  }
  absl::StatusOr<v1::RotationJob> Made() {
    v1::RotationJob job;
    job.set_job_id(kJob);
    job.set_state(state_);
    return job;
  }

  mutable std::mutex mutex_;
  v1::RotationState state_;
  std::set<std::string> workers_;
};

rotation::WorkerOptions Options() {
  rotation::WorkerOptions options;
  options.tenant = "acme";
  options.job_id = kJob;
  options.beat = std::chrono::milliseconds(20);
  return options;
}

PoolNews NewsWhen(const WorkerPool& pool, const std::function<bool(const PoolNews&)>& wanted) {
  PoolNews news = pool.News();
  while (!wanted(news)) {
    std::this_thread::yield();
    news = pool.News();
  }
  return news;
}

bool Ended(const PoolNews& news) { return news.ended; }

TEST(WorkerNamesTest, TellProcessesAndThreadsApart) {
  ASSERT_OK_AND_ASSIGN(std::vector<std::string> names, WorkerNames("pod-7", 3));
  const auto more = WorkerNames("pod-7", 3);  // as of another process of the same number
  names.insert(names.end(), more->begin(), more->end());
  EXPECT_THAT(std::set<std::string>(names.begin(), names.end()), SizeIs(6));
  for (const std::string& name : names) {
    EXPECT_TRUE(name.starts_with("pod-7-")) << name;
    EXPECT_LE(name.size(), 128u);
  }
  EXPECT_FALSE(WorkerNames("", 1)->front().empty());
  const auto refused = WorkerNames(std::string(65, 'a'), 1);
  EXPECT_THAT(refused, StatusIs(Reason::kInvalidField));
  EXPECT_EQ(FieldOf(refused.status()), "name");
}

TEST(WorkerPoolTest, EndsWithTheJob) {
  FakeJob job(v1::ROTATION_STATE_PAUSED);
  const rotation::ServiceCalls calls = job.Calls();
  WorkerPool pool(Options(), {"a", "b"}, calls);
  const PoolNews news = NewsWhen(
      pool, [&](const PoolNews& now) { return !now.resting.empty() && job.workers().size() == 2; });
  EXPECT_EQ(news.job.job_id(), kJob);
  EXPECT_THAT(news.resting, ElementsAre("the job is paused"));  // both, and said once
  job.Set(v1::ROTATION_STATE_CANCELLED);
  EXPECT_THAT(NewsWhen(pool, Ended).resting, ElementsAre());
  EXPECT_EQ(pool.Result()->state(), v1::ROTATION_STATE_CANCELLED);
}

// The others hear of it at once, and not with their own next beats.
TEST(WorkerPoolTest, WhoeverEndsTheJobStopsTheOthers) {
  std::atomic<int> calls_made{0};
  FakeJob job(v1::ROTATION_STATE_PAUSED);
  rotation::ServiceCalls calls = job.Calls();
  calls.report_job = [&](const v1::ReportJobRequest& request) -> absl::StatusOr<v1::RotationJob> {
    v1::RotationJob answer;
    answer.set_job_id(kJob);
    const bool first = request.worker().worker() == "first";
    // The second one has said that it is there.
    while (first && calls_made == 0) std::this_thread::yield();
    if (!first) ++calls_made;
    answer.set_state(first ? v1::ROTATION_STATE_DONE : v1::ROTATION_STATE_PAUSED);
    return answer;
  };
  rotation::WorkerOptions options = Options();
  options.beat = std::chrono::hours(1);
  WorkerPool pool(options, {"first", "second"}, calls);
  NewsWhen(pool, Ended);
  EXPECT_EQ(pool.Result()->state(), v1::ROTATION_STATE_DONE);
}

TEST(WorkerPoolTest, StopsWithTheJobAsItIs) {
  FakeJob job(v1::ROTATION_STATE_PLANNED);
  const rotation::ServiceCalls calls = job.Calls();
  WorkerPool pool(Options(), {"a", "b", "c"}, calls);
  NewsWhen(pool, [](const PoolNews& news) { return !news.job.job_id().empty(); });
  pool.Stop();
  NewsWhen(pool, Ended);
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob left, pool.Result());
  EXPECT_EQ(left.state(), v1::ROTATION_STATE_PLANNED);
  EXPECT_FALSE(HasEnded(left));
}

TEST(WorkerPoolTest, AnErrorOfAllIsTheResult) {
  FakeJob job(v1::ROTATION_STATE_PLANNED);
  rotation::ServiceCalls calls = job.Calls();
  calls.get_job = [](const v1::GetJobRequest&) -> absl::StatusOr<v1::RotationJob> {
    return Error(absl::StatusCode::kNotFound, Reason::kRotationNotFound, "there is no such job");
  };
  WorkerPool pool(Options(), {"a", "b"}, calls);
  NewsWhen(pool, Ended);
  EXPECT_THAT(pool.Result(), StatusIs(Reason::kRotationNotFound));
}

}  // namespace
}  // namespace fieldkms
