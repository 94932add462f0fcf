// Executor: a few threads for what blocks (store, root key), with a bounded queue.
#ifndef FIELDKMS_KMS_SERVICE_EXECUTOR_H_
#define FIELDKMS_KMS_SERVICE_EXECUTOR_H_

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace fieldkms {

// Task is a part of the object that runs: queueing allocates nothing.
class Task {
 public:
  virtual void RunTask() = 0;

 protected:
  ~Task() = default;

 private:
  friend class Executor;
  Task* next_task_ = nullptr;
};

// Thread-safe.
class Executor {
 public:
  Executor(int threads, size_t max_waiting);
  // Runs what is queued, then ends. No Submit may follow.
  ~Executor();

  // Submit queues `task`, to be run once. False, and not queued, if `max_waiting`
  // tasks wait already.
  [[nodiscard]] bool Submit(Task* task);

 private:
  void Work();

  const size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  Task* head_ = nullptr;
  Task** tail_ = &head_;
  size_t waiting_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_EXECUTOR_H_
