// The calling thread's keyed OpenSSL contexts for FF1. Internal to crypto/. Nothing is shared
// between threads.
#ifndef FIELDKMS_CRYPTO_FF1_CONTEXTS_H_
#define FIELDKMS_CRYPTO_FF1_CONTEXTS_H_

#include <array>
#include <cstdint>

#include "crypto/aes_ecb.h"
#include "crypto/bytes.h"

namespace fieldkms {

class Ff1Contexts {
 public:
  // The calling thread's. Drops all keys first if ForgetDerivedKeys was called.
  static Ff1Contexts& OfThread();

  // A context with `key`, whose id is `key_id` (see AesEcb); valid until the next call. Null if
  // OpenSSL fails.
  AesEcb* For(uint64_t key_id, ByteView key) {
    AesEcb& context = contexts_[key_id % kContexts];
    return context.SetKey(key_id, key) ? &context : nullptr;
  }

 private:
  static constexpr size_t kContexts = 16;

  uint64_t epoch_ = 0;
  std::array<AesEcb, kContexts> contexts_;  // by key id modulo their number
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FF1_CONTEXTS_H_
