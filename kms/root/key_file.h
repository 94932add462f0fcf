// The file of a local root key: one line, "fieldkms-root-1 " and 32 bytes in
// base64url (RFC 4648 §5, no padding).
#ifndef FIELDKMS_KMS_ROOT_KEY_FILE_H_
#define FIELDKMS_KMS_ROOT_KEY_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

inline constexpr size_t kRootKeySize = 32;

// WriteKeyFile and ReadKeyFile: errors as CreateLocalRoot and OpenLocalRoot.
absl::Status WriteKeyFile(const std::string& path, const SecretBytes& key);
absl::StatusOr<SecretBytes> ReadKeyFile(const std::string& path);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_KEY_FILE_H_
