// How schedules of rotation jobs are shown.
#ifndef FIELDKMS_CLIENTS_CLI_SCHEDULE_REPORT_H_
#define FIELDKMS_CLIENTS_CLI_SCHEDULE_REPORT_H_

#include <span>
#include <string>

#include "clients/cli/report.h"
#include "fieldkms/v1/rotation_service.pb.h"

namespace fieldkms {

// What was not set is null.
Json ScheduleJson(const v1::RotationSchedule& schedule);
// One, with all that it says.
std::string ScheduleText(const v1::RotationSchedule& schedule);
// Several, a line each.
std::string ScheduleLines(std::span<const v1::RotationSchedule> schedules);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_SCHEDULE_REPORT_H_
