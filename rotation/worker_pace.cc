#include "rotation/worker_pace.h"

#include <optional>

namespace fieldkms::rotation {

void WorkerPace::Tell(Time now, v1::ReportJobRequest* report) {
  own_.Observe(rows_, now);
  report->mutable_worker()->set_rows_per_second(own_.rate());
  if (!report->has_progress()) return;
  v1::RotationProgress* const progress = report->mutable_progress();
  const std::optional<TimeLeft> left = pass_.Left(*progress, now);
  if (!left) return;
  progress->mutable_soonest()->set_seconds(left->soonest.count());
  progress->mutable_latest()->set_seconds(left->latest.count());
}

}  // namespace fieldkms::rotation
