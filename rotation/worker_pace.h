// WorkerPace: how fast a worker is, and how long the pass takes that it works on, as its reports
// say it.
#ifndef FIELDKMS_ROTATION_WORKER_PACE_H_
#define FIELDKMS_ROTATION_WORKER_PACE_H_

#include <cstdint>

#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/eta.h"
#include "rotation/pass_clock.h"

namespace fieldkms::rotation {

// Pure. For one thread.
class WorkerPace {
 public:
  using Time = Eta::Time;

  explicit WorkerPace(Time now) : own_(0, now) {}

  // Rows that it has written.
  void Wrote(uint64_t rows) { rows_ += rows; }
  // The job does not go on, or goes on from another start: its pass is learnt anew.
  void Forget() { pass_.Forget(); }

  // Fills in the worker's rows a second, over the last half minute, and, where there is progress to
  // tell and enough was seen of it, soonest and latest. Called for each report, and for no more.
  void Tell(Time now, v1::ReportJobRequest* report);

 private:
  uint64_t rows_ = 0;
  Eta own_;  // all that it writes
  PassClock pass_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_WORKER_PACE_H_
