// A line of a trail, as far as ActivityWatch looks at it.
#ifndef FIELDKMS_KMS_WATCH_WATCHED_LINE_H_
#define FIELDKMS_KMS_WATCH_WATCHED_LINE_H_

#include <deque>
#include <string>
#include <string_view>

#include "kms/audit/audit_sink.h"
#include "kms/audit/record_members.h"
#include "kms/clock.h"

namespace fieldkms {

// For one thread; reads one line after the other.
class WatchedLine {
 public:
  WatchedLine() = default;
  WatchedLine(const WatchedLine&) = delete;
  WatchedLine& operator=(const WatchedLine&) = delete;

  // False: it is no record of a call's end, the only kind that is watched.
  bool Read(std::string_view line);

  // Of the last line that Read was true for; views until the next Read.
  const AuditRecord& record() const { return record_; }
  WallTime time() const { return time_; }

 private:
  void Set(const std::string& name, const RecordValue& value);

  AuditRecord record_;
  WallTime time_;
  bool has_kind_ = false;
  std::deque<RecordValue> values_;  // that the record has views of
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_WATCH_WATCHED_LINE_H_
