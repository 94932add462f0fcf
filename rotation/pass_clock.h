// PassClock learns from what is reported of a job, one report after another, how long its pass
// still takes.
#ifndef FIELDKMS_ROTATION_PASS_CLOCK_H_
#define FIELDKMS_ROTATION_PASS_CLOCK_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/eta.h"

namespace fieldkms::rotation {

// Rows of the pass that goes on now, of how many by the database's statistics. The counts of final
// sweeps are of tables that are done; the barrier has no rows.
struct PassRows {
  uint64_t done = 0;
  uint64_t all = 0;
};
std::optional<PassRows> RowsOfPass(const v1::RotationProgress& progress);

// Each pass is learnt anew. Pure. For one thread.
class PassClock {
 public:
  using Time = Eta::Time;
  // Nothing while it cannot be told (Eta::Left), and of what is no pass.
  std::optional<TimeLeft> Left(const v1::RotationProgress& progress, Time now);
  // The pass does not go on: what is seen after that is learnt anew.
  void Forget() { eta_.reset(); }

 private:
  std::optional<Eta> eta_;
  std::pair<v1::RotationPhase, uint32_t> pass_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_PASS_CLOCK_H_
