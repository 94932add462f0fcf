// Rotation jobs for machines: the part of job_report.h in JSON.
#include <cmath>

#include "clients/cli/job_report.h"

namespace fieldkms {
namespace {

Json TimeOrNull(bool set, const google::protobuf::Timestamp& time) {
  return set ? Json(TimeForJson(time)) : Json(nullptr);
}

int64_t MillisecondsOf(const google::protobuf::Duration& duration) {
  return duration.seconds() * 1'000 + duration.nanos() / 1'000'000;
}

Json MillisecondsOrNull(const google::protobuf::Duration& duration) {
  const int64_t milliseconds = MillisecondsOf(duration);
  return milliseconds == 0 ? Json(nullptr) : Json(milliseconds);
}

Json NumberOrNull(uint64_t number) { return number == 0 ? Json(nullptr) : Json(number); }

Json CountsJson(const v1::RotationCounts& counts) {
  return {{"seen", counts.seen()},           {"changed", counts.changed()},
          {"conflicts", counts.conflicts()}, {"quarantined", counts.quarantined()},
          {"verified", counts.verified()},   {"opened", counts.opened()}};
}

template <class Names>
Json Strings(const Names& names) {
  Json json = Json::array();
  for (const std::string& name : names) json.push_back(name);
  return json;
}

Json TargetJson(const v1::RotationTarget& target) {
  return {{"source_key", target.source_key()},
          {"source_key_id", target.source_key_id()},
          {"key", target.key()},
          {"key_id", target.key_id()},
          {"key_version", target.key_version()}};
}

Json TablesJson(const v1::RotationProgress& progress) {
  Json tables = Json::array();
  for (const v1::RotationTableProgress& table : progress.tables()) {
    tables.push_back({{"schema", table.schema()},
                      {"table", table.table()},
                      {"estimated_rows", table.estimated_rows()},
                      {"counts", CountsJson(table.counts())},
                      {"pass_done", table.pass_done()}});
  }
  return tables;
}

Json WorkersJson(const v1::RotationProgress& progress) {
  Json workers = Json::array();
  for (const v1::RotationWorker& worker : progress.workers()) {
    workers.push_back(
        {{"worker", worker.worker()},
         {"rows_per_second", std::llround(worker.rows_per_second())},
         {"batch_rows", worker.batch_rows()},
         {"resting", worker.resting()},
         {"report_time", TimeOrNull(worker.has_report_time(), worker.report_time())}});
  }
  return workers;
}

Json TimeLeftJson(const v1::RotationProgress& progress) {
  if (!progress.has_soonest() || !progress.has_latest()) return nullptr;
  return {{"soonest_seconds", progress.soonest().seconds()},
          {"latest_seconds", progress.latest().seconds()}};
}

Json ProgressJson(const v1::RotationProgress& progress) {
  return {{"phase", JobPhaseName(progress.phase())},
          {"pass", progress.pass()},
          {"estimated_rows", progress.estimated_rows()},
          {"counts", CountsJson(progress.counts())},
          {"tables", TablesJson(progress)},
          {"time_left", TimeLeftJson(progress)},
          {"workers", WorkersJson(progress)}};
}

Json OutcomeJson(const v1::RotationOutcome& outcome) {
  return {{"counts", CountsJson(outcome.counts())},
          {"passes", outcome.passes()},
          {"barrier_time", TimeOrNull(outcome.has_barrier_time(), outcome.barrier_time())},
          {"verify_time", TimeOrNull(outcome.has_verify_time(), outcome.verify_time())},
          {"retire_after", TimeOrNull(outcome.has_retire_after(), outcome.retire_after())}};
}

}  // namespace

Json LimitsJson(const v1::RotationLimits& limits) {
  Json quiet_hours = Json::array();
  for (const v1::QuietHours& hours : limits.quiet_hours()) {
    quiet_hours.push_back(
        {{"from_minute", hours.from_minute()}, {"until_minute", hours.until_minute()}});
  }
  return {{"batch_time_ms", MillisecondsOrNull(limits.batch_time())},
          {"most_batch_rows", NumberOrNull(limits.most_batch_rows())},
          {"most_rows_per_second", NumberOrNull(limits.most_rows_per_second())},
          {"most_replication_lag_ms", MillisecondsOrNull(limits.most_replication_lag())},
          {"most_slot_bytes", NumberOrNull(limits.most_slot_bytes())},
          {"most_lock_waits", NumberOrNull(limits.most_lock_waits())},
          {"most_active_sessions", NumberOrNull(limits.most_active_sessions())},
          {"most_dead_percent", NumberOrNull(limits.most_dead_percent())},
          {"most_forced_checkpoint_percent", NumberOrNull(limits.most_forced_checkpoint_percent())},
          {"critical_active_sessions", NumberOrNull(limits.critical_active_sessions())},
          {"quiet_hours", std::move(quiet_hours)},
          {"unlimited", limits.unlimited()},
          {"most_quarantined", NumberOrNull(limits.most_quarantined())},
          {"most_busy_percent", NumberOrNull(limits.most_busy_percent())}};
}

Json SpecJson(const v1::RotationSpec& spec) {
  Json tables = Json::array();
  for (const v1::RotationTable& table : spec.tables()) {
    tables.push_back({{"schema", table.schema()},
                      {"table", table.table()},
                      {"columns", Strings(table.columns())}});
  }
  return {{"data_source", spec.data_source()},
          {"key", spec.key()},
          {"transform", TransformName(spec.transform())},
          {"destination_key", spec.destination_key()},
          {"tables", std::move(tables)},
          {"limits", LimitsJson(spec.limits())},
          {"backup_horizon_seconds", spec.backup_horizon().seconds()},
          {"verify_sample", spec.verify_sample()},
          {"accept_triggers", spec.accept_triggers()}};
}

Json JobJson(const v1::RotationJob& job) {
  return {{"job_id", job.job_id()},
          {"tenant", job.tenant()},
          {"state", JobStateName(job.state())},
          {"error", job.error()},
          {"spec", SpecJson(job.spec())},
          {"target", job.has_target() ? TargetJson(job.target()) : Json(nullptr)},
          {"progress", ProgressJson(job.progress())},
          {"outcome", job.has_outcome() ? OutcomeJson(job.outcome()) : Json(nullptr)},
          {"create_time", TimeOrNull(job.has_create_time(), job.create_time())},
          {"start_time", TimeOrNull(job.has_start_time(), job.start_time())},
          {"end_time", TimeOrNull(job.has_end_time(), job.end_time())},
          {"schedule_id", job.schedule_id()},
          {"etag", job.etag()}};
}

}  // namespace fieldkms
