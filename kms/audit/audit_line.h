// The line of a record, apart from its sequence number.
#ifndef FIELDKMS_KMS_AUDIT_AUDIT_LINE_H_
#define FIELDKMS_KMS_AUDIT_AUDIT_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kms/audit/audit_sink.h"
#include "kms/clock.h"

namespace fieldkms {

// A line is `{"seq":N` and then AuditLineBody's `,"time":...}\n`, so that records
// are formatted by the threads that make them, and numbered under the lock.
void AppendAuditBody(const AuditRecord& record, WallTime time, std::string* out);
void AppendAuditSeq(uint64_t seq, std::string* out);

// The number of a line that was written so, or nullopt.
std::optional<uint64_t> ParseAuditSeq(std::string_view line);

// The time of such a line, as it stands there: RFC 3339 in UTC with microseconds, so that texts
// compare as the times do. Empty if it has none.
std::string_view AuditTimeOf(std::string_view line);

// The greatest number of all lines in `text`, 0 if none has one. The greatest and
// not the last: a crash may have cut the last line off before its number, and such
// a line stays in the file.
uint64_t MaxAuditSeq(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_AUDIT_LINE_H_
