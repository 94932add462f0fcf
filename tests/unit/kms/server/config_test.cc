#include "kms/server/config.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <sstream>

#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ErrorOf(const std::string& yaml) {
  const auto config = ParseConfig(yaml);
  EXPECT_THAT(config, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid));
  return std::string(MessageOf(config.status()));
}

TEST(ConfigTest, DefaultsOfTheSmallestFile) {
  const auto config = ParseConfig("data_dir: /var/lib/fieldkms\n");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->data_dir, "/var/lib/fieldkms");
  EXPECT_EQ(config->socket, "/run/fieldkms/fieldkmsd.sock");
  EXPECT_EQ(config->socket_mode, 0660u);
  EXPECT_EQ(KindOf(config->root), "local");
  EXPECT_FALSE(std::get<LocalRootConfig>(config->root).create_if_missing);
  EXPECT_FALSE(config->also_root);
  EXPECT_EQ(KindOf(config->store), "sqlite");
  EXPECT_EQ(config->audit.durability, AuditDurability::kFsync);
  EXPECT_EQ(config->memory_lock, MemoryLock::kRequired);
  EXPECT_TRUE(config->access.principals.empty());
  EXPECT_FALSE(config->dev);
}

TEST(ConfigTest, MetricsAreForThisMachineOnly) {
  for (const char* address : {"0.0.0.0:9464", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536",
                              "127.0.0.1:94x", "localhost:9464", "9464"}) {
    EXPECT_THAT(ErrorOf("data_dir: /d\nmetrics: {listen: \"" + std::string(address) + "\"}\n"),
                HasSubstr("must be 127.0.0.1 or [::1]"))
        << address;
  }
}

