#include "rotation/report_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "rotation/words.h"

namespace fieldkms::rotation {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kNotKnown = "not known yet";

std::string_view TransformWords(v1::RotationTransform transform) {
  switch (transform) {
    case v1::ROTATION_TRANSFORM_REKEY:
      return "values sealed under another key";
    case v1::ROTATION_TRANSFORM_ENCRYPT:
      return "plaintext made ciphertext";
    case v1::ROTATION_TRANSFORM_DECRYPT:
      return "ciphertext made plaintext";
    case v1::ROTATION_TRANSFORM_REINDEX:
      return "blind indexes computed anew";
    case v1::ROTATION_TRANSFORM_RETOKENIZE:
      return "format-preserving texts made anew under a newer version of their key";
    default:
      return "values sealed anew under a newer version of their key";
  }
}

std::string_view PhaseWords(v1::RotationPhase phase) {
  switch (phase) {
    case v1::ROTATION_PHASE_SWEEP:
      return "passes over all rows, until one finds nothing left to do";
    case v1::ROTATION_PHASE_BARRIER:
      return "waiting until nothing can be sealed under older versions any more";
    case v1::ROTATION_PHASE_FINAL_SWEEP:
      return "the last pass, after the write barrier";
    case v1::ROTATION_PHASE_VERIFY:
      return "verification";
    case v1::ROTATION_PHASE_COMPLETE:
      return "complete";
    default:
      return "no worker has begun";
  }
}

std::string KeyWords(const std::string& name, const std::string& id) {
  return id.empty() ? name : name + ", key id " + id;
}

std::string ScopeWords(const v1::RotationSpec& spec) {
  if (spec.tables().empty()) return "all columns that are registered under the key";
  std::vector<std::string> tables;
  for (const v1::RotationTable& table : spec.tables()) {
    std::string words = table.schema() + "." + table.table();
    if (!table.columns().empty()) {
      words +=
          " (" +
          Enumerated(std::vector<std::string>(table.columns().begin(), table.columns().end())) +
          ")";
    }
    tables.push_back(std::move(words));
  }
  return Enumerated(tables);
}

milliseconds DurationOf(const google::protobuf::Duration& duration) {
  constexpr int64_t kMost = int64_t{1} << 40;
  return std::chrono::seconds(std::clamp<int64_t>(duration.seconds(), 0, kMost)) +
         milliseconds(duration.nanos() / 1'000'000);
}

std::string WorkerWords(const v1::RotationWorker& worker) {
  std::string words = fmt::format("{}: {:.0f} rows a second, {} rows a batch", worker.worker(),
                                  worker.rows_per_second(), CountWords(worker.batch_rows()));
  if (!worker.resting().empty()) words += "; rests: " + worker.resting();
  return words;
}

std::string ColumnWords(const QuarantinedValue& value) {
  return value.table.schema + "." + value.table.table + ", column " + value.column;
}

std::string RowWords(const QuarantinedValue& value) {
  std::string key;
  for (const std::string& part : value.row_key) key += (key.empty() ? "" : ", ") + part;
  return fmt::format("{}, row ({}): {}, found {}", ColumnWords(value), key, value.reason,
                     TimeWords(value.found_time));
}

// Counts by column and reason.
std::vector<std::string> QuarantineCounts(std::span<const QuarantinedValue> quarantined) {
  std::map<std::pair<std::string, std::string>, uint64_t> counts;
  for (const QuarantinedValue& value : quarantined) {
    ++counts[{ColumnWords(value), value.reason}];
  }
  std::vector<std::string> items;
  for (const auto& [group, count] : counts) {
    items.push_back(fmt::format("{}: {}: {}", group.first, Counted(count, "value"), group.second));
  }
  return items;
}

bool IsDone(const v1::RotationJob& job) { return job.state() == v1::ROTATION_STATE_DONE; }

}  // namespace

