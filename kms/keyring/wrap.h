// Wrapping in the key hierarchy: what a wrapped key is bound to. Whoever moves or
// copies wrapped bytes to another row, key or tenant gets bytes that do not open.
#ifndef FIELDKMS_KMS_KEYRING_WRAP_H_
#define FIELDKMS_KMS_KEYRING_WRAP_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "crypto/xaes_gcm.h"
#include "kms/store/store.h"

namespace fieldkms {

inline constexpr size_t kKekSize = 32;
inline constexpr size_t kDekSize = 32;

// AppendTenant appends a tenant id as contexts have it: length-prefixed (2 bytes).
void AppendTenant(std::string_view tenant, std::string* out);

// The context that a tenant's KEK is wrapped by the root key under:
// "fieldkms/kek/1" ‖ tenant, length-prefixed (2 bytes) ‖ version (4).
std::string KekContext(std::string_view tenant, uint32_t version);

// The place of one version of a key in the hierarchy.
struct DekPlace {
  std::string_view tenant;
  uint64_t key_id = 0;
  uint32_t version = 0;
  KeyPurpose purpose = KeyPurpose::kEncrypt;
};

// WrapDek seals a key version with XAES-256-GCM under its tenant's KEK, with
// "fieldkms/dek/1" ‖ tenant, length-prefixed (2 bytes) ‖ key id (8) ‖ version (4)
// ‖ purpose (1) as AAD; wrapped = nonce(24) ‖ sealed.
absl::StatusOr<std::string> WrapDek(const XaesKey& kek, const SecretBytes& dek,
                                    const DekPlace& place);

// UnwrapDek is the inverse. kDataLoss, reason kStoreCorrupt, if `wrapped` was not
// made for that place under that KEK, or was altered.
absl::StatusOr<SecretBytes> UnwrapDek(const XaesKey& kek, std::string_view wrapped,
                                      const DekPlace& place);

// The status for wrapped keys that do not open.
absl::Status WrappedKeyDamaged(std::string_view which);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_WRAP_H_
