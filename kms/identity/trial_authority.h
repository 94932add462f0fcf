// TrialAuthority: a certificate authority for trials and tests. A real one keeps its key elsewhere,
// and knows whom it certifies.
#ifndef FIELDKMS_KMS_IDENTITY_TRIAL_AUTHORITY_H_
#define FIELDKMS_KMS_IDENTITY_TRIAL_AUTHORITY_H_

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/clock.h"

struct x509_st;
struct evp_pkey_st;

namespace fieldkms {

// A certificate and its private key, PEM. Whoever has it wipes `key`.
struct CertificateAndKey {
  std::string certificate;
  std::string key;
};

struct CertificateWish {
  std::string common_name;  // for people
  // Subject alternative names, as OpenSSL writes them: "DNS:localhost", "IP:127.0.0.1",
  // "URI:spiffe://...".
  std::vector<std::string> names;
  bool server = false;  // serverAuth; else clientAuth
  WallTime from, until;
};

// Keys are of curve P-256, serial numbers random. Immutable, so thread-safe.
class TrialAuthority {
 public:
  // Errors: kInternal, kCryptoFailure, if OpenSSL fails; Load: kInvalidArgument, kInvalidField:
  // `pem` is no certificate and its key.
  static absl::StatusOr<TrialAuthority> Make(const std::string& common_name, WallTime from,
                                             WallTime until);
  static absl::StatusOr<TrialAuthority> Load(const CertificateAndKey& pem);

  // Its own.
  absl::StatusOr<CertificateAndKey> Pem() const;

  // Error: kInvalidArgument, kInvalidField, "names": one is none.
  absl::StatusOr<CertificateAndKey> Issue(const CertificateWish& wish) const;

  // A list of what is revoked, of certificates in PEM; it may be empty.
  absl::StatusOr<std::string> Revoke(std::span<const std::string> certificates, WallTime from,
                                     WallTime until) const;

 private:
  struct Free {
    void operator()(x509_st* certificate) const;
    void operator()(evp_pkey_st* key) const;
  };
  TrialAuthority() = default;
  std::unique_ptr<x509_st, Free> certificate_;
  std::unique_ptr<evp_pkey_st, Free> key_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_TRIAL_AUTHORITY_H_
