#include "clients/cli/schedule_report.h"

#include <utility>
#include <vector>

#include "clients/cli/durations.h"
#include "clients/cli/job_report.h"
#include "kms/printable.h"

namespace fieldkms {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

Json SecondsOrNull(bool set, const google::protobuf::Duration& duration) {
  return set ? Json(duration.seconds()) : Json(nullptr);
}

// When it makes jobs.
std::string WhenText(const v1::RotationSchedule& schedule) {
  return schedule.cron().empty() ? "new versions" : Printable(schedule.cron());
}

std::string NextText(const v1::RotationSchedule& schedule) {
  if (schedule.suspended()) return "suspended";
  return schedule.has_next_run() ? TimeForPeople(schedule.next_run()) : "";
}

void AddRules(const v1::RotationSchedule& schedule, Rows* rows) {
  rows->push_back({"makes jobs", schedule.cron().empty()
                                     ? "whenever the key has a new version"
                                     : "at " + Printable(schedule.cron()) + " (cron, UTC)"});
  if (schedule.has_rotate_after()) {
    rows->push_back(
        {"rotates the key", "after " + FormatSeconds(schedule.rotate_after().seconds())});
  }
  if (schedule.has_within()) {
    rows->push_back({"done within", FormatSeconds(schedule.within().seconds())});
  }
}

}  // namespace

Json ScheduleJson(const v1::RotationSchedule& schedule) {
  return {
      {"schedule_id", schedule.schedule_id()},
      {"tenant", schedule.tenant()},
      {"spec", SpecJson(schedule.spec())},
      {"cron", schedule.cron()},
      {"rotate_after_seconds", SecondsOrNull(schedule.has_rotate_after(), schedule.rotate_after())},
      {"within_seconds", SecondsOrNull(schedule.has_within(), schedule.within())},
      {"suspended", schedule.suspended()},
      {"next_run", schedule.has_next_run() ? Json(TimeForJson(schedule.next_run())) : Json()},
      {"last_job_id", schedule.last_job_id()},
      {"last_error", schedule.last_error()},
      {"etag", schedule.etag()}};
}

std::string ScheduleText(const v1::RotationSchedule& schedule) {
  const v1::RotationSpec& spec = schedule.spec();
  Rows rows = {{"schedule", schedule.schedule_id()},
               {"tenant", Printable(schedule.tenant())},
               {"data source", Printable(spec.data_source())},
               {"key", KeyText(spec)},
               {"transform", TransformName(spec.transform())}};
  if (spec.tables_size() > 0) rows.push_back({"tables", TablesText(spec)});
  AddRules(schedule, &rows);
  rows.push_back({"looks next", NextText(schedule)});
  if (!schedule.last_job_id().empty()) rows.push_back({"last job", schedule.last_job_id()});
  if (!schedule.last_error().empty()) {
    rows.push_back({"error", Printable(schedule.last_error())});
  }
  rows.push_back({"etag", schedule.etag()});
  return Properties(rows);
}

std::string ScheduleLines(std::span<const v1::RotationSchedule> schedules) {
  Table table({"SCHEDULE", "DATA SOURCE", "KEY", "TRANSFORM", "WHEN", "NEXT", "ERROR"});
  for (const v1::RotationSchedule& schedule : schedules) {
    const v1::RotationSpec& spec = schedule.spec();
    table.Add({schedule.schedule_id(), Printable(spec.data_source()), KeyText(spec),
               TransformName(spec.transform()), WhenText(schedule), NextText(schedule),
               Printable(schedule.last_error())});
  }
  return table.Render();
}

}  // namespace fieldkms
