#include "kms/postgres/watchdog.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Both ends of a connection, without names.
class Ends {
 public:
  Ends() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()), 0); }
  ~Ends() {
    for (const int end : ends_) ::close(end);
  }
  int ours() const { return ends_[0]; }
  // Waits for the other side: 0 is the end.
  ssize_t Read() const {
    char byte = 0;
    return ::read(ends_[0], &byte, 1);
  }
  bool Write() const { return ::send(ends_[1], "x", 1, MSG_NOSIGNAL) == 1; }

 private:
  std::array<int, 2> ends_ = {-1, -1};
};

TEST(PostgresWatchdog, EndsAWaitAtItsTime) {
  const Ends ends;
  PostgresWatchdog watchdog;
  const auto socket = std::make_shared<SocketCutter>(ends.ours());
  const auto guard = watchdog.CutAt(steady_clock::now() + milliseconds(20), socket);
  EXPECT_EQ(ends.Read(), 0);  // for ever, if it does not come
  EXPECT_TRUE(socket->was_cut());
}

TEST(PostgresWatchdog, TheEarliestComesFirst) {
  const Ends late;
  const Ends early;
  PostgresWatchdog watchdog;
  const auto late_socket = std::make_shared<SocketCutter>(late.ours());
  const auto early_socket = std::make_shared<SocketCutter>(early.ours());
  const auto one = watchdog.CutAt(steady_clock::now() + hours(1), late_socket);
  const auto two = watchdog.CutAt(steady_clock::now() + milliseconds(20), early_socket);
  EXPECT_EQ(early.Read(), 0);
  EXPECT_FALSE(late_socket->was_cut());
}

TEST(PostgresWatchdog, ForgetsWhatWasInTime) {
  const Ends ends;
  const Ends other;
  PostgresWatchdog watchdog;
  const auto socket = std::make_shared<SocketCutter>(ends.ours());
  { const auto guard = watchdog.CutAt(steady_clock::now() + milliseconds(20), socket); }
  const auto guard = watchdog.CutAt(steady_clock::now() + milliseconds(40),
                                    std::make_shared<SocketCutter>(other.ours()));
  EXPECT_EQ(other.Read(), 0);
  EXPECT_FALSE(socket->was_cut());
  EXPECT_TRUE(ends.Write());
}

// The number of a descriptor that libpq has closed may be another's by then.
TEST(PostgresWatchdog, CutsTheSocketAndNotTheNumber) {
  auto ends = std::make_unique<Ends>();
  const int number = ends->ours();
  const auto socket = std::make_shared<SocketCutter>(number);
  ends.reset();
  const Ends other;
  ASSERT_EQ(other.ours(), number) << "the kernel gives the lowest number";
  socket->Cut();
  ASSERT_TRUE(other.Write());
  EXPECT_EQ(other.Read(), 1);
}

}  // namespace
}  // namespace fieldkms
