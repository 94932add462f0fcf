// ActivityWatch: rules over the records of an audit trail. A pure function of the records that it
// was given and of their times; docs/audit.md says what each rule is for.
#ifndef FIELDKMS_KMS_WATCH_ACTIVITY_WATCH_H_
#define FIELDKMS_KMS_WATCH_ACTIVITY_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kms/audit/audit_sink.h"
#include "kms/clock.h"
#include "kms/watch/alarm.h"
#include "kms/watch/caller_state.h"
#include "kms/watch/lru_table.h"
#include "kms/watch/watch_rules.h"

namespace fieldkms {

// For one thread. Its memory is bounded whatever the records are: callers that are not
// authenticated can be had by the thousand, and have a table of their own.
class ActivityWatch {
 public:
  static constexpr size_t kMostPrincipals = 512;
  static constexpr size_t kMostStrangers = 512;

  explicit ActivityWatch(WatchRules rules);

  // Takes a record that was made at `time`, and adds the alarms that it raises to `alarms`.
  void Take(const AuditRecord& record, WallTime time, std::vector<Alarm>* alarms);

  // `principal` was shown `values` more than the `most` of an hour: the alarm, unless there was
  // one.
  void TakeExcess(std::string_view principal, uint64_t values, uint64_t most, WallTime time,
                  std::vector<Alarm>* alarms);

  const WatchRules& rules() const { return rules_; }
  // Callers that are remembered.
  size_t callers() const { return principals_.size() + strangers_.size(); }

 private:
  struct Found;  // what a rule found

  void TakeKnown(const AuditRecord& record, WallTime time, CallerState& state,
                 std::vector<Alarm>* alarms);
  void LearnUse(const AuditRecord& record, WallTime time, CallerState& state,
                std::vector<Alarm>* alarms);
  void LookAtDecoys(const AuditRecord& record, WallTime time, CallerState& state,
                    std::vector<Alarm>* alarms);
  void Raise(const Found& found, const AuditRecord& record, WallTime time, CallerState& state,
             std::vector<Alarm>* alarms);

  const WatchRules rules_;
  LruTable<CallerState> principals_{kMostPrincipals};
  LruTable<CallerState> strangers_{kMostStrangers};
  std::string name_;  // of a stranger; kept for its memory
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_WATCH_ACTIVITY_WATCH_H_
