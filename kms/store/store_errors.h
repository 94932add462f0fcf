// The errors of a Store (kms/store/store.h), the same words from every backend.
#ifndef FIELDKMS_KMS_STORE_STORE_ERRORS_H_
#define FIELDKMS_KMS_STORE_STORE_ERRORS_H_

#include <string_view>

#include "absl/status/status.h"

namespace fieldkms {

// kDataLoss, kStoreCorrupt: `what` is wrong, and what an operator does about it.
absl::Status StoreCorrupt(std::string_view what);

// kDeadlineExceeded, for every wait of a store.
absl::Status DeadlinePassed();

// kNotFound.
absl::Status TenantNotFound();
absl::Status KeyNotFound();
absl::Status VersionNotFound();  // kKeyVersionUnknown
absl::Status AliasNotFound();
absl::Status FieldNotFound();
absl::Status LeaseNotFound();
absl::Status OperationNotFound();
absl::Status SubjectNotFound();
absl::Status RotationNotFound();
absl::Status ScheduleNotFound();

// kAlreadyExists.
absl::Status TenantExists();
absl::Status KeyExists();
absl::Status FieldExists();
absl::Status RootTaken();  // kRootWrongKey

// kAborted: somebody else was first.
absl::Status KeyIdTaken();      // kKeyExists
absl::Status FieldIdTaken();    // kFieldExists
absl::Status PrimaryChanged();  // of a tenant's KEKs
absl::Status EtagMismatch();

// Of an import. kAlreadyExists; naming which one.
absl::Status TenantInTheWay(std::string_view tenant);        // kTenantExists
absl::Status KeyOfOtherTenant(std::string_view key_id);      // kKeyExists
absl::Status FieldOfOtherTenant(std::string_view field_id);  // kFieldExists

// kInvalidArgument, kInvalidField.
absl::Status ImportIncomplete();
// kAborted, kStoreUnavailable.
absl::Status StagedRecordsGone(std::string_view tenant);

// kUnavailable, kStoreUnavailable.
absl::Status StoreFrozen();

// kFailedPrecondition.
absl::Status RequestIdReused();
absl::Status SubjectOnHold();  // kLegalHold

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_STORE_ERRORS_H_
