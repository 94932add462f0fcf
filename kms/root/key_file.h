// The file of a local root key, as bytes: only its owner can reach it, and it changes
// as a whole or not at all.
#ifndef FIELDKMS_KMS_ROOT_KEY_FILE_H_
#define FIELDKMS_KMS_ROOT_KEY_FILE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

// WriteKeyFile makes the file, of mode 0600; errors as CreateLocalRoot. ReadKeyFile:
// errors as OpenLocalRoot for a file. Both: 1 to 4,000 bytes.
absl::Status WriteKeyFile(const std::string& path, const SecretBytes& content);
absl::StatusOr<SecretBytes> ReadKeyFile(const std::string& path);

// UpdateKeyFile replaces what is in the file by what `change` makes of it. Owner, group
// and mode stay. One update of a directory at a time: another waits. A file that is in
// place when a crash or an error ends it is the old one or the new one, whole.
absl::Status UpdateKeyFile(
    const std::string& path,
    const std::function<absl::StatusOr<SecretBytes>(const SecretBytes& content)>& change);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_KEY_FILE_H_
