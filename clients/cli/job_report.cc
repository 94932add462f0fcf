#include "clients/cli/job_report.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "clients/cli/table_names.h"
#include "kms/printable.h"
#include "rotation/limits.h"
#include "rotation/words.h"

namespace fieldkms {
namespace {

using rotation::BytesWords;
using rotation::CountWords;
using rotation::DurationWords;
using Rows = std::vector<std::pair<std::string, std::string>>;

std::string PhaseText(const v1::RotationProgress& progress) {
  return JobPhaseName(progress.phase()) + ", pass " + std::to_string(progress.pass());
}

std::string RowsText(const v1::RotationJob& job) {
  const v1::RotationCounts& counts = job.progress().counts();
  std::string text =
      fmt::format("{} of about {} looked at, {} changed", CountWords(counts.seen()),
                  CountWords(job.progress().estimated_rows()), CountWords(counts.changed()));
  if (counts.conflicts() > 0) {
    text += ", " + CountWords(counts.conflicts()) + " looked at again";
  }
  return text;
}

std::string RetirementText(const v1::RotationOutcome& outcome) {
  if (outcome.has_retire_after()) return "may go after " + TimeForPeople(outcome.retire_after());
  return outcome.counts().quarantined() > 0 ? "are still needed by what is quarantined"
                                            : "no version gets old by this";
}

void AddTimeLeft(const v1::RotationProgress& progress, Rows* rows) {
  if (!progress.has_soonest() || !progress.has_latest()) return;
  const auto words = [](const google::protobuf::Duration& time) {
    return DurationWords(std::chrono::seconds(time.seconds()));
  };
  rows->push_back({"pass ends in", words(progress.soonest()) + " to " + words(progress.latest())});
}

void AddOutcome(const v1::RotationOutcome& outcome, Rows* rows) {
  rows->push_back({"verified", CountWords(outcome.counts().verified()) + " rows, " +
                                   CountWords(outcome.counts().opened()) + " of them opened"});
  rows->push_back({"passes", std::to_string(outcome.passes())});
  rows->push_back({"older versions", RetirementText(outcome)});
}

std::string ProgressTable(const v1::RotationProgress& progress) {
  Table table({"TABLE", "ROWS", "LOOKED AT", "CHANGED", "QUARANTINED", "PASS"});
  for (const v1::RotationTableProgress& line : progress.tables()) {
    table.Add({TableText(line.schema(), line.table()), CountWords(line.estimated_rows()),
               CountWords(line.counts().seen()), CountWords(line.counts().changed()),
               CountWords(line.counts().quarantined()), line.pass_done() ? "done" : ""});
  }
  return table.Render();
}

std::string WorkerTable(const v1::RotationProgress& progress) {
  Table table({"WORKER", "ROWS/S", "BATCH", "RESTS FOR"});
  for (const v1::RotationWorker& worker : progress.workers()) {
    table.Add({Printable(worker.worker()),
               CountWords(static_cast<uint64_t>(std::llround(worker.rows_per_second()))),
               CountWords(worker.batch_rows()), Printable(worker.resting())});
  }
  return table.Render();
}

std::string QuietText(const rotation::QuietPart& part) {
  const auto text = [](std::chrono::minutes time) {
    return fmt::format("{:02}:{:02}", time.count() / 60, time.count() % 60);
  };
  return text(part.from) + " to " + text(part.until);
}

void AddLoadLimits(const v1::RotationLimits& limits, const rotation::ResolvedLimits& resolved,
                   Rows* rows) {
  rows->push_back({"most replication lag", DurationWords(resolved.most_replication_lag)});
  rows->push_back({"most log of a slot", BytesWords(resolved.most_slot_bytes)});
  rows->push_back({"most lock waits", CountWords(resolved.most_lock_waits)});
  rows->push_back({"most active sessions", limits.most_active_sessions() == 0
                                               ? "four for each core of the server, else 32"
                                               : CountWords(resolved.most_active_sessions)});
  rows->push_back({"most dead rows", std::to_string(resolved.most_dead_percent) + " %"});
  rows->push_back(
      {"most forced checkpoints", std::to_string(resolved.most_forced_checkpoint_percent) + " %"});
  rows->push_back(
      {"gives up at active sessions", resolved.critical_active_sessions == 0
                                          ? "never"
                                          : CountWords(resolved.critical_active_sessions)});
}

}  // namespace

std::string JobStateName(v1::RotationState state) {
  return WithoutPrefix(v1::RotationState_Name(state), "ROTATION_STATE_");
}

std::string JobPhaseName(v1::RotationPhase phase) {
  return phase == v1::ROTATION_PHASE_UNSPECIFIED
             ? std::string()
             : WithoutPrefix(v1::RotationPhase_Name(phase), "ROTATION_PHASE_");
}

std::string TransformName(v1::RotationTransform transform) {
  return WithoutPrefix(v1::RotationTransform_Name(transform), "ROTATION_TRANSFORM_");
}

std::string KeyText(const v1::RotationSpec& spec) {
  return spec.destination_key().empty()
             ? Printable(spec.key())
             : Printable(spec.key()) + " to " + Printable(spec.destination_key());
}

std::string TablesText(const v1::RotationSpec& spec) {
  std::string text;
  for (const v1::RotationTable& table : spec.tables()) {
    text += (text.empty() ? "" : ", ") + TableText(table.schema(), table.table());
  }
  return text;
}

std::string TargetText(const v1::RotationTarget& target) {
  const std::string version = ", version " + std::to_string(target.key_version());
  return target.source_key() == target.key()
             ? Printable(target.key()) + version
             : Printable(target.source_key()) + " to " + Printable(target.key()) + version;
}

Rows JobRows(const v1::RotationJob& job) {
  Rows rows = {{"job", job.job_id()},
               {"tenant", Printable(job.tenant())},
               {"data source", Printable(job.spec().data_source())},
               {"key", job.has_target() ? TargetText(job.target()) : KeyText(job.spec())}};
  if (job.spec().transform() != v1::ROTATION_TRANSFORM_REENCRYPT) {
    rows.push_back({"transform", TransformName(job.spec().transform())});
  }
  if (job.spec().tables_size() > 0) rows.push_back({"tables", TablesText(job.spec())});
  rows.push_back({"state", JobStateName(job.state())});
  if (!job.error().empty()) rows.push_back({"error", Printable(job.error())});
  if (job.progress().phase() != v1::ROTATION_PHASE_UNSPECIFIED) {
    rows.push_back({"phase", PhaseText(job.progress())});
    rows.push_back({"rows", RowsText(job)});
    rows.push_back({"quarantined", CountWords(job.progress().counts().quarantined())});
    AddTimeLeft(job.progress(), &rows);
  }
  if (job.has_outcome()) AddOutcome(job.outcome(), &rows);
  rows.push_back({"created", TimeForPeople(job.create_time())});
  if (job.has_start_time()) rows.push_back({"started", TimeForPeople(job.start_time())});
  if (job.has_end_time()) rows.push_back({"ended", TimeForPeople(job.end_time())});
  rows.push_back({"etag", job.etag()});
  return rows;
}

std::string JobText(const v1::RotationJob& job) {
  std::string text = Properties(JobRows(job));
  if (job.progress().tables_size() > 0) text += "\n" + ProgressTable(job.progress());
  if (job.progress().workers_size() > 0) text += "\n" + WorkerTable(job.progress());
  return text;
}

std::string LimitsText(const v1::RotationLimits& limits) {
  const rotation::ResolvedLimits resolved = rotation::ResolveLimits(limits, std::nullopt);
  Rows rows = {
      {"batch time",
       DurationWords(std::chrono::duration_cast<std::chrono::milliseconds>(resolved.batch_time))},
      {"most rows of a batch", CountWords(resolved.most_batch_rows)},
      {"most rows per second",
       resolved.most_rows_per_second == 0 ? "any" : CountWords(resolved.most_rows_per_second)},
      {"a worker works", std::to_string(resolved.most_busy_percent) + " % of its time"}};
  if (resolved.unlimited) {
    rows.push_back({"load of the database", "not measured"});
  } else {
    AddLoadLimits(limits, resolved, &rows);
  }
  for (const rotation::QuietPart& part : resolved.quiet_hours) {
    rows.push_back({"rests (UTC)", QuietText(part)});
  }
  rows.push_back({"most quarantined", CountWords(resolved.most_quarantined)});
  return Properties(rows);
}

absl::StatusOr<ExitCode> ShowJob(Session* session, const absl::StatusOr<v1::RotationJob>& job) {
  if (!job.ok()) return job.status();
  return session->Show(JobJson(*job), JobText(*job));
}

}  // namespace fieldkms
