// What `rotation run` and `rotation watch` say while a job goes on, and of its end.
#ifndef FIELDKMS_CLIENTS_CLI_JOB_DISPLAY_H_
#define FIELDKMS_CLIENTS_CLI_JOB_DISPLAY_H_

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/job_progress_text.h"
#include "clients/cli/session.h"
#include "clients/cli/terminal_block.h"

namespace fieldkms {

// On standard error a bar, where it is a terminal, elsewhere a line every ten seconds and with each
// phase. Under --json a line on standard output with each change instead. Not thread-safe.
class JobDisplay {
 public:
  explicit JobDisplay(Session* session);

  // The job as it is now, and why workers of this process rest. Error: standard output is gone.
  absl::Status Update(const v1::RotationJob& job, std::span<const std::string> resting = {});
  // Something for people to know; silent under --json.
  void Say(std::string_view text);
  // The job as it has ended, or was left; the exit code says how.
  absl::StatusOr<ExitCode> Finish(const v1::RotationJob& job);

 private:
  using Clock = std::chrono::steady_clock;
  absl::Status Print(const v1::RotationJob& job, std::span<const std::string> resting);
  void Draw(const JobView& view);
  void Log(const JobView& view);

  Session* const session_;
  const bool terminal_;
  rotation::PassClock clock_;
  TerminalBlock block_;
  std::string shown_;  // what is not to be said twice
  Clock::time_point time_;
};

// How a job has ended; kStopped for one that has not.
ExitCode ExitCodeOf(const v1::RotationJob& job);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_JOB_DISPLAY_H_
