// Files that say whom or what to believe.
#ifndef FIELDKMS_KMS_TRUSTED_FILE_H_
#define FIELDKMS_KMS_TRUSTED_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace fieldkms {

// The text of a file that nobody else may write to, since it says who may do what: it belongs to
// root or to whoever runs this. Error: kInvalidArgument, reason kConfigInvalid, which names the
// path and says what to run.
absl::StatusOr<std::string> ReadTrustedFile(const std::string& path);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_TRUSTED_FILE_H_
