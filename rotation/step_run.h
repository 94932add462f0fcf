// How a step of a conversion is run (rotation/conversion.h).
#ifndef FIELDKMS_ROTATION_STEP_RUN_H_
#define FIELDKMS_ROTATION_STEP_RUN_H_

#include <cstdint>

namespace fieldkms::rotation {

enum class StepRun : uint8_t {
  kForGood,
  // All that the step does is done, with every check and lock, and its transaction is taken back:
  // the outcome is what it would be. What no transaction can take back (VACUUM) is not done.
  kRehearse,
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_STEP_RUN_H_
