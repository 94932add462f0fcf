#include "kms/rpc/tls.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <cstdlib>

namespace fieldkms {
namespace {

constexpr unsigned kSecondsBetweenLooks = 1;

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(const TlsFiles& files) {
  using grpc::experimental::FileWatcherCertificateProvider;
  const bool asks = !files.client_authorities.empty();
  const auto provider =
      asks ? std::make_shared<FileWatcherCertificateProvider>(
                 files.key, files.certificate, files.client_authorities, kSecondsBetweenLooks)
           : std::make_shared<FileWatcherCertificateProvider>(files.key, files.certificate,
                                                              kSecondsBetweenLooks);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (asks) options.watch_root_certs();
  options.set_cert_request_type(!asks ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                : files.require_certificate
                                    ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                    : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

void AllowTls13Only() {
  setenv("GRPC_SSL_CIPHER_SUITES", "ECDHE-PSK-CHACHA20-POLY1305",
         1);  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace fieldkms
