// The daemon's configuration: what it may say, its types, ranges and defaults.
// docs/configuration.md is its manual.
#ifndef FIELDKMS_KMS_SERVER_CONFIG_H_
#define FIELDKMS_KMS_SERVER_CONFIG_H_

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/access/static_access.h"
#include "kms/audit/sealed_trail.h"
#include "kms/backends/backends.h"
#include "kms/identity/identity_options.h"
#include "kms/keyring/options.h"
#include "kms/observe/log.h"
#include "kms/server/sandbox_config.h"
#include "kms/watch/watch_rules.h"

namespace fieldkms {

// A listener for the network. Paths of PEM files.
struct TlsConfig {
  std::string address;  // "0.0.0.0:9443"
  std::string certificate;
  std::string key;
  std::string client_ca = {};   // empty: no client is asked for a certificate
  std::string client_crl = {};  // empty: none is looked up
  bool require_certificate = true;
};

// What is watched for in the audit trail, and who is told besides the trail and the log.
struct WatchConfig {
  bool enabled = true;
  WatchRules rules;
  std::string webhook_url;      // empty: none
  std::string webhook_ca_file;  // empty: the system's
};

struct Config {
  std::string data_dir;  // required
  LogLevel log_level = LogLevel::kInfo;

  std::string socket = "/run/fieldkms/fieldkmsd.sock";
  mode_t socket_mode = 0660;
  std::optional<gid_t> socket_group;
  std::optional<TlsConfig> tls;
  std::vector<IssuerSource> issuers;  // of tokens that are believed

  int threads = 0;  // 0: one a core
  int io_threads = 4;
  int io_queue = 1024;
  std::chrono::milliseconds drain_grace{30'000};

  int max_connections = 1024;
  int max_connections_per_user = 256;
  Rate connections_per_user{200, 400};
  Rate calls_per_connection{0, 1};
  Rate refusals{10, 20};

  RootConfig root = LocalRootConfig();
  std::optional<RootConfig> also_root;  // opens what it wrapped, and wraps nothing
  StoreConfig store = SqliteStoreConfig();
  KeyringOptions cache;
  std::chrono::milliseconds caretaker_pause{5'000};

  std::vector<std::string> peers;  // sockets of the other replicas on this machine
  int most_volatile_values = 100'000;

  std::string audit_file;  // empty: DATA_DIR/audit.jsonl
  // Its key_path: empty is DATA_DIR/audit.key. The functions are the daemon's.
  SealedTrailOptions audit;
  std::string audit_export_url;      // empty: none
  std::string audit_export_ca_file;  // empty: the system's

  std::string erasure_log;                  // empty: DATA_DIR/erasures.jsonl
  std::vector<std::string> erasure_replay;  // logs of other replicas, or of before a restore
  std::chrono::seconds erasure_horizon{std::chrono::hours(24 * 35)};

  WatchConfig watch;

  std::string metrics_address;  // loopback:port; empty: no metrics

  MemoryLock memory_lock = MemoryLock::kRequired;
  SandboxConfig sandbox;

  AccessPolicy access;

  bool dev = false;  // by the command line only
};

// ParseConfig reads YAML. Error: kInvalidArgument, reason kConfigInvalid; the
// message has the line, the key, the rule, and for an unknown key the nearest known.
absl::StatusOr<Config> ParseConfig(const std::string& yaml);

// LoadConfig reads a file; messages begin with its path.
absl::StatusOr<Config> LoadConfig(const std::string& path);

// LoadRootConfig reads a file that has the section `root` and nothing else.
absl::StatusOr<RootConfig> LoadRootConfig(const std::string& path);

// DevConfig is what --dev runs with: everything in `data_dir`, its socket too, and
// the user who runs it as the one administrator.
Config DevConfig(const std::string& data_dir);

// A key as the manual lists it. NAME stands for a name of the administrator's.
struct ConfigKeyInfo {
  std::string path;
  std::string type;
  std::string default_value;
};
std::vector<ConfigKeyInfo> ConfigKeys();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_CONFIG_H_
