// Records of the audit trail, filters and places in it, as messages.
#ifndef FIELDKMS_KMS_SERVICE_AUDIT_RECORDS_H_
#define FIELDKMS_KMS_SERVICE_AUDIT_RECORDS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "fieldkms/v1/audit_service.pb.h"
#include "kms/audit/trail_reader.h"

namespace fieldkms {

// What the line says, as far as it is a record: one that a crash cut off has its index alone.
void ToProto(const FoundRecord& found, bool with_line, v1::AuditRecord* out);

// Error: InvalidField for a time beyond protobuf's own range, or a kind that there is not.
absl::StatusOr<RecordFilter> FromProto(std::string_view tenant, const v1::AuditFilter& filter);

// Where a list goes on, and the record that it ends before; `log` is the log that both are of.
struct AuditPlace {
  TrailPosition at;
  uint64_t end = UINT64_MAX;
};
std::string AuditToken(std::string_view log, const AuditPlace& place);
// Error: InvalidField(`field`) for a token that AuditToken does not make, or of another log.
absl::StatusOr<AuditPlace> ParseAuditToken(std::string_view log, const std::string& token,
                                           std::string_view field);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_AUDIT_RECORDS_H_
