// Fields as messages, and what requests ask for of them.
#ifndef FIELDKMS_KMS_SERVICE_FIELD_RECORDS_H_
#define FIELDKMS_KMS_SERVICE_FIELD_RECORDS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/field_service.pb.h"
#include "kms/fields/field_admin.h"

namespace fieldkms {

// Errors: those of PolicyFromJson.
absl::Status ToProto(const FieldRecord& record, v1::Field* out);

// Only what the domain cannot say itself is checked. Error: InvalidField.
absl::StatusOr<FieldSpec> FromProto(const v1::CreateFieldRequest& request);
absl::StatusOr<FieldPatch> FromProto(const v1::UpdateFieldRequest& request);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_FIELD_RECORDS_H_
