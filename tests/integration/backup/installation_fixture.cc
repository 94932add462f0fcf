#include "tests/integration/backup/installation_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

#include "crypto/status.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

constexpr char kPlaintext[] = "DE89370400440532013000";

}  // namespace

Served::Served(const std::string& name, const std::string& root, const std::string& store)
    : config_(dir_.File(name + ".yaml")), store_(store) {
  Configure(root);
}

void Served::Configure(const std::string& root, const std::string& also_root) {
  WriteFile(config_,
            "data_dir: " + data_dir() + "\nlisten: {unix: " + data_dir() +
                "/fieldkmsd.sock}\nmemory: {lock: preferred}\nroot: " + root + "\n" +
                (also_root.empty() ? "" : "also_root: " + also_root + "\n") +
                (store_.empty() ? "" : "store: " + store_ + "\n") +
                "caretaker: {pause: 50ms}\ncache: {poll: 50ms}\n"
                "access:\n  roles:\n    all:\n      - actions: [encrypt, decrypt, key.create, "
                "key.read, key.rotate, tenant.create, tenant.read, operation.read, system.read, "
                "field.create, "
                "field.tokenize, field.detokenize]\n"
                "        tenants: [\"*\"]\n        keys: [\"*\"]\n        fields: [\"*\"]\n"
                "        mask_level: full\n"
                "  principals:\n    test: {users: [" +
                std::to_string(getuid()) + "], roles: [all]}\n");
}

void Served::Start() {
  daemon_.reset();
  daemon_ = std::make_unique<Daemon>(DaemonOptions{data_dir(), {"--config", config_}, {}, {}});
  ASSERT_OK(daemon_->Start());
  auto client = Client::Create({.target = daemon_->target(), .max_attempts = 1});
  ASSERT_OK(client);
  client_ = *std::move(client);
}

void Served::StartOn(const std::string& root, const std::string& also_root) {
  Configure(root, also_root);
  Start();
}

std::string Served::PrivateFile(const std::string& name, const std::string& content) const {
  WriteFile(dir_.File(name), content);
  chmod(dir_.File(name).c_str(), 0600);
  return dir_.File(name);
}

absl::Status Served::CreateTenant(const std::string& tenant) {
  v1::CreateTenantRequest request;
  request.set_tenant(tenant);
  return client_->CreateTenant(request).status();
}

absl::Status Served::CreateKey(const std::string& tenant, const std::string& key) {
  v1::CreateKeyRequest request;
  request.set_tenant(tenant);
  request.set_name(key);
  return client_->CreateKey(request).status();
}

absl::Status Served::RotateKey(const std::string& tenant, const std::string& key) {
  v1::RotateKeyRequest request;
  request.set_tenant(tenant);
  request.set_name(key);
  return client_->RotateKey(request).status();
}

absl::StatusOr<std::string> Served::Encrypt(const std::string& tenant, const std::string& key) {
  v1::EncryptRequest request;
  request.set_tenant(tenant);
  request.set_key(key);
  request.set_plaintext(kPlaintext);
  FIELDKMS_ASSIGN_OR_RETURN(const v1::EncryptResponse response, client_->Encrypt(request));
  return response.ciphertext();
}

absl::Status Served::Decrypt(const std::string& tenant, const std::string& ciphertext) {
  v1::DecryptRequest request;
  request.set_tenant(tenant);
  request.set_ciphertext(ciphertext);
  FIELDKMS_ASSIGN_OR_RETURN(const v1::DecryptResponse response, client_->Decrypt(request));
  return response.plaintext() == kPlaintext ? absl::OkStatus() : Bug("other bytes");
}

std::string PostgresStoreYaml(const std::string& conninfo_file) {
  PostgresServer& server = PostgresServer::Shared();
  WriteFile(conninfo_file,
            server.Conninfo(server.MakeStore(), PostgresServer::kServiceLogin) + "\n");
  chmod(conninfo_file.c_str(), 0600);
  return "{postgres: {conninfo_file: " + conninfo_file + "}}";
}

CommandResult Cli(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), BinaryPath("fieldkms"));
  return RunCommand({.argv = std::move(arguments)});
}

nlohmann::json CliJson(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  const CommandResult result = Cli(std::move(arguments));
  EXPECT_EQ(result.status.code, 0) << result.err;
  return nlohmann::json::parse(result.out, nullptr, false);
}

void Await(const std::function<bool()>& true_now) {
  while (!true_now()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

}  // namespace fieldkms::testing
