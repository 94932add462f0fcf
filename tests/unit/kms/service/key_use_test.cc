// Which keys a call may use: by which name, for what, and in which state.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "crypto/envelope.h"
#include "tests/unit/kms/service/in_process_server.h"

namespace fieldkms {
namespace {

using ::testing::ElementsAre;

AccessPolicy Only(std::vector<Action> actions, std::vector<std::string> keys) {
  AccessPolicy policy;
  policy.roles["r"] = {{std::move(actions), {"acme"}, std::move(keys)}};
  policy.principals = {{"me", {getuid()}, {"r"}, Rate{}}};
  return policy;
}

class KeyUseTest : public ::testing::Test {
 protected:
  void StartAs(AccessPolicy policy) {
    server_ = std::make_unique<InProcessServer>(std::move(policy));
    server_->Make("acme", "card");
    server_->Make("acme", "note");
    server_->SetAlias("pan", "card");
  }
  void SetUp() override { StartAs(InProcessServer::DefaultPolicy()); }

  KeyAdmin& admin() { return server_->keyring->admin(); }
  std::string NextId() { return "request-" + std::to_string(++requests_); }
  std::string Encrypt(const std::string& key, std::string* ciphertext = nullptr) {
    v1::EncryptResponse response;
    const grpc::Status status = server_->Encrypt(server_->EncryptRequest(key), &response);
    if (ciphertext != nullptr) *ciphertext = response.ciphertext();
    return status.ok() ? "OK" : ReasonIn(status);
  }
  std::string Decrypt(const std::string& ciphertext, const std::string& pin = "") {
    grpc::ClientContext client;
    v1::DecryptRequest request;
    v1::DecryptResponse response;
    request.set_tenant("acme");
    request.set_ciphertext(ciphertext);
    request.set_key(pin);
    const grpc::Status status = server_->crypto->Decrypt(&client, request, &response);
    if (!status.ok()) return ReasonIn(status);
    return response.plaintext() == "value" ? "OK" : "another value";
  }
  std::string Rewrap(const std::string& ciphertext, const std::string& destination) {
    grpc::ClientContext client;
    v1::RewrapRequest request;
    v1::RewrapResponse response;
    request.set_tenant("acme");
    request.set_ciphertext(ciphertext);
    request.set_destination_key(destination);
    const grpc::Status status = server_->crypto->Rewrap(&client, request, &response);
    return status.ok() ? "OK" : ReasonIn(status);
  }

