#include "sql/shim/config.h"

#include <set>

#include "clients/cpp/target.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/settings/access_rules.h"
#include "kms/settings/config_file.h"
#include "kms/settings/system_values.h"
#include "sql/shim/tokens.h"

namespace fieldkms::shim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr YamlKey<SessionGrant> kSessionKeys[] = {
    {"database", "list of patterns", "*",
     [](const YAML::Node& node, SessionGrant& grant) { grant.databases = ReadTexts(node); }},
    {"session_user", "list of patterns", "*",
     [](const YAML::Node& node, SessionGrant& grant) { grant.session_users = ReadTexts(node); }},
    {"role", "list of patterns", "*",
     [](const YAML::Node& node, SessionGrant& grant) { grant.current_roles = ReadTexts(node); }},
    {"roles", "list of roles", "required",
     [](const YAML::Node& node, SessionGrant& grant) { grant.roles = ReadTexts(node); }},
};

void ReadSessions(const YAML::Node& node, PeerConfig& peer) {
  if (!node.IsSequence() || node.size() == 0) throw YamlError(node, "must be a list of grants");
  for (const YAML::Node& item : node) {
    SessionGrant& grant = peer.sessions.emplace_back();
    ReadMapping<SessionGrant>(item, kSessionKeys, grant);
    if (grant.roles.empty()) throw YamlError(item, "a grant needs roles");
  }
}

constexpr YamlKey<PeerConfig> kPeerKeys[] = {
    {"users", "list of users", "required",
     [](const YAML::Node& node, PeerConfig& peer) { peer.users = ReadUsers(node); }},
    {"sessions", "list of grants", "none", ReadSessions},
    {"roles", "list of roles", "none",
     [](const YAML::Node& node, PeerConfig& peer) { peer.roles = ReadTexts(node); }},
};

void ReadPeers(const YAML::Node& node, Config& config) {
  ForEachEntry(node, [&](const YAML::Node& at, const std::string& name, const YAML::Node& value) {
    PeerConfig& peer = config.peers[name];
    ReadMapping<PeerConfig>(value, kPeerKeys, peer);
    if (peer.users.empty()) throw YamlError(at, "peer '" + name + "' needs users");
    if (peer.sessions.empty() == peer.roles.empty()) {
      throw YamlError(
          at, "peer '" + name + "' needs either sessions (a database server) or roles (a program)");
    }
  });
}

void ReadIdentities(const YAML::Node& node, Config& config) {
  ForEachEntry(node, [&](const YAML::Node& at, const std::string& name, const YAML::Node& value) {
    if (!IsTokenIdentity(name)) throw YamlError(at, "an identity is 1 to 64 of [A-Za-z0-9._-]");
    config.token_roles[name] = ReadTexts(value);
  });
}

UnixSocketOptions& UnixSocket(Config& config) {
  if (!config.unix_socket) config.unix_socket.emplace();
  return *config.unix_socket;
}

TlsListenConfig& Tls(Config& config) {
  if (!config.tls) config.tls.emplace();
  return *config.tls;
}

constexpr std::string_view kLogLevels[] = {"debug", "info", "warning", "error"};
constexpr std::string_view kDurabilities[] = {"write", "fsync"};
constexpr std::string_view kMemoryLocks[] = {"required", "preferred"};
// ReadChoice returns the index in the list of names.
static_assert(static_cast<int>(LogLevel::kError) == 3);
static_assert(static_cast<int>(MemoryLock::kPreferred) == 1);

