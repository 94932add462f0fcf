// Import tokens: by one, a replica that has kept nothing knows again the private key of
// an import's key pair. The token is that key, sealed under the tenant's KEK:
//   0x31 ‖ KEK version (4) ‖ end (8, microseconds since 1970) ‖ nonce (24) ‖ sealed
//   sealed = XAES-256-GCM-Seal(KEK, nonce, private key in PKCS#8 DER form, AAD)
//   AAD    = "fieldkms/import/1" ‖ tenant, length-prefixed (2 bytes) ‖ the first 13 bytes
// The tenant's KEK is the one that wraps its keys, so a token tells nobody more than the
// store does; the label keeps the two apart. crypto/FORMAT.md has the same in full.
#ifndef FIELDKMS_KMS_KEYRING_IMPORT_TOKEN_H_
#define FIELDKMS_KMS_KEYRING_IMPORT_TOKEN_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "crypto/xaes_gcm.h"
#include "kms/clock.h"

namespace fieldkms {

// What stands in the clear in a token.
struct ImportTokenHeader {
  uint32_t kek_version = 0;  // under which it is sealed
  WallTime end;              // from then on it is too old
};

// SealImportToken makes a token of about 2,430 bytes. `private_der`: at most 3,072 bytes,
// more than any key of 4,096 bits has; kInternal otherwise.
absl::StatusOr<std::string> SealImportToken(const XaesKey& kek, std::string_view tenant,
                                            const ImportTokenHeader& header,
                                            const SecretBytes& private_der);

// ReadImportToken reads the header, which nothing proves yet. Error: ImportFailed().
absl::StatusOr<ImportTokenHeader> ReadImportToken(std::string_view token);

// OpenImportToken returns the private key. Error: ImportFailed() for a token that was not
// made for the tenant under that KEK, or was altered. Whether it is too old, the caller
// has looked: it is as the header says, or the token does not open.
absl::StatusOr<SecretBytes> OpenImportToken(const XaesKey& kek, std::string_view tenant,
                                            std::string_view token);

// ImportFailed is the one status of tokens that are no good and of keys that do not unwrap.
absl::Status ImportFailed();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_IMPORT_TOKEN_H_
