// What the configuration says of callers from a network.
#ifndef FIELDKMS_KMS_IDENTITY_IDENTITY_OPTIONS_H_
#define FIELDKMS_KMS_IDENTITY_IDENTITY_OPTIONS_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace fieldkms {

struct TokenIssuerOptions {
  std::string name;                         // by which the configuration names it
  std::string issuer = {};                  // "iss", compared byte by byte
  std::vector<std::string> audiences = {};  // "aud" must have one of them
  std::string subject_claim = "sub";        // a text: who it is
  std::chrono::seconds skew{60};            // by which clocks may differ
};

struct CertificateFiles {
  std::string authorities;  // path of PEM
  std::string revocations;  // likewise; "": nobody is looked up
};

struct IssuerSource {
  TokenIssuerOptions options;
  // Where its keys are: a file, or a URL (https).
  std::string keys_file = {};
  std::string keys_url = {};
  std::string keys_ca_file = {};  // of the URL's server; "": the system's authorities
};

struct IdentityOptions {
  std::optional<CertificateFiles> certificates = {};  // none: no certificate is believed
  std::vector<IssuerSource> issuers = {};
  std::chrono::seconds url_interval{300};  // between two looks at a URL that answered
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_IDENTITY_OPTIONS_H_
