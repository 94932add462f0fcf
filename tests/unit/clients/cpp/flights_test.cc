#include "clients/cpp/flights.h"

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using Patience = Flights::Patience;

absl::Status Down() {
  return Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable, "down", "key");
}

class FlightsTest : public ::testing::Test {
 protected:
  // A run that others wait for until all are there; what they got.
  std::vector<absl::Status> RunWith(int waiters, Patience patience, const absl::Status& first) {
    std::promise<void> running;
    std::vector<std::future<absl::Status>> results;
    results.push_back(std::async(std::launch::async, [&] {
      return flights_.Do(7, patience, [&] {
        running.set_value();
        while (flights_.waiting() < waiters) std::this_thread::yield();
        return first;
      });
    }));
    running.get_future().wait();
    for (int i = 0; i < waiters; ++i) {
      results.push_back(std::async(std::launch::async, [&] {
        return flights_.Do(7, Patience::kFull, [&] {
          ++later_runs_;
          return absl::OkStatus();
        });
      }));
    }
    std::vector<absl::Status> statuses;
    for (auto& result : results) statuses.push_back(result.get());
    return statuses;
  }
  Flights flights_;
  std::atomic<int> later_runs_{0};
};

TEST_F(FlightsTest, WaitersShareWhatTheRunReturns) {
  for (const absl::Status& status : RunWith(4, Patience::kFull, Down())) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));
    EXPECT_EQ(FieldOf(status), "key");
    EXPECT_EQ(MessageOf(status), "down");
  }
  for (const absl::Status& status : RunWith(4, Patience::kShort, absl::OkStatus())) {
    EXPECT_OK(status);
  }
  EXPECT_EQ(later_runs_, 0);
}

TEST_F(FlightsTest, WaitersOfAnImpatientRunTryByThemselves) {
  const std::vector<absl::Status> statuses = RunWith(4, Patience::kShort, Down());
  EXPECT_THAT(statuses[0], StatusIs(Reason::kStoreUnavailable));
  for (size_t i = 1; i < statuses.size(); ++i) EXPECT_OK(statuses[i]);
  EXPECT_GE(later_runs_, 1);
}

TEST_F(FlightsTest, OthersRunAtTheSameTime) {
  EXPECT_OK(flights_.Do(1, Patience::kFull, [&] {
    return flights_.Do(2, Patience::kFull, [] { return absl::OkStatus(); });
  }));
}

}  // namespace
}  // namespace fieldkms
