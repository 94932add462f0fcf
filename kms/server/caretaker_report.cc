#include "kms/server/caretaker_report.h"

#include "crypto/status.h"
#include "kms/observe/log.h"

namespace fieldkms {
namespace {

void Audit(const CaretakerEvent& event, std::string_view method, AuditSink& audit) {
  AuditRecord record;
  record.kind = AuditKind::kOutcome;
  record.method = method;
  record.tenant = event.tenant;
  record.keys = AuditKeys(event.key);
  record.key_version = event.version;
  record.request_id = event.operation_id;
  record.code = event.status.ok() ? "OK" : "FAILED_PRECONDITION";
  audit.Append(record, nullptr);
}

}  // namespace

void ReportCaretakerEvent(const CaretakerEvent& event, AuditSink& audit) {
  switch (event.kind) {
    case CaretakerEvent::Kind::kRotated:
      Audit(event, "Caretaker.Rotate", audit);
      Log(LogLevel::kInfo, "key_rotated",
          {{"tenant", event.tenant}, {"key", event.key}, {"key_version", event.version}});
      return;
    case CaretakerEvent::Kind::kDestroyed:
      Audit(event, "Caretaker.Destroy", audit);
      Log(LogLevel::kInfo, "key_version_destroyed",
          {{"tenant", event.tenant}, {"key", event.key}, {"key_version", event.version}});
      return;
    case CaretakerEvent::Kind::kOperationEnded:
      Audit(event, "Caretaker.Operate", audit);
      Log(event.status.ok() ? LogLevel::kInfo : LogLevel::kError, "operation_ended",
          {{"operation", event.operation_id}, {"tenant", event.tenant}, {"error", event.status}});
      return;
    case CaretakerEvent::Kind::kClockJumped:
      Log(LogLevel::kWarning, "clock_jumped", {{"message", "nothing is destroyed for an hour"}});
      return;
    case CaretakerEvent::Kind::kFailed:
      Log(LogLevel::kError, "caretaker_failed",
          {{"tenant", event.tenant}, {"key", event.key}, {"error", event.status}});
      return;
  }
}

}  // namespace fieldkms