WallTime TimeOf(const google::protobuf::Timestamp& time) {
  // The years that a Timestamp may have, 1 to 9999.
  constexpr int64_t kFirst = -62'135'596'800;
  constexpr int64_t kLast = 253'402'300'799;
  return WallTime(std::chrono::seconds(std::clamp(time.seconds(), kFirst, kLast)));
}

std::string TimeWords(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time) - day);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string TimeWords(const google::protobuf::Timestamp& time) { return TimeWords(TimeOf(time)); }

std::string Counted(uint64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", CountWords(count), thing, count == 1 ? "" : "s");
}

const v1::RotationCounts& CountsOf(const v1::RotationJob& job) {
  return IsDone(job) ? job.outcome().counts() : job.progress().counts();
}

std::string TargetWords(const v1::RotationJob& job) {
  return fmt::format("version {} of {}", job.target().key_version(), job.target().key());
}

ReportSection WorkSection(const v1::RotationJob& job) {
  const v1::RotationSpec& spec = job.spec();
  const v1::RotationTarget& target = job.target();
  ReportSection section{.title = "What was asked for", .paragraphs = {}, .facts = {}, .items = {}};
  auto& facts = section.facts;
  facts.emplace_back("Work", TransformWords(spec.transform()));
  facts.emplace_back("Data source", spec.data_source());
  facts.emplace_back("Tenant", job.tenant());
  facts.emplace_back(
      "Key", KeyWords(job.has_target() ? target.source_key() : spec.key(), target.source_key_id()));
  if (spec.transform() == v1::ROTATION_TRANSFORM_REKEY) {
    facts.emplace_back("To key", KeyWords(job.has_target() ? target.key() : spec.destination_key(),
                                          target.key_id()));
  }
  facts.emplace_back("To version", job.has_target()
                                       ? fmt::format("{}, or a later one", target.key_version())
                                       : "the primary one when the job is started");
  facts.emplace_back("Columns", ScopeWords(spec));
  facts.emplace_back("Asked for by",
                     job.schedule_id().empty() ? "a person" : "schedule " + job.schedule_id());
  if (spec.limits().unlimited()) facts.emplace_back("Load limits", "none");
  return section;
}

ReportSection ProgressSection(const v1::RotationJob& job) {
  const v1::RotationProgress& progress = job.progress();
  ReportSection section{.title = "How far it is", .paragraphs = {}, .facts = {}, .items = {}};
  auto& facts = section.facts;
  facts.emplace_back("Phase", PhaseWords(progress.phase()));
  if (progress.pass() > 0) facts.emplace_back("Pass", std::to_string(progress.pass()));
  facts.emplace_back(
      "Rows",
      fmt::format("{} of about {} looked at, {} rewritten", CountWords(progress.counts().seen()),
                  CountWords(progress.estimated_rows()), CountWords(progress.counts().changed())));
  facts.emplace_back("End of the pass",
                     progress.has_soonest() && progress.has_latest()
                         ? fmt::format("in {} to {}, if all goes on as it does",
                                       DurationWords(DurationOf(progress.soonest())),
                                       DurationWords(DurationOf(progress.latest())))
                         : std::string(kNotKnown));
  facts.emplace_back("Workers", CountWords(static_cast<uint64_t>(progress.workers_size())));
  for (const v1::RotationWorker& worker : progress.workers()) {
    section.items.push_back(WorkerWords(worker));
  }
  return section;
}

