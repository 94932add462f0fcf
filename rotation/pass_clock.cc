#include "rotation/pass_clock.h"

namespace fieldkms::rotation {

std::optional<PassRows> RowsOfPass(const v1::RotationProgress& progress) {
  PassRows rows{.done = 0, .all = progress.estimated_rows()};
  switch (progress.phase()) {
    case v1::ROTATION_PHASE_SWEEP:
      rows.done = progress.counts().seen();
      return rows;
    case v1::ROTATION_PHASE_VERIFY:
      rows.done = progress.counts().verified();
      return rows;
    case v1::ROTATION_PHASE_FINAL_SWEEP:
      for (const v1::RotationTableProgress& table : progress.tables()) {
        if (table.pass_done()) rows.done += table.estimated_rows();
      }
      return rows;
    case v1::ROTATION_PHASE_COMPLETE:
      rows.done = rows.all;
      return rows;
    default:
      return std::nullopt;
  }
}

std::optional<TimeLeft> PassClock::Left(const v1::RotationProgress& progress, Time now) {
  const std::optional<PassRows> rows = RowsOfPass(progress);
  if (!rows || progress.phase() == v1::ROTATION_PHASE_COMPLETE) {
    Forget();
    return std::nullopt;
  }
  const std::pair pass(progress.phase(), progress.pass());
  if (!eta_ || pass != pass_) {
    eta_.emplace(rows->done, now);
    pass_ = pass;
  }
  eta_->Observe(rows->done, now);
  return eta_->Left(EstimateRows(rows->all));
}

}  // namespace fieldkms::rotation
