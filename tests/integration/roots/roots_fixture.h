// The daemon on a root of trust.
#ifndef FIELDKMS_TESTS_INTEGRATION_ROOTS_ROOTS_FIXTURE_H_
#define FIELDKMS_TESTS_INTEGRATION_ROOTS_ROOTS_FIXTURE_H_

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "clients/cpp/client.h"
#include "crypto/status.h"
#include "kms/root/http_client.h"
#include "tests/support/daemon.h"
#include "tests/support/fake_vault/fake_vault.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

class RootsTest : public ::testing::Test {
 protected:
  // (Re)starts the daemon with that root, `yaml` being "{local: ...}", and maybe another.
  void StartOn(const std::string& root, const std::string& also = "") {
    daemon_.reset();
    WriteFile(config_, "data_dir: " + data_ + "\nlisten: {unix: " + data_ +
                           "/fieldkmsd.sock}\nmemory: {lock: preferred}\nroot: " + root + "\n" +
                           (also.empty() ? "" : "also_root: " + also + "\n") +
                           "caretaker: {pause: 50ms}\n"
                           "access:\n  roles:\n    all:\n      - actions: [encrypt, decrypt, "
                           "key.create, tenant.create, root.rotate, operation.read, system.read]\n"
                           "        tenants: [\"*\"]\n        keys: [\"*\"]\n"
                           "  principals:\n    test: {users: [" +
                           std::to_string(getuid()) + "], roles: [all]}\n");
    daemon_ = std::make_unique<Daemon>(DaemonOptions{data_, {"--config", config_}, env_, {}});
    ASSERT_OK(daemon_->Start());
    auto client = Client::Create({.target = daemon_->target(), .max_attempts = 1});
    ASSERT_OK(client);
    client_ = *std::move(client);
  }
  absl::Status CreateTenant(const std::string& tenant) {
    v1::CreateTenantRequest request;
    request.set_tenant(tenant);
    return client_->CreateTenant(request).status();
  }
  void HaveKey(const std::string& tenant) {
    ASSERT_OK(CreateTenant(tenant));
    v1::CreateKeyRequest request;
    request.set_tenant(tenant);
    request.set_name("k");
    ASSERT_OK(client_->CreateKey(request));
  }
  absl::StatusOr<std::string> Encrypt(const std::string& tenant) {
    v1::EncryptRequest request;
    request.set_tenant(tenant);
    request.set_key("k");
    request.set_plaintext("DE89370400440532013000");
    FIELDKMS_ASSIGN_OR_RETURN(const v1::EncryptResponse response, client_->Encrypt(request));
    return response.ciphertext();
  }
  absl::Status Decrypt(const std::string& tenant, const std::string& ciphertext) {
    v1::DecryptRequest request;
    request.set_tenant(tenant);
    request.set_ciphertext(ciphertext);
    FIELDKMS_ASSIGN_OR_RETURN(const v1::DecryptResponse response, client_->Decrypt(request));
    return response.plaintext() == "DE89370400440532013000" ? absl::OkStatus() : Bug("other bytes");
  }
  // A key made on a root opens after a restart on it.
  void ExpectKeysSurviveARestart(const std::string& root) {
    StartOn(root);
    HaveKey("acme");
    const auto sealed = Encrypt("acme");
    ASSERT_OK(sealed);
    StartOn(root);
    EXPECT_OK(Decrypt("acme", *sealed));
  }
  static void Await(const std::function<bool()>& true_now) {
    while (!true_now()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  std::string PrivateFile(const std::string& name, const std::string& content) {
    WriteFile(dir_.File(name), content);
    chmod(dir_.File(name).c_str(), 0600);
    return dir_.File(name);
  }

  TempDir dir_;
  const std::string data_ = dir_.File("data");
  const std::string config_ = dir_.File("config.yaml");
  std::map<std::string, std::string> env_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<Client> client_;
};

// A Vault with a transit key, as an administrator makes it.
class VaultRootsTest : public RootsTest {
 protected:
  void SetUp() override {
    auto http = MakeHttpClient({});
    ASSERT_OK(http);
    const auto made = (*http)->Send({"POST",
                                     vault_.url() + "/v1/transit/keys/fieldkms",
                                     {{"X-Vault-Token", FakeVault::kRootToken}},
                                     "{}"},
                                    kNoDeadline);
    ASSERT_OK(made);
  }
  std::string Root() {
    return "{vault: {address: \"" + vault_.url() +
           "\", key: fieldkms, token_file: " + PrivateFile("vault-token", FakeVault::kRootToken) +
           "}}";
  }

  FakeVault vault_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_INTEGRATION_ROOTS_ROOTS_FIXTURE_H_
