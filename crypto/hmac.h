// HMAC-SHA256 (RFC 2104) on OpenSSL's contexts, for what crypto/ builds on it. Internal
// to this folder. Each function returns false if OpenSSL fails.
#ifndef FIELDKMS_CRYPTO_HMAC_H_
#define FIELDKMS_CRYPTO_HMAC_H_

#include <cstdint>
#include <initializer_list>
#include <span>

#include "crypto/bytes.h"
#include "crypto/openssl.h"

namespace fieldkms {

inline constexpr size_t kHmacSize = 32;

// StartHmac starts a message under `key`, which is not empty.
bool StartHmac(EVP_MAC_CTX* ctx, ByteView key);

// RestartHmac starts another message under the same key, at a fraction of the cost.
bool RestartHmac(EVP_MAC_CTX* ctx);

// FinishHmac ends the message, which is `parts` one after the other.
bool FinishHmac(EVP_MAC_CTX* ctx, std::initializer_list<ByteView> parts,
                std::span<uint8_t, kHmacSize> out);

// KeyedHmac: HMAC under one key for many short messages, from contexts that have hashed the key's
// block (RFC 2104, 4). What EVP_MAC does besides, such as to look for parameters by name, costs a
// fifth of a message. OpenSSL wipes what the contexts held when they go.
class KeyedHmac {
 public:
  // Takes a key, which is not empty.
  bool SetKey(ByteView key);
  // Writes the HMAC of `parts` under the key last taken. `working` is of use between calls to
  // nobody, and may be of another KeyedHmac.
  bool Compute(EVP_MD_CTX* working, std::initializer_list<ByteView> parts,
               std::span<uint8_t, kHmacSize> out) const;

 private:
  EvpMdCtx inner_, outer_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_HMAC_H_
