// What is remembered of one caller. Times are those of records, and a clock may have been set back:
// what lies in the future by more than a window is forgotten, as what lies in the past.
#ifndef FIELDKMS_KMS_WATCH_CALLER_STATE_H_
#define FIELDKMS_KMS_WATCH_CALLER_STATE_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "kms/clock.h"
#include "kms/watch/alarm.h"
#include "kms/watch/watch_rules.h"

namespace fieldkms {

// FailureWindow: the last failures; one more at most than are allowed.
class FailureWindow {
 public:
  // Notes them, and returns how many there are in the window, up to one more than rules allow.
  size_t Note(const WatchRules& rules, WallTime now, uint64_t failures);

 private:
  std::vector<WallTime> times_;
};

// VolumeBaseline: items of an hour that the caller does anything in, averaged with weights that
// halve in a week of such hours. Hours of rest teach nothing: who works by day is not measured by
// the nights.
class VolumeBaseline {
 public:
  struct Excess {
    uint64_t seen;
    uint64_t most;
  };
  // Notes them. An excess once an hour, and only if some hour came before.
  std::optional<Excess> Note(const WatchRules& rules, WallTime now, uint64_t items);

 private:
  double Limit(const WatchRules& rules) const;
  // What a caller does that is an alarm is not what it usually does: it counts as the limit.
  void EndHour(const WatchRules& rules);

  std::optional<std::chrono::sys_time<std::chrono::hours>> hour_;
  uint64_t items_ = 0;
  bool told_ = false;
  double average_ = 0;
  uint64_t hours_ = 0;  // that it is an average of
};

// NameSet: names, as their hashes, until there are too many to say what is usual.
class NameSet {
 public:
  explicit NameSet(size_t most) : most_(most) {}
  // Whether it was not there. Never, once there are too many.
  bool Add(size_t hash);
  bool Contains(size_t hash) const { return hashes_.contains(hash); }
  bool empty() const { return hashes_.empty(); }
  bool full() const { return full_; }
  size_t size() const { return hashes_.size(); }

 private:
  const size_t most_;
  bool full_ = false;
  std::unordered_set<size_t> hashes_;
};

// RaisedAlarms: when each rule last had one about the caller.
class RaisedAlarms {
 public:
  // How many were kept back since the last one, if one may be raised now; it counts as raised.
  std::optional<uint64_t> Take(const WatchRules& rules, AlarmRule rule, WallTime now);

 private:
  struct Raised {
    std::optional<WallTime> at;
    uint64_t kept_back = 0;
  };
  std::array<Raised, kAlarmRules> raised_;
};

struct CallerState {
  static constexpr size_t kMostNames = 1'024;
  static constexpr size_t kMostTenants = 64;

  std::optional<WallTime> first_seen;
  FailureWindow failures;
  VolumeBaseline volume;
  NameSet names{kMostNames};  // keys and fields, of tenants
  NameSet tenants{kMostTenants};
  RaisedAlarms raised;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_WATCH_CALLER_STATE_H_
