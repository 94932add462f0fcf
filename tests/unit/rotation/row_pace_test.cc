#include "rotation/row_pace.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace fieldkms::rotation {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class RowPaceTest : public ::testing::Test {
 protected:
  RowPace::Time now_{hours(1)};
  RowPace pace_;
};

TEST_F(RowPaceTest, NoRateIsNoLimit) {
  pace_.Done(1'000'000'000, now_);
  EXPECT_EQ(pace_.Wait(now_), microseconds(0));
}

TEST_F(RowPaceTest, ABatchIsPaidForAfterwards) {
  pace_.SetRate(100, now_);
  pace_.Done(500, now_);  // 100 of them were saved
  EXPECT_EQ(pace_.Wait(now_), seconds(4));
  now_ += seconds(3);
  EXPECT_EQ(pace_.Wait(now_), seconds(1));
  now_ += seconds(1);
  EXPECT_EQ(pace_.Wait(now_), seconds(0));
}

TEST_F(RowPaceTest, SavesTheRowsOfOneSecond) {
  pace_.SetRate(100, now_);
  now_ += hours(1);
  pace_.Done(100, now_);
  EXPECT_EQ(pace_.Wait(now_), seconds(0));
  pace_.Done(1, now_);
  EXPECT_EQ(pace_.Wait(now_), milliseconds(10));
}

TEST_F(RowPaceTest, AnotherRateKeepsWhatIsOwed) {
  pace_.SetRate(100, now_);
  pace_.Done(500, now_);
  pace_.SetRate(400, now_);
  EXPECT_EQ(pace_.Wait(now_), seconds(1));
  pace_.SetRate(40, now_);
  EXPECT_EQ(pace_.Wait(now_), seconds(10));
  pace_.SetRate(0, now_);
  EXPECT_EQ(pace_.Wait(now_), seconds(0));
  pace_.SetRate(40, now_);
  EXPECT_EQ(pace_.Wait(now_), seconds(0));
}

TEST_F(RowPaceTest, AWaitCanBeLongAndIsNeverTooLong) {
  pace_.SetRate(1e-9, now_);
  pace_.Done(UINT64_MAX, now_);
  EXPECT_EQ(pace_.Wait(now_), hours(366 * 24));
}

// Whatever batches there are, from any of them on: no more rows than flow in, those of one second,
// and one batch. And who waits as long as it says may go on.
RC_GTEST_PROP(RowPaceProperty, KeepsTheRate, ()) {
  constexpr double kRate = 1'000;
  RowPace pace;
  RowPace::Time now{hours(1)};
  pace.SetRate(kRate, now);
  struct Batch {
    RowPace::Time begin;
    uint64_t rows;
  };
  std::vector<Batch> batches;
  const auto steps = *rc::gen::container<std::vector<std::pair<uint64_t, int>>>(
      rc::gen::pair(rc::gen::inRange<uint64_t>(0, 5'000), rc::gen::inRange(0, 3'000)));
  for (const auto& [rows, pause_ms] : steps) {
    now += milliseconds(pause_ms) + pace.Wait(now + milliseconds(pause_ms));
    RC_ASSERT(pace.Wait(now) == microseconds(0));
    pace.Done(rows, now);
    batches.push_back({now, rows});
  }
  for (size_t first = 0; first < batches.size(); ++first) {
    uint64_t before = 0;  // rows of those that are done when one begins
    for (size_t i = first; i < batches.size(); ++i) {
      const std::chrono::duration<double> time = batches[i].begin - batches[first].begin;
      RC_ASSERT(static_cast<double>(before) <= kRate * (time.count() + 1) + 1);
      before += batches[i].rows;
    }
  }
}

}  // namespace
}  // namespace fieldkms::rotation
