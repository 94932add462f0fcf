#include "sql/shim/audit_trail.h"

#include <chrono>
#include <utility>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/clock.h"
#include "kms/observe/json_line.h"
#include "kms/observe/log.h"

namespace fieldkms::shim {
namespace {

absl::Status Unavailable() {
  return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
               "the shim's audit file cannot be written; its log says more");
}

void PutText(JsonLine& line, const char* name, std::string_view value) {
  if (!value.empty()) line.Text(name, value);
}

void PutNumber(JsonLine& line, const char* name, uint64_t value) {
  if (value > 0) line.Unsigned(name, value);
}

void PutAsker(JsonLine& line, const UseRecord& record) {
  if (record.asker != nullptr) {
    line.Text("identity", record.asker->identity);
    PutText(line, "session_user", record.asker->session_user);
    PutText(line, "role", record.asker->current_role);
    PutText(line, "database", record.asker->database);
  }
  if (record.peer.unix) {
    line.Unsigned("uid", record.peer.uid);
    PutNumber(line, "pid", static_cast<uint64_t>(record.peer.pid));
  }
}

void PutRecord(const UseRecord& record, std::string* out) {
  JsonLine line(out);
  line.Time("time", SystemClock().Now());
  line.Text("kind", record.refused ? "refusal" : "call");
  PutAsker(line, record);
  line.Text("op", record.op);
  // What is no name may be anything, also a value in the wrong place.
  if (CheckTenantId(record.tenant).ok()) line.Text("tenant", record.tenant);
  if (CheckKeyName(record.name).ok()) line.Text("name", record.name);
  PutText(line, "view", record.view);
  line.Unsigned("items", record.items);
  PutNumber(line, "failed", record.failed);
  PutNumber(line, "local", record.local);
  PutNumber(line, "key_version", record.key_version);
  PutText(line, "lease_id", record.lease_id);
  PutText(line, "reason", record.reason);
  line.Finish();
}

}  // namespace

void UseRecord::SetLocal(const LocalTally& tally) {
  local = tally.items;
  key_version = tally.key_version;
  lease_id = tally.lease_id;
}

AuditTrail::AuditTrail(std::string path, bool sync, std::unique_ptr<AuditFile> file)
    : path_(std::move(path)), sync_(sync), file_(std::move(file)) {}

absl::StatusOr<std::unique_ptr<AuditTrail>> AuditTrail::Open(std::string path, bool sync) {
  std::string tail;
  FIELDKMS_ASSIGN_OR_RETURN(std::unique_ptr<AuditFile> file, OpenAuditFile(path, &tail));
  // After a crash in the middle of a line.
  if (!tail.empty() && tail.back() != '\n') FIELDKMS_RETURN_IF_ERROR(file->Write("\n"));
  return std::make_unique<AuditTrail>(std::move(path), sync, std::move(file));
}

std::shared_ptr<AuditFile> AuditTrail::File() const {
  const std::lock_guard lock(mutex_);
  return file_;
}

absl::Status AuditTrail::Failed(const absl::Status& status) {
  if (!failed_.exchange(true)) {
    Log(LogLevel::kError, "audit_failed",
        {{"error", status},
         {"message", "nothing is answered until this is repaired and SIGHUP is sent"}});
  }
  return Unavailable();
}

absl::Status AuditTrail::Record(const UseRecord& record) {
  if (failed_.load(std::memory_order_relaxed)) return Unavailable();
  thread_local std::string line;
  line.clear();
  PutRecord(record, &line);
  const std::shared_ptr<AuditFile> file = File();
  absl::Status status = file->Write(line);
  if (status.ok() && sync_) status = file->Sync();
  return status.ok() ? status : Failed(status);
}

absl::Status AuditTrail::CheckInPlace() {
  const absl::Status status = File()->CheckInPlace();
  return status.ok() ? status : Failed(status);
}

absl::Status AuditTrail::Reopen() {
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<AuditTrail> again, Open(path_, sync_));
  {
    const std::lock_guard lock(mutex_);
    file_ = again->file_;
  }
  failed_ = false;
  return absl::OkStatus();
}

}  // namespace fieldkms::shim
