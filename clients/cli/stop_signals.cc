#include "clients/cli/stop_signals.h"

#include <pthread.h>

namespace fieldkms {

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

StopSignals::~StopSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool StopSignals::Wait(std::chrono::milliseconds longest) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(longest);
  const std::chrono::nanoseconds rest = longest - seconds;
  const timespec timeout = {.tv_sec = seconds.count(), .tv_nsec = rest.count()};
  // A wait that something else has cut short is a short one: whoever calls waits again.
  if (sigtimedwait(&signals_, nullptr, &timeout) < 0) return false;
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  return true;
}

}  // namespace fieldkms
