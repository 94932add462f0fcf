#include "kms/watch/watcher.h"

#include <chrono>
#include <utility>

namespace fieldkms {
namespace {

// Calls wake the thread once in this time at most.
constexpr auto kPause = std::chrono::milliseconds(100);

}  // namespace

Watcher::Watcher(AuditSink& next, const Clock& clock, WatcherOptions options)
    : next_(next),
      clock_(clock),
      options_(std::move(options)),
      queue_(options_.queue_bytes),
      watch_(options_.rules),
      thread_([this] { Loop(); }) {}

Watcher::~Watcher() { Stop(); }

// Copied before it is handed on: the call that it has views of may be over when that returns.
void Watcher::Append(const AuditRecord& record, AuditWaiter* waiter) {
  const bool watched = record.kind == AuditKind::kOutcome || record.kind == AuditKind::kRefusal;
  bool wake = false;
  if (watched && !stopping_.load(std::memory_order_relaxed)) {
    wake = queue_.Put(record, clock_.Now());
  }
  next_.Append(record, waiter);
  if (!wake) return;
  { const std::lock_guard lock(mutex_); }  // or it might be between its look and its wait
  arrived_.notify_one();
}

void Watcher::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_.store(true);
  }
  arrived_.notify_one();
  thread_.join();
}

void Watcher::Loop() {
  if (options_.learn) options_.learn(watch_, stopping_);
  for (bool stop = false; !stop;) {
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return stopping_.load() || !queue_.Empty(); });
      stop = stopping_.load();
    }
    Look();
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, kPause, [this] { return stopping_.load(); });
  }
}

void Watcher::Look() {
  raised_.clear();
  queue_.TakeAll(
      [this](const AuditRecord& record, WallTime time) { watch_.Take(record, time, &raised_); });
  if (options_.excesses) {
    for (const RevealExcess& excess : options_.excesses()) {
      watch_.TakeExcess(excess.principal, excess.values, excess.most, clock_.Now(), &raised_);
    }
  }
  for (const Alarm& alarm : raised_) {
    alarms_[static_cast<size_t>(alarm.rule)].fetch_add(1);
    options_.on_alarm(alarm);
  }
}

}  // namespace fieldkms
