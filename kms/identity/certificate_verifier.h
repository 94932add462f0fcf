// CertificateVerifier: which certificates of clients are believed, and whom they name.
#ifndef FIELDKMS_KMS_IDENTITY_CERTIFICATE_VERIFIER_H_
#define FIELDKMS_KMS_IDENTITY_CERTIFICATE_VERIFIER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/clock.h"

// OpenSSL's X509_STORE, without its headers.
struct x509_store_st;

namespace fieldkms {

struct VerifiedCertificate {
  // Its subject alternative names, as access.principals.NAME.certificates writes them: "dns:" and
  // the name in lower case, "uri:" and the URI (a SPIFFE id is one). Other kinds, the common name,
  // and names with wildcards or what cannot be seen are left out.
  std::vector<std::string> names;
  WallTime expires;  // the first of its chain
};

// gRPC verifies the chain once, at the handshake, against the authorities of that moment. This does
// it for calls: a certificate that was revoked, has expired, or whose authority was taken away,
// counts no more on connections that are there already. Immutable, so thread-safe.
class CertificateVerifier {
 public:
  // `authorities`, `revocations`: PEM, one or more. With a revocation list every authority of a
  // chain, which has to go up to a root then, needs one that is not over (RFC 5280 §6.3), so one
  // that is not renewed turns everybody away; without, nobody is looked up. Error:
  // kInvalidArgument, kConfigInvalid: one is no PEM, or there is no authority.
  static absl::StatusOr<std::unique_ptr<const CertificateVerifier>> Make(
      std::string_view authorities, std::string_view revocations);

  // `chain`: PEM, the client's own first. Error: kUnauthenticated; the message says why, in
  // OpenSSL's words, and nothing of the certificate.
  absl::StatusOr<VerifiedCertificate> Verify(std::string_view chain, WallTime now) const;

 private:
  struct Free {
    void operator()(x509_store_st* store) const;
  };
  CertificateVerifier() = default;
  std::unique_ptr<x509_store_st, Free> store_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_CERTIFICATE_VERIFIER_H_
