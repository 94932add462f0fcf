#include "kms/identity/trial_authority.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <utility>

#include "crypto/status.h"
#include "kms/identity/openssl_owners.h"
#include "kms/identity/pem.h"

namespace fieldkms {
namespace {

using Serial = std::unique_ptr<ASN1_INTEGER, OpensslFree<ASN1_INTEGER_free>>;
using Number = std::unique_ptr<BIGNUM, OpensslFree<BN_free>>;
using Time = std::unique_ptr<ASN1_TIME, OpensslFree<ASN1_TIME_free>>;
using Revoked = std::unique_ptr<X509_REVOKED, OpensslFree<X509_REVOKED_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>>;

absl::Status Failed() {
  ERR_clear_error();
  return Error(absl::StatusCode::kInternal, Reason::kCryptoFailure,
               "OpenSSL cannot make the certificate");
}

std::time_t SecondsOf(WallTime time) {
  return static_cast<std::time_t>(
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

Time TimeOf(WallTime time) { return Time(ASN1_TIME_set(nullptr, SecondsOf(time))); }

bool SetSerial(X509* certificate) {
  const Number number(BN_new());
  return number != nullptr &&
         BN_rand(number.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetName(X509* certificate, const std::string& common_name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool AddExtension(X509* certificate, const X509* issuer, int nid, const std::string& value) {
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, const_cast<X509*>(issuer), certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &ctx, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// All but names, extensions and the signature. Null if OpenSSL fails.
X509Owner Blank(EVP_PKEY* key, WallTime from, WallTime until) {
  X509Owner made(X509_new());
  const Time begin = TimeOf(from);
  const Time end = TimeOf(until);
  const bool good = made != nullptr && begin != nullptr && end != nullptr && key != nullptr &&
                    X509_set_version(made.get(), X509_VERSION_3) == 1 && SetSerial(made.get()) &&
                    X509_set1_notBefore(made.get(), begin.get()) == 1 &&
                    X509_set1_notAfter(made.get(), end.get()) == 1 &&
                    X509_set_pubkey(made.get(), key) == 1;
  return good ? std::move(made) : nullptr;
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

absl::StatusOr<CertificateAndKey> PemOf(X509* certificate, EVP_PKEY* key) {
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_secmem()));
  if (certificate_text == nullptr || key_text == nullptr ||
      PEM_write_bio_X509(certificate_text.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return Failed();
  }
  return CertificateAndKey{TextOf(certificate_text.get()), TextOf(key_text.get())};
}

}  // namespace

void TrialAuthority::Free::operator()(x509_st* certificate) const { X509_free(certificate); }
void TrialAuthority::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

absl::StatusOr<TrialAuthority> TrialAuthority::Make(const std::string& common_name, WallTime from,
                                                    WallTime until) {
  PkeyOwner key(EVP_EC_gen("P-256"));
  X509Owner made = Blank(key.get(), from, until);
  if (made == nullptr || !SetName(made.get(), common_name) ||
      X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) != 1 ||
      !AddExtension(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !AddExtension(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !AddExtension(made.get(), made.get(), NID_subject_key_identifier, "hash") ||
      X509_sign(made.get(), key.get(), EVP_sha256()) == 0) {
    return Failed();
  }
  TrialAuthority authority;
  authority.certificate_.reset(made.release());
  authority.key_.reset(key.release());
  return authority;
}

absl::StatusOr<TrialAuthority> TrialAuthority::Load(const CertificateAndKey& pem) {
  TrialAuthority authority;
  char no_passphrase[] = "";
  const Bio certificate(
      BIO_new_mem_buf(pem.certificate.data(), static_cast<int>(pem.certificate.size())));
  const Bio key(BIO_new_mem_buf(pem.key.data(), static_cast<int>(pem.key.size())));
  authority.certificate_.reset(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
  authority.key_.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, no_passphrase));
  const bool good = authority.certificate_ != nullptr && authority.key_ != nullptr &&
                    X509_check_private_key(authority.certificate_.get(), authority.key_.get()) == 1;
  ERR_clear_error();
  if (!good) return InvalidField("pem", "is no certificate and its private key");
  return authority;
}

absl::StatusOr<CertificateAndKey> TrialAuthority::Pem() const {
  return PemOf(certificate_.get(), key_.get());
}

absl::StatusOr<CertificateAndKey> TrialAuthority::Issue(const CertificateWish& wish) const {
  const PkeyOwner key(EVP_EC_gen("P-256"));
  const X509Owner made = Blank(key.get(), wish.from, wish.until);
  const X509* const issuer = certificate_.get();
  if (made == nullptr || !SetName(made.get(), wish.common_name) ||
      X509_set_issuer_name(made.get(), X509_get_subject_name(issuer)) != 1 ||
      !AddExtension(made.get(), issuer, NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(made.get(), issuer, NID_key_usage, "critical,digitalSignature") ||
      !AddExtension(made.get(), issuer, NID_ext_key_usage,
                    wish.server ? "serverAuth" : "clientAuth") ||
      !AddExtension(made.get(), issuer, NID_authority_key_identifier, "keyid")) {
    return Failed();
  }
  std::string names;
  for (const std::string& name : wish.names) {
    // A comma would begin another name.
    if (name.find(',') != std::string::npos) return InvalidField("names", "a name has a comma");
    names += (names.empty() ? "" : ",") + name;
  }
  if (!names.empty() && !AddExtension(made.get(), issuer, NID_subject_alt_name, names)) {
    ERR_clear_error();
    return InvalidField("names", "each must be DNS:, IP: or URI: and what goes with it");
  }
  if (X509_sign(made.get(), key_.get(), EVP_sha256()) == 0) return Failed();
  return PemOf(made.get(), key.get());
}

absl::StatusOr<std::string> TrialAuthority::Revoke(std::span<const std::string> certificates,
                                                   WallTime from, WallTime until) const {
  const X509CrlOwner list(X509_CRL_new());
  const Time begin = TimeOf(from);
  const Time end = TimeOf(until);
  if (list == nullptr || X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) != 1 ||
      X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate_.get())) != 1 ||
      X509_CRL_set1_lastUpdate(list.get(), begin.get()) != 1 ||
      X509_CRL_set1_nextUpdate(list.get(), end.get()) != 1) {
    return Failed();
  }
  bool good = true;
  for (const std::string& pem : certificates) {
    ForEachPem(pem, PEM_read_bio_X509, [&](X509* certificate) {
      const X509Owner owner(certificate);
      Revoked entry(X509_REVOKED_new());
      good = good && entry != nullptr &&
             X509_REVOKED_set_serialNumber(entry.get(), X509_get_serialNumber(certificate)) == 1 &&
             X509_REVOKED_set_revocationDate(entry.get(), begin.get()) == 1 &&
             X509_CRL_add0_revoked(list.get(), entry.get()) == 1;
      if (good) (void)entry.release();
    });
  }
  const Bio text(BIO_new(BIO_s_mem()));
  if (!good || text == nullptr || X509_CRL_sort(list.get()) != 1 ||
      X509_CRL_sign(list.get(), key_.get(), EVP_sha256()) == 0 ||
      PEM_write_bio_X509_CRL(text.get(), list.get()) != 1) {
    return Failed();
  }
  return TextOf(text.get());
}

}  // namespace fieldkms