constexpr YamlKey<Config> kKeys[] = {
    {"service", "target", "required",
     [](const YAML::Node& node, Config& config) {
       config.service = ReadText(node);
       if (!SocketPath(config.service).ok()) {
         throw YamlError(node,
                         "must be unix: and the path of the service's socket, or host:port of a "
                         "service on another machine, with service_tls");
       }
     }},
    {"service_tls.ca", "absolute path", "none",
     [](const YAML::Node& node, Config& config) {
       config.service_tls.ca_file = ReadAbsolutePath(node);
     }},
    {"service_tls.certificate", "absolute path", "none",
     [](const YAML::Node& node, Config& config) {
       config.service_tls.certificate = ReadAbsolutePath(node);
     }},
    {"service_tls.key", "absolute path", "none",
     [](const YAML::Node& node, Config& config) {
       config.service_tls.key = ReadAbsolutePath(node);
     }},
    {"service_tls.server_name", "name", "that of service",
     [](const YAML::Node& node, Config& config) {
       config.service_tls.server_name = ReadText(node);
     }},
    {"service_tls.token_file", "absolute path", "none",
     [](const YAML::Node& node, Config& config) {
       config.service_tls.token_file = ReadAbsolutePath(node);
     }},
    {"log.level", "debug, info, warning or error", "info",
     [](const YAML::Node& node, Config& config) {
       config.log_level = static_cast<LogLevel>(ReadChoice(node, kLogLevels));
     }},
    {"listen.unix", "absolute path", "none",
     [](const YAML::Node& node, Config& config) {
       UnixSocket(config).path = ReadAbsolutePath(node);
     }},
    {"listen.mode", "octal file mode", "0660",
     [](const YAML::Node& node, Config& config) { UnixSocket(config).mode = ReadMode(node); }},
    {"listen.group", "group name", "the shim's",
     [](const YAML::Node& node, Config& config) { UnixSocket(config).group = ReadGroup(node); }},
    {"listen.tls.address", "loopback address and port", "none",
     [](const YAML::Node& node, Config& config) {
       Tls(config).address = ReadLoopbackAddress(node, 0);
     }},
    {"listen.tls.certificate", "absolute path", "required",
     [](const YAML::Node& node, Config& config) {
       Tls(config).certificate = ReadAbsolutePath(node);
     }},
    {"listen.tls.key", "absolute path", "required",
     [](const YAML::Node& node, Config& config) { Tls(config).key = ReadAbsolutePath(node); }},
    {"server.threads", "whole number", "0 (one a core, four at most)",
     [](const YAML::Node& node, Config& config) { config.threads = ReadInt(node, 0, 64); }},
    {"server.workers", "whole number", "16",
     [](const YAML::Node& node, Config& config) { config.workers = ReadInt(node, 1, 256); }},
    {"server.queue", "whole number", "1024",
     [](const YAML::Node& node, Config& config) { config.queue = ReadInt(node, 1, 1'000'000); }},
    {"server.timeout", "duration", "10s",
     [](const YAML::Node& node, Config& config) {
       config.timeout = ReadDuration(node, milliseconds(10), hours(1));
     }},
    {"server.drain_grace", "duration", "10s",
     [](const YAML::Node& node, Config& config) {
       config.drain_grace = ReadDuration(node, milliseconds(0), hours(1));
     }},
    {"limits.connections", "whole number", "1000",
     [](const YAML::Node& node, Config& config) {
       config.most_connections = ReadInt(node, 1, 16'384);
     }},
    {"limits.idle", "duration", "10m",
     [](const YAML::Node& node, Config& config) {
       config.idle = ReadDuration(node, milliseconds(100), hours(24));
     }},
    {"limits.patience", "duration", "10s",
     [](const YAML::Node& node, Config& config) {
       config.patience = ReadDuration(node, milliseconds(100), minutes(10));
     }},
    {"leases.use", "true or false", "true",
     [](const YAML::Node& node, Config& config) { config.leases = ReadBool(node); }},
    {"leases.time", "duration", "the service's",
     [](const YAML::Node& node, Config& config) {
       config.lease_time = std::chrono::floor<seconds>(ReadDuration(node, seconds(1), hours(1)));
     }},
    {"memory.lock", "required or preferred", "required",
     [](const YAML::Node& node, Config& config) {
       config.memory_lock = static_cast<MemoryLock>(ReadChoice(node, kMemoryLocks));
     }},
    {"audit.file", "absolute path", "required",
     [](const YAML::Node& node, Config& config) { config.audit_file = ReadAbsolutePath(node); }},
    {"audit.durability", "write or fsync", "write",
     [](const YAML::Node& node, Config& config) {
       config.audit_sync = ReadChoice(node, kDurabilities) == 1;
     }},
    {"roles", "mapping of names to lists of rules", "none",
     [](const YAML::Node& node, Config& config) { config.roles = ReadAccessRoles(node); }},
    {"peers", "mapping of names", "none", ReadPeers},
    {"tokens.file", "absolute path", "none",
     [](const YAML::Node& node, Config& config) { config.tokens_file = ReadAbsolutePath(node); }},
    {"tokens.identities", "mapping of names to lists of roles", "none", ReadIdentities},
    {"vault.tenant", "tenant id", "none (the API is not served)",
     [](const YAML::Node& node, Config& config) {
       config.vault.tenant = ReadText(node);
       if (!CheckTenantId(config.vault.tenant).ok()) throw YamlError(node, "is no tenant id");
     }},
    {"vault.mount", "path", "transit",
     [](const YAML::Node& node, Config& config) {
       config.vault.mount = ReadText(node);
       if (!CheckKeyName(config.vault.mount).ok()) {
         throw YamlError(node, "must be one part of a path, of [a-z0-9._-]");
       }
       for (const std::string_view taken :
            {"fields", "keys", "rotations", "status", "frames", "openapi.yaml", "sys", "auth"}) {
         if (config.vault.mount == taken) throw YamlError(node, "is a path of the shim's own");
       }
     }},
    {"vault.allow_deletion", "true or false", "false",
     [](const YAML::Node& node, Config& config) { config.vault.allow_deletion = ReadBool(node); }},
    {"vault.destroy_after_days", "whole number", "30",
     [](const YAML::Node& node, Config& config) {
       config.vault.destroy_after_days = ReadInt(node, 1, 90);
     }},
};

absl::Status CheckRoles(const Config& config, const std::string& whose,
                        const std::vector<std::string>& roles) {
  for (const std::string& role : roles) {
    if (config.roles.contains(role)) continue;
    std::string message = whose;
    return ConfigError(
        message.append(" has a role that is not defined: '").append(role).append("'"));
  }
  return absl::OkStatus();
}

absl::Status CheckPeers(const Config& config) {
  std::set<uid_t> uids;
  for (const auto& [name, peer] : config.peers) {
    const std::string whose = "peer '" + name + "'";
    FIELDKMS_RETURN_IF_ERROR(CheckRoles(config, whose, peer.roles));
    for (const SessionGrant& grant : peer.sessions) {
      FIELDKMS_RETURN_IF_ERROR(CheckRoles(config, whose, grant.roles));
    }
    for (const uid_t uid : peer.users) {
      if (!uids.insert(uid).second) {
        return ConfigError("uid " + std::to_string(uid) + " belongs to two peers");
      }
    }
  }
  for (const auto& [name, roles] : config.token_roles) {
    FIELDKMS_RETURN_IF_ERROR(CheckRoles(config, "token identity '" + name + "'", roles));
  }
  return absl::OkStatus();
}

absl::Status CheckWhole(const Config& config) {
  if (config.service.empty()) return ConfigError("service is required");
  if (SocketPath(config.service).value_or("").empty() && config.service_tls.ca_file.empty()) {
    return ConfigError("service: one on another machine needs service_tls, at least its ca");
  }
  if (config.audit_file.empty()) return ConfigError("audit.file is required");
  if (config.unix_socket && config.unix_socket->path.empty()) {
    return ConfigError("listen.mode and listen.group need listen.unix");
  }
  if (!config.unix_socket && !config.tls) {
    return ConfigError("nothing to listen on: give listen.unix or listen.tls");
  }
  if (config.tls) {
    if (config.tls->address.empty() || config.tls->certificate.empty() || config.tls->key.empty()) {
      return ConfigError("listen.tls needs address, certificate and key");
    }
    if (config.tokens_file.empty()) {
      return ConfigError("listen.tls needs tokens.file: nobody else could be known there");
    }
  }
  if (config.tokens_file.empty() != config.token_roles.empty()) {
    return ConfigError("tokens needs both file and identities");
  }
  return CheckPeers(config);
}

template <class T>
void AppendKeys(std::span<const YamlKey<T>> keys, const std::string& prefix,
                std::vector<ShimKeyInfo>* out) {
  for (const YamlKey<T>& key : keys) {
    out->push_back(
        {prefix + std::string(key.path), std::string(key.type), std::string(key.default_value)});
  }
}

}  // namespace

absl::StatusOr<Config> ParseShimConfig(const std::string& yaml) {
  Config config;
  FIELDKMS_RETURN_IF_ERROR(ParseYaml<Config>(yaml, kKeys, config));
  FIELDKMS_RETURN_IF_ERROR(CheckWhole(config));
  return config;
}

absl::StatusOr<Config> LoadShimConfig(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string text, ReadTrustedFile(path));
  absl::StatusOr<Config> config = ParseShimConfig(text);
  if (config.ok()) return config;
  return ConfigError(path + ": " + std::string(MessageOf(config.status())));
}

std::vector<ShimKeyInfo> ShimConfigKeys() {
  std::vector<ShimKeyInfo> keys;
  AppendKeys<Config>(kKeys, "", &keys);
  AppendKeys(AccessRuleKeys(), "roles.NAME[].", &keys);
  AppendKeys<PeerConfig>(kPeerKeys, "peers.NAME.", &keys);
  AppendKeys<SessionGrant>(kSessionKeys, "peers.NAME.sessions[].", &keys);
  return keys;
}

}  // namespace fieldkms::shim
