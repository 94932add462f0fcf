// AES-256 key wrap with padding: KWP of NIST SP 800-38F, RFC 5649. Deterministic, with
// an integrity check of 64 bits: for keys only, and where others ask for it. Our own
// keys are wrapped by XAES-256-GCM.
#ifndef FIELDKMS_CRYPTO_KWP_H_
#define FIELDKMS_CRYPTO_KWP_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

inline constexpr size_t kKwpKeySize = 32;
inline constexpr size_t kKwpMaxSecret = 4088;  // so that its wrapped form fits a SecretBytes

// KwpSize: how many bytes a secret of `size` has once wrapped: padded to eight, and eight
// more.
constexpr size_t KwpSize(size_t size) { return (size + 7) / 8 * 8 + 8; }

// WrapKwp writes the wrapped `secret` (1 to 4,088 bytes) to `out`, KwpSize(secret.size())
// bytes that may not overlap it. Error: kInvalidArgument for other sizes. A failure
// leaves `out` wiped. Thread-safe.
absl::Status WrapKwp(std::span<const uint8_t, kKwpKeySize> key, ByteView secret, MutableBytes out);

// UnwrapKwp returns the secret. Error: KeyUnwrapFailed() for another key, altered bytes
// or a size that nothing has once wrapped. Thread-safe.
absl::StatusOr<SecretBytes> UnwrapKwp(std::span<const uint8_t, kKwpKeySize> key, ByteView wrapped);

// KeyUnwrapFailed is the one status of a wrapped key that does not unwrap.
absl::Status KeyUnwrapFailed();

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_KWP_H_
