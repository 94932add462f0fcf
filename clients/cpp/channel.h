// The gRPC channel of a client.
#ifndef FIELDKMS_CLIENTS_CPP_CHANNEL_H_
#define FIELDKMS_CLIENTS_CPP_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

// SocketPath returns the path in a target "unix:PATH" or "unix:///PATH". Errors,
// all kInvalidArgument with field "target": TCP (this release has no TLS, and
// without it nothing is sent over a network), another scheme, an empty path or
// one longer than a socket address holds (107 bytes).
absl::StatusOr<std::string> SocketPath(const std::string& target);

// MakeChannel returns a channel to `target` with a connection of its own. It
// connects at the first call, and looks for a daemon that went away after 100 ms,
// then less often, at least once a second. Errors: as SocketPath.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& target);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_CHANNEL_H_
