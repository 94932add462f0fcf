#include "rotation/job_progress.h"

#include <algorithm>
#include <vector>

#include "kms/clock.h"
#include "kms/postgres/value.h"

namespace fieldkms::rotation {
namespace {

constexpr int kMostTables = 1'000;

void Add(const v1::RotationCounts& more, v1::RotationCounts* sum) {
  sum->set_seen(sum->seen() + more.seen());
  sum->set_changed(sum->changed() + more.changed());
  sum->set_conflicts(sum->conflicts() + more.conflicts());
  sum->set_quarantined(sum->quarantined() + more.quarantined());
  sum->set_verified(sum->verified() + more.verified());
  sum->set_opened(sum->opened() + more.opened());
}

v1::RotationCounts CountsOf(const TableProgress& table, bool verifying) {
  v1::RotationCounts counts;
  counts.set_seen(table.first_pass.seen);
  counts.set_changed(table.all_passes.changed);
  counts.set_conflicts(table.all_passes.conflicts);
  // A pass of verification meets them all again.
  counts.set_quarantined(verifying ? table.this_pass.quarantined : table.all_passes.quarantined);
  counts.set_verified(verifying ? table.this_pass.verified : 0);
  counts.set_opened(verifying ? table.this_pass.opened : 0);
  return counts;
}

bool IsVerifying(const JobState& state) {
  return state.phase == Phase::kVerify || state.phase == Phase::kComplete;
}

void SetTime(const std::string& text, google::protobuf::Timestamp* time) {
  const auto since =
      std::chrono::duration_cast<std::chrono::nanoseconds>(ParseTimestamp(text).time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  time->set_seconds(seconds.count());
  time->set_nanos(static_cast<int32_t>((since - seconds).count()));
}

}  // namespace

v1::RotationPhase PhaseOf(Phase phase) {
  switch (phase) {
    case Phase::kSweep:
      return v1::ROTATION_PHASE_SWEEP;
    case Phase::kBarrier:
      return v1::ROTATION_PHASE_BARRIER;
    case Phase::kFinalSweep:
      return v1::ROTATION_PHASE_FINAL_SWEEP;
    case Phase::kVerify:
      return v1::ROTATION_PHASE_VERIFY;
    case Phase::kComplete:
      return v1::ROTATION_PHASE_COMPLETE;
  }
  return v1::ROTATION_PHASE_UNSPECIFIED;
}

v1::RotationProgress ProgressOf(const JobState& state, std::span<const TableProgress> tables) {
  v1::RotationProgress progress;
  progress.set_phase(PhaseOf(state.phase));
  progress.set_pass(state.pass);
  std::vector<const TableProgress*> listed;
  for (const TableProgress& table : tables) listed.push_back(&table);
  std::stable_partition(listed.begin(), listed.end(),
                        [](const TableProgress* table) { return !table->pass_done; });
  for (const TableProgress* table : listed) {
    const v1::RotationCounts counts = CountsOf(*table, IsVerifying(state));
    Add(counts, progress.mutable_counts());
    progress.set_estimated_rows(progress.estimated_rows() + table->estimated_rows);
    if (progress.tables_size() == kMostTables) continue;
    v1::RotationTableProgress* const line = progress.add_tables();
    line->set_schema(table->leaf.schema);
    line->set_table(table->leaf.table);
    line->set_estimated_rows(table->estimated_rows);
    *line->mutable_counts() = counts;
    line->set_pass_done(table->pass_done);
  }
  return progress;
}

v1::RotationOutcome OutcomeOf(const JobState& state, std::span<const TableProgress> tables) {
  v1::RotationOutcome outcome;
  for (const TableProgress& table : tables) {
    Add(CountsOf(table, /*verifying=*/true), outcome.mutable_counts());
  }
  outcome.set_passes(state.pass);
  if (!state.barrier_time.empty()) SetTime(state.barrier_time, outcome.mutable_barrier_time());
  if (!state.verify_time.empty()) SetTime(state.verify_time, outcome.mutable_verify_time());
  return outcome;
}

}  // namespace fieldkms::rotation
