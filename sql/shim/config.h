// The shim's configuration: what it may say, its types, ranges and defaults. docs/shim.md is its
// manual.
#ifndef FIELDKMS_SQL_SHIM_CONFIG_H_
#define FIELDKMS_SQL_SHIM_CONFIG_H_

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cpp/tls_options.h"
#include "crypto/secret_bytes.h"
#include "kms/access/access_rules.h"
#include "kms/observe/log.h"
#include "kms/unix_socket.h"

namespace fieldkms::shim {

// Which sessions of a database server get which roles: those whose database, session user and
// current role all match one of the patterns (kms/access/glob.h).
struct SessionGrant {
  std::vector<std::string> databases = {"*"};
  std::vector<std::string> session_users = {"*"};
  std::vector<std::string> current_roles = {"*"};
  std::vector<std::string> roles;  // of Config::roles
};

// Who connects through the Unix socket. With `sessions` it is a database server, which says for
// whom it asks; with `roles` a program that asks for itself.
struct PeerConfig {
  std::vector<uid_t> users;
  std::vector<SessionGrant> sessions;
  std::vector<std::string> roles;
};

struct TlsListenConfig {
  std::string address;  // "127.0.0.1:8200"
  std::string certificate;
  std::string key;
};

// The Vault transit API; see vault_api.h.
struct VaultConfig {
  std::string tenant;             // required; empty: the API is not served
  std::string mount = "transit";  // path of the mount
  bool allow_deletion = false;    // of keys: schedules their destruction
  int destroy_after_days = 30;
};

struct Config {
  std::string service;     // target of the gRPC service; required
  TlsOptions service_tls;  // of one on another machine
  LogLevel log_level = LogLevel::kInfo;

  std::optional<UnixSocketOptions> unix_socket;
  std::optional<TlsListenConfig> tls;

  int threads = 0;   // of I/O; 0: one a core, four at most
  int workers = 16;  // that wait for the service
  int queue = 1024;  // calls that wait for a worker
  int most_connections = 1000;
  std::chrono::milliseconds idle{600'000};
  std::chrono::milliseconds patience{10'000};
  std::chrono::milliseconds drain_grace{10'000};
  std::chrono::milliseconds timeout{10'000};  // of calls whose callers name none

  bool leases = true;
  std::chrono::seconds lease_time{0};  // 0: the service's default

  MemoryLock memory_lock = MemoryLock::kRequired;

  std::string audit_file;  // required
  bool audit_sync = false;

  std::map<std::string, std::vector<AccessRule>> roles;
  std::map<std::string, PeerConfig> peers;
  std::string tokens_file;                                      // empty: no tokens
  std::map<std::string, std::vector<std::string>> token_roles;  // by identity
  VaultConfig vault;
};

// Error of both: kInvalidArgument, kConfigInvalid; the message has the line, the key, the rule, and
// of LoadShimConfig the path.
absl::StatusOr<Config> ParseShimConfig(const std::string& yaml);
absl::StatusOr<Config> LoadShimConfig(const std::string& path);

// A key as the manual lists it. NAME stands for a name of the administrator's.
struct ShimKeyInfo {
  std::string path, type, default_value;
};
std::vector<ShimKeyInfo> ShimConfigKeys();

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_CONFIG_H_
