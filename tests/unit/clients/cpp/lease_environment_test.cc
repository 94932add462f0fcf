#include "clients/cpp/lease_environment.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <string>
#include <thread>

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kDenied = 2;

// Writes `value` to a file of /proc.
bool Tell(const char* path, const std::string& value) {
  FILE* const file = std::fopen(path, "we");
  if (file == nullptr) return false;
  const bool written = std::fwrite(value.data(), 1, value.size(), file) == value.size();
  return std::fclose(file) == 0 && written;
}

// Has the children of this process live on a machine that was suspended for `time`. Without
// privileges, inside a user namespace.
bool PretendSuspension(seconds time) {
  const std::string map = "0 " + std::to_string(geteuid()) + " 1";
  return (unshare(CLONE_NEWTIME) == 0 ||
          (unshare(CLONE_NEWUSER | CLONE_NEWTIME) == 0 && Tell("/proc/self/uid_map", map))) &&
         Tell("/proc/self/timens_offsets", "boottime " + std::to_string(time.count()) + " 0");
}

// How far the clock of leases is ahead of the one that stands still in a suspension.
seconds Ahead() {
  const auto slept = LeaseEnvironment::Real().Now().time_since_epoch() -
                     std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::round<seconds>(slept);
}

// Of the clock that counts on, in whole seconds.
seconds BootTime() {
  timespec time{};
  EXPECT_EQ(clock_gettime(CLOCK_BOOTTIME, &time), 0);
  return seconds(time.tv_sec);
}

int CodeOf(pid_t child) {
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 3;
  return WEXITSTATUS(status);
}

TEST(LeaseEnvironmentTest, ItsClockCountsWhileTheMachineIsSuspended) {
  constexpr seconds kSuspended{100'000};
  const seconds before = Ahead();
  const pid_t child = fork();
  if (child == 0) {
    if (!PretendSuspension(kSuspended)) {
      std::perror("a time namespace");
      _exit(kDenied);
    }
    const pid_t grandchild = fork();
    if (grandchild == 0) _exit(Ahead() - before >= kSuspended - seconds(1) ? 0 : 1);
    _exit(CodeOf(grandchild));
  }
  const int code = CodeOf(child);
  // Not every machine lets one have a time namespace; which clock it is shows anywhere.
  EXPECT_TRUE(code == 0 || code == kDenied) << code << "; 1: it stood still";
  const seconds first = BootTime();
  const auto now = LeaseEnvironment::Real().Now().time_since_epoch();
  EXPECT_GE(now, first);
  EXPECT_LE(now, BootTime() + seconds(1));
}

TEST(LeaseEnvironmentTest, WaitsEndWhenTheirTimeHasCome) {
  LeaseEnvironment& real = LeaseEnvironment::Real();
  std::mutex mutex;
  std::condition_variable woken;
  std::unique_lock lock(mutex);
  real.Wait(woken, lock, real.Now() - seconds(1));
  const LeaseTime until = real.Now() + milliseconds(1);
  while (real.Now() < until) real.Wait(woken, lock, until);
  EXPECT_TRUE(lock.owns_lock());
}

TEST(LeaseEnvironmentTest, WaitsEndWhenTheyAreWoken) {
  LeaseEnvironment& real = LeaseEnvironment::Real();
  std::mutex mutex;
  std::condition_variable woken;
  bool done = false;
  std::unique_lock lock(mutex);
  std::thread other([&] {
    const std::lock_guard own(mutex);
    done = true;
    woken.notify_all();
  });
  while (!done) real.Wait(woken, lock, LeaseTime::max());
  lock.unlock();
  other.join();
}

}  // namespace
}  // namespace fieldkms
