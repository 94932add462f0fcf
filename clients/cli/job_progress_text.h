// How far a rotation job is, in a line or a few.
#ifndef FIELDKMS_CLIENTS_CLI_JOB_PROGRESS_TEXT_H_
#define FIELDKMS_CLIENTS_CLI_JOB_PROGRESS_TEXT_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/pass_clock.h"

namespace fieldkms {

// How long the pass of a job still takes: as the service says, or, while workers have told it
// nothing yet, by what `clock` has learnt here. Nothing of a job that does not run.
std::optional<rotation::TimeLeft> TimeLeftOf(const v1::RotationJob& job, rotation::PassClock* clock,
                                             rotation::PassClock::Time now);

struct JobView {
  const v1::RotationJob& job;
  std::optional<rotation::TimeLeft> left = std::nullopt;
  // Why workers here rest; those elsewhere say so in the job.
  std::span<const std::string> resting = {};
};

// "[####----]  42%  SWEEP, pass 1, 4,200 of about 10,000 rows, 3,500 rows/s, 2 s to 4 s left";
// without the bar for logs, and where there are no rows.
std::string JobLine(const JobView& view, bool with_bar);

// A line with a bar for each table, where there are several, and not too many for a terminal.
std::vector<std::string> JobTableLines(const v1::RotationProgress& progress);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_JOB_PROGRESS_TEXT_H_
