// What a worker reports of a job, out of its checkpoints.
#ifndef FIELDKMS_ROTATION_JOB_PROGRESS_H_
#define FIELDKMS_ROTATION_JOB_PROGRESS_H_

#include <span>
#include <string>

#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/checkpoints.h"

namespace fieldkms::rotation {

v1::RotationPhase PhaseOf(Phase phase);

// At most 1,000 tables are listed, those that are not done first; the sums have all.
v1::RotationProgress ProgressOf(const JobState& state, std::span<const TableProgress> tables);

// Of a job in phase kComplete: quarantined are those that its last verification has met.
v1::RotationOutcome OutcomeOf(const JobState& state, std::span<const TableProgress> tables);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_JOB_PROGRESS_H_
