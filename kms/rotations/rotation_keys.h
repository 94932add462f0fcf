// The keys of a job, as the store has them.
#ifndef FIELDKMS_KMS_ROTATIONS_ROTATION_KEYS_H_
#define FIELDKMS_KMS_ROTATIONS_ROTATION_KEYS_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "kms/clock.h"
#include "kms/rotations/job_rules.h"
#include "kms/store/store.h"

namespace fieldkms {

// ReadRotationStart: from what a job of `spec` would start now. Blocks. Errors: those of the store;
// kKeyNotFound, kKeyState, and kKeyPurpose where the key has another than the transform needs,
// naming the key's field below `field` ("spec.key"); kInvalidField where both keys are the same.
absl::StatusOr<RotationStart> ReadRotationStart(Store& store, std::string_view tenant,
                                                const v1::RotationSpec& spec,
                                                std::string_view field, Deadline deadline);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROTATIONS_ROTATION_KEYS_H_
