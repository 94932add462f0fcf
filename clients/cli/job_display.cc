#include "clients/cli/job_display.h"

#include <unistd.h>

#include <utility>

#include "clients/cli/job_report.h"
#include "clients/cli/output.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kLinesEvery{10};
constexpr std::chrono::milliseconds kDrawEvery{100};

// What makes a line of JSON worth writing: a worker's report that only says that it is there does
// not.
std::string ChangesOf(Json json) {
  json["progress"].erase("time_left");
  for (Json& worker : json["progress"]["workers"]) {
    worker.erase("report_time");
    worker.erase("rows_per_second");
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What makes a line of a log worth writing before its time.
std::string StageOf(const v1::RotationJob& job) {
  return JobStateName(job.state()) + " " + JobPhaseName(job.progress().phase()) + " " +
         std::to_string(job.progress().pass());
}

}  // namespace

JobDisplay::JobDisplay(Session* session)
    : session_(session), terminal_(isatty(STDERR_FILENO) == 1) {}

absl::Status JobDisplay::Update(const v1::RotationJob& job, std::span<const std::string> resting) {
  if (session_->options.json) return Print(job, resting);
  const JobView view{
      .job = job, .left = TimeLeftOf(job, &clock_, Clock::now()), .resting = resting};
  terminal_ ? Draw(view) : Log(view);
  return absl::OkStatus();
}

absl::Status JobDisplay::Print(const v1::RotationJob& job, std::span<const std::string> resting) {
  if (job.job_id().empty()) return absl::OkStatus();  // nothing is known of it
  Json json = JobJson(job);
  json["resting"] = Json(std::vector<std::string>(resting.begin(), resting.end()));
  std::string changes = ChangesOf(json);
  if (changes == shown_) return absl::OkStatus();
  shown_ = std::move(changes);
  return session_->Show(json, "").status();
}

void JobDisplay::Draw(const JobView& view) {
  const Clock::time_point now = Clock::now();
  if (now - time_ < kDrawEvery) return;
  time_ = now;
  std::vector<std::string> lines = {JobLine(view, /*with_bar=*/true)};
  for (std::string& line : JobTableLines(view.job.progress())) lines.push_back(std::move(line));
  block_.Draw(lines);
}

void JobDisplay::Log(const JobView& view) {
  const Clock::time_point now = Clock::now();
  std::string stage = StageOf(view.job);
  if (stage == shown_ && now - time_ < kLinesEvery) return;
  shown_ = std::move(stage);
  time_ = now;
  Say(JobLine(view, /*with_bar=*/false));
}

void JobDisplay::Say(std::string_view text) {
  if (session_->options.json) return;
  block_.Clear();
  // A terminal that is gone is no reason to stop working.
  (void)WriteAll(STDERR_FILENO, AsBytes("fieldkms: " + std::string(text) + "\n"));
}

absl::StatusOr<ExitCode> JobDisplay::Finish(const v1::RotationJob& job) {
  block_.Clear();
  if (job.job_id().empty()) return ExitCodeOf(job);  // nothing is known of it
  if (session_->options.json) {
    FIELDKMS_RETURN_IF_ERROR(Print(job, {}));
  } else {
    FIELDKMS_RETURN_IF_ERROR(session_->Show({}, JobText(job)).status());
  }
  return ExitCodeOf(job);
}

ExitCode ExitCodeOf(const v1::RotationJob& job) {
  switch (job.state()) {
    case v1::ROTATION_STATE_DONE:
      return ExitCode::kOk;
    case v1::ROTATION_STATE_FAILED:
      return ExitCode::kFailure;
    case v1::ROTATION_STATE_CANCELLED:
      return ExitCode::kCancelled;
    default:
      return ExitCode::kStopped;
  }
}

}  // namespace fieldkms
