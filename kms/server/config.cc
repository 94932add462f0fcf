#include "kms/server/config.h"

#include <unistd.h>

#include <optional>
#include <span>

#include "crypto/status.h"
#include "kms/server/backend_keys.h"
#include "kms/server/config_keys.h"
#include "kms/server/identity_keys.h"
#include "kms/settings/config_file.h"

namespace fieldkms {
namespace {

absl::Status CheckWhole(const Config& config) {
  if (config.data_dir.empty()) return ConfigError("data_dir is required");
  if (config.max_connections_per_user > config.max_connections) {
    return ConfigError("limits.connections_per_user must not exceed limits.connections");
  }
  if (config.cache.root_refresh >= config.cache.root_limit) {
    return ConfigError("cache.root_refresh must be less than cache.root_limit");
  }
  FIELDKMS_RETURN_IF_ERROR(CheckIdentities(config));
  // Roles that are not defined, uids given twice.
  return StaticAccess::Create(config.access).status();
}

}  // namespace

absl::StatusOr<Config> ParseConfig(const std::string& yaml) {
  Config config;
  FIELDKMS_RETURN_IF_ERROR(ParseYaml(yaml, ConfigSchema(), config));
  FIELDKMS_RETURN_IF_ERROR(CheckWhole(config));
  return config;
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string text, ReadTrustedFile(path));
  absl::StatusOr<Config> config = ParseConfig(text);
  if (config.ok()) return config;
  return ConfigError(path + ": " + std::string(MessageOf(config.status())));
}

absl::StatusOr<RootConfig> LoadRootConfig(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string text, ReadTrustedFile(path));
  std::optional<RootConfig> root;
  constexpr YamlKey<std::optional<RootConfig>> kKey = {
      "root", "section", "required",
      [](const YAML::Node& node, std::optional<RootConfig>& out) { out = ReadRoot(node); }};
  FIELDKMS_RETURN_IF_ERROR(ParseYaml(text, std::span(&kKey, 1), root));
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
  config.sandbox.landlock = false;  // there is no file to name what else is to be reached
  config.access = AccessPolicy::Administrator(getuid());
  return config;
}

}  // namespace fieldkms
