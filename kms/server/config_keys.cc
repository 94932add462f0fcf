#include "kms/server/config_keys.h"

#include <algorithm>

#include "kms/server/backend_keys.h"
#include "kms/server/identity_keys.h"
#include "kms/server/watch_keys.h"
#include "kms/settings/access_rules.h"
#include "kms/settings/system_values.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kMaxRate = 1e9;
constexpr hours kLongestHorizon{24 * 366 * 10};

// A duration in whole seconds; what is below one is dropped.
seconds ReadSeconds(const YAML::Node& node, seconds min, seconds max) {
  return std::chrono::floor<seconds>(ReadDuration(node, min, max));
}

constexpr YamlKey<AccessPolicy::Member> kMemberKeys[] = {
    {"users", "list of users", "none",
     [](const YAML::Node& node, AccessPolicy::Member& member) { member.uids = ReadUsers(node); }},
    {"certificates", "list of certificates' names", "none",
     [](const YAML::Node& node, AccessPolicy::Member& member) {
       member.certificates = ReadCertificateNames(node);
     }},
    {"tokens", "list of issuers and subjects", "none",
     [](const YAML::Node& node, AccessPolicy::Member& member) {
       member.tokens = ReadTokenNames(node);
     }},
    {"roles", "list of roles", "none",
     [](const YAML::Node& node, AccessPolicy::Member& member) { member.roles = ReadTexts(node); }},
    {"items_per_second", "number", "0 (no limit)",
     [](const YAML::Node& node, AccessPolicy::Member& member) {
       member.rate.per_second = ReadNumber(node, 0, kMaxRate);
     }},
    {"items_burst", "number", "items_per_second",
     [](const YAML::Node& node, AccessPolicy::Member& member) {
       member.rate.burst = ReadNumber(node, 1, kMaxRate);
     }},
    {"reveals_per_hour", "number", "0 (no limit)",
     [](const YAML::Node& node, AccessPolicy::Member& member) {
       member.reveals.per_hour = ReadNumber(node, 0, kMaxRate);
     }},
    {"reveal_stop", "true or false", "false",
     [](const YAML::Node& node, AccessPolicy::Member& member) {
       member.reveals.stop = ReadBool(node);
     }},
};

void ReadPrincipals(const YAML::Node& node, Config& config) {
  ForEachEntry(node, [&](const YAML::Node& at, const std::string& name, const YAML::Node& value) {
    AccessPolicy::Member member{.name = name, .rate = Rate{0, 0}};
    ReadMapping<AccessPolicy::Member>(value, kMemberKeys, member);
    if (member.uids.empty() && member.certificates.empty() && member.tokens.empty()) {
      throw YamlError(at, "principal '" + name + "' needs users, certificates or tokens");
    }
    if (member.reveals.stop && member.reveals.per_hour == 0) {
      throw YamlError(at, "principal '" + name + "' has reveal_stop without reveals_per_hour");
    }
    if (member.rate.burst == 0) member.rate.burst = std::max(1.0, member.rate.per_second);
    config.access.principals.push_back(std::move(member));
  });
}

constexpr std::string_view kLogLevels[] = {"debug", "info", "warning", "error"};
constexpr std::string_view kDurabilities[] = {"fsync", "none"};
constexpr std::string_view kMemoryLocks[] = {"required", "preferred"};
constexpr std::string_view kSeccompModes[] = {"on", "log", "off"};
constexpr std::string_view kOnOff[] = {"off", "on"};

