// crypto_aead_det of pgsodium: XChaCha20 with a nonce that is made of all that is encrypted, by
// keyed BLAKE2b in the way of SIV (RFC 5297). libsodium has its parts and not the whole. Pure.
#ifndef FIELDKMS_ROTATION_SOURCE_SODIUM_DET_H_
#define FIELDKMS_ROTATION_SOURCE_SODIUM_DET_H_

#include <cstddef>

#include "crypto/bytes.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms::rotation {

inline constexpr size_t kSodiumDetTagSize = 32;
inline constexpr size_t kSodiumDetNonceSize = 16;

// `sealed` ends with the tag; `key` is of 32 bytes; `data` and `nonce` may be empty. False: it does
// not open.
bool OpenSodiumDet(ByteView sealed, ByteView data, ByteView nonce, ByteView key,
                   WipedBuffer* opened);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_SODIUM_DET_H_
