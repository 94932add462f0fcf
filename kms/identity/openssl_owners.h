// Owners of OpenSSL's objects of certificates. Internal to kms/identity.
#ifndef FIELDKMS_KMS_IDENTITY_OPENSSL_OWNERS_H_
#define FIELDKMS_KMS_IDENTITY_OPENSSL_OWNERS_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace fieldkms {

template <auto Free>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

// The stack alone, not what is on it. (OpenSSL's own is a macro.)
inline void FreeX509Stack(STACK_OF(X509) * stack) { sk_X509_free(stack); }

using Bio = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using X509Owner = std::unique_ptr<X509, OpensslFree<X509_free>>;
using X509CrlOwner = std::unique_ptr<X509_CRL, OpensslFree<X509_CRL_free>>;
using X509StoreCtx = std::unique_ptr<X509_STORE_CTX, OpensslFree<X509_STORE_CTX_free>>;
using X509Stack = std::unique_ptr<STACK_OF(X509), OpensslFree<FreeX509Stack>>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;
using PkeyOwner = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_OPENSSL_OWNERS_H_
