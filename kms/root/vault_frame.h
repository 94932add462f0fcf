// What the transit key encrypts: a key and what it is for.
#ifndef FIELDKMS_KMS_ROOT_VAULT_FRAME_H_
#define FIELDKMS_KMS_ROOT_VAULT_FRAME_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms {

inline constexpr size_t kMaxVaultKey = 64;
inline constexpr size_t kMaxVaultContext = 1024;

// FrameKey returns the size of `key` (2 bytes) ‖ key ‖ context.
WipedBuffer FrameKey(const SecretBytes& key, std::string_view context);

// UnframeKey is the inverse: kFailedPrecondition, reason kRootWrongKey, where `frame` is
// not one of that context (compared in constant time).
absl::StatusOr<SecretBytes> UnframeKey(ByteView frame, std::string_view context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_VAULT_FRAME_H_
