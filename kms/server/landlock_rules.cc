#include "kms/server/landlock_rules.h"

#include <openssl/crypto.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <variant>

namespace fieldkms {
namespace {

// What the C library, OpenSSL, curl, libpq and ICU read.
constexpr const char* kSystemPaths[] = {
    "/usr", "/lib", "/lib64",
    // certificates and settings of TLS
    "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/crypto-policies",
    // names of hosts and users; time zones; libraries
    "/etc/resolv.conf", "/run/systemd/resolve", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf",
    "/etc/nsswitch.conf", "/etc/services", "/etc/protocols", "/etc/passwd", "/etc/group",
    "/etc/localtime", "/etc/timezone", "/etc/ld.so.cache", "/etc/ld.so.preload",
    // service files of libpq
    "/etc/postgresql-common",
    // the machine, and this process: without it and its own memory there is none to attack
    "/proc/self", "/proc/sys/kernel", "/proc/sys/net", "/proc/sys/vm", "/proc/cpuinfo",
    "/proc/meminfo", "/proc/stat", "/proc/net", "/sys/devices/system", "/sys/fs/cgroup",
    "/sys/kernel/mm"};
constexpr const char* kDevices[] = {"/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"};

// Variables by which libraries are told of files.
constexpr const char* kVariables[] = {"CREDENTIALS_DIRECTORY",
                                      "SSL_CERT_FILE",
                                      "SSL_CERT_DIR",
                                      "OPENSSL_CONF",
                                      "CURL_CA_BUNDLE",
                                      "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
                                      "AWS_SHARED_CREDENTIALS_FILE",
                                      "AWS_CONFIG_FILE",
                                      "AWS_WEB_IDENTITY_TOKEN_FILE",
                                      "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                      "PGPASSFILE",
                                      "PGSERVICEFILE",
                                      "PGSYSCONFDIR",
                                      "PGSSLCERT",
                                      "PGSSLKEY",
                                      "PGSSLROOTCERT",
                                      "PGSSLCRL"};
constexpr const char* kInHome[] = {".postgresql", ".pgpass", ".pg_service.conf", ".aws"};

class Rules {
 public:
  void Add(const std::string& path, bool write) {
    if (!path.empty()) rules_.push_back({path, write});
  }
  // The directory of a file, and that of what the file is a link to.
  void AddFile(const std::string& path, bool write = false) {
    if (path.empty()) return;
    const std::filesystem::path named(path);
    Add(named.parent_path().string(), write);
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(named, error);
    if (!error && real.parent_path() != named.parent_path()) {
      Add(real.parent_path().string(), write);
    }
  }
  std::vector<FileRule> Take() { return std::move(rules_); }

 private:
  std::vector<FileRule> rules_;
};

void AddSecret(const std::optional<SecretSource>& secret, Rules& rules) {
  if (secret) rules.AddFile(secret->file);
}

void AddVault(const VaultOptions& vault, Rules& rules) {
  rules.AddFile(vault.http.ca_file);
  rules.AddFile(vault.http.client_certificate);
  rules.AddFile(vault.http.client_key);
  if (const auto* token = std::get_if<VaultTokenFile>(&vault.auth)) rules.AddFile(token->path);
  if (const auto* role = std::get_if<VaultAppRole>(&vault.auth)) {
    rules.AddFile(role->secret_id_file);
  }
  if (const auto* pod = std::get_if<VaultKubernetes>(&vault.auth)) rules.AddFile(pod->jwt_file);
}

void AddRoot(const RootConfig& root, Rules& rules) {
  if (const auto* local = std::get_if<LocalRootConfig>(&root)) {
    rules.AddFile(local->options.path, true);
    AddSecret(local->options.passphrase, rules);
  } else if (const auto* vault = std::get_if<VaultOptions>(&root)) {
    AddVault(*vault, rules);
  } else if (const auto* aws = std::get_if<AwsRootOptions>(&root)) {
    rules.AddFile(aws->ca_file);
  }
}

void AddStore(const StoreConfig& store, Rules& rules) {
  if (const auto* sqlite = std::get_if<SqliteStoreConfig>(&store)) {
    rules.AddFile(sqlite->path, true);
    return;
  }
  const auto& postgres = std::get<PostgresStoreConfig>(store);
  rules.AddFile(postgres.conninfo_file);
  std::string conninfo = postgres.options.conninfo;
  if (!postgres.conninfo_file.empty()) {
    // One that cannot be read is refused, with its reason, when the store is opened.
    std::ifstream in(postgres.conninfo_file);
    conninfo.assign(std::istreambuf_iterator<char>(in), {});
  }
  for (const std::string& path : PathsOfConninfo(conninfo)) rules.AddFile(path);
  OPENSSL_cleanse(conninfo.data(), conninfo.size());
}

void AddIdentities(const Config& config, Rules& rules) {
  if (config.tls) {
    for (const std::string* path : {&config.tls->certificate, &config.tls->key,
                                    &config.tls->client_ca, &config.tls->client_crl}) {
      rules.AddFile(*path);
    }
  }
  for (const IssuerSource& issuer : config.issuers) {
    rules.AddFile(issuer.keys_file);
    rules.AddFile(issuer.keys_ca_file);
  }
}

void AddEnvironment(Rules& rules) {
  for (const char* name : kVariables) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value != '/') continue;
    const bool directory = std::filesystem::is_directory(value);
    directory ? rules.Add(value, false) : rules.AddFile(value);
  }
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return;
  for (const char* name : kInHome) rules.Add(std::string(home) + "/" + name, false);
}

}  // namespace

std::vector<FileRule> FileRules(const Config& config) {
  Rules rules;
  rules.Add(config.data_dir, true);
  for (const std::string* path :
       {&config.socket, &config.audit_file, &config.audit.key_path, &config.erasure_log}) {
    rules.AddFile(*path, true);
  }
  rules.Add(config.audit.exports.directory, true);
  rules.AddFile(config.audit_export_ca_file);
  for (const std::string& log : config.erasure_replay) rules.AddFile(log);
  AddRoot(config.root, rules);
  if (config.also_root) AddRoot(*config.also_root, rules);
  AddStore(config.store, rules);
  AddIdentities(config, rules);
  for (const std::string& path : config.sandbox.read) rules.Add(path, false);
  AddEnvironment(rules);
  for (const char* path : kSystemPaths) rules.Add(path, false);
  for (const char* path : kDevices) rules.Add(path, true);
  return rules.Take();
}

std::string_view WhyUnconfined(const Config& config) {
  const auto foreign = [](const RootConfig& root) { return KindOf(root) == "pkcs11"; };
  if (foreign(config.root) || (config.also_root && foreign(*config.also_root))) {
    return "nobody knows which files and devices a PKCS#11 module needs";
  }
  return "";
}

std::vector<std::string> PathsOfConninfo(std::string_view conninfo) {
  std::vector<std::string> paths;
  for (size_t at = conninfo.find('='); at != std::string_view::npos;
       at = conninfo.find('=', at + 1)) {
    const size_t begin = conninfo.find_first_not_of(" '", at + 1);
    if (begin == std::string_view::npos || conninfo[begin] != '/') continue;
    const size_t end = conninfo.find_first_of("' &\t\r\n", begin);
    paths.emplace_back(conninfo.substr(begin, end == conninfo.npos ? end : end - begin));
  }
  return paths;
}

}  // namespace fieldkms
