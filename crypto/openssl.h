// What crypto/ shares in its use of OpenSSL: owners, ciphers, errors. Internal
// to this folder.
#ifndef FIELDKMS_CRYPTO_OPENSSL_H_
#define FIELDKMS_CRYPTO_OPENSSL_H_

#include <openssl/evp.h>

#include <memory>
#include <string_view>

#include "absl/status/status.h"

namespace fieldkms {

struct EvpCipherCtxDeleter {
  void operator()(EVP_CIPHER_CTX* ctx) const { EVP_CIPHER_CTX_free(ctx); }
};
using EvpCipherCtx = std::unique_ptr<EVP_CIPHER_CTX, EvpCipherCtxDeleter>;

struct EvpMdCtxDeleter {
  void operator()(EVP_MD_CTX* ctx) const { EVP_MD_CTX_free(ctx); }
};
using EvpMdCtx = std::unique_ptr<EVP_MD_CTX, EvpMdCtxDeleter>;

struct EvpMacCtxDeleter {
  void operator()(EVP_MAC_CTX* ctx) const { EVP_MAC_CTX_free(ctx); }
};
using EvpMacCtx = std::unique_ptr<EVP_MAC_CTX, EvpMacCtxDeleter>;

// The process's algorithms, fetched once: OpenSSL 3 looks an algorithm up under
// locks at every implicit fetch. Null if no provider offers it, which OpenSSL
// then reports at the first use. Never freed.
EVP_CIPHER* Aes256Gcm();
EVP_CIPHER* Aes128Ecb();
EVP_CIPHER* Aes192Ecb();
EVP_CIPHER* Aes256Ecb();
EVP_CIPHER* Aes256Kwp();
EVP_MAC* Hmac();
EVP_MD* Sha256Digest();

// CryptoFailure empties the thread's OpenSSL error queue into a kInternal status
// with reason kCryptoFailure. `operation` says what failed.
absl::Status CryptoFailure(std::string_view operation);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_OPENSSL_H_
