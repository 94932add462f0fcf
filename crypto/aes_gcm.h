// AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and 128-bit tags, the
// primitive under XAES-256-GCM. Not for direct use on fields: its random nonces
// are safe for 2^32 messages a key only.
#ifndef FIELDKMS_CRYPTO_AES_GCM_H_
#define FIELDKMS_CRYPTO_AES_GCM_H_

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "crypto/bytes.h"

// OpenSSL's EVP_CIPHER_CTX, without its headers.
struct evp_cipher_ctx_st;

namespace fieldkms {

inline constexpr size_t kGcmNonceSize = 12;
inline constexpr size_t kGcmTagSize = 16;

// AesGcm is one EVP context for one direction over the process's pre-fetched
// cipher. SetKey once, then Seal or Open any number of times. Not thread-safe;
// its key schedule is wiped on destruction and by Clear.
class AesGcm {
 public:
  enum class Direction { kSeal, kOpen };
  // NonceParameterWorks: whether OpenSSL takes a whole nonce as a parameter of the
  // context. It has since 1.0.1 (EVP_CTRL_GCM_SET_IV_FIXED of length -1), and so
  // have its descendants, yet no manual promises it: tried out once a process. Its
  // init costs a sixth of a short message more, for the lookup of a length.
  static bool NonceParameterWorks();

  explicit AesGcm(Direction direction, bool use_nonce_parameter = NonceParameterWorks());
  ~AesGcm();
  AesGcm(const AesGcm&) = delete;
  AesGcm& operator=(const AesGcm&) = delete;

  // SetKey replaces the key. Until it succeeds, Seal and Open fail. OpenSSL is given
  // the key with the first message, which is also the first to fail if it refuses.
  absl::Status SetKey(std::span<const uint8_t, 32> key);
  // StageKey is SetKey without a copy: the caller writes the key to the returned
  // place at once. Without an EVP context, Seal and Open fail.
  std::span<uint8_t, 32> StageKey();
  // Clear wipes the key; SetKey makes the object usable again.
  void Clear();
  // Whether there is a key: not before SetKey, after Clear, or once OpenSSL refused
  // the last one.
  bool keyed() const { return keyed_; }

  // Seal writes ciphertext ‖ tag to `out`, which must be plaintext.size() + 16
  // bytes and may not overlap the inputs. The nonce must be fresh for the key.
  // Inputs are limited to 2^31 - 1 bytes each (kInvalidArgument). A failure of
  // OpenSSL leaves `out` wiped.
  absl::Status Seal(std::span<const uint8_t, 12> nonce, ByteView aad, ByteView plaintext,
                    MutableBytes out);
  // Open writes the plaintext to `out`, which must be sealed.size() - 16 bytes.
  // Error: DecryptError(kTagMismatch) (also for sealed.size() < 16), `out` wiped.
  absl::Status Open(std::span<const uint8_t, 12> nonce, ByteView aad, ByteView sealed,
                    MutableBytes out);

 private:
  struct CtxDeleter {
    void operator()(evp_cipher_ctx_st* ctx) const;
  };

  // Set the context up for a message.
  bool BeginSeal(std::span<const uint8_t, 12> nonce);
  bool BeginOpen(std::span<const uint8_t, 12> nonce, const uint8_t* tag);
  // One pass through OpenSSL's init, with the key too if there is a new one (a pass
  // of its own costs as much as the nonce's).
  bool Init(std::span<const uint8_t, 12> nonce);
  void DropNextKey();

  const Direction direction_;
  const bool use_nonce_parameter_;
  bool keyed_ = false;
  bool next_key_set_ = false;
  std::array<uint8_t, 32> next_key_ = {};  // of SetKey, until the next message
  std::unique_ptr<evp_cipher_ctx_st, CtxDeleter> ctx_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_AES_GCM_H_
