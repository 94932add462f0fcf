#include "kms/rotations/job_reports.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "crypto/status.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "kms/proto/times.h"
#include "kms/rotations/rotation_spec.h"

namespace fieldkms {
namespace {

using Workers = google::protobuf::RepeatedPtrField<v1::RotationWorker>;

constexpr size_t kMaxWorkerName = 128;
constexpr size_t kMaxResting = 1'024;

absl::Status CheckWorker(const v1::RotationWorker& worker) {
  if (worker.worker().empty() || worker.worker().size() > kMaxWorkerName) {
    return InvalidField("worker.worker", "is not 1 to 128 bytes");
  }
  if (worker.resting().size() > kMaxResting) {
    return InvalidField("worker.resting", "is longer than 1,024 bytes");
  }
  if (!std::isfinite(worker.rows_per_second()) || worker.rows_per_second() < 0) {
    return InvalidField("worker.rows_per_second", "is not a number of at least 0");
  }
  return absl::OkStatus();
}

// Rows that were counted in any way: each count only grows, and so does the sum.
uint64_t Rows(const v1::RotationCounts& counts) {
  return counts.seen() + counts.changed() + counts.conflicts() + counts.quarantined() +
         counts.verified() + counts.opened();
}

auto PlaceOf(const v1::RotationProgress& progress) {
  return std::tuple(progress.pass(), progress.phase(), Rows(progress.counts()));
}

void DropWorker(std::string_view name, Workers* workers) {
  const auto is_it = [name](const v1::RotationWorker& worker) { return worker.worker() == name; };
  workers->erase(std::remove_if(workers->begin(), workers->end(), is_it), workers->end());
}

void DropGone(WallTime now, Workers* workers) {
  const auto is_gone = [now](const v1::RotationWorker& worker) {
    return FromProto(worker.report_time()) + kWorkerSilence <= now;
  };
  workers->erase(std::remove_if(workers->begin(), workers->end(), is_gone), workers->end());
}

// The newest is the last one.
void AddWorker(const v1::RotationWorker& worker, WallTime now, Workers* workers) {
  v1::RotationWorker* const added = workers->Add();
  *added = worker;
  added->DiscardUnknownFields();
  ToProto(now, added->mutable_report_time());
  if (static_cast<size_t>(workers->size()) > kMaxRotationWorkers) workers->erase(workers->begin());
}

}  // namespace

absl::Status CheckProgress(const v1::RotationProgress& progress) {
  if (!v1::RotationPhase_IsValid(progress.phase())) {
    return InvalidField("progress.phase", "is not one that this release knows");
  }
  if (static_cast<size_t>(progress.tables_size()) > kMaxRotationTables) {
    return InvalidField("progress.tables", "has more than 1,000 tables");
  }
  for (int i = 0; i < progress.tables_size(); ++i) {
    const std::string at = "progress.tables[" + std::to_string(i) + "]";
    const v1::RotationTableProgress& table = progress.tables(i);
    if (table.schema().size() > kMaxSqlName) return InvalidField(at + ".schema", "is too long");
    if (table.table().size() > kMaxSqlName) return InvalidField(at + ".table", "is too long");
  }
  FIELDKMS_RETURN_IF_ERROR(Microseconds(progress.soonest(), "progress.soonest").status());
  return Microseconds(progress.latest(), "progress.latest").status();
}

absl::Status CheckReport(const RotationReport& report) {
  FIELDKMS_RETURN_IF_ERROR(CheckWorker(report.worker));
  return CheckProgress(report.progress);
}

void MergeProgress(const v1::RotationProgress& said, v1::RotationProgress* kept) {
  if (PlaceOf(said) < PlaceOf(*kept)) return;
  Workers workers;
  workers.Swap(kept->mutable_workers());
  *kept = said;
  kept->DiscardUnknownFields();
  kept->mutable_workers()->Swap(&workers);
}

absl::StatusOr<bool> Report(RotationJob* job, const RotationReport& report, WallTime now) {
  if (!IsOpen(job->record.state)) return false;
  if (report.start && *report.start != FromProto(job->details.start_time())) return false;
  if (job->record.state == RotationState::kRunning) MergeProgress(report.progress, &job->progress);
  Workers* const workers = job->progress.mutable_workers();
  DropGone(now, workers);
  DropWorker(report.worker.worker(), workers);
  if (!report.leaving) AddWorker(report.worker, now, workers);
  job->record.update_time = now;
  return true;
}

v1::RotationProgress WithoutGoneWorkers(v1::RotationProgress progress, WallTime now) {
  DropGone(now, progress.mutable_workers());
  return progress;
}

}  // namespace fieldkms
