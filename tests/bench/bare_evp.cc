#include "tests/bench/bare_evp.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstring>
#include <stdexcept>

namespace fieldkms::bench {
namespace {

void Check(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL failed");
}

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

}  // namespace

BareXaesKey::BareXaesKey(std::span<const uint8_t, 32> key)
    : cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr)), context_(EVP_CIPHER_CTX_new()) {
  Check(cipher_ && context_);
  Check(EVP_EncryptInit_ex2(context_.get(), cipher_.get(), key.data(), nullptr, nullptr) == 1);
  Check(EVP_CIPHER_CTX_set_padding(context_.get(), 0) == 1);

  // K1 = the double of E_K(0) in GF(2^128), as in CMAC.
  const uint8_t zero[16] = {};
  uint8_t l[16];
  int n = 0;
  Check(EVP_EncryptUpdate(context_.get(), l, &n, zero, sizeof zero) == 1);
  for (int i = 0; i < 16; ++i) {
    k1_[i] = static_cast<uint8_t>((l[i] << 1) | (i < 15 ? l[i + 1] >> 7 : 0));
  }
  if ((l[0] & 0x80) != 0) k1_[15] ^= 0x87;
}

// M1, M2 = 00 i 58 00 ‖ nonce[0:12], each XORed with K1; both blocks at once.
void BareXaesKey::Derive(std::span<const uint8_t, 12> prefix, std::span<uint8_t, 32> message_key) {
  uint8_t derive[32] = {0, 1, 'X', 0};
  derive[16 + 1] = 2;
  derive[16 + 2] = 'X';
  std::memcpy(derive + 4, prefix.data(), 12);
  std::memcpy(derive + 20, prefix.data(), 12);
  for (size_t i = 0; i < 16; ++i) {
    derive[i] ^= k1_[i];
    derive[16 + i] ^= k1_[i];
  }
  int n = 0;
  Check(EVP_EncryptUpdate(context_.get(), message_key.data(), &n, derive, sizeof derive) == 1);
}

BareEvpSealer::BareEvpSealer(std::span<const uint8_t, 32> key, std::span<const uint8_t, 13> header,
                             std::string_view aad_tail)
    : key_(key),
      gcm_cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)),
      gcm_(EVP_CIPHER_CTX_new()) {
  Check(gcm_cipher_ && gcm_);
  Check(EVP_EncryptInit_ex2(gcm_.get(), gcm_cipher_.get(), nullptr, nullptr, nullptr) == 1);
  std::memcpy(header_, header.data(), sizeof header_);
  aad_.assign(reinterpret_cast<const char*>(header.data()), header.size());
  aad_ += aad_tail;
}

std::span<const uint8_t, 24> BareEvpSealer::NextNonce() {
  if (pool_used_ == sizeof pool_) {
    Check(RAND_bytes(pool_, sizeof pool_) == 1);
    pool_used_ = 0;
  }
  std::memcpy(nonce_, pool_ + pool_used_, sizeof nonce_);
  OPENSSL_cleanse(pool_ + pool_used_, sizeof nonce_);
  pool_used_ += sizeof nonce_;
  return nonce_;
}

void BareEvpSealer::Seal(std::string_view plaintext, std::string* out) {
  SealWithNonce(NextNonce(), plaintext, out);
}

void BareEvpSealer::SealWithNonce(std::span<const uint8_t, 24> nonce, std::string_view plaintext,
                                  std::string* out) {
  out->resize(plaintext.size() + 53);
  auto* envelope = reinterpret_cast<uint8_t*>(out->data());
  std::memcpy(envelope, header_, 13);
  std::memcpy(envelope + 13, nonce.data(), 24);
  uint8_t derived[32];
  key_.Derive(nonce.first<12>(), derived);

  uint8_t* const body = envelope + 37;
  const int length = static_cast<int>(plaintext.size());
  int n = 0;
  bool ok = EVP_EncryptInit_ex2(gcm_.get(), nullptr, derived, nonce.data() + 12, nullptr) == 1;
  ok = ok &&
       EVP_EncryptUpdate(gcm_.get(), nullptr, &n, Bytes(aad_), static_cast<int>(aad_.size())) == 1;
  ok = ok && EVP_EncryptUpdate(gcm_.get(), body, &n, Bytes(plaintext), length) == 1;
  ok = ok && EVP_EncryptFinal_ex(gcm_.get(), body + length, &n) == 1;
  OSSL_PARAM tag[] = {
      OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, body + length, 16),
      OSSL_PARAM_construct_end()};
  Check(ok && EVP_CIPHER_CTX_get_params(gcm_.get(), tag) == 1);
}

BareEvpOpener::BareEvpOpener(std::span<const uint8_t, 32> key)
    : key_(key),
      gcm_cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)),
      gcm_(EVP_CIPHER_CTX_new()) {
  Check(gcm_cipher_ && gcm_);
  Check(EVP_DecryptInit_ex2(gcm_.get(), gcm_cipher_.get(), nullptr, nullptr, nullptr) == 1);
}

void BareEvpOpener::Open(std::span<const uint8_t, 24> nonce, std::string_view aad,
                         std::string_view sealed, std::span<uint8_t> out) {
  Check(sealed.size() == out.size() + 16);
  uint8_t derived[32];
  key_.Derive(nonce.first<12>(), derived);
  int n = 0;
  bool ok = EVP_DecryptInit_ex2(gcm_.get(), nullptr, derived, nonce.data() + 12, nullptr) == 1;
  OPENSSL_cleanse(derived, sizeof derived);
  ok = ok &&
       EVP_DecryptUpdate(gcm_.get(), nullptr, &n, Bytes(aad), static_cast<int>(aad.size())) == 1;
  ok = ok && EVP_DecryptUpdate(gcm_.get(), out.data(), &n, Bytes(sealed),
                               static_cast<int>(out.size())) == 1;
  uint8_t tag[16];
  std::memcpy(tag, sealed.data() + out.size(), sizeof tag);
  OSSL_PARAM expected[] = {
      OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, sizeof tag),
      OSSL_PARAM_construct_end()};
  ok = ok && EVP_CIPHER_CTX_set_params(gcm_.get(), expected) == 1;
  Check(ok && EVP_DecryptFinal_ex(gcm_.get(), out.data() + out.size(), &n) == 1);
}

}  // namespace fieldkms::bench
