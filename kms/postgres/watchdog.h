// PostgresWatchdog ends waits that nothing else ends: libpq blocks until the server
// answers, and one that hangs never does.
#ifndef FIELDKMS_KMS_POSTGRES_WATCHDOG_H_
#define FIELDKMS_KMS_POSTGRES_WATCHDOG_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace fieldkms {

// A descriptor of its own for the socket of a connection, by which any thread can end
// what another waits for there. Of its own, because libpq closes the socket whenever
// it likes, and its number then belongs to somebody else.
class SocketCutter {
 public:
  // Duplicates `socket`. A failure to leaves a cutter that cuts nothing: see valid().
  explicit SocketCutter(int socket);
  ~SocketCutter();
  SocketCutter(const SocketCutter&) = delete;
  SocketCutter& operator=(const SocketCutter&) = delete;

  // Shuts the socket down for good: whoever waits on it gets an end of file.
  void Cut();
  bool valid() const { return socket_ >= 0; }
  bool was_cut() const { return was_cut_; }

 private:
  const int socket_;
  std::atomic<bool> was_cut_ = false;
};

// One thread that cuts sockets at the times asked for. Thread-safe.
class PostgresWatchdog {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Cuts the socket at its time unless it is destroyed before.
  class Guard {
   public:
    Guard(PostgresWatchdog* watchdog, std::pair<Time, uint64_t> key)
        : watchdog_(watchdog), key_(key) {}
    ~Guard() { watchdog_->Forget(key_); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    PostgresWatchdog* watchdog_;
    std::pair<Time, uint64_t> key_;
  };

  PostgresWatchdog();
  ~PostgresWatchdog();

  // `at` is the machine's steady clock. The watchdog outlives its guards.
  [[nodiscard]] Guard CutAt(Time at, std::shared_ptr<SocketCutter> socket);

 private:
  void Run();
  void Forget(const std::pair<Time, uint64_t>& key);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<Time, uint64_t>, std::shared_ptr<SocketCutter>> waits_;
  uint64_t next_ = 0;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_POSTGRES_WATCHDOG_H_
