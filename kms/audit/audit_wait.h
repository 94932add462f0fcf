// Waiting for an audit record, for threads that may block.
#ifndef FIELDKMS_KMS_AUDIT_AUDIT_WAIT_H_
#define FIELDKMS_KMS_AUDIT_AUDIT_WAIT_H_

#include "absl/status/status.h"
#include "kms/audit/audit_sink.h"

namespace fieldkms {

// AppendAndWait blocks until the record is durable; not for queue threads. Errors: those of
// AuditWaiter::OnAudited. Thread-safe.
absl::Status AppendAndWait(AuditSink& audit, const AuditRecord& record);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_AUDIT_WAIT_H_
