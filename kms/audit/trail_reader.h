// Reading a trail: pages of the records that a filter takes, in their order, with bounded memory.
#ifndef FIELDKMS_KMS_AUDIT_TRAIL_READER_H_
#define FIELDKMS_KMS_AUDIT_TRAIL_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

// Empty members take every record.
struct RecordFilter {
  // From `since` on and before `until`: beginnings of RFC 3339 times in UTC without the Z, such as
  // "2026-11-27" or "2026-11-27T14:00:00.5". Records without a time are in no range.
  std::string since;
  std::string until;
  std::string kind;  // "outcome"
  std::string method;
  std::string principal;
  std::string tenant;
  std::string key;    // one of those that a record names, as destination, too
  std::string field;  // likewise
  std::string code;   // "OK", "PERMISSION_DENIED"
};

// Error: InvalidField("since") or ("until") for what is no such beginning.
absl::Status CheckFilter(const RecordFilter& filter);
// Whether it takes the record of this line. Of a line that is no record it takes only the empty
// one.
bool Takes(const RecordFilter& filter, std::string_view line);

// Where to read on. Begins at the first record that is there.
struct TrailPosition {
  uint64_t segment = 0;  // its first record
  uint64_t offset = 0;   // in it, in bytes
  uint64_t index = 0;    // of the record there
};
std::string FormatPosition(const TrailPosition& position);
// Error: InvalidField("page_token") for what FormatPosition does not write.
absl::StatusOr<TrailPosition> ParsePosition(std::string_view text);

struct FoundRecord {
  uint64_t index = 0;  // in the log, from 0
  std::string line;
};

struct TrailPage {
  std::vector<FoundRecord> records;
  TrailPosition next;
  bool end = false;  // of the trail, for now: read on from `next` for what comes
};

// What a page ends with, whichever comes first. So it may be empty without being the last.
struct PageBounds {
  size_t records = 100;               // that it has
  uint64_t found_bytes = UINT64_MAX;  // of their lines; the last may go beyond
  uint64_t read_bytes = UINT64_MAX;   // of all lines; likewise
  uint64_t end = UINT64_MAX;          // the trail's records before this one are all there are
};

// ReadPage reads on from `from`. Also of a trail that is being written. Errors:
// InvalidField("page_token") for a position that no line begins at; kNotFound, kInvalidField, for
// one in a segment that was dropped; kUnavailable, kAuditUnavailable. Thread-safe.
absl::StatusOr<TrailPage> ReadPage(const std::string& trail,
                                   const std::optional<TrailPosition>& from,
                                   const RecordFilter& filter, const PageBounds& bounds);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_TRAIL_READER_H_
