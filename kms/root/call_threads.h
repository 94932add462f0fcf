// CallThreads: threads for calls that may take longer than their callers wait.
#ifndef FIELDKMS_KMS_ROOT_CALL_THREADS_H_
#define FIELDKMS_KMS_ROOT_CALL_THREADS_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fieldkms {

// Thread-safe.
class CallThreads {
 public:
  explicit CallThreads(int threads);
  // Waits for what runs, and runs what is queued. No Run may follow.
  ~CallThreads();
  CallThreads(const CallThreads&) = delete;
  CallThreads& operator=(const CallThreads&) = delete;

  // Runs `call` on one of the threads, as soon as one is free.
  void Run(std::function<void()> call);

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> calls_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_CALL_THREADS_H_
