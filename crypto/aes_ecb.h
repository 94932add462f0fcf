// AES of single blocks, in an OpenSSL context that stays keyed: the key schedule costs as much
// as several blocks. Internal to crypto/, for what is built of blocks.
#ifndef FIELDKMS_CRYPTO_AES_ECB_H_
#define FIELDKMS_CRYPTO_AES_ECB_H_

#include <cstddef>
#include <cstdint>

#include "crypto/bytes.h"
#include "crypto/openssl.h"

namespace fieldkms {

inline constexpr size_t kAesBlockSize = 16;

// AesEcb is used by one thread at a time. Its destruction wipes the key.
class AesEcb {
 public:
  // SetKey keys the context with `key`, of 16, 24 or 32 bytes, unless it has it: `key_id` is
  // never 0 and never of two keys. False, and no key, if OpenSSL fails.
  bool SetKey(uint64_t key_id, ByteView key) { return key_id_ == key_id || Schedule(key_id, key); }

  // Encrypt writes E of each 16-byte block of `in` to `out`, which may be `in`. False, and no
  // key any more, if OpenSSL fails.
  bool Encrypt(ByteView in, MutableBytes out) {
    int written = 0;
    if (EVP_EncryptUpdate(ctx_.get(), out.data(), &written, in.data(),
                          static_cast<int>(in.size())) == 1 &&
        static_cast<size_t>(written) == in.size()) {
      return true;
    }
    *this = AesEcb();
    return false;
  }

 private:
  bool Schedule(uint64_t key_id, ByteView key);

  uint64_t key_id_ = 0;  // 0: none
  size_t key_size_ = 0;  // of the algorithm that the context has
  EvpCipherCtx ctx_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_AES_ECB_H_
