// The life of the shim: opens what its configuration says, serves until it is told to stop.
#ifndef FIELDKMS_SQL_SHIM_SHIM_H_
#define FIELDKMS_SQL_SHIM_SHIM_H_

#include "sql/shim/config.h"

namespace fieldkms::shim {

enum ShimExit : int {
  kShimExitOk = 0,
  kShimExitCannotStart = 1,   // configuration, socket, audit file: the log's last line says what
  kShimExitUsage = 2,         // the command line
  kShimExitDrainTimeout = 3,  // calls did not end within the grace
};

// Blocks until SIGTERM or SIGINT. SIGHUP: tokens, certificate and audit file are opened anew.
// Returns a ShimExit.
int RunShim(const Config& config);

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_SHIM_H_
