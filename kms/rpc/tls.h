// TLS for the engine's listeners.
#ifndef FIELDKMS_KMS_RPC_TLS_H_
#define FIELDKMS_KMS_RPC_TLS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

namespace fieldkms {

// Paths of PEM files, which are right when this is called (kms/identity). gRPC looks at them every
// second: new connections get what is new, old ones go on. While the certificate and the key do not
// fit, as between two writes, or what is there is none, new connections fail.
struct TlsFiles {
  std::string certificate;  // the service's chain
  std::string key;
  std::string client_authorities;  // "": no client is asked for a certificate
  bool require_certificate = true;
};
std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(const TlsFiles& files);

// AllowTls13Only makes TLS 1.3 the only version that can be had: gRPC 1.51 has no setting for it,
// so the list of ciphers of TLS 1.2 is cut down to one that nobody can agree on, of a key shared
// before. (TLS 1.3 has a list of its own.) Changes the environment: to be called before there are
// threads, and before anything of gRPC.
void AllowTls13Only();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_RPC_TLS_H_
