// The baseline of `seal`: what a good programmer writes directly over OpenSSL to
// make the very same envelopes, with nothing else in the way.
#ifndef FIELDKMS_TESTS_BENCH_BARE_EVP_H_
#define FIELDKMS_TESTS_BENCH_BARE_EVP_H_

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace fieldkms::bench {

// BareEvpSealer seals suite-1 envelopes under one key and header. Ciphers are
// fetched once, contexts are reused (the derivation's stays keyed), nonces come
// from a pool that is wiped as it is used, and the envelope is assembled in place.
// Throws std::runtime_error if OpenSSL fails. Not thread-safe.
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
  template <auto Free>
  struct Deleter {
    template <class T>
    void operator()(T* p) const {
      Free(p);
    }
  };
  using Cipher = std::unique_ptr<EVP_CIPHER, Deleter<EVP_CIPHER_free>>;
  using Context = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;

  std::span<const uint8_t, 24> NextNonce();

  Cipher ecb_cipher_;
  Cipher gcm_cipher_;
  Context ecb_;
  Context gcm_;
  uint8_t header_[13];
  uint8_t k1_[16];
  std::string aad_;
  uint8_t pool_[4080];  // 170 nonces
  size_t pool_used_ = sizeof pool_;
  uint8_t nonce_[24];
};

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_BARE_EVP_H_
