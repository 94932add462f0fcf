#include "crypto/status.h"

#include <array>
#include <string>

#include "absl/strings/cord.h"

namespace fieldkms {
namespace {

// Payloads travel with the status through layers that know nothing of them.
constexpr char kReasonPayload[] = "fieldkms/reason";
constexpr char kFieldPayload[] = "fieldkms/field";

struct NamedReason {
  Reason reason;
  std::string_view name;
};

// In the order of the enumeration, so that a reason indexes its name.
constexpr std::array kNames = {
    NamedReason{Reason::kUnspecified, "UNSPECIFIED"},
    NamedReason{Reason::kInvalidField, "INVALID_FIELD"},
    NamedReason{Reason::kRequestTooLarge, "REQUEST_TOO_LARGE"},
    NamedReason{Reason::kRequestMalformed, "REQUEST_MALFORMED"},
    NamedReason{Reason::kTooManyItems, "TOO_MANY_ITEMS"},
    NamedReason{Reason::kRequestIdReused, "REQUEST_ID_REUSED"},
    NamedReason{Reason::kDecryptFailed, "DECRYPT_FAILED"},
    NamedReason{Reason::kEnvelopeMalformed, "ENVELOPE_MALFORMED"},
    NamedReason{Reason::kSuiteUnknown, "SUITE_UNKNOWN"},
    NamedReason{Reason::kKeyIdUnknown, "KEY_ID_UNKNOWN"},
    NamedReason{Reason::kKeyVersionUnknown, "KEY_VERSION_UNKNOWN"},
    NamedReason{Reason::kOtherTenant, "OTHER_TENANT"},
    NamedReason{Reason::kOtherKey, "OTHER_KEY"},
    NamedReason{Reason::kTagMismatch, "TAG_MISMATCH"},
    NamedReason{Reason::kSubjectErased, "SUBJECT_ERASED"},
    NamedReason{Reason::kValueInvalid, "VALUE_INVALID"},
    NamedReason{Reason::kMacMismatch, "MAC_MISMATCH"},
    NamedReason{Reason::kKeyUnwrapFailed, "KEY_UNWRAP_FAILED"},
    NamedReason{Reason::kTenantNotFound, "TENANT_NOT_FOUND"},
    NamedReason{Reason::kTenantExists, "TENANT_EXISTS"},
    NamedReason{Reason::kKeyNotFound, "KEY_NOT_FOUND"},
    NamedReason{Reason::kKeyExists, "KEY_EXISTS"},
    NamedReason{Reason::kKeyPurpose, "KEY_PURPOSE"},
    NamedReason{Reason::kPrimaryChanged, "PRIMARY_CHANGED"},
    NamedReason{Reason::kAliasNotFound, "ALIAS_NOT_FOUND"},
    NamedReason{Reason::kFieldNotFound, "FIELD_NOT_FOUND"},
    NamedReason{Reason::kFieldExists, "FIELD_EXISTS"},
    NamedReason{Reason::kFieldPolicy, "FIELD_POLICY"},
    NamedReason{Reason::kTokenNotFound, "TOKEN_NOT_FOUND"},
    NamedReason{Reason::kSubjectNotFound, "SUBJECT_NOT_FOUND"},
    NamedReason{Reason::kLegalHold, "LEGAL_HOLD"},
    NamedReason{Reason::kEtagMismatch, "ETAG_MISMATCH"},
    NamedReason{Reason::kKeyState, "KEY_STATE"},
    NamedReason{Reason::kVersionIsPrimary, "VERSION_IS_PRIMARY"},
    NamedReason{Reason::kNotExportable, "NOT_EXPORTABLE"},
    NamedReason{Reason::kImportFailed, "IMPORT_FAILED"},
    NamedReason{Reason::kLeaseDenied, "LEASE_DENIED"},
    NamedReason{Reason::kLeaseNotFound, "LEASE_NOT_FOUND"},
    NamedReason{Reason::kLeaseExpired, "LEASE_EXPIRED"},
    NamedReason{Reason::kOperationNotFound, "OPERATION_NOT_FOUND"},
    NamedReason{Reason::kOperationRunning, "OPERATION_RUNNING"},
    NamedReason{Reason::kRotationNotFound, "ROTATION_NOT_FOUND"},
    NamedReason{Reason::kScheduleNotFound, "SCHEDULE_NOT_FOUND"},
    NamedReason{Reason::kRotationState, "ROTATION_STATE"},
    NamedReason{Reason::kUnauthenticated, "UNAUTHENTICATED"},
    NamedReason{Reason::kPermissionDenied, "PERMISSION_DENIED"},
    NamedReason{Reason::kRateLimited, "RATE_LIMITED"},
    NamedReason{Reason::kTooManyConnections, "TOO_MANY_CONNECTIONS"},
    NamedReason{Reason::kDraining, "DRAINING"},
    NamedReason{Reason::kDeadlineExceeded, "DEADLINE_EXCEEDED"},
    NamedReason{Reason::kOverloaded, "OVERLOADED"},
    NamedReason{Reason::kStoreUnavailable, "STORE_UNAVAILABLE"},
    NamedReason{Reason::kStoreFull, "STORE_FULL"},
    NamedReason{Reason::kStoreCorrupt, "STORE_CORRUPT"},
    NamedReason{Reason::kStoreTooNew, "STORE_TOO_NEW"},
    NamedReason{Reason::kDatabaseUnavailable, "DATABASE_UNAVAILABLE"},
    NamedReason{Reason::kDatabaseBusy, "DATABASE_BUSY"},
    NamedReason{Reason::kDatabaseRefused, "DATABASE_REFUSED"},
    NamedReason{Reason::kRootUnavailable, "ROOT_UNAVAILABLE"},
    NamedReason{Reason::kRootWrongKey, "ROOT_WRONG_KEY"},
    NamedReason{Reason::kRootFilePermissions, "ROOT_FILE_PERMISSIONS"},
    NamedReason{Reason::kRootDenied, "ROOT_DENIED"},
    NamedReason{Reason::kAuditUnavailable, "AUDIT_UNAVAILABLE"},
    NamedReason{Reason::kDataDirInUse, "DATA_DIR_IN_USE"},
    NamedReason{Reason::kBackupInvalid, "BACKUP_INVALID"},
    NamedReason{Reason::kMemoryLock, "MEMORY_LOCK"},
    NamedReason{Reason::kConfigInvalid, "CONFIG_INVALID"},
    NamedReason{Reason::kCryptoFailure, "CRYPTO_FAILURE"},
    NamedReason{Reason::kInternal, "INTERNAL"},
};

constexpr bool InOrder() {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i].reason != static_cast<Reason>(i)) return false;
  }
  return kNames.back().reason == Reason::kInternal;
}
static_assert(InOrder(), "kNames must list every reason in the enumeration's order");

}  // namespace

