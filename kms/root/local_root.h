// The embedded root: 32 random bytes in a file of mode 0600, which a passphrase may
// encrypt.
#ifndef FIELDKMS_KMS_ROOT_LOCAL_ROOT_H_
#define FIELDKMS_KMS_ROOT_LOCAL_ROOT_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/root/root_key.h"
#include "kms/root/secret_file.h"

namespace fieldkms {

// The file is one line a key, the newest first (kms/root/key_text.h), or the encryption
// of these lines under a passphrase (kms/root/key_seal.h). It is written to a temporary
// name, synced and renamed. Wrapping is XAES-256-GCM with "fieldkms/root/1" ‖ context as
// AAD; wrapped = nonce(24) ‖ sealed by a key that CreateLocalRoot made, and
// id(4) ‖ nonce(24) ‖ sealed by one that RekeyLocalRoot added. The newest key wraps, and
// each of the file opens what it wrapped.

struct LocalRootOptions {
  std::string path;
  std::optional<SecretSource> passphrase = {};
};

// CreateLocalRoot makes a new key file; fails with kAlreadyExists if `path`
// exists. The file and its directory are synced before it returns. Further errors:
// those of ReadSecret for the passphrase.
absl::Status CreateLocalRoot(const LocalRootOptions& options);
absl::Status CreateLocalRoot(const std::string& path);

// OpenLocalRoot reads a key file. Errors: kNotFound; kFailedPrecondition, reason
// kRootFilePermissions, if it is a symbolic link, is not owned by the process's
// user or root, or has any permission for group or others (the message says
// `chmod 600`); kInvalidArgument, reason kConfigInvalid, if it is not a key file, or is
// one with a passphrase and none is given, or one without and one is given;
// kFailedPrecondition, reason kRootDenied, for a wrong passphrase or an altered file;
// those of ReadSecret for the passphrase.
absl::StatusOr<std::unique_ptr<RootKey>> OpenLocalRoot(const LocalRootOptions& options);
absl::StatusOr<std::unique_ptr<RootKey>> OpenLocalRoot(const std::string& path);

// RekeyLocalRoot adds a key to the file, which wraps from the next OpenLocalRoot on.
// Replaces the file as a whole; a crash leaves the old one or the new one. Errors: as
// OpenLocalRoot; kFailedPrecondition, reason kConfigInvalid, if it holds 16 keys.
absl::Status RekeyLocalRoot(const LocalRootOptions& options);

// DropOldLocalKeys leaves only the newest key in the file. For after all that the
// others wrapped was wrapped anew, in every store of this root and in the backups that
// are still to be restored: what only they open is lost. Errors: as OpenLocalRoot.
absl::Status DropOldLocalKeys(const LocalRootOptions& options);

// ChangeLocalPassphrase encrypts the file under another passphrase; by none, it gives or
// takes away the protection. The keys stay. Errors: as OpenLocalRoot.
absl::Status ChangeLocalPassphrase(const LocalRootOptions& options,
                                   const std::optional<SecretSource>& passphrase);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_LOCAL_ROOT_H_
