#include "rotation/replay_lag.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace fieldkms::rotation {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class ReplayLagTest : public ::testing::Test {
 protected:
  auto At(int second, uint64_t written, std::optional<uint64_t> replayed) {
    return lag_.Observe(start_ + seconds(second), written, replayed);
  }
  const ReplayLag::Time start_{hours(1)};
  ReplayLag lag_;
};

TEST_F(ReplayLagTest, NoneWhereThereIsNoStandbyOrItIsThere) {
  EXPECT_EQ(At(0, 100, std::nullopt), seconds(0));
  EXPECT_EQ(At(1, 200, 200), seconds(0));
  EXPECT_EQ(At(2, 200, 201), seconds(0));
}

TEST_F(ReplayLagTest, GrowsWhileReplayStandsStill) {
  EXPECT_EQ(At(0, 100, 50), seconds(0));
  EXPECT_EQ(At(3, 100, 50), seconds(3));
  EXPECT_EQ(At(5, 900, 50), seconds(5));
  EXPECT_EQ(At(9, 900, 99), seconds(9));
}

TEST_F(ReplayLagTest, IsSinceTheFirstPlaceThatIsNotReached) {
  At(0, 100, 50);
  At(1, 200, 50);
  At(2, 300, 50);
  EXPECT_EQ(At(4, 400, 100), seconds(3));
  EXPECT_EQ(At(5, 400, 250), seconds(3));
  EXPECT_EQ(At(6, 400, 300), seconds(2));
  EXPECT_EQ(At(7, 400, 400), seconds(0));
  EXPECT_EQ(At(8, 401, 400), seconds(0));
}

TEST_F(ReplayLagTest, AStandbyThatFollowsIsNeverLate) {
  for (int i = 1; i < 100; ++i) {
    EXPECT_EQ(At(i, 100 * static_cast<uint64_t>(i), 100 * static_cast<uint64_t>(i - 1)),
              seconds(0));
  }
}

TEST_F(ReplayLagTest, ForgetsAStandbyThatIsGone) {
  At(0, 100, 50);
  EXPECT_EQ(At(10, 100, std::nullopt), seconds(0));
  EXPECT_EQ(At(20, 100, 50), seconds(0));
}

TEST_F(ReplayLagTest, AnotherPrimaryIsANewBeginning) {
  At(0, 100, 50);
  EXPECT_EQ(At(10, 90, 40), seconds(0));
  EXPECT_EQ(At(11, 91, 40), seconds(1));
}

TEST_F(ReplayLagTest, RemembersTheOldestOfTooMany) {
  constexpr int kLong = 10 * static_cast<int>(ReplayLag::kMost);
  for (int i = 0; i < kLong; ++i) {
    ASSERT_EQ(At(i, 100 + static_cast<uint64_t>(i), 50), seconds(i));
  }
  EXPECT_EQ(At(kLong, 100 + kLong, 100 + kLong), seconds(0));
}

// It is never said to be longer than it is, and short by the time between two looks at the most.
RC_GTEST_PROP(ReplayLagProperty, IsAsLongAsThePlaceIsOld, ()) {
  ReplayLag lag;
  const ReplayLag::Time start{hours(1)};
  std::vector<uint64_t> places;  // of the primary, second by second
  uint64_t written = 1;
  size_t reached = 0;  // the standby is where the primary was at this second
  const auto steps = *rc::gen::container<std::vector<std::pair<uint64_t, bool>>>(
      rc::gen::pair(rc::gen::inRange<uint64_t>(1, 1'000), rc::gen::arbitrary<bool>()));
  for (const auto& [bytes, replays] : steps) {
    places.push_back(written += bytes);
    const size_t now = places.size() - 1;
    if (replays) reached = (reached + now + 1) / 2;
    const auto said = lag.Observe(start + seconds(now), written, places[reached]);
    const seconds real(now - reached);
    RC_ASSERT(said <= real);
    RC_ASSERT(said >= real - seconds(1));
  }
}

}  // namespace
}  // namespace fieldkms::rotation
