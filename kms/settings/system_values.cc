#include "kms/settings/system_values.h"

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>

#include <charconv>

namespace fieldkms {
namespace {

// A user by name or number.
uid_t ReadUser(const YAML::Node& node) {
  const std::string text = ReadText(node);
  uid_t uid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (error == std::errc() && end == text.data() + text.size()) return uid;
  const passwd* found = getpwnam(text.c_str());
  if (found == nullptr) throw YamlError(node, "there is no user '" + text + "'");
  return found->pw_uid;
}

}  // namespace

std::string ReadAbsolutePath(const YAML::Node& node) {
  std::string path = ReadText(node);
  if (path.empty() || path[0] != '/') throw YamlError(node, "must be an absolute path");
  return path;
}

std::vector<std::string> ReadAbsolutePaths(const YAML::Node& node) {
  std::vector<std::string> paths = ReadTexts(node);
  for (const std::string& path : paths) {
    if (!path.starts_with('/')) throw YamlError(node, "an absolute path is expected");
  }
  return paths;
}

std::string ReadAddress(const YAML::Node& node) {
  const std::string text = ReadText(node);
  const size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon == std::string::npos ? 0 : colon);
  int family = AF_INET;
  if (host.starts_with('[') && host.ends_with(']')) {
    family = AF_INET6;
    host = host.substr(1, host.size() - 2);
  }
  in6_addr address{};
  unsigned port = 0;
  if (!host.empty() && inet_pton(family, host.c_str(), &address) == 1) {
    const char* const end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error == std::errc() && last == end && port <= 65'535) return text;
  }
  throw YamlError(node,
                  "must be an address in numbers and a port, such as 0.0.0.0:9443 or "
                  "[::]:9443");
}

std::string ReadLoopbackAddress(const YAML::Node& node, unsigned least) {
  const std::string text = ReadText(node);
  for (const std::string_view host : {"127.0.0.1:", "[::1]:"}) {
    if (!text.starts_with(host)) continue;
    const std::string_view port = std::string_view(text).substr(host.size());
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error == std::errc() && end == port.data() + port.size() && number >= least &&
        number <= 65'535) {
      return text;
    }
  }
  throw YamlError(node, "must be 127.0.0.1 or [::1], a colon and a port, such as 127.0.0.1:9464");
}

mode_t ReadMode(const YAML::Node& node) {
  const std::string text = ReadText(node);
  unsigned mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc() || end != text.data() + text.size() || mode > 0777 ||
      (mode & 0600) != 0600) {
    throw YamlError(node, "must be an octal file mode from 0600 to 0777, such as 0660");
  }
  return mode;
}

gid_t ReadGroup(const YAML::Node& node) {
  const std::string name = ReadText(node);
  const group* found = getgrnam(name.c_str());
  if (found == nullptr) throw YamlError(node, "there is no group '" + name + "'");
  return found->gr_gid;
}

std::vector<uid_t> ReadUsers(const YAML::Node& node) {
  if (node.IsScalar()) return {ReadUser(node)};
  if (!node.IsSequence() || node.size() == 0) throw YamlError(node, "must list at least one user");
  std::vector<uid_t> users;
  for (const YAML::Node& user : node) users.push_back(ReadUser(user));
  return users;
}

}  // namespace fieldkms
