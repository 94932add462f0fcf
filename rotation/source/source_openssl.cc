#include "rotation/source/source_openssl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>

namespace fieldkms::rotation {
namespace {

// Made once and never freed: threads may use it until the process ends.
OSSL_LIB_CTX* Library() {
  static OSSL_LIB_CTX* const library = [] {
    OSSL_LIB_CTX* const made = OSSL_LIB_CTX_new();
    if (made == nullptr) return made;
    OSSL_PROVIDER_load(made, "default");
    OSSL_PROVIDER_load(made, "legacy");  // or it is not there
    ERR_clear_error();
    return made;
  }();
  return library;
}

}  // namespace

SourceOpenssl<EVP_CIPHER> FetchSourceCipher(const char* name) {
  SourceOpenssl<EVP_CIPHER> cipher;
  if (Library() != nullptr) cipher.reset(EVP_CIPHER_fetch(Library(), name, nullptr));
  ERR_clear_error();
  return cipher;
}

SourceOpenssl<EVP_MD> FetchSourceDigest(const char* name) {
  SourceOpenssl<EVP_MD> digest;
  if (Library() != nullptr) digest.reset(EVP_MD_fetch(Library(), name, nullptr));
  ERR_clear_error();
  return digest;
}

}  // namespace fieldkms::rotation
