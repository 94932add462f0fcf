#include "kms/identity/certificate_verifier.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <utility>

#include "crypto/status.h"
#include "kms/identity/openssl_owners.h"
#include "kms/identity/pem.h"

namespace fieldkms {
namespace {

absl::Status ConfigInvalid(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, message);
}

absl::Status Refused(const std::string& why) {
  return Error(absl::StatusCode::kUnauthenticated, Reason::kUnauthenticated,
               "the client's certificate is refused: " + why);
}

std::string_view TextOf(const ASN1_IA5STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

// A name with a NUL or a space in it is one thing to us and another to others.
bool IsPlainName(std::string_view name) {
  return !name.empty() && name.size() <= 256 &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

void AddName(const GENERAL_NAME& name, std::vector<std::string>* out) {
  if (name.type == GEN_DNS) {
    std::string dns(TextOf(name.d.dNSName));
    if (!IsPlainName(dns) || dns.find('*') != std::string::npos) return;
    std::transform(dns.begin(), dns.end(), dns.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    out->push_back("dns:" + dns);
  } else if (name.type == GEN_URI) {
    const std::string_view uri = TextOf(name.d.uniformResourceIdentifier);
    if (IsPlainName(uri)) out->push_back("uri:" + std::string(uri));
  }
}

std::vector<std::string> NamesOf(const X509* certificate) {
  std::vector<std::string> names;
  const GeneralNames all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    AddName(*sk_GENERAL_NAME_value(all.get(), i), &names);
  }
  return names;
}

// The chain as the client sent it, its own certificate first; empty if it is no PEM.
std::vector<X509Owner> ReadChain(std::string_view pem) {
  std::vector<X509Owner> chain;
  const bool good = ForEachPem(pem, PEM_read_bio_X509,
                               [&](X509* certificate) { chain.emplace_back(certificate); });
  if (!good) chain.clear();
  return chain;
}

}  // namespace

void CertificateVerifier::Free::operator()(x509_store_st* store) const { X509_STORE_free(store); }

absl::StatusOr<std::unique_ptr<const CertificateVerifier>> CertificateVerifier::Make(
    std::string_view authorities, std::string_view revocations) {
  std::unique_ptr<CertificateVerifier> made(new CertificateVerifier);
  made->store_.reset(X509_STORE_new());
  X509_STORE* const store = made->store_.get();
  if (store == nullptr) return Bug("OpenSSL makes no store of certificates");
  int count = 0;
  const bool good = ForEachPem(authorities, PEM_read_bio_X509, [&](X509* certificate) {
    const X509Owner owner(certificate);
    count += X509_STORE_add_cert(store, certificate);
  });
  if (!good || count == 0) return ConfigInvalid("the authorities are no certificates in PEM form");
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;  // an authority need not be a root
  if (!revocations.empty()) {
    int lists = 0;
    const bool read = ForEachPem(revocations, PEM_read_bio_X509_CRL, [&](X509_CRL* list) {
      const X509CrlOwner owner(list);
      lists += X509_STORE_add_crl(store, list);
    });
    if (!read || lists == 0) return ConfigInvalid("the revocation lists are none in PEM form");
    // All of a chain, which then has to go up to a root: of another authority there is no list to
    // look itself up in.
    flags = X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  }
  X509_STORE_set_flags(store, flags);
  X509_STORE_set_purpose(store, X509_PURPOSE_SSL_CLIENT);
  return made;
}

absl::StatusOr<VerifiedCertificate> CertificateVerifier::Verify(std::string_view chain,
                                                                WallTime now) const {
  const std::vector<X509Owner> certificates = ReadChain(chain);
  if (certificates.empty()) return Refused("it is none in PEM form");
  const X509Stack others(sk_X509_new_null());
  const X509StoreCtx ctx(X509_STORE_CTX_new());
  if (others == nullptr || ctx == nullptr) return Bug("OpenSSL has no memory");
  for (size_t i = 1; i < certificates.size(); ++i)
    sk_X509_push(others.get(), certificates[i].get());
  if (X509_STORE_CTX_init(ctx.get(), store_.get(), certificates.front().get(), others.get()) != 1) {
    return Bug("OpenSSL cannot begin to verify");
  }
  X509_STORE_CTX_set_time(ctx.get(), 0,
                          std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  const int verified = X509_verify_cert(ctx.get());
  ERR_clear_error();
  if (verified != 1) {
    return Refused(X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx.get())));
  }
  VerifiedCertificate out{NamesOf(certificates.front().get()), WallTime::max()};
  const STACK_OF(X509)* const path = X509_STORE_CTX_get0_chain(ctx.get());
  for (int i = 0; i < sk_X509_num(path); ++i) {
    out.expires = std::min(out.expires, ExpiryOf(sk_X509_value(path, i)));
  }
  return out;
}

}  // namespace fieldkms
