#include "tests/support/fake_vault/certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace fieldkms::testing {
namespace {

void Check(bool done) {
  if (!done) throw std::runtime_error("cannot make a certificate");
}

void Extend(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  Check(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

template <class Write>
void WritePem(const std::string& path, const Write& write) {
  BIO* bio = BIO_new(BIO_s_mem());
  Check(bio != nullptr && write(bio) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  WriteFile(path, {text, static_cast<size_t>(size)});
  BIO_free(bio);
}

}  // namespace

Authority::Key Authority::NewKey() {
  Key key(EVP_EC_gen("P-256"));
  Check(key != nullptr);
  return key;
}

Authority::Certificate Authority::Sign(const std::string& name, EVP_PKEY* key, bool authority) {
  Certificate made(X509_new());
  X509* issuer = authority ? made.get() : certificate_.get();
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  Check(X509_set_pubkey(made.get(), key) == 1);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  Extend(made.get(), issuer, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
  Extend(made.get(), issuer, NID_subject_key_identifier, "hash");
  if (!authority) Extend(made.get(), issuer, NID_subject_alt_name, "IP:127.0.0.1");
  Check(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0);
  return made;
}

Authority::Authority() : key_(NewKey()), ca_file_(directory_.File("ca.pem")) {
  certificate_ = Sign("authority", key_.get(), /*authority=*/true);
  WritePem(ca_file_, [&](BIO* bio) { return PEM_write_bio_X509(bio, certificate_.get()); });
}

TlsFiles Authority::Issue(const std::string& name) {
  const Key key = NewKey();
  const Certificate made = Sign(name, key.get(), /*authority=*/false);
  const TlsFiles files{directory_.File(name + ".pem"), directory_.File(name + ".key")};
  WritePem(files.certificate, [&](BIO* bio) { return PEM_write_bio_X509(bio, made.get()); });
  WritePem(files.key, [&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return files;
}

}  // namespace fieldkms::testing
