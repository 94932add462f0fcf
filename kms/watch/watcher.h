// Watcher: an audit sink before another, which has an ActivityWatch look at what passes, behind the
// answers: calls wait for nothing of it.
#ifndef FIELDKMS_KMS_WATCH_WATCHER_H_
#define FIELDKMS_KMS_WATCH_WATCHER_H_

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kms/audit/audit_sink.h"
#include "kms/clock.h"
#include "kms/watch/activity_watch.h"
#include "kms/watch/record_queue.h"

namespace fieldkms {

// More values than a principal may be shown in an hour.
struct RevealExcess {
  std::string principal;
  uint64_t values = 0;  // beyond, since it was last asked
  uint64_t most = 0;
};

// All functions are called on the watcher's thread.
struct WatcherOptions {
  WatchRules rules;
  size_t queue_bytes = size_t{4} << 20;
  // Before the first record: what is remembered from an earlier run. May take seconds; stops early
  // where `stop` is true. Its alarms are of the past.
  std::function<void(ActivityWatch& watch, const std::atomic<bool>& stop)> learn = {};
  std::function<std::vector<RevealExcess>()> excesses = {};
  std::function<void(const Alarm&)> on_alarm;
};

// Thread-safe.
class Watcher final : public AuditSink {
 public:
  // `next` and `clock` outlive it.
  Watcher(AuditSink& next, const Clock& clock, WatcherOptions options);
  ~Watcher() override;

  // Records of calls' ends are watched; all go to `next`.
  void Append(const AuditRecord& record, AuditWaiter* waiter) override;

  // Looks at what there is, and ends: what is appended later goes to `next` alone. For one thread.
  void Stop();

  // Alarms of each rule, and records that there was no room for.
  uint64_t Alarms(AlarmRule rule) const { return alarms_[static_cast<size_t>(rule)].load(); }
  uint64_t Dropped() const { return queue_.Dropped(); }

 private:
  void Loop();
  void Look();

  AuditSink& next_;
  const Clock& clock_;
  const WatcherOptions options_;
  RecordQueue queue_;
  ActivityWatch watch_;        // the thread's
  std::vector<Alarm> raised_;  // likewise
  std::array<std::atomic<uint64_t>, kAlarmRules> alarms_{};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // of `arrived_`
  std::condition_variable arrived_;
  std::thread thread_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_WATCH_WATCHER_H_
