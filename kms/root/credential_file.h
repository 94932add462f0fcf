// Small files that hold a credential of ours.
#ifndef FIELDKMS_KMS_ROOT_CREDENTIAL_FILE_H_
#define FIELDKMS_KMS_ROOT_CREDENTIAL_FILE_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

// FileStamp tells one content of a file from the next.
struct FileStamp {
  ino_t inode = 0;
  off_t size = 0;
  int64_t changed = 0;  // nanoseconds
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// StampOf follows symbolic links, as tools that replace files whole use them; nullopt
// if there is no such file.
std::optional<FileStamp> StampOf(const std::string& path);

struct CredentialFile {
  SecretBytes text;  // without white space at its ends
  FileStamp stamp;
};

enum class CredentialFileMode {
  kPrivate,  // others may not read it
  kAny,      // as the platform made it, such as Kubernetes' tokens
};

// ReadCredentialFile reads up to 4,095 bytes of plain text (see IsPlain). Errors:
// kUnavailable, reason kRootUnavailable, if it cannot be read or is empty, as it may be
// about to be written; kFailedPrecondition, reason kRootFilePermissions;
// kInvalidArgument, reason kConfigInvalid, for content that is no token.
absl::StatusOr<CredentialFile> ReadCredentialFile(const std::string& path, CredentialFileMode mode);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_CREDENTIAL_FILE_H_
