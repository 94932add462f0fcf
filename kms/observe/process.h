// What the process asks of the kernel so that its memory stays its own.
#ifndef FIELDKMS_KMS_OBSERVE_PROCESS_H_
#define FIELDKMS_KMS_OBSERVE_PROCESS_H_

#include "absl/status/status.h"

namespace fieldkms {

// HardenProcess: not dumpable (no core, no ptrace or /proc/PID/mem by other
// processes of the same user), core limit 0, no new privileges, umask 077. Call
// it first in main. Error: kInternal, naming what was refused.
absl::Status HardenProcess();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_OBSERVE_PROCESS_H_
