// Secrets that an operator hands to the service: a PIN, a passphrase. From a file
// or a systemd credential, never from arguments or the environment.
#ifndef FIELDKMS_KMS_ROOT_SECRET_FILE_H_
#define FIELDKMS_KMS_ROOT_SECRET_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

// SecretSource says where a secret is: exactly one of the two is set.
struct SecretSource {
  std::string file = {};  // a path
  std::string credential =
      {};  // a name in $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=)
};

// ReadSecret returns what the source holds, 1 to 1,024 bytes, without one line feed
// at the end. `what` names the secret in messages ("PIN"). Errors: kInvalidArgument,
// reason kConfigInvalid, for a source that is not one, an empty or a longer secret;
// those of ReadPrivateFile, except that systemd may give a credential of root to its
// user by an access list, which shows as a group's right to read.
absl::StatusOr<SecretBytes> ReadSecret(const SecretSource& source, std::string_view what);

// ReadPrivateFile returns all of a file of at most `max_size` bytes. `what` names the
// file in messages ("root key file"). Errors: kNotFound; kFailedPrecondition, reason
// kRootFilePermissions, if it is a symbolic link, is not owned by the process's user
// or root, or has any permission for group or others (the message says `chmod 600`);
// kInvalidArgument, reason kConfigInvalid, if it is no regular file or longer;
// kUnavailable, reason kRootUnavailable, for any other failure.
absl::StatusOr<SecretBytes> ReadPrivateFile(const std::string& path, size_t max_size,
                                            std::string_view what);

// FileError is the status of a system call on such a file: kAlreadyExists, kNotFound
// or kUnavailable. `doing` names the step.
absl::Status FileError(int error, std::string_view what, const std::string& path,
                       std::string_view doing);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_SECRET_FILE_H_