constexpr YamlKey<Config> kKeys[] = {
    {"data_dir", "absolute path", "required",
     [](const YAML::Node& node, Config& config) { config.data_dir = ReadAbsolutePath(node); }},
    {"log.level", "debug, info, warning or error", "info",
     [](const YAML::Node& node, Config& config) {
       config.log_level = static_cast<LogLevel>(ReadChoice(node, kLogLevels));
     }},
    {"listen.unix", "absolute path", "/run/fieldkms/fieldkmsd.sock",
     [](const YAML::Node& node, Config& config) { config.socket = ReadAbsolutePath(node); }},
    {"listen.mode", "octal file mode", "0660",
     [](const YAML::Node& node, Config& config) { config.socket_mode = ReadMode(node); }},
    {"listen.group", "group name", "the daemon's",
     [](const YAML::Node& node, Config& config) { config.socket_group = ReadGroup(node); }},
    {"listen.tcp", "refused", "none",
     [](const YAML::Node& node, Config&) {
       throw YamlError(node,
                       "refused: TCP without TLS would show plaintext to the network; say "
                       "listen.tls");
     }},
    {"listen.tls", "section", "none", ReadTls},
    {"server.threads", "whole number", "0 (one a core)",
     [](const YAML::Node& node, Config& config) { config.threads = ReadInt(node, 0, 256); }},
    {"server.io_threads", "whole number", "4",
     [](const YAML::Node& node, Config& config) { config.io_threads = ReadInt(node, 1, 256); }},
    {"server.io_queue", "whole number", "1024",
     [](const YAML::Node& node, Config& config) { config.io_queue = ReadInt(node, 1, 1'000'000); }},
    {"server.drain_grace", "duration", "30s",
     [](const YAML::Node& node, Config& config) {
       config.drain_grace = ReadDuration(node, milliseconds(0), hours(1));
     }},
    {"limits.connections", "whole number", "1024",
     [](const YAML::Node& node, Config& config) {
       config.max_connections = ReadInt(node, 1, 16'384);
     }},
    {"limits.connections_per_user", "whole number", "256",
     [](const YAML::Node& node, Config& config) {
       config.max_connections_per_user = ReadInt(node, 1, 16'384);
     }},
    {"limits.new_connections_per_second", "number", "200",
     [](const YAML::Node& node, Config& config) {
       config.connections_per_user.per_second = ReadNumber(node, 1, 10'000);
       config.connections_per_user.burst = 2 * config.connections_per_user.per_second;
     }},
    {"limits.calls_per_second", "number", "0 (no limit)",
     [](const YAML::Node& node, Config& config) {
       config.calls_per_connection.per_second = ReadNumber(node, 0, kMaxRate);
       config.calls_per_connection.burst = std::max(1.0, config.calls_per_connection.per_second);
     }},
    {"limits.refusals_per_second", "number", "10",
     [](const YAML::Node& node, Config& config) {
       config.refusals.per_second = ReadNumber(node, 1, 10'000);
       config.refusals.burst = 2 * config.refusals.per_second;
     }},
    {"root", "section", "local",
     [](const YAML::Node& node, Config& config) { config.root = ReadRoot(node); }},
    {"also_root", "section", "none",
     [](const YAML::Node& node, Config& config) { config.also_root = ReadRoot(node); }},
    {"store", "section", "sqlite",
     [](const YAML::Node& node, Config& config) { config.store = ReadStore(node); }},
    {"cache.poll", "duration", "1s",
     [](const YAML::Node& node, Config& config) {
       config.cache.poll = ReadDuration(node, milliseconds(10), minutes(1));
     }},
    {"cache.stale_limit", "duration", "1h",
     [](const YAML::Node& node, Config& config) {
       config.cache.stale_limit = ReadSeconds(node, seconds(2), hours(24));
     }},
    {"cache.root_refresh", "duration", "5m",
     [](const YAML::Node& node, Config& config) {
       config.cache.root_refresh = ReadSeconds(node, seconds(1), hours(12));
     }},
    {"cache.root_limit", "duration", "1h",
     [](const YAML::Node& node, Config& config) {
       config.cache.root_limit = ReadSeconds(node, seconds(2), hours(24));
     }},
    {"cache.most_versions", "whole number", "65536",
     [](const YAML::Node& node, Config& config) {
       config.cache.most_versions = static_cast<size_t>(ReadInt(node, 1'000, 100'000'000));
     }},
    {"caretaker.pause", "duration", "5s",
     [](const YAML::Node& node, Config& config) {
       config.caretaker_pause = ReadDuration(node, milliseconds(10), minutes(10));
     }},
    {"volatile.peers", "list of absolute paths", "none",
     [](const YAML::Node& node, Config& config) { config.peers = ReadAbsolutePaths(node); }},
    {"volatile.most_values", "whole number", "100000",
     [](const YAML::Node& node, Config& config) {
       config.most_volatile_values = ReadInt(node, 1, 10'000'000);
     }},
    {"audit.file", "absolute path", "DATA_DIR/audit.jsonl",
     [](const YAML::Node& node, Config& config) { config.audit_file = ReadAbsolutePath(node); }},
    {"audit.durability", "fsync or none", "fsync",
     [](const YAML::Node& node, Config& config) {
       config.audit.durability = static_cast<AuditDurability>(ReadChoice(node, kDurabilities));
     }},
    {"audit.signing_key", "absolute path", "DATA_DIR/audit.key",
     [](const YAML::Node& node, Config& config) {
       config.audit.key_path = ReadAbsolutePath(node);
     }},
    {"audit.segment_mib", "whole number", "64",
     [](const YAML::Node& node, Config& config) {
       config.audit.segment_bytes = static_cast<uint64_t>(ReadInt(node, 1, 4'096)) << 20;
     }},
    {"audit.segment_age", "duration", "24h",
     [](const YAML::Node& node, Config& config) {
       config.audit.segment_age = ReadSeconds(node, seconds(60), hours(24 * 366));
     }},
    {"audit.checkpoint_interval", "duration", "60s",
     [](const YAML::Node& node, Config& config) {
       config.audit.checkpoint_age = ReadDuration(node, milliseconds(100), hours(1));
     }},
    {"audit.export.directory", "absolute path", "none",
     [](const YAML::Node& node, Config& config) {
       config.audit.exports.directory = ReadAbsolutePath(node);
     }},
    {"audit.export.url", "URL", "none",
     [](const YAML::Node& node, Config& config) {
       config.audit_export_url = ReadText(node);
       if (!config.audit_export_url.starts_with("https://") &&
           !config.audit_export_url.starts_with("http://")) {
         throw YamlError(node, "must begin with https:// or http://");
       }
     }},
    {"audit.export.ca_file", "absolute path", "the system's",
     [](const YAML::Node& node, Config& config) {
       config.audit_export_ca_file = ReadAbsolutePath(node);
     }},
    {"audit.export.interval", "duration", "5m",
     [](const YAML::Node& node, Config& config) {
       config.audit.exports.interval = ReadSeconds(node, seconds(1), hours(24));
     }},
    {"audit.retention", "duration", "0s (kept for ever)",
     [](const YAML::Node& node, Config& config) {
       config.audit.retention = ReadSeconds(node, seconds(0), hours(24 * 366 * 100));
     }},
    {"erasure.log", "absolute path", "DATA_DIR/erasures.jsonl",
     [](const YAML::Node& node, Config& config) { config.erasure_log = ReadAbsolutePath(node); }},
    {"erasure.replay", "list of absolute paths", "none",
     [](const YAML::Node& node, Config& config) {
       config.erasure_replay = ReadAbsolutePaths(node);
     }},
    {"erasure.horizon", "duration", "840h",
     [](const YAML::Node& node, Config& config) {
       config.erasure_horizon = ReadSeconds(node, seconds(0), kLongestHorizon);
     }},
    {"watch", "section", "on",
     [](const YAML::Node& node, Config& config) { config.watch = ReadWatch(node); }},
    {"metrics.listen", "loopback address and port", "none",
     [](const YAML::Node& node, Config& config) {
       config.metrics_address = ReadLoopbackAddress(node);
     }},
    {"memory.lock", "required or preferred", "required",
     [](const YAML::Node& node, Config& config) {
       config.memory_lock = static_cast<MemoryLock>(ReadChoice(node, kMemoryLocks));
     }},
    {"hardening.seccomp", "on, log or off", "on",
     [](const YAML::Node& node, Config& config) {
       config.sandbox.seccomp = static_cast<SeccompMode>(ReadChoice(node, kSeccompModes));
     }},
    {"hardening.landlock", "on or off", "on",
     [](const YAML::Node& node, Config& config) {
       config.sandbox.landlock = ReadChoice(node, kOnOff) == 1;
     }},
    {"hardening.read", "list of absolute paths", "none",
     [](const YAML::Node& node, Config& config) { config.sandbox.read = ReadAbsolutePaths(node); }},
    {"tokens", "mapping of names to sections", "none", ReadIssuers},
    {"access.roles", "mapping of names to lists of rules", "none",
     [](const YAML::Node& node, Config& config) { config.access.roles = ReadAccessRoles(node); }},
    {"access.principals", "mapping of names", "none", ReadPrincipals},
};
// ReadChoice returns the index in the list of names.
static_assert(static_cast<int>(LogLevel::kError) == 3);
static_assert(static_cast<int>(AuditDurability::kNone) == 1);
static_assert(static_cast<int>(MemoryLock::kPreferred) == 1);
static_assert(static_cast<int>(SeccompMode::kOff) == 2);

template <class T>
void AppendKeys(std::span<const YamlKey<T>> keys, const std::string& prefix,
                std::vector<ConfigKeyInfo>* out) {
  for (const YamlKey<T>& key : keys) {
    out->push_back(
        {prefix + std::string(key.path), std::string(key.type), std::string(key.default_value)});
  }
}

void AppendBackendKeys(const std::vector<BackendKeyInfo>& keys, const std::string& prefix,
                       std::vector<ConfigKeyInfo>* out) {
  for (const BackendKeyInfo& key : keys) {
    out->push_back(
        {prefix + std::string(key.path), std::string(key.type), std::string(key.default_value)});
  }
}

}  // namespace

std::span<const YamlKey<Config>> ConfigSchema() { return kKeys; }

std::vector<ConfigKeyInfo> ConfigKeys() {
  std::vector<ConfigKeyInfo> keys;
  AppendKeys<Config>(kKeys, "", &keys);
  AppendBackendKeys(RootKeys(), "root.", &keys);
  AppendBackendKeys(StoreKeys(), "store.", &keys);
  AppendKeys(WatchKeys(), "watch.", &keys);
  AppendKeys(TlsKeys(), "listen.tls.", &keys);
  AppendKeys(IssuerKeys(), "tokens.NAME.", &keys);
  AppendKeys(AccessRuleKeys(), "access.roles.NAME[].", &keys);
  AppendKeys<AccessPolicy::Member>(kMemberKeys, "access.principals.NAME.", &keys);
  return keys;
}

}  // namespace fieldkms
