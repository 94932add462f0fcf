// Calls that wait without a thread: when they run again, and when they may not wait.
#include "kms/service/parked_calls.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using std::chrono::milliseconds;

class FlagTask final : public Task {
 public:
  void RunTask() override { ran_.set_value(); }
  void Await() { ran_.get_future().wait(); }

 private:
  std::promise<void> ran_;
};

class ParkedCallsTest : public ::testing::Test {
 protected:
  ~ParkedCallsTest() override { parked_.Close(); }
  static Deadline In(std::chrono::steady_clock::duration time) {
    return std::chrono::steady_clock::now() + time;
  }

  std::atomic<uint64_t> newest_{7};
  Executor executor_{1, 100};
  ParkedCalls parked_{executor_, SystemClock(), [this] { return newest_.load(); }};
};

// The test's own time-out is the limit of each wait.
TEST_F(ParkedCallsTest, RunsWhenSomethingHasChanged) {
  FlagTask task;
  ASSERT_OK(parked_.Park(&task, {7, In(hours(1))}));
  newest_ = 8;
  task.Await();
}

TEST_F(ParkedCallsTest, RunsWhereItHasAlready) {
  FlagTask task;
  ASSERT_OK(parked_.Park(&task, {6, In(hours(1))}));
  task.Await();
}

TEST_F(ParkedCallsTest, RunsWhenItsTimeIsOver) {
  FlagTask task, patient;
  ASSERT_OK(parked_.Park(&patient, {7, In(hours(1))}));
  ASSERT_OK(parked_.Park(&task, {7, In(milliseconds(20))}));
  task.Await();
  parked_.Close();
  patient.Await();
}

TEST_F(ParkedCallsTest, CloseEndsAllWaits) {
  std::vector<std::unique_ptr<FlagTask>> tasks;
  for (int i = 0; i < 10; ++i) {
    tasks.push_back(std::make_unique<FlagTask>());
    ASSERT_OK(parked_.Park(tasks.back().get(), {7, kNoDeadline}));
  }
  parked_.Close();
  for (auto& task : tasks) task->Await();
  FlagTask late;
  EXPECT_THAT(parked_.Park(&late, {7, kNoDeadline}),
              StatusIs(StatusCode::kUnavailable, Reason::kDraining));
}

TEST_F(ParkedCallsTest, FewMayWait) {
  std::vector<std::unique_ptr<FlagTask>> tasks;
  for (size_t i = 0; i < ParkedCalls::kMost; ++i) {
    tasks.push_back(std::make_unique<FlagTask>());
    ASSERT_OK(parked_.Park(tasks.back().get(), {7, kNoDeadline}));
  }
  FlagTask one_more;
  EXPECT_THAT(parked_.Park(&one_more, {7, kNoDeadline}),
              StatusIs(StatusCode::kResourceExhausted, Reason::kOverloaded));
  newest_ = 8;
  for (auto& task : tasks) task->Await();
  EXPECT_OK(parked_.Park(&one_more, {7, kNoDeadline}));
  one_more.Await();
}

// Those for whom there is no room on the executor run when there is.
TEST(ParkedCallsOverloadTest, WaitsForTheExecutor) {
  Executor executor(1, 1);
  ParkedCalls parked(executor, SystemClock(), [] { return uint64_t{8}; });
  std::vector<std::unique_ptr<FlagTask>> tasks;
  for (int i = 0; i < 8; ++i) {
    tasks.push_back(std::make_unique<FlagTask>());
    ASSERT_OK(parked.Park(tasks.back().get(), {7, kNoDeadline}));
  }
  for (auto& task : tasks) task->Await();
  parked.Close();
}

}  // namespace
}  // namespace fieldkms