std::string_view ReasonName(Reason reason) {
  const auto index = static_cast<size_t>(reason);
  return index < kNames.size() ? kNames[index].name : kNames.back().name;
}

std::optional<Reason> ReasonFromName(std::string_view name) {
  for (const NamedReason& named : kNames) {
    if (named.name == name) return named.reason;
  }
  return std::nullopt;
}

Reason PublicReason(Reason reason) {
  switch (reason) {
    case Reason::kEnvelopeMalformed:
    case Reason::kSuiteUnknown:
    case Reason::kKeyIdUnknown:
    case Reason::kKeyVersionUnknown:
    case Reason::kOtherTenant:
    case Reason::kOtherKey:
    case Reason::kTagMismatch:
    case Reason::kSubjectErased:
      return Reason::kDecryptFailed;
    default:
      return reason;
  }
}

absl::Status Error(absl::StatusCode code, Reason reason, std::string_view message,
                   std::string_view field) {
  absl::Status status(code, absl::string_view(message.data(), message.size()));
  status.SetPayload(kReasonPayload, absl::Cord(std::string(ReasonName(reason))));
  if (!field.empty()) status.SetPayload(kFieldPayload, absl::Cord(std::string(field)));
  return status;
}

absl::Status Bug(std::string_view message) {
  return Error(absl::StatusCode::kInternal, Reason::kInternal, message);
}

absl::Status InvalidField(std::string_view field, std::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kInvalidField, message, field);
}

absl::Status DecryptError(Reason detail) {
  return Error(absl::StatusCode::kInvalidArgument, detail,
               "the ciphertext does not open for this tenant, key and context");
}

absl::Status DeepCopy(const absl::Status& status) {
  absl::Status copy(status.code(), std::string(status.message()));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    copy.SetPayload(type, absl::Cord(std::string(payload)));
  });
  return copy;
}

Reason ReasonOf(const absl::Status& status) {
  if (status.ok()) return Reason::kUnspecified;
  const auto payload = status.GetPayload(kReasonPayload);
  if (!payload) return Reason::kInternal;
  return ReasonFromName(std::string(*payload)).value_or(Reason::kInternal);
}

bool HasReason(const absl::Status& status) { return status.GetPayload(kReasonPayload).has_value(); }

std::string_view MessageOf(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

std::string FieldOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kFieldPayload);
  return payload ? std::string(*payload) : std::string();
}

}  // namespace fieldkms
