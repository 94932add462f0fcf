// AuditFile: an append-only file, as the audit trail needs it, so that tests can
// break it.
#ifndef FIELDKMS_KMS_AUDIT_AUDIT_FILE_H_
#define FIELDKMS_KMS_AUDIT_AUDIT_FILE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

// Errors are kUnavailable, reason kAuditUnavailable, and name the system call.
class AuditFile {
 public:
  virtual ~AuditFile() = default;
  // Writes all of `bytes` at the end.
  virtual absl::Status Write(std::string_view bytes) = 0;
  // Makes all that was written durable. After an error the state of the file is
  // unknown, and a second Sync that succeeds means nothing.
  virtual absl::Status Sync() = 0;
  // Fails if the path no longer leads to this file: it was deleted, moved or
  // replaced, and what is written to it nobody will ever read.
  virtual absl::Status CheckInPlace() = 0;
};

// OpenAuditFile opens or makes (mode 0600, directory synced) the file at `path`. One
// of another user than ours or root is refused; a looser mode is tightened.
// `*tail` gets its last bytes, at least two lines of ours if it has them. The last
// lacks its newline after a crash in the middle of a write.
absl::StatusOr<std::unique_ptr<AuditFile>> OpenAuditFile(const std::string& path,
                                                         std::string* tail);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_AUDIT_FILE_H_
