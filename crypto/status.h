// Errors of FieldKMS: absl::Status with a stable reason and the name of the
// field at fault. A message names fields and rules, never a value, a key or a
// piece of a ciphertext: it may reach logs, the audit trail and callers.
#ifndef FIELDKMS_CRYPTO_STATUS_H_
#define FIELDKMS_CRYPTO_STATUS_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

// Reason is the stable identity of an error. Its name (ReasonName) is part of
// the public API as google.rpc.ErrorInfo.reason.
enum class Reason {
  kUnspecified,
  // Requests.
  kInvalidField,
  kRequestTooLarge,
  kRequestMalformed,
  kTooManyItems,
  kRequestIdReused,
  // Opening ciphertexts. The ones after kDecryptFailed are internal: they reach
  // the audit trail, and callers see kDecryptFailed for each (see PublicReason).
  kDecryptFailed,
  kEnvelopeMalformed,
  kSuiteUnknown,
  kKeyIdUnknown,
  kKeyVersionUnknown,
  kOtherTenant,
  kOtherKey,
  kTagMismatch,
  kSubjectErased,
  // Values of fields: what breaks a rule of its format (crypto/field/format.h).
  kValueInvalid,
  // What else proves itself or not.
  kMacMismatch,
  kKeyUnwrapFailed,
  // Names.
  kTenantNotFound,
  kTenantExists,
  kKeyNotFound,
  kKeyExists,
  kKeyPurpose,
  kPrimaryChanged,
  kAliasNotFound,
  kFieldNotFound,
  kFieldExists,
  kFieldPolicy,
  kTokenNotFound,
  kSubjectNotFound,
  kLegalHold,
  kEtagMismatch,
  // The life of keys.
  kKeyState,
  kVersionIsPrimary,
  kNotExportable,
  kImportFailed,
  kLeaseDenied,
  kLeaseNotFound,
  kLeaseExpired,
  kOperationNotFound,
  kOperationRunning,
  kRotationNotFound,
  kScheduleNotFound,
  kRotationState,
  // Access.
  kUnauthenticated,
  kPermissionDenied,
  kRateLimited,
  kTooManyConnections,
  kDraining,
  kDeadlineExceeded,
  kOverloaded,
  // What we stand on.
  kStoreUnavailable,
  kStoreFull,
  kStoreCorrupt,
  kStoreTooNew,
  kDatabaseUnavailable,
  kDatabaseBusy,
  kDatabaseRefused,
  kRootUnavailable,
  kRootWrongKey,
  kRootFilePermissions,
  kRootDenied,
  kAuditUnavailable,
  kDataDirInUse,
  kBackupInvalid,
  kMemoryLock,
  kConfigInvalid,
  kCryptoFailure,
  kInternal,
};

// ReasonName returns the stable name, such as "KEY_NOT_FOUND".
std::string_view ReasonName(Reason reason);

// ReasonFromName is the inverse; nothing for a name not known here, such as one
// that a newer server sends.
std::optional<Reason> ReasonFromName(std::string_view name);

// PublicReason maps the internal reasons of a failed decryption to
// kDecryptFailed and any other to itself.
Reason PublicReason(Reason reason);

// Error makes a status. `field` is the request's field at fault in proto
// spelling ("items[3].plaintext"), or empty.
absl::Status Error(absl::StatusCode code, Reason reason, std::string_view message,
                   std::string_view field = {});

// Bug is the status of what cannot be: Error(kInternal, kInternal, message).
absl::Status Bug(std::string_view message);

// InvalidField is Error(kInvalidArgument, kInvalidField, ...).
absl::Status InvalidField(std::string_view field, std::string_view message);

// DecryptError is the one status for a ciphertext that does not open. Code and
// message are the same for every `detail`; only ReasonOf tells them apart.
absl::Status DecryptError(Reason detail);

// DeepCopy is an equal status that shares no memory with `status`: for another thread.
// Copies share their content and count it inside absl, which a thread sanitizer does not
// see in a build of absl without it.
absl::Status DeepCopy(const absl::Status& status);

// ReasonOf returns the reason given to Error, else kInternal for a status of
// another origin (kUnspecified for OK).
Reason ReasonOf(const absl::Status& status);

// HasReason: whether a status was made by Error, whose messages name rules and never
// values. What a library puts into a status of its own may be a value.
bool HasReason(const absl::Status& status);

// MessageOf returns the message, as a view into `status`.
std::string_view MessageOf(const absl::Status& status);

// FieldOf returns the field given to Error, else "".
std::string FieldOf(const absl::Status& status);

}  // namespace fieldkms

#define FIELDKMS_CONCAT_INNER_(a, b) a##b
#define FIELDKMS_CONCAT_(a, b) FIELDKMS_CONCAT_INNER_(a, b)

// Returns from the enclosing function if `expr` is not OK.
#define FIELDKMS_RETURN_IF_ERROR(expr)                                                           \
  do {                                                                                           \
    if (absl::Status fieldkms_status_ = (expr); !fieldkms_status_.ok()) return fieldkms_status_; \
  } while (false)

// Assigns the value of a StatusOr to `lhs`, or returns its status.
#define FIELDKMS_ASSIGN_OR_RETURN(lhs, expr) \
  FIELDKMS_ASSIGN_OR_RETURN_(FIELDKMS_CONCAT_(fieldkms_or_, __LINE__), lhs, expr)
#define FIELDKMS_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                               \
  if (!tmp.ok()) return std::move(tmp).status();   \
  lhs = std::move(tmp).value()

#endif  // FIELDKMS_CRYPTO_STATUS_H_
