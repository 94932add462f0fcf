// PostgresChanges knows the number of the newest change: from a connection of its own
// that LISTENs, so that a commit of any process is heard of at once, and that asks every
// kPoll all the same, because a notification is lost with the connection.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_CHANGES_H_
#define FIELDKMS_KMS_STORE_POSTGRES_CHANGES_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "kms/clock.h"
#include "kms/postgres/connection.h"
#include "kms/postgres/watchdog.h"

namespace fieldkms {

// One thread and one connection. Thread-safe.
class PostgresChanges {
 public:
  static constexpr std::chrono::seconds kPoll{1};

  PostgresChanges(std::string conninfo, const Clock& clock);
  // Waits for an attempt to connect that is under way.
  ~PostgresChanges();

  // Waits for a number above `after` until `until`, and returns the newest one known;
  // nullopt if none has been heard of for three polls.
  std::optional<uint64_t> Wait(uint64_t after, Deadline until);

 private:
  void Run();
  void Listen();
  void Publish(uint64_t number);
  bool Stopping();

  const std::string conninfo_;
  const Clock& clock_;
  PostgresWatchdog watchdog_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::optional<uint64_t> newest_;
  std::chrono::steady_clock::time_point heard_;
  std::shared_ptr<SocketCutter> socket_;  // of the connection that listens
  std::thread thread_;                    // last: it uses the others
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_CHANGES_H_
