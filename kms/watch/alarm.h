// Alarm: something in the audit trail that somebody should look at.
#ifndef FIELDKMS_KMS_WATCH_ALARM_H_
#define FIELDKMS_KMS_WATCH_ALARM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "kms/access/peer.h"
#include "kms/audit/audit_sink.h"
#include "kms/clock.h"

namespace fieldkms {

enum class AlarmRule : uint8_t {
  kRepeatedFailures,  // of one caller: values that do not open, calls that are not allowed
  kUnusualVolume,     // far more items in an hour than the principal's hours have
  kFirstUse,          // of a key or a field that the principal had not used
  kOtherTenant,       // a denied call for a tenant that the principal does not use
  kOffHours,          // a call outside the hours that the principal has
  kDecoy,             // a key or a field that nobody has a reason to name
  kRevealBudget,      // more values shown than the principal's hour allows
};
inline constexpr size_t kAlarmRules = 7;

// "REPEATED_FAILURES": in records (as their reason), logs, metrics and messages alike.
std::string_view AlarmRuleName(AlarmRule rule);

struct Alarm {
  AlarmRule rule = AlarmRule::kRepeatedFailures;
  WallTime time;          // of the record that raised it
  std::string principal;  // empty: not authenticated
  Peer peer = {};
  std::string address = {};
  std::string method = {};
  std::string tenant = {};
  std::string key = {};    // that it is about, if it is about one
  std::string field = {};  // likewise
  std::string trace_id = {};
  uint64_t seen = 1;  // failures in the window, or items in the hour; else 1
  uint64_t most = 0;  // that would have been none; 0 where any is one
  uint64_t more = 0;  // alarms of this rule and caller that were not raised since the last one
};

// The record of an alarm: views of it. `seen` is its items.
AuditRecord RecordOf(const Alarm& alarm);

// The alarm as one line of JSON, without its end: {"alarm":"DECOY","time":…}.
std::string JsonOf(const Alarm& alarm);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_WATCH_ALARM_H_
