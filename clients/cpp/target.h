// Targets: where a service is.
#ifndef FIELDKMS_CLIENTS_CPP_TARGET_H_
#define FIELDKMS_CLIENTS_CPP_TARGET_H_

#include <string>

#include "absl/status/statusor.h"

namespace fieldkms {

// SocketPath returns the path in a target "unix:PATH" or "unix:///PATH", and "" for one of another
// machine, "HOST:PORT": a name, an IPv4 address, or an IPv6 address in brackets. Errors, all
// kInvalidArgument with field "target": another scheme, an empty path or one longer than a socket
// address holds (107 bytes), no host, no port from 1 to 65535.
absl::StatusOr<std::string> SocketPath(const std::string& target);

// The host of a target "HOST:PORT", without brackets.
std::string HostOf(const std::string& target);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_TARGET_H_
