// When the leases end that still seal under versions which a job brings rows away from.
#ifndef FIELDKMS_KMS_ROTATIONS_LEASE_ENDS_H_
#define FIELDKMS_KMS_ROTATIONS_LEASE_ENDS_H_

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

// The last end after `since` of a lease to seal: under a version of the target's key below the
// target's, or, where that is another key, under any version of the source's. nullopt: there is
// none. Blocks. Errors: those of the store.
absl::StatusOr<std::optional<WallTime>> LastOldLeaseEnd(Store& store, std::string_view tenant,
                                                        const v1::RotationTarget& target,
                                                        WallTime since, Deadline deadline);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROTATIONS_LEASE_ENDS_H_