TEST(ConfigTest, ReadsEveryKey) {
  const auto config = ParseConfig(R"(
data_dir: /d
log: {level: warning}
listen: {unix: /s, mode: "0600", group: root}
server: {threads: 2, io_threads: 3, io_queue: 5, drain_grace: 1500ms}
limits:
  connections: 10
  connections_per_user: 4
  new_connections_per_second: 7
  calls_per_second: 100
  refusals_per_second: 2.5
root: {local: {path: /r, create_if_missing: true, passphrase_file: /p}}
also_root: {vault: {address: "https://v:8200", key: k, approle: {role_id: r, mount: m}}}
store: {postgres: {conninfo_file: /c, connections: 3}}
cache: {poll: 2s, stale_limit: 10m, root_refresh: 1m, root_limit: 30m, most_versions: 5000}
caretaker: {pause: 1m}
audit:
  file: /a
  durability: none
  signing_key: /k
  segment_mib: 3
  segment_age: 2h
  checkpoint_interval: 5s
  retention: 1000h
  export: {directory: /x, interval: 7s, url: "https://anchors/log", ca_file: /ca}
erasure: {log: /e, replay: [/f, /g], horizon: 100h}
memory: {lock: preferred}
metrics: {listen: "[::1]:9464"}
access:
  roles:
    reader:
      - {actions: [decrypt, key.read], tenants: acme, keys: [a, "b*"]}
  principals:
    app: {users: [root, 1001], roles: reader, items_per_second: 10, items_burst: 20}
)");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->log_level, LogLevel::kWarning);
  EXPECT_EQ(config->metrics_address, "[::1]:9464");
  EXPECT_EQ(config->socket, "/s");
  EXPECT_EQ(config->socket_mode, 0600u);
  EXPECT_EQ(config->socket_group, 0u);
  EXPECT_EQ(config->threads, 2);
  EXPECT_EQ(config->io_threads, 3);
  EXPECT_EQ(config->io_queue, 5);
  EXPECT_EQ(config->drain_grace, std::chrono::milliseconds(1500));
  EXPECT_EQ(config->max_connections, 10);
  EXPECT_EQ(config->max_connections_per_user, 4);
  EXPECT_EQ(config->connections_per_user.per_second, 7);
  EXPECT_EQ(config->calls_per_connection.per_second, 100);
  EXPECT_EQ(config->refusals.per_second, 2.5);
  const auto& root = std::get<LocalRootConfig>(config->root);
  EXPECT_EQ(root.options.path, "/r");
  EXPECT_EQ(root.options.passphrase->file, "/p");
  EXPECT_TRUE(root.create_if_missing);
  const auto& vault = std::get<VaultOptions>(*config->also_root);
  EXPECT_EQ(vault.address, "https://v:8200");
  EXPECT_EQ(std::get<VaultAppRole>(vault.auth).role_id, "r");
  EXPECT_EQ(std::get<VaultAppRole>(vault.auth).mount, "m");
  EXPECT_EQ(std::get<PostgresStoreConfig>(config->store).conninfo_file, "/c");
  EXPECT_EQ(std::get<PostgresStoreConfig>(config->store).options.connections, 3u);
  EXPECT_EQ(config->cache.poll, std::chrono::seconds(2));
  EXPECT_EQ(config->cache.stale_limit, std::chrono::minutes(10));
  EXPECT_EQ(config->cache.root_refresh, std::chrono::minutes(1));
  EXPECT_EQ(config->cache.root_limit, std::chrono::minutes(30));
  EXPECT_EQ(config->cache.most_versions, 5000u);
  EXPECT_EQ(config->caretaker_pause, std::chrono::minutes(1));
  EXPECT_EQ(config->audit_file, "/a");
  EXPECT_EQ(config->audit.durability, AuditDurability::kNone);
  EXPECT_EQ(config->audit.key_path, "/k");
  EXPECT_EQ(config->audit.segment_bytes, 3u << 20);
  EXPECT_EQ(config->audit.segment_age, std::chrono::hours(2));
  EXPECT_EQ(config->audit.checkpoint_age, std::chrono::seconds(5));
  EXPECT_EQ(config->audit.retention, std::chrono::hours(1'000));
  EXPECT_EQ(config->audit.exports.directory, "/x");
  EXPECT_EQ(config->audit.exports.interval, std::chrono::seconds(7));
  EXPECT_EQ(config->audit_export_url, "https://anchors/log");
  EXPECT_EQ(config->audit_export_ca_file, "/ca");
  EXPECT_EQ(config->erasure_log, "/e");
  EXPECT_THAT(config->erasure_replay, ::testing::ElementsAre("/f", "/g"));
  EXPECT_EQ(config->erasure_horizon, std::chrono::hours(100));
  EXPECT_EQ(config->memory_lock, MemoryLock::kPreferred);
  ASSERT_EQ(config->access.principals.size(), 1u);
  EXPECT_EQ(config->access.principals[0].uids, (std::vector<uid_t>{0, 1001}));
  EXPECT_EQ(config->access.principals[0].rate.burst, 20);
  EXPECT_EQ(config->access.roles.at("reader")[0].keys, (std::vector<std::string>{"a", "b*"}));
}

TEST(ConfigTest, UnknownKeysAreRefusedWithLineAndNearestName) {
  EXPECT_EQ(ErrorOf("data_dir: /d\nlsten:\n  unix: /s\n"),
            "line 2: unknown key 'lsten'; did you mean 'listen'?");
  EXPECT_EQ(ErrorOf("data_dir: /d\nserver:\n  thread: 2\n"),
            "line 3: unknown key 'server.thread'; did you mean 'server.threads'?");
  EXPECT_EQ(ErrorOf("data_dir: /d\nqwertyuiop: 2\n"), "line 2: unknown key 'qwertyuiop'");
  EXPECT_EQ(ErrorOf("data_dir: /d\naccess:\n  roles:\n    r:\n      - action: [decrypt]\n"),
            "line 5: access.roles: unknown key 'action'; did you mean 'actions'?");
  EXPECT_EQ(ErrorOf("data_dir: /d\naccess:\n  principals:\n    p: {user: root}\n"),
            "line 4: access.principals: unknown key 'user'; did you mean 'users'?");
}

TEST(ConfigTest, ValuesAreChecked) {
  const std::string base = "data_dir: /d\n";
  EXPECT_EQ(ErrorOf(base + "server: {threads: many}\n"),
            "line 2: server.threads: must be a whole number from 0 to 256");
  EXPECT_EQ(ErrorOf(base + "server: {threads: 257}\n"),
            "line 2: server.threads: must be a whole number from 0 to 256");
  EXPECT_THAT(ErrorOf(base + "server: {drain_grace: 30}\n"), HasSubstr("30s"));
  EXPECT_THAT(ErrorOf(base + "server: {drain_grace: 2h}\n"), HasSubstr("to 3600s"));
  EXPECT_THAT(ErrorOf(base + "listen: {mode: 0888}\n"), HasSubstr("octal"));
  EXPECT_THAT(ErrorOf(base + "listen: {mode: 0060}\n"), HasSubstr("octal"));
  EXPECT_THAT(ErrorOf(base + "listen: {unix: relative}\n"), HasSubstr("absolute"));
  EXPECT_THAT(ErrorOf(base + "listen: {group: no-such-group}\n"), HasSubstr("no-such-group"));
  EXPECT_THAT(ErrorOf(base + "audit: {durability: fsnc}\n"), HasSubstr("did you mean 'fsync'?"));
  EXPECT_THAT(ErrorOf(base + "root: {local: {create_if_missing: yes}}\n"),
              HasSubstr("true or false"));
  EXPECT_THAT(ErrorOf(base + "limits: {connections: 10}\n"), HasSubstr("connections_per_user"));
  EXPECT_THAT(ErrorOf(base + "limits: {refusals_per_second: nan}\n"), HasSubstr("number from"));
  EXPECT_EQ(ErrorOf("log: {level: info}\n"), "data_dir is required");
  EXPECT_EQ(ErrorOf(""), "the file is empty");
}

TEST(ConfigTest, StructureIsChecked) {
  EXPECT_THAT(ErrorOf("- a\n- b\n"), HasSubstr("must be a mapping"));
  EXPECT_THAT(ErrorOf("data_dir: [a]\n"), HasSubstr("one plain value"));
  EXPECT_THAT(ErrorOf("data_dir: /d\nserver: 2\n"), HasSubstr("must be a mapping"));
  EXPECT_EQ(ErrorOf("data_dir: /d\ndata_dir: /e\n"), "line 2: 'data_dir' is given twice");
  EXPECT_THAT(ErrorOf("data_dir: [/d\n"), HasSubstr("line"));
  EXPECT_THAT(ErrorOf("data_dir: /d\n\tx: y\n"), HasSubstr("line 2"));
}

TEST(ConfigTest, TcpIsRefusedAndSaysWhy) {
  EXPECT_THAT(ErrorOf("data_dir: /d\nlisten:\n  tcp: 127.0.0.1:4433\n"),
              ::testing::AllOf(HasSubstr("line 3: listen.tcp"), HasSubstr("say listen.tls")));
}

TEST(ConfigTest, ReadsWhoMayComeFromANetwork) {
  const std::string yaml = R"(data_dir: /d
listen:
  tls:
    address: "[::]:9443"
    certificate: /t/s.crt
    key: /t/s.key
    client_ca: /t/ca.crt
    client_crl: /t/ca.crl
    client_certificates: optional
tokens:
  corp:
    issuer: https://id.example.com
    audiences: [fieldkms, kms]
    keys_url: https://id.example.com/keys
    keys_ca_file: /t/id.crt
    subject_claim: azp
    skew: 5s
access:
  principals:
    shop: {certificates: ["dns:Shop.example.com", "uri:spiffe://x/Shop"]}
    batch: {tokens: "corp:a:b"}
)";
  ASSERT_OK_AND_ASSIGN(const Config config, ParseConfig(yaml));
  ASSERT_TRUE(config.tls);
  EXPECT_EQ(config.tls->address, "[::]:9443");
  EXPECT_EQ(config.tls->client_crl, "/t/ca.crl");
  EXPECT_FALSE(config.tls->require_certificate);
  ASSERT_EQ(config.issuers.size(), 1u);
  EXPECT_EQ(config.issuers[0].options.name, "corp");
  EXPECT_EQ(config.issuers[0].options.subject_claim, "azp");
  EXPECT_EQ(config.issuers[0].options.skew, std::chrono::seconds(5));
  EXPECT_EQ(config.issuers[0].keys_ca_file, "/t/id.crt");
  EXPECT_EQ(config.access.principals[0].certificates,
            (std::vector<std::string>{"dns:shop.example.com", "uri:spiffe://x/Shop"}));
  EXPECT_EQ(config.access.principals[1].tokens, std::vector<std::string>{"corp:a:b"});
}

TEST(ConfigTest, WhoMayComeFromANetworkIsChecked) {
  const std::string tls =
      "data_dir: /d\nlisten:\n  tls: {address: \"0.0.0.0:1\", certificate: /c, key: /k";
  EXPECT_THAT(ErrorOf(tls + "}\n"), HasSubstr("nobody could be known"));
  EXPECT_THAT(ErrorOf(tls + ", client_crl: /r}\n"), HasSubstr("needs listen.tls.client_ca"));
  EXPECT_OK(ParseConfig(tls + ", client_ca: /a}\n"));
  EXPECT_THAT(ErrorOf("data_dir: /d\nlisten: {tls: {certificate: /c, key: /k}}\n"),
              HasSubstr("address is required"));
  for (const char* address :
       {"localhost:1", "0.0.0.0", "0.0.0.0:", "0.0.0.0:65536", "[::1:1", ":1"}) {
    EXPECT_THAT(
        ErrorOf(std::string("data_dir: /d\nlisten: {tls: {address: \"") + address + "\"}}\n"),
        HasSubstr("address in numbers"))
        << address;
  }
  const std::string tokens = "data_dir: /d\ntokens:\n  t: {issuer: i, audiences: a";
  EXPECT_OK(ParseConfig(tokens + ", keys_file: /f}\n"));
  EXPECT_THAT(ErrorOf(tokens + "}\n"), HasSubstr("exactly one of keys_file and keys_url"));
  EXPECT_THAT(ErrorOf(tokens + ", keys_url: \"http://x\"}\n"), HasSubstr("https://"));
  EXPECT_THAT(ErrorOf("data_dir: /d\ntokens:\n  t: {issuer: i, keys_file: /f}\n"),
              HasSubstr("audiences is required"));
  EXPECT_THAT(
      ErrorOf("data_dir: /d\ntokens:\n  \"a:b\": {issuer: i, audiences: a, keys_file: /f}\n"),
      HasSubstr("no colon"));
  const std::string access = "data_dir: /d\naccess:\n  principals:\n    p: ";
  EXPECT_THAT(ErrorOf(access + "{certificates: \"shop\"}\n"), HasSubstr("dns:"));
  EXPECT_THAT(ErrorOf(access + "{certificates: \"dns:*.x\"}\n"), HasSubstr("without wildcards"));
  EXPECT_THAT(ErrorOf(access + "{certificates: \"dns:x\"}\n"), HasSubstr("client_ca is not set"));
  EXPECT_THAT(ErrorOf(access + "{tokens: \"x:y\"}\n"), HasSubstr("is not among tokens"));
  EXPECT_THAT(ErrorOf(access + "{tokens: \"x\"}\n"), HasSubstr("a colon and a subject"));
}

TEST(ConfigTest, AccessIsChecked) {
  const std::string base = "data_dir: /d\naccess:\n";
  EXPECT_THAT(ErrorOf(base + "  roles:\n    r:\n      - {actions: [decrpt], tenants: a}\n"),
              HasSubstr("did you mean 'decrypt'?"));
  EXPECT_THAT(ErrorOf(base + "  roles:\n    r:\n      - {actions: [decrypt]}\n"),
              HasSubstr("needs actions and tenants"));
  EXPECT_THAT(
      ErrorOf(base + "  roles:\n    r:\n      - {actions: [decrypt, tenant.read], tenants: a}\n"),
      AllOf(HasSubstr("line 5"), HasSubstr("needs keys")));
  EXPECT_THAT(ErrorOf(base + "  principals:\n    p: {roles: r}\n"),
              HasSubstr("needs users, certificates or tokens"));
  EXPECT_THAT(ErrorOf(base + "  principals:\n    p: {users: no-such-user}\n"),
              HasSubstr("no-such-user"));
  EXPECT_THAT(ErrorOf(base + "  principals:\n    p: {users: 0, roles: nothing}\n"),
              HasSubstr("not defined"));
  EXPECT_THAT(ErrorOf(base + "  principals:\n    p: {users: 0}\n    q: {users: root}\n"),
              HasSubstr("uid 0 belongs to two"));
}

TEST(ConfigTest, FileErrorsBeginWithThePath) {
  testing::TempDir dir;
  const std::string path = dir.File("c.yaml");
  EXPECT_THAT(std::string(LoadConfig(path).status().message()), HasSubstr(path + ": cannot"));
  testing::WriteFile(path, "data_dir: relative\n");
  EXPECT_THAT(std::string(LoadConfig(path).status().message()), HasSubstr(path + ": line 1"));
  for (const mode_t mode : {0666u, 0620u, 0602u}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_THAT(std::string(LoadConfig(path).status().message()), HasSubstr("chmod go-w")) << mode;
  }
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  if (geteuid() == 0) {
    ASSERT_EQ(chown(path.c_str(), 12345, static_cast<gid_t>(-1)), 0);
    EXPECT_THAT(std::string(LoadConfig(path).status().message()), HasSubstr("another user"));
  }
  EXPECT_THAT(std::string(LoadConfig("/tmp").status().message()), HasSubstr("/tmp: cannot"));
}

TEST(ConfigTest, DevRunsAsItsOwnAdministratorInOneDirectory) {
  const Config config = DevConfig("/tmp/x");
  EXPECT_TRUE(config.dev);
  EXPECT_EQ(config.socket, "/tmp/x/fieldkmsd.sock");
  EXPECT_EQ(config.socket_mode, 0600u);
  EXPECT_EQ(config.memory_lock, MemoryLock::kPreferred);
  ASSERT_EQ(config.access.principals.size(), 1u);
  EXPECT_EQ(config.access.principals[0].uids, std::vector<uid_t>{getuid()});
}

TEST(ConfigTest, ExampleIsValid) {
  EXPECT_THAT(LoadConfig(testing::SourceDir() + "/deploy/fieldkmsd.example.yaml"), IsOk());
}

TEST(ConfigTest, EachKindOfRoot) {
  const auto root = [](const std::string& yaml) {
    const auto config = ParseConfig("data_dir: /d\nroot: " + yaml + "\n");
    EXPECT_THAT(config, IsOk()) << yaml;
    return config.ok() ? config->root : RootConfig();
  };
  const auto pkcs11 = std::get<Pkcs11RootOptions>(
      root("{pkcs11: {module: /m.so, token_label: t, key_label: k, key_id: 0aff, pin_file: /p, "
           "wrapping: key_wrap, sessions: 2, call_timeout: 3s}}"));
  EXPECT_EQ(pkcs11.module, "/m.so");
  EXPECT_EQ(pkcs11.key_id, std::string("\x0a\xff"));
  EXPECT_EQ(pkcs11.pin.file, "/p");
  EXPECT_EQ(pkcs11.wrapping, Pkcs11Wrapping::kAesKeyWrap);
  EXPECT_EQ(pkcs11.sessions, 2u);
  EXPECT_EQ(pkcs11.call_timeout, std::chrono::seconds(3));
  const auto vault = std::get<VaultOptions>(
      root("{vault: {address: a, key: k, mount: m, namespace: n, ca_file: /c, token_file: /t}}"));
  EXPECT_EQ(std::get<VaultTokenFile>(vault.auth).path, "/t");
  EXPECT_EQ(vault.name_space, "n");
  EXPECT_EQ(vault.http.ca_file, "/c");
  const auto kubernetes =
      std::get<VaultOptions>(root("{vault: {address: a, key: k, kubernetes: {role: r}}}"));
  EXPECT_EQ(std::get<VaultKubernetes>(kubernetes.auth).role, "r");
  const auto aws = std::get<AwsRootOptions>(root("{aws: {key: alias/k, region: eu-central-1}}"));
  EXPECT_EQ(aws.key, "alias/k");
  EXPECT_EQ(aws.region, "eu-central-1");
}

TEST(ConfigTest, OneRootAndOneStore) {
  EXPECT_THAT(ErrorOf("data_dir: /d\nroot: {local: {path: /r}, aws: {key: k}}\n"),
              HasSubstr("another kind"));
  EXPECT_THAT(ErrorOf("data_dir: /d\nroot: {}\n"), HasSubstr("must have a section"));
  EXPECT_THAT(ErrorOf("data_dir: /d\nroot: {vault: {token_file: /t, approle: {role_id: r}}}\n"),
              HasSubstr("another way to log in"));
  EXPECT_THAT(ErrorOf("data_dir: /d\nstore: {postgres: {connections: 2}}\n"),
              HasSubstr("conninfo_file or service"));
  EXPECT_THAT(ErrorOf("data_dir: /d\nstore: {postgres: {service: \"a host=b\"}}\n"),
              HasSubstr("plain name"));
  EXPECT_THAT(ErrorOf("data_dir: /d\nroot: {pkcs11: {key_id: 0AF}}\n"), HasSubstr("hex digits"));
  EXPECT_THAT(ErrorOf("data_dir: /d\nroot: {lokal: {path: /r}}\n"), HasSubstr("local"));
  EXPECT_THAT(ErrorOf("data_dir: /d\ncache: {root_refresh: 1h, root_limit: 1h}\n"),
              HasSubstr("root_refresh must be less"));
}

// The manual's table has exactly the keys that there are, with their types and
// defaults.
TEST(ConfigTest, ManualListsEveryKey) {
  std::set<std::string> documented, known;
  std::istringstream manual(testing::ReadFile(testing::SourceDir() + "/docs/configuration.md"));
  for (std::string line; std::getline(manual, line);) {
    if (line == "## Access") break;  // the table of actions
    if (!line.starts_with("| `")) continue;
    documented.insert(line.substr(0, line.find('|', line.find('|', line.find('|', 1) + 1) + 1)));
    EXPECT_GT(line.size(), 60u) << "no meaning: " << line;
  }
  for (const ConfigKeyInfo& key : ConfigKeys()) {
    known.insert("| `" + key.path + "` | " + key.type + " | " + key.default_value + " ");
  }
  EXPECT_EQ(documented, known);
}

}  // namespace
}  // namespace fieldkms
