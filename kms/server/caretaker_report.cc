#include "kms/server/caretaker_report.h"

#include <string>

#include "crypto/status.h"
#include "kms/audit/audit_wait.h"
#include "kms/observe/log.h"

namespace fieldkms {
namespace {

AuditRecord RecordOf(const CaretakerEvent& event, AuditKind kind, std::string_view method) {
  AuditRecord record;
  record.kind = kind;
  record.method = method;
  record.tenant = event.tenant;
  record.keys = AuditKeys(event.key);
  record.key_version = event.version;
  record.request_id = event.operation_id;
  return record;
}

void Audit(const CaretakerEvent& event, std::string_view method, AuditSink& audit) {
  AuditRecord record = RecordOf(event, AuditKind::kOutcome, method);
  const std::string code = absl::StatusCodeToString(event.status.code());
  record.code = code;
  if (!event.status.ok()) record.reason = ReasonName(ReasonOf(event.status));
  audit.Append(record, nullptr);
}

}  // namespace

absl::Status RecordDestruction(const CaretakerEvent& event, AuditSink& audit) {
  return AppendAndWait(audit, RecordOf(event, AuditKind::kIntent, "Caretaker.Destroy"));
}

void ReportCaretakerEvent(const CaretakerEvent& event, AuditSink& audit) {
  switch (event.kind) {
    case CaretakerEvent::Kind::kRotated:
      Audit(event, "Caretaker.Rotate", audit);
      Log(LogLevel::kInfo, "key_rotated",
          {{"tenant", event.tenant}, {"key", event.key}, {"key_version", event.version}});
      return;
    case CaretakerEvent::Kind::kDestroying:  // see RecordDestruction
      return;
    case CaretakerEvent::Kind::kDestroyed:
      Audit(event, "Caretaker.Destroy", audit);
      Log(LogLevel::kInfo, "key_version_destroyed",
          {{"tenant", event.tenant}, {"key", event.key}, {"key_version", event.version}});
      return;
    case CaretakerEvent::Kind::kNotDestroyed:
      Audit(event, "Caretaker.Destroy", audit);
      Log(LogLevel::kWarning, "key_version_not_destroyed",
          {{"tenant", event.tenant},
           {"key", event.key},
           {"key_version", event.version},
           {"error", event.status}});
      return;
    case CaretakerEvent::Kind::kOperationEnded:
      Audit(event, "Caretaker.Operate", audit);
      Log(event.status.ok() ? LogLevel::kInfo : LogLevel::kError, "operation_ended",
          {{"operation", event.operation_id}, {"tenant", event.tenant}, {"error", event.status}});
      return;
    case CaretakerEvent::Kind::kTokensExpired:
      Log(LogLevel::kInfo, "tokens_expired", {{"count", event.count}});
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
