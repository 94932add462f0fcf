#include "kms/service/parked_calls.h"

#include <algorithm>
#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

// The shortest wait: also where the executor has no room for those that are due.
constexpr std::chrono::milliseconds kRetry{10};

}  // namespace

ParkedCalls::ParkedCalls(Executor& executor, const Clock& clock, std::function<uint64_t()> newest)
    : executor_(executor), clock_(clock), newest_(std::move(newest)), thread_([this] { Work(); }) {}

ParkedCalls::~ParkedCalls() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

absl::Status ParkedCalls::Park(Task* task, const Wait& wait) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      return Error(absl::StatusCode::kUnavailable, Reason::kDraining, "the server is going down");
    }
    if (parked_.size() >= kMost) {
      return Error(absl::StatusCode::kResourceExhausted, Reason::kOverloaded,
                   "too many calls are waiting for changes");
    }
    parked_.push_back({task, wait});
  }
  changed_.notify_all();
  return absl::OkStatus();
}

void ParkedCalls::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

void ParkedCalls::Work() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (parked_.empty()) {
      changed_.wait(lock, [this] { return stop_ || !parked_.empty(); });
      continue;
    }
    changed_.wait_until(lock, WakeTime(clock_, NextTime()));
    RunThoseDue();
  }
}

Deadline ParkedCalls::NextTime() const {
  const Deadline now = clock_.Steady();
  if (closed_) return now + kRetry;
  Deadline next = std::max(look_at_, now);
  for (const Parked& parked : parked_) next = std::min(next, parked.wait.until);
  return std::max(next, now + kRetry);
}

void ParkedCalls::RunThoseDue() {
  const Deadline now = clock_.Steady();
  const bool looks = now >= look_at_;
  const uint64_t newest = looks ? newest_() : 0;
  if (looks) look_at_ = now + kLook;
  const auto ran = [&](const Parked& parked) {
    const bool due = closed_ || newest > parked.wait.change || now >= parked.wait.until;
    // One for which there is no room waits for the next look.
    return due && executor_.Submit(parked.task);
  };
  parked_.erase(std::remove_if(parked_.begin(), parked_.end(), ran), parked_.end());
}

}  // namespace fieldkms
