#include "clients/cpp/target.h"

#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kUnixScheme = "unix:";
constexpr size_t kMaxSocketPath = sizeof(sockaddr_un{}.sun_path) - 1;

absl::Status NotATarget() {
  return InvalidField("target", "must be unix:/path/to/socket, or HOST:PORT of a service with TLS");
}

bool IsPort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65'535;
}

// A name or an address: gRPC would take a colon or a slash for one of its schemes.
bool IsHost(std::string_view text) {
  const bool bracketed = text.starts_with('[') && text.ends_with(']');
  if (bracketed) text = text.substr(1, text.size() - 2);
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || (bracketed && c == ':');
  });
}

absl::StatusOr<std::string> UnixPath(const std::string& target) {
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

}  // namespace

absl::StatusOr<std::string> SocketPath(const std::string& target) {
  if (target.empty()) return InvalidField("target", "is empty; give unix:/path/to/socket");
  if (target.starts_with(kUnixScheme)) return UnixPath(target);
  const size_t colon = target.rfind(':');
  if (colon == std::string::npos) return NotATarget();
  const std::string_view text = target;
  if (!IsHost(text.substr(0, colon)) || !IsPort(text.substr(colon + 1))) return NotATarget();
  return std::string();
}

std::string HostOf(const std::string& target) {
  std::string host = target.substr(0, target.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

}  // namespace fieldkms
