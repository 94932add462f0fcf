// ErasureFile: the file of an erasure log, held by one process at a time.
#ifndef FIELDKMS_KMS_ERASURE_ERASURE_FILE_H_
#define FIELDKMS_KMS_ERASURE_ERASURE_FILE_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/erasure/erasure_scan.h"
#include "kms/files.h"

namespace fieldkms {

// Errors name the path and the system call: kUnavailable, kAuditUnavailable.
class ErasureFile {
 public:
  // Opens the file at `path` or makes it (mode 0600; its directory synced). One of another user
  // than ours or root is refused; a looser mode is tightened. Error: kFailedPrecondition,
  // kDataDirInUse, where another process has it.
  static absl::StatusOr<ErasureFile> Open(const std::string& path);

  // Reads all of it. Errors: those of `scan`.
  absl::Status Read(ErasureScan& scan) const;
  // Cuts it to `size` bytes, durably.
  absl::Status Cut(uint64_t size);
  // Writes at the end, durably, and fails where the path no longer leads to this file: what is
  // written to it nobody will ever read. After an error the state of the file is unknown.
  absl::Status Append(std::string_view bytes);

 private:
  ErasureFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  absl::Status Begin();
  absl::Status CheckInPlace() const;

  std::string path_;
  FileDescriptor fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Reads the file at `path`, which may be another process', as far as it goes.
absl::Status ReadErasureFile(const std::string& path, ErasureScan& scan);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ERASURE_ERASURE_FILE_H_
