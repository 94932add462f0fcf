#include "kms/single_flight.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using Flight = SingleFlight<absl::StatusOr<int>>;

class SingleFlightTest : public ::testing::Test {
 protected:
  // Starts a call that runs until Finish; returns when it is running.
  void StartRunner(const std::string& key, Deadline deadline, absl::StatusOr<int> result) {
    runner_ = std::async(std::launch::async, [=, this] {
      return flights_.Do(key, deadline, [&] {
        started_.set_value();
        finish_.get_future().wait();
        return result;
      });
    });
    started_.get_future().wait();
  }
  absl::StatusOr<int> FinishRunner() {
    finish_.set_value();
    return runner_.get();
  }
  // A call that is counted if it runs itself.
  absl::StatusOr<int> Wait(const std::string& key, Deadline deadline) {
    return flights_.Do(key, deadline, [&]() -> absl::StatusOr<int> {
      ++other_runs_;
      return 99;
    });
  }

  // Whoever comes after the runner has finished runs itself.
  void AwaitWaiters(int count) {
    while (flights_.waiting() < count) std::this_thread::yield();
  }

  Flight flights_{SystemClock()};
  std::atomic<int> other_runs_ = 0;

 private:
  std::promise<void> started_;
  std::promise<void> finish_;
  std::future<absl::StatusOr<int>> runner_;
};

Deadline In(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

TEST_F(SingleFlightTest, CallsOneAfterAnotherEachRun) {
  int runs = 0;
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(flights_.Do("k", kNoDeadline, [&]() -> absl::StatusOr<int> { return ++runs; }));
  }
  EXPECT_EQ(runs, 3);
}

TEST_F(SingleFlightTest, WaitersShareTheResult) {
  StartRunner("k", kNoDeadline, 42);
  std::vector<std::future<absl::StatusOr<int>>> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.push_back(std::async(std::launch::async, [this] { return Wait("k", kNoDeadline); }));
  }
  AwaitWaiters(4);
  EXPECT_EQ(FinishRunner().value(), 42);
  for (auto& waiter : waiters) EXPECT_EQ(waiter.get().value(), 42);
  EXPECT_EQ(other_runs_, 0);
}

TEST_F(SingleFlightTest, FailureReachesEveryWaiter) {
  StartRunner("k", kNoDeadline, Error(StatusCode::kUnavailable, Reason::kRootUnavailable, "down"));
  auto waiter = std::async(std::launch::async, [this] { return Wait("k", kNoDeadline); });
  AwaitWaiters(1);
  EXPECT_THAT(FinishRunner(), StatusIs(Reason::kRootUnavailable));
  EXPECT_THAT(waiter.get(), StatusIs(Reason::kRootUnavailable));
  EXPECT_EQ(other_runs_, 0);
}

TEST_F(SingleFlightTest, WaiterLeavesAtItsOwnDeadline) {
  StartRunner("k", kNoDeadline, 42);
  EXPECT_THAT(Wait("k", In(std::chrono::milliseconds(10))),
              StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  EXPECT_THAT(Wait("k", In(std::chrono::milliseconds(-10))),
              StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  EXPECT_EQ(other_runs_, 0);
  EXPECT_EQ(FinishRunner().value(), 42);
}

TEST_F(SingleFlightTest, RunnerOutOfTimeHandsOverToAWaiterThatHasSome) {
  StartRunner("k", In(std::chrono::milliseconds(1)),
              Error(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded, "too late"));
  auto waiter = std::async(std::launch::async, [this] { return Wait("k", kNoDeadline); });
  AwaitWaiters(1);
  EXPECT_THAT(FinishRunner(), StatusIs(Reason::kDeadlineExceeded));
  EXPECT_EQ(waiter.get().value(), 99);
  EXPECT_EQ(other_runs_, 1);
}

TEST_F(SingleFlightTest, KeysDoNotWaitForEachOther) {
  StartRunner("k", kNoDeadline, 42);
  EXPECT_EQ(Wait("other", kNoDeadline).value(), 99);
  EXPECT_EQ(FinishRunner().value(), 42);
}

TEST_F(SingleFlightTest, ARunThatThrowsLeavesNobodyWaiting) {
  EXPECT_THROW(
      (void)flights_.Do("k", kNoDeadline,
                        []() -> absl::StatusOr<int> { throw std::runtime_error("no memory"); }),
      std::runtime_error);
  EXPECT_EQ(Wait("k", kNoDeadline).value(), 99);
}

}  // namespace
}  // namespace fieldkms
