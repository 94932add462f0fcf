#include "kms/root/bounded_workers.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

struct Ticket {
  explicit Ticket(BoundedWorkers::Job the_job) : job(std::move(the_job)) {}
  BoundedWorkers::Job job;
  bool started = false;
  bool finished = false;
  bool abandoned = false;
};

absl::Status Unavailable(std::string_view message) {
  return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, message);
}

}  // namespace

struct BoundedWorkers::State {
  explicit State(size_t count) : threads(count), alive(count) {}

  const size_t threads;
  const pid_t process = getpid();
  std::mutex mutex;
  std::condition_variable arrived;
  std::condition_variable changed;  // a job has finished, or a worker has ended
  std::list<std::shared_ptr<Ticket>> waiting;
  size_t alive;
  size_t hanging = 0;  // workers in a job that was given up
  bool stopping = false;
};

BoundedWorkers::BoundedWorkers(size_t threads, Job at_exit)
    : state_(std::make_shared<State>(threads)) {
  // Detached: nobody could join one that hangs.
  for (size_t i = 0; i < threads; ++i) std::thread(Work, state_, i, at_exit).detach();
}

BoundedWorkers::~BoundedWorkers() {
  if (getpid() != state_->process) return;
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->arrived.notify_all();
  state_->changed.wait_for(lock, kExitWait, [this] { return state_->alive == state_->hanging; });
}

absl::Status BoundedWorkers::Run(Job job, Deadline deadline) {
  if (getpid() != state_->process) {
    return Unavailable("the root was opened before a fork: the child has to open its own");
  }
  const auto ticket = std::make_shared<Ticket>(std::move(job));
  std::unique_lock lock(state_->mutex);
  if (state_->hanging == state_->threads) {
    return Unavailable("every call into the module of the root hangs; restart the service");
  }
  state_->waiting.push_back(ticket);
  state_->arrived.notify_one();
  const Deadline wake = WakeTime(SystemClock(), deadline);
  if (state_->changed.wait_until(lock, wake, [&] { return ticket->finished; })) {
    return absl::OkStatus();
  }
  ticket->abandoned = true;
  if (ticket->started) {
    ++state_->hanging;
  } else {
    state_->waiting.remove(ticket);
  }
  return Error(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded,
               "the root did not answer in time");
}

void BoundedWorkers::Work(const std::shared_ptr<State>& state, size_t worker, Job at_exit) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    state->arrived.wait(lock, [&] { return state->stopping || !state->waiting.empty(); });
    if (state->waiting.empty()) break;
    const std::shared_ptr<Ticket> ticket = std::move(state->waiting.front());
    state->waiting.pop_front();
    ticket->started = true;
    lock.unlock();
    ticket->job(worker);
    ticket->job = nullptr;
    lock.lock();
    ticket->finished = true;
    if (ticket->abandoned) --state->hanging;
    state->changed.notify_all();
  }
  lock.unlock();
  at_exit(worker);
  at_exit = nullptr;
  lock.lock();
  --state->alive;
  state->changed.notify_all();
}

}  // namespace fieldkms
