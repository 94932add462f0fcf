// The embedded root: 32 random bytes in a file of mode 0600.
#ifndef FIELDKMS_KMS_ROOT_LOCAL_ROOT_H_
#define FIELDKMS_KMS_ROOT_LOCAL_ROOT_H_

#include <memory>
#include <string>

#include "kms/root/root_key.h"

namespace fieldkms {

// The file is one line, "fieldkms-root-1 " and the key in base64url, written to
// a temporary name, synced and renamed. Wrapping is XAES-256-GCM with
// "fieldkms/root/1" ‖ context as AAD; wrapped = nonce(24) ‖ sealed.

// CreateLocalRoot makes a new key file; fails with kAlreadyExists if `path`
// exists. The file and its directory are synced before it returns.
absl::Status CreateLocalRoot(const std::string& path);

// OpenLocalRoot reads a key file. Errors: kNotFound; kFailedPrecondition, reason
// kRootFilePermissions, if it is a symbolic link, is not owned by the process's
// user or root, or has any permission for group or others (the message says
// `chmod 600`); kInvalidArgument, reason kConfigInvalid, if it is not a key file.
absl::StatusOr<std::unique_ptr<RootKey>> OpenLocalRoot(const std::string& path);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_LOCAL_ROOT_H_
