// The load of a database that has none.
#ifndef FIELDKMS_TESTS_UNIT_ROTATION_CALM_SAMPLE_H_
#define FIELDKMS_TESTS_UNIT_ROTATION_CALM_SAMPLE_H_

#include "rotation/load_sample.h"

namespace fieldkms::rotation {

inline LoadSample CalmSample() {
  LoadSample sample;
  sample.replication_lag = std::chrono::milliseconds(0);
  sample.replication_lag_bytes = 0;
  sample.slot_bytes = 0;
  sample.lock_waits = 0;
  sample.active_sessions = 0;
  sample.dead_percent = 0;
  sample.forced_checkpoint_percent = 0;
  return sample;
}

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_TESTS_UNIT_ROTATION_CALM_SAMPLE_H_
