// The calling thread's keyed contexts for HMAC-SHA256: to key one costs as much as several
// short messages. Internal to crypto/. Nothing is shared between threads.
#ifndef FIELDKMS_CRYPTO_MAC_CONTEXTS_H_
#define FIELDKMS_CRYPTO_MAC_CONTEXTS_H_

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "crypto/bytes.h"
#include "crypto/hmac.h"
#include "crypto/openssl.h"

namespace fieldkms {

class MacContexts {
 public:
  // The calling thread's. Drops all keys first if ForgetDerivedKeys was called.
  static MacContexts& OfThread();

  // Writes the HMAC of `parts` under `key`, whose id (never 0, never reused) is `key_id`.
  // False if OpenSSL fails.
  bool Compute(uint64_t key_id, ByteView key, std::initializer_list<ByteView> parts,
               std::span<uint8_t, kHmacSize> mac);

 private:
  struct Entry {
    uint64_t key_id = 0;  // 0: none
    KeyedHmac hmac;
  };
  static constexpr size_t kEntries = 16;

  uint64_t epoch_ = 0;
  std::array<Entry, kEntries> entries_;  // by key id modulo their number
  EvpMdCtx working_{EVP_MD_CTX_new()};
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_MAC_CONTEXTS_H_
