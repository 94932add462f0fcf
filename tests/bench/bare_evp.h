// The baselines of `seal` and of what unwraps keys: what a good programmer writes
// directly over OpenSSL for the very same bytes, with nothing else in the way.
#ifndef FIELDKMS_TESTS_BENCH_BARE_EVP_H_
#define FIELDKMS_TESTS_BENCH_BARE_EVP_H_

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace fieldkms::bench {

// All of these throw std::runtime_error if OpenSSL fails, and are not thread-safe.

template <auto Free>
struct EvpDeleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using BareCipher = std::unique_ptr<EVP_CIPHER, EvpDeleter<EVP_CIPHER_free>>;
using BareContext = std::unique_ptr<EVP_CIPHER_CTX, EvpDeleter<EVP_CIPHER_CTX_free>>;

// BareXaesKey derives the message keys of a key of XAES-256-GCM, in a context that stays
// keyed.
class BareXaesKey {
 public:
  explicit BareXaesKey(std::span<const uint8_t, 32> key);
  // From nonce[0:12].
  void Derive(std::span<const uint8_t, 12> prefix, std::span<uint8_t, 32> message_key);

 private:
  BareCipher cipher_;
  BareContext context_;
  uint8_t k1_[16];
};

// BareEvpSealer seals suite-1 envelopes under one key and header. Ciphers are
// fetched once, contexts are reused, nonces come from a pool that is wiped as it is used,
// and the envelope is assembled in place.
class BareEvpSealer {
 public:
  // `key` is the 32-byte key, `header` the 13 bytes of the envelope, `aad_tail`
  // what follows the header in the AAD.
  BareEvpSealer(std::span<const uint8_t, 32> key, std::span<const uint8_t, 13> header,
                std::string_view aad_tail);

  // Seals with a nonce of the pool; `out` is resized to plaintext.size() + 53.
  void Seal(std::string_view plaintext, std::string* out);
  // The same with a given nonce.
  void SealWithNonce(std::span<const uint8_t, 24> nonce, std::string_view plaintext,
                     std::string* out);

 private:
  std::span<const uint8_t, 24> NextNonce();

  BareXaesKey key_;
  BareCipher gcm_cipher_;
  BareContext gcm_;
  uint8_t header_[13];
  std::string aad_;
  uint8_t pool_[4080];  // 170 nonces
  size_t pool_used_ = sizeof pool_;
  uint8_t nonce_[24];
};

// BareEvpOpener opens what XaesKey::Seal made under one key, in reused contexts.
class BareEvpOpener {
 public:
  explicit BareEvpOpener(std::span<const uint8_t, 32> key);

  // `sealed` is ciphertext ‖ tag(16), `out` as long as the ciphertext. Throws if the tag
  // does not match.
  void Open(std::span<const uint8_t, 24> nonce, std::string_view aad, std::string_view sealed,
            std::span<uint8_t> out);

 private:
  BareXaesKey key_;
  BareCipher gcm_cipher_;
  BareContext gcm_;
};

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_BARE_EVP_H_
