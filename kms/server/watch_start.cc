#include "kms/server/watch_start.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "crypto/status.h"
#include "kms/observe/log.h"
#include "kms/server/audit_http.h"
#include "kms/watch/trail_history.h"

namespace fieldkms {
namespace {

// What is read of the trail at the start: seconds of one core.
constexpr uint64_t kHistoryBytes = uint64_t{64} << 20;
// Beyond the time of learning, for a baseline.
constexpr auto kHistory = std::chrono::hours(24);

void LogAlarm(const Alarm& alarm) {
  const int64_t uid = alarm.peer.known ? int64_t{alarm.peer.uid} : -1;
  Log(LogLevel::kWarning, "alarm",
      {{"rule", AlarmRuleName(alarm.rule)},
       {"principal", alarm.principal},
       {"uid", uid},
       {"address", alarm.address},
       {"method", alarm.method},
       {"tenant", alarm.tenant},
       {"key", alarm.key},
       {"field", alarm.field},
       {"seen", alarm.seen},
       {"most", alarm.most},
       {"more", alarm.more}});
}

void LogWebhook(const absl::Status& status) {
  Log(status.ok() ? LogLevel::kInfo : LogLevel::kWarning, "alarm_webhook",
      {{"ok", status.ok()}, {"error", status}});
}

absl::StatusOr<std::unique_ptr<Webhook>> OpenWebhook(const WatchConfig& config) {
  FIELDKMS_ASSIGN_OR_RETURN(auto client,
                            OpenHttpClient("watch.webhook.url", config.webhook_ca_file));
  WebhookOptions options;
  options.url = config.webhook_url;
  options.on_change = LogWebhook;
  return std::make_unique<Webhook>(std::move(options), std::move(client));
}

void Learn(const std::string& trail, WallTime until, ActivityWatch& watch,
           const std::atomic<bool>& stop) {
  const HistoryRange range{until - watch.rules().learning - kHistory, until, kHistoryBytes};
  const absl::Status learnt = LearnFromTrail(trail, range, stop, watch);
  if (!learnt.ok()) Log(LogLevel::kWarning, "watch_history_not_read", {{"error", learnt}});
}

std::vector<RevealExcess> ExcessesOf(RevealBudgets& reveals) {
  std::vector<RevealExcess> excesses;
  for (const RevealBudgets::Excess& excess : reveals.TakeExcesses()) {
    excesses.push_back(
        {std::string(excess.principal), excess.values, static_cast<uint64_t>(excess.per_hour)});
  }
  return excesses;
}

}  // namespace

std::unique_ptr<RevealBudgets> MakeRevealBudgets(const AccessPolicy& access) {
  auto budgets = std::make_unique<RevealBudgets>();
  for (const AccessPolicy::Member& member : access.principals) {
    budgets->Add(member.name, member.reveals);
  }
  return budgets;
}

TrailWatch::~TrailWatch() = default;

absl::StatusOr<std::unique_ptr<TrailWatch>> TrailWatch::Start(const WatchConfig& config,
                                                              SealedTrail& trail,
                                                              RevealBudgets& reveals) {
  std::unique_ptr<TrailWatch> watch(new TrailWatch(trail));
  if (!config.enabled) return watch;
  if (!config.webhook_url.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(watch->webhook_, OpenWebhook(config));
  }
  WatcherOptions options;
  options.rules = config.rules;
  options.learn = [path = trail.path(), now = SystemClock().Now()](ActivityWatch& activity,
                                                                   const std::atomic<bool>& stop) {
    Learn(path, now, activity, stop);
  };
  options.excesses = [&reveals] { return ExcessesOf(reveals); };
  options.on_alarm = [self = watch.get()](const Alarm& alarm) { self->Report(alarm); };
  watch->watcher_ = std::make_unique<Watcher>(trail, SystemClock(), std::move(options));
  return watch;
}

AuditSink& TrailWatch::sink() {
  if (watcher_ != nullptr) return *watcher_;
  return trail_;
}

WatchCounts TrailWatch::Counts() const {
  WatchCounts counts;
  if (watcher_ == nullptr) return counts;
  for (size_t i = 0; i < kAlarmRules; ++i) {
    const auto rule = static_cast<AlarmRule>(i);
    counts.alarms.emplace_back(AlarmRuleName(rule), watcher_->Alarms(rule));
  }
  counts.unwatched_records = watcher_->Dropped();
  if (webhook_ != nullptr) counts.undelivered = webhook_->Undelivered();
  return counts;
}

void TrailWatch::Stop() {
  if (watcher_ != nullptr) watcher_->Stop();
}

// The record is not waited for: what it is about is durable already.
void TrailWatch::Report(const Alarm& alarm) {
  trail_.Append(RecordOf(alarm), nullptr);
  LogAlarm(alarm);
  if (webhook_ != nullptr) webhook_->Post(JsonOf(alarm));
}

}  // namespace fieldkms
