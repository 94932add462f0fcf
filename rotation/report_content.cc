#include "rotation/report_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "rotation/report_sections.h"
#include "rotation/words.h"

namespace fieldkms::rotation {
namespace {

// As many as progress lists.
constexpr int kMostTables = 1'000;

std::string StateWords(v1::RotationState state) {
  constexpr std::string_view kPrefix = "ROTATION_STATE_";
  const std::string name = v1::RotationState_Name(state);
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

ReportTone ToneOf(const v1::RotationJob& job) {
  switch (job.state()) {
    case v1::ROTATION_STATE_DONE:
      return CountsOf(job).quarantined() == 0 ? ReportTone::kGood : ReportTone::kWarning;
    case v1::ROTATION_STATE_FAILED:
      return ReportTone::kBad;
    case v1::ROTATION_STATE_CANCELLED:
      return ReportTone::kWarning;
    default:
      return ReportTone::kOpen;
  }
}

// What DONE means of each row.
std::string DoneWords(const v1::RotationJob& job) {
  switch (job.spec().transform()) {
    case v1::ROTATION_TRANSFORM_DECRYPT:
      return "plaintext";
    case v1::ROTATION_TRANSFORM_REINDEX:
      return "indexed anew";
    default:
      return "under " + TargetWords(job) + ", or a later one";
  }
}

std::string DoneHeadline(const v1::RotationJob& job) {
  const auto tables = static_cast<uint64_t>(job.progress().tables_size());
  const std::string of = tables == 0 ? "" : " of " + Counted(tables, "table");
  const uint64_t quarantined = CountsOf(job).quarantined();
  const std::string but =
      quarantined == 0 ? "" : " but " + CountWords(quarantined) + ", which are quarantined,";
  return fmt::format("All rows{}{} are {}.", of, but, DoneWords(job));
}

std::string Headline(const v1::RotationJob& job) {
  switch (job.state()) {
    case v1::ROTATION_STATE_DONE:
      return DoneHeadline(job);
    case v1::ROTATION_STATE_FAILED:
      return "The job gave up: " + job.error() +
             ". What was done stays done, and it can be started again.";
    case v1::ROTATION_STATE_CANCELLED:
      return "The job was cancelled. Rows that were rewritten stay so, and both versions open.";
    case v1::ROTATION_STATE_PLANNED:
      return "The job has not been started: nothing was done.";
    case v1::ROTATION_STATE_PAUSED:
      return "The job is paused: it goes on where it is when it is resumed.";
    default:
      return "The job is at work; the application goes on as ever.";
  }
}

// Of the first pass: later ones look at all rows again, and hardly any is left then.
double DoneShare(const v1::RotationJob& job, const v1::RotationCounts& counts, uint64_t estimated,
                 bool pass_done) {
  const v1::RotationProgress& progress = job.progress();
  const bool first = progress.phase() == v1::ROTATION_PHASE_UNSPECIFIED ||
                     (progress.phase() == v1::ROTATION_PHASE_SWEEP && progress.pass() <= 1);
  if (job.state() == v1::ROTATION_STATE_DONE || !first || pass_done) return 1;
  if (estimated == 0) return 0;
  // An estimate may be passed; what is not done is not all.
  return std::min(0.99, static_cast<double>(counts.seen()) / static_cast<double>(estimated));
}

void AddTables(const v1::RotationJob& job, ReportContent* content) {
  const v1::RotationProgress& progress = job.progress();
  for (const v1::RotationTableProgress& table : progress.tables()) {
    content->tables.push_back(
        {table.schema() + "." + table.table(),
         DoneShare(job, table.counts(), table.estimated_rows(), table.pass_done()),
         table.counts()});
  }
  content->sum = {"All tables", DoneShare(job, CountsOf(job), progress.estimated_rows(), false),
                  CountsOf(job)};
  if (progress.tables_size() >= kMostTables) {
    content->tables_note =
        fmt::format("The first {} tables are listed; the sum is of all.", CountWords(kMostTables));
  }
}

bool HasEnded(v1::RotationState state) {
  return state == v1::ROTATION_STATE_DONE || state == v1::ROTATION_STATE_FAILED ||
         state == v1::ROTATION_STATE_CANCELLED;
}

}  // namespace

ReportContent MakeReportContent(const v1::RotationJob& job,
                                std::span<const QuarantinedValue> quarantined,
                                const ReportOptions& options) {
  ReportContent content;
  content.title = HasEnded(job.state()) ? "Rotation report" : "Rotation status";
  content.state = StateWords(job.state());
  content.tone = ToneOf(job);
  content.headline = Headline(job);
  content.before.push_back(WorkSection(job));
  if (!HasEnded(job.state())) content.before.push_back(ProgressSection(job));
  AddTables(job, &content);
  content.after = {VerificationSection(job), LeftSection(job, quarantined, options.show_row_keys),
                   RetirementSection(job, options.now), ReferenceSection(job)};
  content.made = TimeWords(options.now);
  return content;
}

}  // namespace fieldkms::rotation
