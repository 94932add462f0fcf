// Data keys, random bytes and keys that commit, through a real daemon.
#include <unistd.h>

#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

using Crypto = v1::CryptoService::Stub;

class DataKeyRpcTest : public ServerTest {
 protected:
  void SetUp() override {
    StartDev();
    CreateTenant("acme");
    CreateKey("acme", "files");
  }
  template <class Request>
  static Request For(const std::string& key, uint32_t size = 0) {
    Request request;
    request.set_tenant("acme");
    request.set_key(key);
    request.set_size(size);
    auto* entry = request.add_context();
    entry->set_name("pk");
    entry->set_value("1");
    return request;
  }
  std::string Random(uint32_t size, v1::GenerateRandomResponse* response) {
    v1::GenerateRandomRequest request;
    request.set_size(size);
    return OfCrypto(&Crypto::GenerateRandom, request, response);
  }
};

TEST_F(DataKeyRpcTest, OpensToWhatWasReturned) {
  for (const uint32_t size : {0u, 16u, 64u}) {
    v1::GenerateDataKeyResponse made;
    ASSERT_EQ(
        OfCrypto(&Crypto::GenerateDataKey, For<v1::GenerateDataKeyRequest>("files", size), &made),
        "OK");
    EXPECT_EQ(made.plaintext().size(), size == 0 ? 32u : size);
    EXPECT_EQ(made.key_version(), 1u);
    std::string opened;
    ASSERT_EQ(Verdict(Decrypt("acme", made.ciphertext(), "1", &opened, "files")), "OK");
    EXPECT_EQ(opened, made.plaintext());
    EXPECT_EQ(Verdict(Decrypt("acme", made.ciphertext(), "2")), "INVALID_ARGUMENT DECRYPT_FAILED");
  }
}

TEST_F(DataKeyRpcTest, WithoutPlaintextNobodySawIt) {
  v1::GenerateDataKeyWithoutPlaintextResponse made;
  ASSERT_EQ(OfCrypto(&Crypto::GenerateDataKeyWithoutPlaintext,
                     For<v1::GenerateDataKeyWithoutPlaintextRequest>("files"), &made),
            "OK");
  EXPECT_EQ(AuditLines().back()["method"], "CryptoService.GenerateDataKeyWithoutPlaintext");
  EXPECT_EQ(AuditLines().back()["key"], "files");
  std::string opened;
  ASSERT_EQ(Verdict(Decrypt("acme", made.ciphertext(), "1", &opened)), "OK");
  EXPECT_EQ(opened.size(), 32u);
  v1::GenerateDataKeyResponse seen;
  ASSERT_EQ(OfCrypto(&Crypto::GenerateDataKey, For<v1::GenerateDataKeyRequest>("files"), &seen),
            "OK");
  EXPECT_EQ(AuditLines().back()["method"], "CryptoService.GenerateDataKey");
}

TEST_F(DataKeyRpcTest, Refusals) {
  v1::GenerateDataKeyResponse made;
  for (const uint32_t size : {1u, 15u, 65u}) {
    EXPECT_EQ(
        OfCrypto(&Crypto::GenerateDataKey, For<v1::GenerateDataKeyRequest>("files", size), &made),
        "INVALID_ARGUMENT INVALID_FIELD");
  }
  EXPECT_EQ(OfCrypto(&Crypto::GenerateDataKey, For<v1::GenerateDataKeyRequest>("nothing"), &made),
            "NOT_FOUND KEY_NOT_FOUND");
  v1::CreateKeyRequest mac;
  v1::CreateKeyResponse created;
  mac.set_tenant("acme");
  mac.set_name("macs");
  mac.set_purpose(v1::KEY_PURPOSE_MAC);
  ASSERT_EQ(OfKeys(&v1::KeyService::Stub::CreateKey, mac, &created), "OK");
  EXPECT_EQ(OfCrypto(&Crypto::GenerateDataKey, For<v1::GenerateDataKeyRequest>("macs"), &made),
            "FAILED_PRECONDITION KEY_PURPOSE");
  EXPECT_EQ(EncryptVerdict("macs"), "FAILED_PRECONDITION KEY_PURPOSE");
}

TEST_F(DataKeyRpcTest, RandomBytes) {
  v1::GenerateRandomResponse one, two;
  ASSERT_EQ(Random(32, &one), "OK");
  ASSERT_EQ(Random(32, &two), "OK");
  EXPECT_EQ(one.random().size(), 32u);
  EXPECT_NE(one.random(), two.random());
  ASSERT_EQ(Random(4'096, &one), "OK");
  EXPECT_EQ(one.random().size(), 4'096u);
  EXPECT_EQ(Random(0, &one), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(Random(4'097, &one), "INVALID_ARGUMENT INVALID_FIELD");
}

TEST_F(DataKeyRpcTest, RightsOfTheirOwn) {
  ASSERT_EQ(daemon_->Terminate().code, 0);
  StartWith(
      "access:\n  roles:\n    r:\n      - {actions: [encrypt, datakey.generate], tenants: acme, "
      "keys: files}\n  principals:\n    me: {users: [" +
      std::to_string(getuid()) + "], roles: [r]}\n");
  v1::GenerateDataKeyResponse made;
  EXPECT_EQ(OfCrypto(&Crypto::GenerateDataKey, For<v1::GenerateDataKeyRequest>("files"), &made),
            "OK");
  EXPECT_EQ(OfCrypto(&Crypto::GenerateDataKey, For<v1::GenerateDataKeyRequest>("other"), &made),
            "PERMISSION_DENIED PERMISSION_DENIED");
  v1::GenerateRandomResponse random;
  EXPECT_EQ(Random(1, &random), "PERMISSION_DENIED PERMISSION_DENIED");
}

TEST_F(DataKeyRpcTest, KeysThatCommitRoundTrip) {
  v1::CreateKeyRequest request;
  v1::CreateKeyResponse created;
  request.set_tenant("acme");
  request.set_name("committing");
  request.set_suite(v1::SUITE_KC_XAES_256_GCM);
  ASSERT_EQ(OfKeys(&v1::KeyService::Stub::CreateKey, request, &created), "OK");
  const std::string sealed = Encrypt("acme", "committing", "4111", "1");
  EXPECT_EQ(sealed.size(), 4u + 85u);
  std::string opened;
  ASSERT_EQ(Verdict(Decrypt("acme", sealed, "1", &opened)), "OK");
  EXPECT_EQ(opened, "4111");
  v1::RewrapRequest rewrap;
  v1::RewrapResponse rewrapped;
  rewrap.set_tenant("acme");
  rewrap.set_ciphertext(sealed);
  rewrap.set_destination_key("files");
  auto* entry = rewrap.add_context();
  entry->set_name("pk");
  entry->set_value("1");
  ASSERT_EQ(OfCrypto(&Crypto::Rewrap, rewrap, &rewrapped), "OK");
  EXPECT_EQ(rewrapped.ciphertext().size(), 4u + 53u);
  std::string altered = sealed;
  altered.back() = static_cast<char>(altered.back() ^ 1);
  EXPECT_EQ(Verdict(Decrypt("acme", altered, "1")), "INVALID_ARGUMENT DECRYPT_FAILED");
}

}  // namespace
}  // namespace fieldkms::testing
