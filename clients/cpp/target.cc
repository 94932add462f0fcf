#include "clients/cpp/target.h"

#include <sys/un.h>

#include <string_view>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kUnixScheme = "unix:";
constexpr size_t kMaxSocketPath = sizeof(sockaddr_un{}.sun_path) - 1;

}  // namespace

absl::StatusOr<std::string> SocketPath(const std::string& target) {
  if (target.empty()) return InvalidField("target", "is empty; give unix:/path/to/socket");
  if (!target.starts_with(kUnixScheme)) {
    return InvalidField("target",
                        "must be unix:/path/to/socket: this release has no TLS, and without TLS "
                        "nothing is sent over a network");
  }
  std::string path = target.substr(kUnixScheme.size());
  if (path.starts_with("///")) path.erase(0, 2);
  if (path.empty() || path.starts_with("//")) {
    return InvalidField("target", "names no socket; give unix:/path/to/socket");
  }
  if (path.size() > kMaxSocketPath) {
    return InvalidField("target", "the socket's path is longer than 107 bytes");
  }
  return path;
}

}  // namespace fieldkms
