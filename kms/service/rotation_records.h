// Rotation jobs and schedules as messages.
#ifndef FIELDKMS_KMS_SERVICE_ROTATION_RECORDS_H_
#define FIELDKMS_KMS_SERVICE_ROTATION_RECORDS_H_

#include "fieldkms/v1/rotation_service.pb.h"
#include "kms/clock.h"
#include "kms/rotations/rotation_job.h"
#include "kms/rotations/rotation_schedule.h"

namespace fieldkms {

// With those workers that were heard within the last minute before `now`.
void ToProto(const RotationJob& job, WallTime now, v1::RotationJob* out);

void ToProto(const RotationSchedule& schedule, v1::RotationSchedule* out);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_ROTATION_RECORDS_H_
