// What the caretaker does stands in the audit trail and in the log, as what callers do.
#ifndef FIELDKMS_KMS_SERVER_CARETAKER_REPORT_H_
#define FIELDKMS_KMS_SERVER_CARETAKER_REPORT_H_

#include "absl/status/status.h"
#include "kms/audit/audit_sink.h"
#include "kms/keyring/caretaker.h"

namespace fieldkms {

// RecordDestruction returns when a record is durable that a version is about to be
// destroyed (method "Caretaker.Destroy"). Blocks. Errors: those of AuditSink.
absl::Status RecordDestruction(const CaretakerEvent& event, AuditSink& audit);

// Appends a record of method "Caretaker.Rotate", "Caretaker.Destroy" or
// "Caretaker.Operate" for what was done, and logs that and what failed. `audit` is not
// waited for: the work is durable already, and would be done again by another replica if
// it were not.
void ReportCaretakerEvent(const CaretakerEvent& event, AuditSink& audit);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_CARETAKER_REPORT_H_
