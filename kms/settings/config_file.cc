#include "kms/settings/config_file.h"

#include "crypto/status.h"

namespace fieldkms {

absl::Status ConfigError(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, message);
}

}  // namespace fieldkms
