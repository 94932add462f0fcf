// The data directory: private, and of one daemon at a time.
#ifndef FIELDKMS_KMS_SERVER_DATA_DIR_H_
#define FIELDKMS_KMS_SERVER_DATA_DIR_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "kms/files.h"

namespace fieldkms {

// DataDirLock holds DIR/LOCK (flock) until it is destroyed or the process ends in
// whatever way.
class DataDirLock {
 public:
  // Makes the directory (0700) if it is missing. Errors: kFailedPrecondition, reason
  // kDataDirInUse, naming the process that holds it; reason kConfigInvalid for a
  // directory that is another user's or open to others, saying what to do.
  static absl::StatusOr<DataDirLock> Acquire(const std::string& dir);

 private:
  explicit DataDirLock(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_DATA_DIR_H_
