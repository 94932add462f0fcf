#include "kms/postgres/watchdog.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fieldkms {

SocketCutter::SocketCutter(int socket) : socket_(::fcntl(socket, F_DUPFD_CLOEXEC, 0)) {}

SocketCutter::~SocketCutter() {
  if (valid()) ::close(socket_);
}

void SocketCutter::Cut() {
  was_cut_ = true;
  if (valid()) ::shutdown(socket_, SHUT_RDWR);
}

PostgresWatchdog::PostgresWatchdog() : thread_([this] { Run(); }) {}

PostgresWatchdog::~PostgresWatchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

PostgresWatchdog::Guard PostgresWatchdog::CutAt(Time at, std::shared_ptr<SocketCutter> socket) {
  std::pair<Time, uint64_t> key;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    key = {at, ++next_};
    waits_.emplace(key, std::move(socket));
    first = waits_.begin()->first == key;
  }
  if (first) changed_.notify_all();
  return {this, key};
}

void PostgresWatchdog::Forget(const std::pair<Time, uint64_t>& key) {
  std::shared_ptr<SocketCutter> forgotten;  // closed after the lock
  const std::lock_guard lock(mutex_);
  const auto found = waits_.find(key);
  if (found == waits_.end()) return;
  forgotten = std::move(found->second);
  waits_.erase(found);
}

void PostgresWatchdog::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waits_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = waits_.begin();
    if (first->first.first > std::chrono::steady_clock::now()) {
      const Time at = first->first.first;
      changed_.wait_until(lock, at);
      continue;
    }
    const std::shared_ptr<SocketCutter> socket = std::move(first->second);
    waits_.erase(first);
    lock.unlock();
    socket->Cut();
    lock.lock();
  }
}

}  // namespace fieldkms
