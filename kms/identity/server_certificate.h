// The certificate that the service itself shows.
#ifndef FIELDKMS_KMS_IDENTITY_SERVER_CERTIFICATE_H_
#define FIELDKMS_KMS_IDENTITY_SERVER_CERTIFICATE_H_

#include <string>

#include "absl/status/statusor.h"
#include "kms/clock.h"

namespace fieldkms {

// CheckServerCertificate returns when the certificate in the file `certificate` (PEM, the service's
// own first) ends. Errors, all kInvalidArgument, kConfigInvalid, naming the file: it is none, or
// over; its key is no EC or Ed25519 key, a second guard beside AllowTls13Only (kms/rpc/tls.h):
// there the one cipher of TLS 1.2 that is left fits no certificate at all; the file `key` is not
// its private key, belongs to somebody else than root or whoever runs this, or can be read by
// everybody or written by others.
absl::StatusOr<WallTime> CheckServerCertificate(const std::string& certificate,
                                                const std::string& key, WallTime now);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_SERVER_CERTIFICATE_H_
