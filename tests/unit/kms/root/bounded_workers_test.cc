#include "kms/root/bounded_workers.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using absl::StatusCode;

Deadline Soon() { return SystemClock().Steady() + std::chrono::milliseconds(10); }

// What jobs hang at until it is opened; they share it with the test.
class Gate {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// Gives up jobs until every worker hangs in one, and returns what is said then. (One
// that its worker had no time to start is none.)
absl::Status HangAll(BoundedWorkers& workers, const std::shared_ptr<Gate>& gate) {
  for (;;) {
    absl::Status status = workers.Run([gate](size_t) { gate->Pass(); }, Soon());
    if (ReasonOf(status) != Reason::kDeadlineExceeded) return status;
  }
}

TEST(BoundedWorkersTest, RunsEachJobOnceAndAWorkerHasOneAtATime) {
  std::atomic<int> done = 0;
  std::array<std::atomic<int>, 3> inside = {};
  {
    BoundedWorkers workers(3, [&](size_t) { done += 1000; });
    std::vector<std::jthread> callers;
    for (int i = 0; i < 6; ++i) {
      callers.emplace_back([&] {
        for (int n = 0; n < 50; ++n) {
          EXPECT_OK(workers.Run(
              [&](size_t worker) {
                EXPECT_EQ(++inside[worker], 1);
                ++done;
                --inside[worker];
              },
              kNoDeadline));
        }
      });
    }
    callers.clear();
    EXPECT_EQ(done, 300);
  }
  EXPECT_EQ(done, 3300);  // each worker has ended
}

TEST(BoundedWorkersTest, JobThatWasNotStartedInTimeNeverRuns) {
  const auto gate = std::make_shared<Gate>();
  std::atomic<bool> ran = false;
  BoundedWorkers workers(1, [](size_t) {});
  std::jthread first(
      [&] { EXPECT_OK(workers.Run([gate](size_t) { gate->Pass(); }, kNoDeadline)); });
  // Until the only worker is taken, this may run.
  while (workers.Run([](size_t) {}, Soon()).ok()) std::this_thread::yield();
  EXPECT_THAT(workers.Run([&](size_t) { ran = true; }, Soon()),
              StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  gate->Open();
  first.join();
  EXPECT_OK(workers.Run([](size_t) {}, kNoDeadline));
  EXPECT_FALSE(ran);
}

TEST(BoundedWorkersTest, WhereAllHangCallsFailAtOnceUntilOneComesBack) {
  const auto gate = std::make_shared<Gate>();
  BoundedWorkers workers(2, [](size_t) {});
  EXPECT_THAT(HangAll(workers, gate), StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable));
  EXPECT_THAT(workers.Run([](size_t) {}, kNoDeadline), StatusIs(Reason::kRootUnavailable));
  gate->Open();
  while (!workers.Run([](size_t) {}, kNoDeadline).ok()) std::this_thread::yield();
}

TEST(BoundedWorkersTest, EndsWithoutTheOnesThatHang) {
  const auto gate = std::make_shared<Gate>();
  const auto ended = std::make_shared<std::atomic<int>>(0);
  {
    BoundedWorkers workers(1, [ended](size_t) { ++*ended; });
    EXPECT_THAT(HangAll(workers, gate), StatusIs(Reason::kRootUnavailable));
  }
  EXPECT_EQ(*ended, 0);
  gate->Open();
  while (*ended < 1) std::this_thread::yield();
}

}  // namespace
}  // namespace fieldkms
