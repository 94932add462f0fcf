// How the plan of a rotation is shown.
#ifndef FIELDKMS_CLIENTS_CLI_ROTATION_PLAN_REPORT_H_
#define FIELDKMS_CLIENTS_CLI_ROTATION_PLAN_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "clients/cli/report.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/eta.h"
#include "rotation/plan.h"

namespace fieldkms {

// Rows that one worker brings over in a second, as a range: what servers of very different sizes
// did. Nobody knows the one that it runs on before it has run.
inline constexpr double kSlowestRowsPerSecond = 5'000;
inline constexpr double kFastestRowsPerSecond = 40'000;

// How long it takes for the rows to be changed, if nothing has the workers rest. Nothing where the
// job is refused, or of some table no rows could be looked at.
std::optional<rotation::TimeLeft> PlannedTime(const rotation::JobPlan& plan, uint32_t workers);

struct ShownPlan {
  rotation::JobPlan plan;
  v1::RotationTarget target;
  uint32_t workers = 1;
};
Json PlanJson(const ShownPlan& shown);
std::string PlanText(const ShownPlan& shown);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_ROTATION_PLAN_REPORT_H_
