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
#include "rotation/eta.h"

namespace fieldkms {

// Rows of the pass that goes on now, of how many by the database's statistics. The counts of final
// sweeps are of tables that are done; the barrier has no rows.
struct PassRows {
  uint64_t done = 0;
  uint64_t all = 0;
};
std::optional<PassRows> RowsOfPass(const v1::RotationProgress& progress);

// PassClock learns from what a job tells, one after another, how long its pass still takes. Pure.
class PassClock {
 public:
  using Time = rotation::Eta::Time;
  // What the service says counts more than what was seen here.
  std::optional<rotation::TimeLeft> Left(const v1::RotationJob& job, Time now);

 private:
  std::optional<rotation::Eta> eta_;
  std::pair<v1::RotationPhase, uint32_t> pass_;
};

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
