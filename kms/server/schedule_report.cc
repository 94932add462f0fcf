#include "kms/server/schedule_report.h"

#include <string_view>

#include "kms/observe/log.h"

namespace fieldkms {
namespace {

void Audit(const ScheduleEvent& event, std::string_view method, AuditSink& audit) {
  AuditRecord record;
  record.kind = AuditKind::kOutcome;
  record.method = method;
  record.tenant = event.tenant;
  record.keys = AuditKeys(event.key);
  record.key_version = event.version;
  record.job = event.job_id;
  record.request_id = event.schedule_id;
  record.code = "OK";
  audit.Append(record, nullptr);
}

}  // namespace

void ReportScheduleEvent(const ScheduleEvent& event, AuditSink& audit) {
  switch (event.kind) {
    case ScheduleEvent::Kind::kJobMade:
      Audit(event, "Scheduler.CreateJob", audit);
      Log(LogLevel::kInfo, "rotation_job_made",
          {{"tenant", event.tenant}, {"schedule", event.schedule_id}, {"job", event.job_id}});
      return;
    case ScheduleEvent::Kind::kKeyRotated:
      Audit(event, "Scheduler.RotateKey", audit);
      Log(LogLevel::kInfo, "key_rotated",
          {{"tenant", event.tenant}, {"key", event.key}, {"key_version", event.version}});
      return;
    case ScheduleEvent::Kind::kNoJob:
      Log(LogLevel::kWarning, "rotation_job_not_made",
          {{"tenant", event.tenant}, {"schedule", event.schedule_id}, {"error", event.status}});
      return;
    case ScheduleEvent::Kind::kOverdue:
      Log(LogLevel::kWarning, "rotation_job_overdue",
          {{"tenant", event.tenant}, {"schedule", event.schedule_id}, {"job", event.job_id}});
      return;
    case ScheduleEvent::Kind::kFailed:
      Log(LogLevel::kError, "schedule_failed",
          {{"tenant", event.tenant}, {"schedule", event.schedule_id}, {"error", event.status}});
      return;
  }
}

}  // namespace fieldkms
