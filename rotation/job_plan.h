// A job of the service as the planner takes it.
#ifndef FIELDKMS_ROTATION_JOB_PLAN_H_
#define FIELDKMS_ROTATION_JOB_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/plan.h"
#include "rotation/table_sql.h"

namespace fieldkms::rotation {

// Error: kFailedPrecondition, kInternal, for key ids that are none.
absl::StatusOr<Target> TargetOf(const v1::RotationTarget& target);

// Error: kFailedPrecondition, kDatabaseRefused, for one that a later release knows.
absl::StatusOr<Work> WorkOf(v1::RotationTransform transform);

// What the planner needs of a job that was started, or of one that could be.
absl::StatusOr<PlanRequest> PlanRequestOf(const std::string& tenant, const v1::RotationSpec& spec,
                                          const v1::RotationTarget& target);

// The tables of a plan. Error: kFailedPrecondition, kDatabaseRefused, with what is refused, a line
// a finding; and for a plan without tables.
absl::StatusOr<std::vector<TablePlan>> AcceptedTables(const JobPlan& plan);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_JOB_PLAN_H_
