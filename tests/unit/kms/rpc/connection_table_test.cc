#include "kms/rpc/connection_table.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

namespace fieldkms {
namespace {

constexpr int kFirst = 600;
constexpr int kCount = 8;

class ConnectionTableTest : public ::testing::Test {
 protected:
  ~ConnectionTableTest() override {
    for (const int number : entered_) close(number);
    close(fd_);
  }

  std::optional<int> Enter(uid_t uid) {
    auto number = table_.Enter(fd_, Peer{true, uid, 42}, now_);
    if (number) entered_.insert(*number);
    return number;
  }
  void CloseAndLeave(int number) {
    close(number);
    entered_.erase(number);
    table_.Leave(number, now_);
  }

  ConnectionTable table_{kFirst, kCount};
  const int fd_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
  TokenBucket::TimePoint now_{std::chrono::hours(1)};
  std::set<int> entered_;
};

TEST_F(ConnectionTableTest, NamesThePeer) {
  const auto number = Enter(1001);
  ASSERT_TRUE(number);
  EXPECT_GE(fcntl(*number, F_GETFD), 0);
  const Peer peer = table_.Find(*number);
  EXPECT_TRUE(peer.known);
  EXPECT_EQ(peer.uid, 1001u);
  EXPECT_EQ(peer.pid, 42);
}

TEST_F(ConnectionTableTest, RootWithAnInvisiblePidIsKnown) {
  const auto number = table_.Enter(fd_, Peer{true, 0, 0}, now_);
  ASSERT_TRUE(number);
  entered_.insert(*number);
  EXPECT_TRUE(table_.Find(*number).known);
}

TEST_F(ConnectionTableTest, UnusedAndForeignNumbersAreUnknown) {
  EXPECT_FALSE(table_.Find(kFirst).known);
  EXPECT_FALSE(table_.Find(kFirst - 1).known);
  EXPECT_FALSE(table_.Find(kFirst + kCount).known);
  EXPECT_FALSE(table_.Find(-1).known);
}

TEST_F(ConnectionTableTest, ClosedNumberIsNotReusedInQuarantine) {
  const int first = *Enter(1001);
  CloseAndLeave(first);
  std::set<int> numbers;
  while (const auto number = Enter(1002)) numbers.insert(*number);
  EXPECT_EQ(numbers.size(), size_t{kCount - 1});
  EXPECT_FALSE(numbers.contains(first));
  EXPECT_EQ(table_.Find(first).uid, 1001u) << "late calls still find who it was";

  now_ += ConnectionTable::kQuarantine;
  const auto again = Enter(1003);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, first);
  EXPECT_EQ(table_.Find(first).uid, 1003u);
}

// A connection that was seen closed, but that gRPC has not closed yet.
TEST_F(ConnectionTableTest, NumberStillOpenIsSkipped) {
  const int first = *Enter(1001);
  table_.Leave(first, now_);
  now_ += ConnectionTable::kQuarantine;
  for (int i = 0; i < kCount - 1; ++i) {
    const auto number = Enter(1002);
    ASSERT_TRUE(number);
    EXPECT_NE(*number, first);
  }
  EXPECT_FALSE(Enter(1002));
}

TEST_F(ConnectionTableTest, NumbersGoRound) {
  const int first = *Enter(1);
  const int second = *Enter(1);
  EXPECT_EQ(second, first + 1);
  CloseAndLeave(first);
  now_ += ConnectionTable::kQuarantine;
  EXPECT_EQ(*Enter(1), second + 1) << "the oldest comes last, not first";
}

TEST_F(ConnectionTableTest, ReusedNumberHasAFullBucket) {
  const Rate rate{1, 1};
  const int number = *Enter(1001);
  EXPECT_EQ(table_.Bucket(number)->Take(rate, 1, now_).count(), 0);
  EXPECT_GT(table_.Bucket(number)->Take(rate, 1, now_).count(), 0);
  while (Enter(1002)) {
  }
  CloseAndLeave(number);
  now_ += ConnectionTable::kQuarantine;
  ASSERT_EQ(Enter(1002), number);
  EXPECT_EQ(table_.Bucket(number)->Take(rate, 1, now_).count(), 0);
}

}  // namespace
}  // namespace fieldkms
