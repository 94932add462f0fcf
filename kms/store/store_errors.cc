#include "kms/store/store_errors.h"

#include <string>

#include "crypto/status.h"

namespace fieldkms {

using absl::StatusCode;

absl::Status StoreCorrupt(std::string_view what) {
  return Error(StatusCode::kDataLoss, Reason::kStoreCorrupt,
               "the key store is damaged: " + std::string(what) +
                   "; keep it for inspection and restore the store from a backup");
}

absl::Status DeadlinePassed() {
  return Error(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded,
               "the deadline passed before the key store was free");
}

absl::Status TenantNotFound() {
  return Error(StatusCode::kNotFound, Reason::kTenantNotFound, "no such tenant", "tenant");
}

absl::Status KeyNotFound() {
  return Error(StatusCode::kNotFound, Reason::kKeyNotFound, "the tenant has no such key", "name");
}

absl::Status VersionNotFound() {
  return Error(StatusCode::kNotFound, Reason::kKeyVersionUnknown, "no such version");
}

absl::Status AliasNotFound() {
  return Error(StatusCode::kNotFound, Reason::kAliasNotFound, "the tenant has no such alias",
               "alias");
}

absl::Status FieldNotFound() {
  return Error(StatusCode::kNotFound, Reason::kFieldNotFound, "the tenant has no such field",
               "name");
}

absl::Status LeaseNotFound() {
  return Error(StatusCode::kNotFound, Reason::kLeaseNotFound, "the tenant has no such lease",
               "lease_id");
}

absl::Status OperationNotFound() {
  return Error(StatusCode::kNotFound, Reason::kOperationNotFound, "no such operation",
               "operation_id");
}

absl::Status SubjectNotFound() {
  return Error(StatusCode::kNotFound, Reason::kSubjectNotFound, "the tenant has no such subject",
               "subject");
}

absl::Status RotationNotFound() {
  return Error(StatusCode::kNotFound, Reason::kRotationNotFound, "the tenant has no such job",
               "job_id");
}

absl::Status ScheduleNotFound() {
  return Error(StatusCode::kNotFound, Reason::kScheduleNotFound, "the tenant has no such schedule",
               "schedule_id");
}

absl::Status TenantExists() {
  return Error(StatusCode::kAlreadyExists, Reason::kTenantExists, "there is a tenant of that id",
               "tenant");
}

absl::Status KeyExists() {
  return Error(StatusCode::kAlreadyExists, Reason::kKeyExists,
               "the tenant has a key or an alias of that name", "name");
}

absl::Status FieldExists() {
  return Error(StatusCode::kAlreadyExists, Reason::kFieldExists,
               "the tenant has a field of that name", "name");
}

absl::Status RootTaken() {
  return Error(StatusCode::kAlreadyExists, Reason::kRootWrongKey,
               "the store is tied to another root key");
}

absl::Status KeyIdTaken() {
  return Error(StatusCode::kAborted, Reason::kKeyExists, "the key id is taken");
}

absl::Status FieldIdTaken() {
  return Error(StatusCode::kAborted, Reason::kFieldExists, "the field id is taken");
}

absl::Status PrimaryChanged() {
  return Error(StatusCode::kAborted, Reason::kPrimaryChanged,
               "the tenant has another primary key-encryption key");
}

absl::Status EtagMismatch() {
  return Error(StatusCode::kAborted, Reason::kEtagMismatch,
               "it has changed since it was read: read it again", "etag");
}

absl::Status TenantInTheWay(std::string_view tenant) {
  return Error(StatusCode::kAlreadyExists, Reason::kTenantExists,
               "tenant " + std::string(tenant) + " exists in this store already", "tenant");
}

absl::Status KeyOfOtherTenant(std::string_view key_id) {
  return Error(StatusCode::kAlreadyExists, Reason::kKeyExists,
               "key id " + std::string(key_id) + " belongs to another tenant of this store",
               "key_id");
}

absl::Status FieldOfOtherTenant(std::string_view field_id) {
  return Error(StatusCode::kAlreadyExists, Reason::kFieldExists,
               "field id " + std::string(field_id) + " belongs to another tenant of this store",
               "field_id");
}

absl::Status ImportIncomplete() {
  return InvalidField("tenants",
                      "a key without its primary version, or a version without its "
                      "key-encryption key, cannot be imported");
}

absl::Status StagedRecordsGone(std::string_view tenant) {
  return Error(StatusCode::kAborted, Reason::kStoreUnavailable,
               "not all that was staged of tenant " + std::string(tenant) +
                   " is there any more, as if it was restored or copied by somebody else at the "
                   "same time: nothing was changed; run it again");
}

absl::Status StoreFrozen() {
  return Error(StatusCode::kUnavailable, Reason::kStoreUnavailable,
               "the key store is frozen while it moves to another place: nothing can be changed");
}

absl::Status RequestIdReused() {
  return Error(StatusCode::kFailedPrecondition, Reason::kRequestIdReused,
               "the request id was used before, for another request", "request_id");
}

absl::Status SubjectOnHold() {
  return Error(StatusCode::kFailedPrecondition, Reason::kLegalHold,
               "the subject is on legal hold: it is not erased before the hold is taken away",
               "subject");
}

}  // namespace fieldkms
