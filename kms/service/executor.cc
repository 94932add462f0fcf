#include "kms/service/executor.h"

namespace fieldkms {

Executor::Executor(int threads, size_t max_waiting) : max_waiting_(max_waiting) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

Executor::~Executor() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Executor::Submit(Task* task) {
  {
    std::lock_guard lock(mutex_);
    if (waiting_ >= max_waiting_) return false;
    ++waiting_;
    task->next_task_ = nullptr;
    *tail_ = task;
    tail_ = &task->next_task_;
  }
  arrived_.notify_one();
  return true;
}

void Executor::Work() {
  for (;;) {
    Task* task = nullptr;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return stopping_ || head_ != nullptr; });
      if (head_ == nullptr) return;
      task = head_;
      head_ = task->next_task_;
      if (head_ == nullptr) tail_ = &head_;
      --waiting_;
    }
    task->RunTask();
  }
}

}  // namespace fieldkms
