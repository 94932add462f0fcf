// AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and 128-bit tags, the
// primitive under XAES-256-GCM. Not for direct use on fields: its random nonces
// are safe for 2^32 messages a key only.
#ifndef FIELDKMS_CRYPTO_AES_GCM_H_
#define FIELDKMS_CRYPTO_AES_GCM_H_

#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "crypto/bytes.h"

namespace fieldkms {

inline constexpr size_t kGcmNonceSize = 12;
inline constexpr size_t kGcmTagSize = 16;

// AesGcm is one EVP context for one direction over the process's pre-fetched
// cipher. SetKey once, then Seal or Open any number of times. Not thread-safe;
// its key schedule is wiped on destruction and by Clear.
class AesGcm {
 public:
  enum class Direction { kSeal, kOpen };
  explicit AesGcm(Direction direction);
  ~AesGcm();
  AesGcm(const AesGcm&) = delete;
  AesGcm& operator=(const AesGcm&) = delete;

  absl::Status SetKey(std::span<const uint8_t, 32> key);
  void Clear();

  // Seal writes ciphertext ‖ tag to `out`, which must be plaintext.size() + 16
  // bytes and may not overlap the inputs. The nonce must be fresh for the key.
  absl::Status Seal(std::span<const uint8_t, 12> nonce, ByteView aad, ByteView plaintext,
                    MutableBytes out);
  // Open writes the plaintext to `out`, which must be sealed.size() - 16 bytes.
  // Error: DecryptError(kTagMismatch), with `out` wiped.
  absl::Status Open(std::span<const uint8_t, 12> nonce, ByteView aad, ByteView sealed,
                    MutableBytes out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_AES_GCM_H_