  std::unique_ptr<InProcessServer> server_;
  int requests_ = 0;
};

TEST_F(KeyUseTest, AnAliasSealsUnderItsKey) {
  std::string ciphertext;
  ASSERT_EQ(Encrypt("pan", &ciphertext), "OK");
  EXPECT_THAT(server_->audit.Lines().back().keys, ElementsAre("card"));
  EXPECT_EQ(Decrypt(ciphertext, "card"), "OK");
  EXPECT_EQ(Decrypt(ciphertext, "pan"), "OK");
  EXPECT_EQ(Decrypt(ciphertext, "note"), "DECRYPT_FAILED");
  EXPECT_EQ(Decrypt(ciphertext, "nothing"), "DECRYPT_FAILED");
  EXPECT_EQ(server_->audit.Lines().back().reason, "OTHER_KEY");
}

TEST_F(KeyUseTest, APinMayBeAnAliasThatIsNotLoaded) {
  std::string ciphertext;
  ASSERT_EQ(Encrypt("card", &ciphertext), "OK");
  server_->Restart();
  EXPECT_EQ(Decrypt(ciphertext, "pan"), "OK");
}

TEST_F(KeyUseTest, RightsAreThoseOnTheKeysOwnName) {
  StartAs(Only({Action::kEncrypt, Action::kDecrypt}, {"card"}));
  EXPECT_EQ(Encrypt("pan"), "OK");
  EXPECT_EQ(Encrypt("card"), "OK");
  StartAs(Only({Action::kEncrypt, Action::kDecrypt}, {"pan"}));
  EXPECT_EQ(Encrypt("pan"), "PERMISSION_DENIED");
  EXPECT_EQ(Encrypt("card"), "PERMISSION_DENIED");
}

// Whatever is loaded, and whether or not the root is there.
TEST_F(KeyUseTest, WithoutRightsNothingIsLearnedOfWhatExists) {
  StartAs(Only({Action::kEncrypt}, {"other"}));
  for (const bool root_is_down : {false, true}) {
    server_->Restart();
    server_->root->down = root_is_down;
    for (const char* name : {"pan", "card", "nothing"}) {
      EXPECT_EQ(Encrypt(name), "PERMISSION_DENIED") << name << root_is_down;
    }
  }
}

TEST_F(KeyUseTest, RewrapsToAnAlias) {
  std::string ciphertext;
  ASSERT_EQ(Encrypt("card", &ciphertext), "OK");
  EXPECT_EQ(Rewrap(ciphertext, "pan"), "OK");
  EXPECT_THAT(server_->audit.Lines().back().destination_keys, ElementsAre());
  EXPECT_EQ(Rewrap(ciphertext, "note"), "OK");
  EXPECT_THAT(server_->audit.Lines().back().destination_keys, ElementsAre("note"));
  EXPECT_EQ(Rewrap(ciphertext, "nothing"), "KEY_NOT_FOUND");
}

TEST_F(KeyUseTest, PurposesDoNotMix) {
  KeySpec spec;
  spec.tenant = "acme";
  spec.name = "macs";
  spec.purpose = KeyPurpose::kMac;
  ASSERT_TRUE(admin().CreateKey(spec, NextId(), kNoDeadline).ok());
  EXPECT_EQ(Encrypt("macs"), "KEY_PURPOSE");
}

TEST_F(KeyUseTest, ADisabledVersionStopsAtOnceAndComesBack) {
  std::string ciphertext;
  ASSERT_EQ(Encrypt("card", &ciphertext), "OK");
  for (const bool restart : {false, true}) {
    ASSERT_TRUE(admin().DisableVersion({"acme", "card"}, 1, NextId(), kNoDeadline).ok());
    if (restart) server_->Restart();
    EXPECT_EQ(Encrypt("card"), "KEY_STATE");
    EXPECT_EQ(Decrypt(ciphertext), "KEY_STATE");
    EXPECT_EQ(Rewrap(ciphertext, ""), "KEY_STATE");
    ASSERT_TRUE(admin().EnableVersion({"acme", "card"}, 1, NextId(), kNoDeadline).ok());
    EXPECT_EQ(Encrypt("card"), "OK");
    EXPECT_EQ(Decrypt(ciphertext), "OK");
  }
}

TEST_F(KeyUseTest, StatesAreToldToThoseWhoMayUseTheKeyOnly) {
  std::string ciphertext;
  ASSERT_EQ(Encrypt("card", &ciphertext), "OK");
  StartAs(Only({Action::kEncrypt, Action::kDecrypt}, {"note"}));
  ASSERT_TRUE(admin().DisableVersion({"acme", "card"}, 1, NextId(), kNoDeadline).ok());
  EXPECT_EQ(Encrypt("card"), "PERMISSION_DENIED");
}

TEST_F(KeyUseTest, OldVersionsEndAtTheMinimum) {
  std::string old, fresh;
  ASSERT_EQ(Encrypt("card", &old), "OK");
  ASSERT_TRUE(admin().RotateKey("acme", "card", 0, NextId(), kNoDeadline).ok());
  ASSERT_EQ(Encrypt("card", &fresh), "OK");
  EXPECT_EQ(Decrypt(old), "OK");
  KeyPatch patch;
  patch.min_decrypt_version = 2;
  ASSERT_TRUE(admin().UpdateKey({"acme", "card"}, patch, NextId(), kNoDeadline).ok());
  EXPECT_EQ(Decrypt(old), "KEY_STATE");
  EXPECT_EQ(Decrypt(fresh), "OK");
}

TEST_F(KeyUseTest, AKeySealsInItsSuiteAndOpensNoOther) {
  KeySpec spec;
  spec.tenant = "acme";
  spec.name = "committing";
  spec.suite = 2;
  ASSERT_TRUE(admin().CreateKey(spec, NextId(), kNoDeadline).ok());
  std::string ciphertext;
  ASSERT_EQ(Encrypt("committing", &ciphertext), "OK");
  EXPECT_EQ(ciphertext.size(), 5u + EnvelopeOverhead(Suite::kKcXaes256Gcm));
  EXPECT_EQ(Decrypt(ciphertext), "OK");
  // The same without its commitment, which would open by itself.
  std::string other = ciphertext.substr(0, ciphertext.size() - kXaesCommitmentSize);
  other[0] = static_cast<char>(0x11);
  EXPECT_EQ(Decrypt(other), "DECRYPT_FAILED");
  EXPECT_EQ(server_->audit.Lines().back().reason, "SUITE_UNKNOWN");
}

TEST_F(KeyUseTest, DataKeysAreSealedAndAudited) {
  grpc::ClientContext client;
  v1::GenerateDataKeyRequest request;
  v1::GenerateDataKeyResponse response;
  request.set_tenant("acme");
  request.set_key("pan");
  request.set_size(64);
  ASSERT_TRUE(server_->crypto->GenerateDataKey(&client, request, &response).ok());
  EXPECT_EQ(response.plaintext().size(), 64u);
  EXPECT_EQ(response.key_version(), 1u);
  EXPECT_EQ(Decrypt(response.ciphertext()), "another value");
  const AuditedLine line = server_->audit.Lines().at(server_->audit.Lines().size() - 2);
  EXPECT_EQ(line.method, "CryptoService.GenerateDataKey");
  EXPECT_THAT(line.keys, ElementsAre("card"));
}

}  // namespace
}  // namespace fieldkms
