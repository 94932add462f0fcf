// What schedules do stands in the audit trail and in the log, as what callers do.
#ifndef FIELDKMS_KMS_SERVER_SCHEDULE_REPORT_H_
#define FIELDKMS_KMS_SERVER_SCHEDULE_REPORT_H_

#include "kms/audit/audit_sink.h"
#include "kms/rotations/schedule_runner.h"

namespace fieldkms {

// Appends a record of method "Scheduler.CreateJob" or "Scheduler.RotateKey" for what was done, with
// the schedule as its request id, and logs that, what failed, and which jobs are overdue. `audit`
// is not waited for: the work is durable already, and would be done by another replica if not here.
void ReportScheduleEvent(const ScheduleEvent& event, AuditSink& audit);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_SCHEDULE_REPORT_H_
