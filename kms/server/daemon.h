// Daemon: all parts of the service, from start to drain.
#ifndef FIELDKMS_KMS_SERVER_DAEMON_H_
#define FIELDKMS_KMS_SERVER_DAEMON_H_

#include "absl/status/status.h"
#include "kms/server/config.h"

namespace fieldkms {

// The exit codes of fieldkmsd.
enum ExitCode : int {
  kExitOk = 0,
  kExitCannotStart = 1,   // configuration, store, root key, lock: the log's last line says what
  kExitUsage = 2,         // the command line
  kExitDrainTimeout = 3,  // calls did not end within the grace and ten seconds more
};

// RunDaemon serves until SIGTERM or SIGINT, then drains: refuses new calls, lets those
// in flight finish (at most config.drain_grace), commits the audit trail. A second
// signal ends the process at once. Call it with no other thread running.
int RunDaemon(const Config& config);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_DAEMON_H_
