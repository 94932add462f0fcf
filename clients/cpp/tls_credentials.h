// The credentials of a channel to another machine.
#ifndef FIELDKMS_CLIENTS_CPP_TLS_CREDENTIALS_H_
#define FIELDKMS_CLIENTS_CPP_TLS_CREDENTIALS_H_

#include <grpcpp/security/credentials.h>

#include <memory>

#include "absl/status/statusor.h"
#include "clients/cpp/tls_options.h"

namespace fieldkms {

// Errors: kInvalidArgument, kInvalidField, naming the member at fault ("ca_file", ...): a file that
// cannot be read, a certificate without its key. What is in the files shows when connecting.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeTlsCredentials(
    const TlsOptions& options);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_TLS_CREDENTIALS_H_
