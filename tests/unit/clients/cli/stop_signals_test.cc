#include "clients/cli/stop_signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

namespace fieldkms {
namespace {

using std::chrono::milliseconds;

TEST(StopSignalsTest, TheFirstOneIsHeard) {
  for (const int signal : {SIGINT, SIGTERM}) {
    StopSignals signals;
    EXPECT_FALSE(signals.Wait(milliseconds(0)));
    kill(getpid(), signal);
    EXPECT_TRUE(signals.Wait(milliseconds(60'000)));
  }
}

TEST(StopSignalsTest, TheSecondOneEndsTheProcess) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        kill(getpid(), SIGTERM);
        signals.Wait(milliseconds(60'000));
        kill(getpid(), SIGTERM);
      },
      ::testing::KilledBySignal(SIGTERM), "");
}

TEST(StopSignalsTest, AllIsAsItWasAfterwards) {
  { StopSignals signals; }
  sigset_t mask;
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, nullptr, &mask), 0);
  EXPECT_EQ(sigismember(&mask, SIGINT), 0);
  EXPECT_EQ(sigismember(&mask, SIGTERM), 0);
}

}  // namespace
}  // namespace fieldkms
