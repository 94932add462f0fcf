#include "kms/observe/signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>

namespace fieldkms {
namespace {

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

Signals::Signals(Reload reload) {
  sigset_t set = StopSignals();
  if (reload == Reload::kTold) sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

Signals::~Signals() {
  close(signals_);
  close(wake_);
}

Signals::Event Signals::Wait(std::chrono::milliseconds timeout) {
  pollfd fds[] = {{signals_, POLLIN, 0}, {wake_, POLLIN, 0}};
  if (poll(fds, 2, static_cast<int>(timeout.count())) <= 0) return Event::kTimeout;
  signalfd_siginfo info;
  if (read(signals_, &info, sizeof info) == sizeof info) {
    return info.ssi_signo == SIGHUP ? Event::kReload : Event::kStop;
  }
  uint64_t count = 0;
  return read(wake_, &count, sizeof count) == sizeof count ? Event::kWake : Event::kTimeout;
}

void Signals::Wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

void Signals::Unblock() {
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace fieldkms