ReportSection VerificationSection(const v1::RotationJob& job) {
  ReportSection section{.title = "How it was verified", .paragraphs = {}, .facts = {}, .items = {}};
  if (!IsDone(job)) {
    section.paragraphs.emplace_back(
        "Not verified: that is the last thing that a job does, after the write barrier.");
    return section;
  }
  const v1::RotationOutcome& outcome = job.outcome();
  auto& facts = section.facts;
  facts.emplace_back("Passes", fmt::format("{}, until one found nothing left to do; {} looked at "
                                           "again, since an application wrote or locked them",
                                           CountWords(outcome.passes()),
                                           Counted(outcome.counts().conflicts(), "row")));
  facts.emplace_back("Write barrier", "passed " + TimeWords(outcome.barrier_time()) +
                                          ": nothing is sealed under older versions since, by any "
                                          "replica of the service or holder of a lease");
  facts.emplace_back("Versions read", Counted(outcome.counts().verified(), "row") +
                                          ", every one, by the headers of all values");
  facts.emplace_back("Opened", Counted(outcome.counts().opened(), "row") +
                                   ", a sample of each table, with the contexts of their rows");
  facts.emplace_back("Verified", TimeWords(outcome.verify_time()));
  return section;
}

ReportSection LeftSection(const v1::RotationJob& job, std::span<const QuarantinedValue> quarantined,
                          bool show_row_keys) {
  ReportSection section{.title = "What is left", .paragraphs = {}, .facts = {}, .items = {}};
  const uint64_t rows = CountsOf(job).quarantined();
  if (!IsDone(job)) {
    section.paragraphs.emplace_back(
        "Rows that were not rewritten are under the versions that they "
        "had, and open as before.");
  }
  if (rows == 0 && quarantined.empty()) {
    section.paragraphs.emplace_back(IsDone(job) ? "Nothing." : "No row is quarantined.");
    return section;
  }
  section.paragraphs.push_back(
      fmt::format("{} quarantined: a value of each does not open, and was left as it is. They are "
                  "listed in kms.rotation_quarantine of the database.",
                  rows == 1 ? "1 row is" : CountWords(rows) + " rows are"));
  if (show_row_keys) {
    for (const QuarantinedValue& value : quarantined) section.items.push_back(RowWords(value));
  } else {
    section.items = QuarantineCounts(quarantined);
  }
  return section;
}

ReportSection RetirementSection(const v1::RotationJob& job, WallTime now) {
  ReportSection section{
      .title = "When older versions may be retired", .paragraphs = {}, .facts = {}, .items = {}};
  const v1::RotationOutcome& outcome = job.outcome();
  if (!IsDone(job)) {
    section.paragraphs.emplace_back("Not before the job is done: rows still need them.");
  } else if (!outcome.has_retire_after() && outcome.counts().quarantined() == 0) {
    section.paragraphs.emplace_back("No version gets old by this work.");
  } else if (!outcome.has_retire_after()) {
    section.paragraphs.emplace_back("Not while rows are quarantined: those may need them.");
  } else {
    section.paragraphs.push_back(
        (TimeOf(outcome.retire_after()) <= now ? "They may, since " : "From ") +
        TimeWords(outcome.retire_after()) + (TimeOf(outcome.retire_after()) <= now ? "." : " on.") +
        " Backups of the database from before the verification may hold rows under them; the job "
        "was told that backups are kept for " +
        DurationWords(DurationOf(job.spec().backup_horizon())) + ".");
  }
  return section;
}

ReportSection ReferenceSection(const v1::RotationJob& job) {
  ReportSection section{.title = "For the audit", .paragraphs = {}, .facts = {}, .items = {}};
  section.paragraphs.emplace_back(
      "The service's audit trail has each change of the job under its id, and who asked for it.");
  auto& facts = section.facts;
  facts.emplace_back("Job", job.job_id());
  if (!job.schedule_id().empty()) facts.emplace_back("Schedule", job.schedule_id());
  facts.emplace_back("Created", TimeWords(job.create_time()));
  if (job.has_start_time()) facts.emplace_back("Last started", TimeWords(job.start_time()));
  if (IsDone(job)) {
    facts.emplace_back("Barrier passed", TimeWords(job.outcome().barrier_time()));
    facts.emplace_back("Verified", TimeWords(job.outcome().verify_time()));
  }
  if (job.has_end_time()) facts.emplace_back("Ended", TimeWords(job.end_time()));
  return section;
}

}  // namespace fieldkms::rotation
