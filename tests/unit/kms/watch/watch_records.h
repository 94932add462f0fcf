// Records of calls, as the service makes them.
#ifndef FIELDKMS_TESTS_UNIT_KMS_WATCH_WATCH_RECORDS_H_
#define FIELDKMS_TESTS_UNIT_KMS_WATCH_WATCH_RECORDS_H_

#include <chrono>
#include <string_view>

#include "kms/audit/audit_sink.h"
#include "kms/clock.h"

namespace fieldkms::testing {

// A Friday, 10:30 UTC.
inline constexpr WallTime kMorning = std::chrono::sys_days(std::chrono::year(2026) / 11 / 27) +
                                     std::chrono::hours(10) + std::chrono::minutes(30);

inline AuditRecord CallOf(std::string_view principal, std::string_view key = "customers.card",
                          std::string_view tenant = "acme") {
  AuditRecord record;
  record.kind = AuditKind::kOutcome;
  record.method = "CryptoService.Decrypt";
  record.principal = principal;
  record.peer = {true, 1001, 4711};
  record.tenant = tenant;
  record.keys = AuditKeys(key);
  record.items = 1;
  record.code = "OK";
  return record;
}

inline AuditRecord DeniedCallOf(std::string_view principal, std::string_view tenant = "acme") {
  AuditRecord record = CallOf(principal, "customers.card", tenant);
  record.kind = AuditKind::kRefusal;
  record.failed = 1;
  record.code = "PERMISSION_DENIED";
  record.reason = "PERMISSION_DENIED";
  return record;
}

inline AuditRecord StrangersCall(std::string_view address) {
  AuditRecord record;
  record.kind = AuditKind::kRefusal;
  record.method = "CryptoService.Decrypt";
  record.address = address;
  record.items = record.failed = 1;
  record.code = record.reason = "UNAUTHENTICATED";
  return record;
}

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_WATCH_WATCH_RECORDS_H_
