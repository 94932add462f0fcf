#include "kms/server/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <span>

#include "crypto/status.h"
#include "kms/server/backend_keys.h"
#include "kms/server/config_keys.h"

namespace fieldkms {
namespace {

absl::Status ConfigError(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, message);
}

absl::Status CheckWhole(const Config& config) {
  if (config.data_dir.empty()) return ConfigError("data_dir is required");
  if (config.max_connections_per_user > config.max_connections) {
    return ConfigError("limits.connections_per_user must not exceed limits.connections");
  }
  if (config.cache.root_refresh >= config.cache.root_limit) {
    return ConfigError("cache.root_refresh must be less than cache.root_limit");
  }
  // Roles that are not defined, uids given twice.
  return StaticAccess::Create(config.access).status();
}

template <class T>
absl::Status Parse(const std::string& yaml, std::span<const YamlKey<T>> keys, T& out) {
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (root.IsNull()) return ConfigError("the file is empty");
    ReadMapping(root, keys, out);
    return absl::OkStatus();
  } catch (const YamlError& error) {
    return ConfigError(error.what());
  } catch (const YAML::Exception& error) {
    return ConfigError("line " + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

// The text of a file that nobody else may write to: it says who may do what.
absl::StatusOr<std::string> ReadTrusted(const std::string& path) {
  struct stat info {};
  std::ifstream in(path);
  if (!in || stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return ConfigError(path + ": cannot be read as a file");
  }
  if (info.st_uid != 0 && info.st_uid != geteuid()) {
    return ConfigError(path + ": it belongs to another user; run: chown root " + path);
  }
  if ((info.st_mode & 022) != 0) {
    return ConfigError(path + ": others than its owner may write to it; run: chmod go-w " + path);
  }
  return std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

absl::StatusOr<Config> ParseConfig(const std::string& yaml) {
  Config config;
  FIELDKMS_RETURN_IF_ERROR(Parse(yaml, ConfigSchema(), config));
  FIELDKMS_RETURN_IF_ERROR(CheckWhole(config));
  return config;
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string text, ReadTrusted(path));
  absl::StatusOr<Config> config = ParseConfig(text);
  if (config.ok()) return config;
  return ConfigError(path + ": " + std::string(MessageOf(config.status())));
}

absl::StatusOr<RootConfig> LoadRootConfig(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string text, ReadTrusted(path));
  std::optional<RootConfig> root;
  constexpr YamlKey<std::optional<RootConfig>> kKey = {
      "root", "section", "required",
      [](const YAML::Node& node, std::optional<RootConfig>& out) { out = ReadRoot(node); }};
  FIELDKMS_RETURN_IF_ERROR(Parse(text, std::span(&kKey, 1), root));
  if (!root) return ConfigError(path + ": it must have the section root");
  return *std::move(root);
}

Config DevConfig(const std::string& data_dir) {
  Config config;
  config.dev = true;
  config.data_dir = data_dir;
  config.socket = data_dir + "/fieldkmsd.sock";
  config.socket_mode = 0600;
  LocalRootConfig root;
  root.create_if_missing = true;
  config.root = root;
  config.memory_lock = MemoryLock::kPreferred;
  config.access = AccessPolicy::Administrator(getuid());
  return config;
}

}  // namespace fieldkms
