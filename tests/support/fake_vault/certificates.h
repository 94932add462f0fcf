// Certificates made for one test.
#ifndef FIELDKMS_TESTS_SUPPORT_FAKE_VAULT_CERTIFICATES_H_
#define FIELDKMS_TESTS_SUPPORT_FAKE_VAULT_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "tests/support/fake_vault/http_server.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

// Authority is a CA of its own, with files in a directory that goes with it. Throws
// std::runtime_error.
class Authority {
 public:
  Authority();

  const std::string& ca_file() const { return ca_file_; }
  // A certificate for 127.0.0.1, good for servers and clients. The files are
  // `name`.pem and `name`.key.
  TlsFiles Issue(const std::string& name);

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  using Certificate = std::unique_ptr<X509, Free>;

  static Key NewKey();
  Certificate Sign(const std::string& name, EVP_PKEY* key, bool authority);

  TempDir directory_;
  Key key_;
  Certificate certificate_;
  std::string ca_file_;
  long serial_ = 0;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_FAKE_VAULT_CERTIFICATES_H_
