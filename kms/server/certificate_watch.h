// CertificateWatch tells the log how the service's own certificate is doing: gRPC takes a new one
// without a word, and passes over one that is not right.
#ifndef FIELDKMS_KMS_SERVER_CERTIFICATE_WATCH_H_
#define FIELDKMS_KMS_SERVER_CERTIFICATE_WATCH_H_

#include <string>

#include "kms/clock.h"

namespace fieldkms {

// Not thread-safe.
class CertificateWatch {
 public:
  // Files of PEM, as CheckServerCertificate takes them. `clock` must outlive it.
  CertificateWatch(std::string certificate, std::string key, const Clock& clock);

  // Look logs what is new since the last one: a certificate with another end
  // ("tls_certificate_read"), files that are not right ("tls_certificate_not_read"), and once a
  // day that it ends within seven ("tls_certificate_ends").
  void Look();

 private:
  // Whether the files are others than they were, or an hour has passed.
  bool IsDue(WallTime now);

  const std::string certificate_, key_;
  const Clock& clock_;
  std::string stamps_;
  WallTime looked_{};
  std::string trouble_;
  WallTime expires_{};
  WallTime warned_{};
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_CERTIFICATE_WATCH_H_
