#include "clients/cpp/flights.h"

#include <atomic>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

absl::Status Down() {
  return Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable, "down", "key");
}

class FlightsTest : public ::testing::Test {
 protected:
  enum class First { kDo, kTryDo };

  // A run that others wait for until all are there; what they got.
  std::vector<absl::Status> RunWith(int waiters, First how, const absl::Status& first) {
    std::promise<void> running;
    const auto run = [&] {
      running.set_value();
      while (flights_.waiting() < waiters) std::this_thread::yield();
      return first;
    };
    std::vector<std::future<absl::Status>> results;
    results.push_back(std::async(std::launch::async, [&] {
      return how == First::kDo ? flights_.Do(7, run) : flights_.TryDo(7, run).value();
    }));
    running.get_future().wait();
    for (int i = 0; i < waiters; ++i) {
      results.push_back(std::async(std::launch::async, [&] {
        return flights_.Do(7, [&] {
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
  for (const absl::Status& status : RunWith(4, First::kDo, Down())) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));
    EXPECT_EQ(FieldOf(status), "key");
    EXPECT_EQ(MessageOf(status), "down");
  }
  for (const absl::Status& status : RunWith(4, First::kTryDo, absl::OkStatus())) {
    EXPECT_OK(status);
  }
  EXPECT_EQ(later_runs_, 0);
}

TEST_F(FlightsTest, WaitersOfABriefRunTryByThemselves) {
  const std::vector<absl::Status> statuses = RunWith(4, First::kTryDo, Down());
  EXPECT_THAT(statuses[0], StatusIs(Reason::kStoreUnavailable));
  for (size_t i = 1; i < statuses.size(); ++i) EXPECT_OK(statuses[i]);
  EXPECT_GE(later_runs_, 1);
}

TEST_F(FlightsTest, OthersRunAtTheSameTime) {
  EXPECT_OK(flights_.Do(1, [&] { return flights_.Do(2, [] { return absl::OkStatus(); }); }));
}

TEST_F(FlightsTest, WhoOnlyTriesWaitsForNobody) {
  const auto again = [&] {
    return flights_.TryDo(1, [&] {
      ++later_runs_;
      return Down();
    });
  };
  EXPECT_OK(flights_.Do(1, [&] {
    EXPECT_EQ(again(), std::nullopt) << "the run is under way";
    return absl::OkStatus();
  }));
  EXPECT_EQ(later_runs_, 0);
  EXPECT_EQ(again(), Down());
  EXPECT_EQ(again(), Down()) << "done, it is in nobody's way";
  EXPECT_EQ(later_runs_, 2);
}

}  // namespace
}  // namespace fieldkms
