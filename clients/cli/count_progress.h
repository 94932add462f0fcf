// How far a command is that counts, on standard error.
#ifndef FIELDKMS_CLIENTS_CLI_COUNT_PROGRESS_H_
#define FIELDKMS_CLIENTS_CLI_COUNT_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace fieldkms {

// Draws "copied 12000 keys, 8000/s" on one line of a terminal, every 100 ms at most; elsewhere
// a line every ten seconds. Cleared when it ends. Not thread-safe.
class CountProgress {
 public:
  // `doing`: "copied"; `what`: "keys".
  CountProgress(std::string doing, std::string what);
  ~CountProgress();
  CountProgress(const CountProgress&) = delete;
  CountProgress& operator=(const CountProgress&) = delete;
  void Update(uint64_t count);

 private:
  using Clock = std::chrono::steady_clock;

  const std::string doing_;
  const std::string what_;
  const bool bar_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_ = start_;
  bool visible_ = false;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_COUNT_PROGRESS_H_
