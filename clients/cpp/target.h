// Targets: where a service is.
#ifndef FIELDKMS_CLIENTS_CPP_TARGET_H_
#define FIELDKMS_CLIENTS_CPP_TARGET_H_

#include <string>

#include "absl/status/statusor.h"

namespace fieldkms {

// SocketPath returns the path in a target "unix:PATH" or "unix:///PATH". Errors,
// all kInvalidArgument with field "target": TCP (this release has no TLS, and
// without it nothing is sent over a network), another scheme, an empty path or
// one longer than a socket address holds (107 bytes).
absl::StatusOr<std::string> SocketPath(const std::string& target);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_TARGET_H_
