#include "rotation/admission.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "kms/clock.h"

namespace fieldkms::rotation {
namespace {

std::chrono::steady_clock::time_point Now() { return SystemClock().Steady(); }

BatchBounds BoundsOf(const ResolvedLimits& limits) {
  return {.target = limits.batch_time, .most_rows = limits.most_batch_rows};
}

uint32_t WorkersOf(const v1::RotationJob& job) {
  return static_cast<uint32_t>(std::max(1, job.progress().workers_size()));
}

}  // namespace

Admission::Admission(const v1::RotationJob& job)
    : job_(job),
      throttle_(ResolveLimits(job.spec().limits(), std::nullopt), WorkersOf(job), Now()),
      batch_size_(BoundsOf(throttle_.limits())),
      probe_({}) {
  share_.SetPercent(throttle_.limits().most_busy_percent);
}

void Admission::Follow(const v1::RotationJob& job) {
  job_ = job;
  Apply();
}

void Admission::Apply() {
  const auto now = Now();
  ResolvedLimits limits = ResolveLimits(job_.spec().limits(), server_cores_);
  throttle_.SetWorkers(WorkersOf(job_), now);
  if (limits == throttle_.limits()) return;
  batch_size_.SetBounds(BoundsOf(limits));
  share_.SetPercent(limits.most_busy_percent);
  throttle_.SetLimits(std::move(limits), now);
}

void Admission::Watch(std::span<const TablePlan> tables) {
  std::vector<uint32_t> relations;
  for (const TablePlan& table : tables) relations.push_back(table.relation);
  probe_ = LoadProbe(std::move(relations));
}

Decision Admission::Ask(Database& database) {
  const auto now = Now();
  const bool unlimited = throttle_.limits().unlimited;
  if (!unlimited && !asked_for_cores_) {
    const auto cores = ServerCores(database);
    if (cores.ok()) server_cores_ = *cores;
    asked_for_cores_ = cores.ok();
    Apply();
  }
  if (!unlimited && now - measured_ >= Throttle::kSampleAge) {
    absl::StatusOr<LoadSample> sample = probe_.Measure(database, now);
    sample_ = sample.ok() ? *std::move(sample) : LoadSample();
    measured_ = now;
  }
  return throttle_.Decide(sample_, SystemClock().Now(), now);
}

size_t Admission::BatchRows() const {
  return std::max<size_t>(1, std::min(batch_size_.rows(), throttle_.MostRows()));
}

std::chrono::microseconds Admission::Rest() const { return share_.RestAt(Now()); }

void Admission::BeginWork() { share_.Begin(Now()); }

void Admission::Done(const BatchReport& batch) {
  const auto rows = static_cast<uint32_t>(batch.rows);
  if (batch.refused) {
    batch_size_.Refused(rows);
    return;
  }
  batch_size_.Committed(rows, batch.bytes, batch.took);
  throttle_.BatchDone(batch.rows, Now());
}

void Admission::ServiceRefused() { throttle_.ServiceRefused(std::nullopt, Now()); }

}  // namespace fieldkms::rotation
