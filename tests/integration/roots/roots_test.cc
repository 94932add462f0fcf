// The daemon on each root of trust: a key made before a restart opens after it; and all
// keys move from one root to another while they are in use.
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/integration/roots/roots_fixture.h"
#include "tests/support/moto/moto_server.h"
#include "tests/support/soft_token.h"

namespace fieldkms::testing {
namespace {

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
