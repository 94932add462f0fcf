#include "clients/cli/job_progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "clients/cli/job_report.h"
#include "clients/cli/progress.h"
#include "clients/cli/table_names.h"
#include "kms/printable.h"
#include "rotation/terminal_text.h"
#include "rotation/words.h"

namespace fieldkms {
namespace {

using rotation::CountWords;

constexpr int kMostTableLines = 8;

bool RunsNow(const v1::RotationJob& job) { return job.state() == v1::ROTATION_STATE_RUNNING; }

// A pass that goes on is not done, whatever the statistics have said of its rows.
std::string Bar(uint64_t done, uint64_t all, bool ended) {
  if (ended) return ProgressBar(1, 1);
  return ProgressBar(std::min(done * 100 / std::max<uint64_t>(all, 1), uint64_t{99}), 100);
}

std::string PhaseText(const v1::RotationJob& job) {
  const v1::RotationProgress& progress = job.progress();
  if (job.job_id().empty()) return "asking the service";
  if (!RunsNow(job)) return JobStateName(job.state());
  if (progress.phase() == v1::ROTATION_PHASE_UNSPECIFIED) return "no worker has begun";
  return JobPhaseName(progress.phase()) + ", pass " + std::to_string(progress.pass());
}

double RowsPerSecond(const v1::RotationProgress& progress) {
  double rate = 0;
  for (const v1::RotationWorker& worker : progress.workers()) rate += worker.rows_per_second();
  return rate;
}

std::string RateText(const JobView& view) {
  const double rate = RowsPerSecond(view.job.progress());
  std::string text;
  if (rate >= 1) {
    text += ", " + CountWords(static_cast<uint64_t>(std::llround(rate))) + " rows/s";
  }
  if (view.left) {
    text += ", " + rotation::DurationWords(view.left->soonest) + " to " +
            rotation::DurationWords(view.left->latest) + " left";
  }
  return text;
}

std::string CountsText(const v1::RotationCounts& counts) {
  std::string text = ", " + CountWords(counts.changed()) + " changed";
  if (counts.quarantined() > 0) text += ", " + CountWords(counts.quarantined()) + " quarantined";
  return text;
}

void AddReason(const std::string& reason, std::vector<std::string>* reasons) {
  if (reason.empty() || std::find(reasons->begin(), reasons->end(), reason) != reasons->end()) {
    return;
  }
  reasons->push_back(reason);
}

std::string RestingText(const JobView& view) {
  std::vector<std::string> reasons;
  for (const std::string& reason : view.resting) AddReason(reason, &reasons);
  for (const v1::RotationWorker& worker : view.job.progress().workers()) {
    AddReason(worker.resting(), &reasons);
  }
  std::string text;
  for (const std::string& reason : reasons) text += "; resting: " + Printable(reason);
  return text;
}

}  // namespace

std::optional<rotation::TimeLeft> TimeLeftOf(const v1::RotationJob& job, rotation::PassClock* clock,
                                             rotation::PassClock::Time now) {
  if (!RunsNow(job)) {
    clock->Forget();
    return std::nullopt;
  }
  const v1::RotationProgress& progress = job.progress();
  const std::optional<rotation::TimeLeft> seen = clock->Left(progress, now);
  if (!progress.has_soonest() || !progress.has_latest()) return seen;
  return rotation::TimeLeft{.soonest = std::chrono::seconds(progress.soonest().seconds()),
                            .latest = std::chrono::seconds(progress.latest().seconds())};
}

std::string JobLine(const JobView& view, bool with_bar) {
  const v1::RotationProgress& progress = view.job.progress();
  const std::optional<rotation::PassRows> rows = rotation::RowsOfPass(progress);
  const bool done = view.job.state() == v1::ROTATION_STATE_DONE;
  std::string text;
  if (with_bar && rows) text = Bar(rows->done, rows->all, done) + "  ";
  text += PhaseText(view.job);
  if (rows && RunsNow(view.job)) {
    text += fmt::format(", {} of about {} rows", CountWords(rows->done), CountWords(rows->all));
  }
  if (progress.phase() != v1::ROTATION_PHASE_UNSPECIFIED) text += CountsText(progress.counts());
  if (RunsNow(view.job)) text += RateText(view);
  return text + RestingText(view);
}

std::vector<std::string> JobTableLines(const v1::RotationProgress& progress) {
  std::vector<std::string> lines;
  if (progress.tables_size() < 2 || progress.tables_size() > kMostTableLines) return lines;
  const bool sweep = progress.phase() == v1::ROTATION_PHASE_SWEEP;
  const bool verify = progress.phase() == v1::ROTATION_PHASE_VERIFY;
  if (!sweep && !verify) return lines;
  size_t width = 0;
  for (const v1::RotationTableProgress& table : progress.tables()) {
    width = std::max(width, rotation::DisplayWidth(TableText(table.schema(), table.table())));
  }
  for (const v1::RotationTableProgress& table : progress.tables()) {
    const uint64_t done = sweep ? table.counts().seen() : table.counts().verified();
    lines.push_back(
        Bar(done, table.estimated_rows(), table.pass_done()) + "  " +
        rotation::PaddedRight(TableText(table.schema(), table.table()), width) +
        fmt::format("  {} of about {} rows", CountWords(done), CountWords(table.estimated_rows())));
  }
  return lines;
}

}  // namespace fieldkms
