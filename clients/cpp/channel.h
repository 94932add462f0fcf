// The gRPC channel of a client.
#ifndef FIELDKMS_CLIENTS_CPP_CHANNEL_H_
#define FIELDKMS_CLIENTS_CPP_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "clients/cpp/tls_options.h"

namespace fieldkms {

// MakeChannel returns a channel to `target` with a connection of its own. It
// connects at the first call, and looks for a daemon that went away after 100 ms,
// then less often, at least once a second. `tls` is of targets of another machine. Errors:
// as SocketPath of target.h and MakeTlsCredentials of tls_credentials.h.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& target,
                                                           const TlsOptions& tls);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_CHANNEL_H_
