#include "kms/watch/alarm.h"

#include <algorithm>

#include "kms/observe/json_line.h"

namespace fieldkms {

std::string_view AlarmRuleName(AlarmRule rule) {
  switch (rule) {
    case AlarmRule::kRepeatedFailures:
      return "REPEATED_FAILURES";
    case AlarmRule::kUnusualVolume:
      return "UNUSUAL_VOLUME";
    case AlarmRule::kFirstUse:
      return "FIRST_USE";
    case AlarmRule::kOtherTenant:
      return "OTHER_TENANT";
    case AlarmRule::kOffHours:
      return "OFF_HOURS";
    case AlarmRule::kDecoy:
      return "DECOY";
    case AlarmRule::kRevealBudget:
      return "REVEAL_BUDGET";
  }
  return "UNKNOWN";
}

AuditRecord RecordOf(const Alarm& alarm) {
  AuditRecord record;
  record.kind = AuditKind::kAlarm;
  record.method = alarm.method;
  record.principal = alarm.principal;
  record.peer = alarm.peer;
  record.address = alarm.address;
  record.tenant = alarm.tenant;
  record.keys = AuditKeys(alarm.key);
  record.fields = AuditKeys(alarm.field);
  record.trace_id = alarm.trace_id;
  record.items = static_cast<uint32_t>(std::min<uint64_t>(alarm.seen, UINT32_MAX));
  record.reason = AlarmRuleName(alarm.rule);
  return record;
}

std::string JsonOf(const Alarm& alarm) {
  std::string out;
  JsonLine line(&out);
  line.Text("alarm", AlarmRuleName(alarm.rule));
  line.Time("time", alarm.time);
  const auto text = [&line](std::string_view name, std::string_view value) {
    if (!value.empty()) line.Text(name, value);
  };
  text("principal", alarm.principal);
  if (alarm.peer.known) {
    line.Unsigned("uid", alarm.peer.uid);
    line.Signed("pid", alarm.peer.pid);
  }
  text("address", alarm.address);
  text("method", alarm.method);
  text("tenant", alarm.tenant);
  text("key", alarm.key);
  text("field", alarm.field);
  text("trace_id", alarm.trace_id);
  line.Unsigned("seen", alarm.seen);
  if (alarm.most != 0) line.Unsigned("most", alarm.most);
  if (alarm.more != 0) line.Unsigned("more", alarm.more);
  line.Finish();
  out.pop_back();
  return out;
}

}  // namespace fieldkms
