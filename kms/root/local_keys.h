// The keys of a local root key file, whatever protects it.
#ifndef FIELDKMS_KMS_ROOT_LOCAL_KEYS_H_
#define FIELDKMS_KMS_ROOT_LOCAL_KEYS_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/root/key_text.h"
#include "kms/root/secret_file.h"

namespace fieldkms {

// ReadPassphrase returns nothing for no source. Errors: as ReadSecret.
using Passphrase = std::optional<SecretBytes>;
absl::StatusOr<Passphrase> ReadPassphrase(const std::optional<SecretSource>& source);

// EncodeLocalKeys and DecodeLocalKeys: what a file holds; errors as OpenLocalRoot.
absl::StatusOr<SecretBytes> EncodeLocalKeys(std::span<const LocalRootKey> keys,
                                            const Passphrase& passphrase);
absl::StatusOr<std::vector<LocalRootKey>> DecodeLocalKeys(const SecretBytes& content,
                                                          const Passphrase& passphrase,
                                                          const std::string& path);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_LOCAL_KEYS_H_
