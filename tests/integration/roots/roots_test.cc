// The daemon on each root of trust: a key made before a restart opens after it; keys
// that are loaded serve while the root is away, others fail fast and come back by
// themselves; and all keys move from one root to another while they are in use.
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
#include "tests/support/moto/moto_server.h"
#include "tests/support/soft_token.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;

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

TEST_F(RootsTest, APassphrase) {
  const std::string passphrase = PrivateFile("passphrase", "correct horse battery staple\n");
  ExpectKeysSurviveARestart("{local: {create_if_missing: true, passphrase_file: " + passphrase +
                            "}}");
  PrivateFile("passphrase", "another one\n");
  daemon_.reset();
  Daemon wrong({data_, {"--config", config_}, {}, {}});
  EXPECT_NE(wrong.StartAndWait().code, 0);
  EXPECT_NE(wrong.Log().find("ROOT_DENIED"), std::string::npos) << wrong.Log();
}

TEST_F(RootsTest, AToken) {
  SoftTokens tokens;
  tokens.Make("bank");
  ExpectKeysSurviveARestart("{pkcs11: {module: " + SoftTokens::Module() +
                            ", token_label: bank, key_label: fieldkms, create_if_missing: true, "
                            "pin_file: " +
                            tokens.pin_file() + "}}");
}

TEST_F(RootsTest, AwsKms) {
  MotoServer& moto = MotoServer::Shared();
  env_ = {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"}, {"AWS_SECRET_ACCESS_KEY", "example"}};
  ExpectKeysSurviveARestart("{aws: {key: \"" + moto.CreateKey() + "\", endpoint: \"" + moto.url() +
                            "\"}}");
}

TEST_F(VaultRootsTest, Vault) { ExpectKeysSurviveARestart(Root()); }

TEST_F(VaultRootsTest, LoadedKeysServeWhileTheVaultIsSealed) {
  StartOn(Root());
  HaveKey("acme");
  HaveKey("globex");
  const auto sealed = Encrypt("acme");
  ASSERT_OK(sealed);
  const auto other = Encrypt("globex");
  ASSERT_OK(other);
  StartOn(Root());
  ASSERT_OK(Decrypt("acme", *sealed));
  vault_.SetFaults({.sealed = true});
  EXPECT_OK(Decrypt("acme", *sealed));
  EXPECT_OK(Encrypt("acme"));
  const auto down = StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable);
  EXPECT_THAT(Decrypt("globex", *other), down);
  EXPECT_THAT(CreateTenant("initech"), down);
  vault_.SetFaults({});
  Await([&] { return Decrypt("globex", *other).ok(); });
}

TEST_F(VaultRootsTest, AServiceStartsWhileItsVaultIsAway) {
  StartOn(Root());
  HaveKey("acme");
  const auto sealed = Encrypt("acme");
  ASSERT_OK(sealed);
  vault_.SetFaults({.drop = true});
  StartOn(Root());
  EXPECT_THAT(Decrypt("acme", *sealed),
              StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable));
  vault_.SetFaults({});
  Await([&] { return Decrypt("acme", *sealed).ok(); });
}

TEST_F(VaultRootsTest, AllKeysMoveFromOneRootToAnother) {
  const std::string local = "{local: {create_if_missing: true}}";
  StartOn(local);
  HaveKey("acme");
  HaveKey("globex");
  const auto sealed = Encrypt("acme");
  ASSERT_OK(sealed);
  // First every replica learns to open what the new root wraps, then to wrap with it.
  StartOn(local, Root());
  EXPECT_OK(Decrypt("acme", *sealed));
  StartOn(Root(), local);
  EXPECT_OK(Decrypt("acme", *sealed));
  v1::RotateRootRequest request;
  const auto begun = client_->RotateRoot(request);
  ASSERT_OK(begun);
  v1::GetOperationRequest get;
  get.set_operation_id(begun->operation_id());
  Await([&] {
    const auto operation = client_->GetOperation(get);
    EXPECT_TRUE(!operation.ok() || operation->state() != v1::OPERATION_STATE_FAILED)
        << operation->error();
    return operation.ok() && operation->state() != v1::OPERATION_STATE_RUNNING;
  });
  // The old root is let go.
  unlink((data_ + "/root.key").c_str());
  StartOn(Root());
  EXPECT_OK(Decrypt("acme", *sealed));
  HaveKey("initech");
}

}  // namespace
}  // namespace fieldkms::testing
