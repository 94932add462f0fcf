// The command's exit codes; documented in docs/cli.md.
#ifndef FIELDKMS_CLIENTS_CLI_EXIT_CODE_H_
#define FIELDKMS_CLIENTS_CLI_EXIT_CODE_H_

#include "absl/status/status.h"

namespace fieldkms {

enum class ExitCode {
  kOk = 0,
  kFailure = 1,      // anything not below
  kUsage = 2,        // the command line, or a request that breaks a documented rule
  kNotFound = 3,     // no such tenant or key
  kDenied = 4,       // not allowed
  kDoesNotOpen = 5,  // the ciphertext, or the backup, does not open, or is none
  kUnavailable = 6,  // the service cannot be reached or cannot serve now: try again
  kPartial = 7,      // --lines: some lines failed, the others are done
  kConflict = 8,     // it exists already, or is not as expected any more
  kCancelled = 9,    // rotation run, watch: somebody cancelled the job
  kStopped = 10,     // rotation run: it was told to stop before the job had ended
};

// ExitCodeOf maps a status to the code above that scripts see.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_EXIT_CODE_H_
