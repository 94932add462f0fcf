#include "clients/cli/exit_code.h"

#include "crypto/status.h"

namespace fieldkms {

ExitCode ExitCodeOf(const absl::Status& status) {
  const Reason reason = PublicReason(ReasonOf(status));
  if (reason == Reason::kDecryptFailed || reason == Reason::kImportFailed ||
      reason == Reason::kBackupInvalid) {
    return ExitCode::kDoesNotOpen;
  }
  if (reason == Reason::kRequestTooLarge) return ExitCode::kUsage;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return ExitCode::kDenied;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return ExitCode::kUnavailable;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kFailedPrecondition:
      return ExitCode::kConflict;
    default:
      return ExitCode::kFailure;
  }
}

}  // namespace fieldkms
