// OpenSSL for values of other tools: with ciphers and digests that are old, in a library context of
// their own, so that nothing else in the process gets to use them.
#ifndef FIELDKMS_ROTATION_SOURCE_SOURCE_OPENSSL_H_
#define FIELDKMS_ROTATION_SOURCE_SOURCE_OPENSSL_H_

#include <openssl/evp.h>

#include <memory>

namespace fieldkms::rotation {

struct SourceOpensslFree {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
template <class T>
using SourceOpenssl = std::unique_ptr<T, SourceOpensslFree>;

// Null where OpenSSL here has no such thing: Blowfish and CAST5 are of its legacy provider, which
// may not be installed.
SourceOpenssl<EVP_CIPHER> FetchSourceCipher(const char* name);
SourceOpenssl<EVP_MD> FetchSourceDigest(const char* name);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_SOURCE_OPENSSL_H_
