// Workers: threads for calls that wait for the service, and a queue before them that is bounded.
#ifndef FIELDKMS_SQL_SHIM_WORKERS_H_
#define FIELDKMS_SQL_SHIM_WORKERS_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"

namespace fieldkms::shim {

// The error of what found no room: kResourceExhausted, kOverloaded.
absl::Status ShimOverloaded();

class Workers {
 public:
  Workers(int threads, size_t most_waiting);
  ~Workers();  // Stop
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False: the queue is full, or Stop was called; `job` is not run then.
  bool Submit(std::function<void()> job);
  // Runs what is queued, and ends the threads.
  void Stop();

 private:
  void Run();

  const size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<std::function<void()>> jobs_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_WORKERS_H_
