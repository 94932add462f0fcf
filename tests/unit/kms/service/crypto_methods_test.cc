// Where keys are not loaded, and where they cannot be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/kms/service/in_process_server.h"

namespace fieldkms {
namespace {

using ::testing::ElementsAre;

class CryptoMethodsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.Make("acme", "card");
    server_.Make("acme", "note");
  }
  std::string Encrypted(const std::string& key) {
    v1::EncryptResponse response;
    EXPECT_TRUE(server_.Encrypt(server_.EncryptRequest(key), &response).ok());
    return response.ciphertext();
  }
  grpc::Status BatchDecrypt(const std::vector<std::string>& ciphertexts,
                            v1::BatchDecryptResponse* response) {
    grpc::ClientContext client;
    v1::BatchDecryptRequest request;
    request.set_tenant("acme");
    for (const std::string& ciphertext : ciphertexts) {
      request.add_items()->set_ciphertext(ciphertext);
    }
    return server_.crypto->BatchDecrypt(&client, request, response);
  }
  InProcessServer server_;
};

TEST_F(CryptoMethodsTest, BatchGoesOnWhereItStoppedToLoad) {
  const std::string card = Encrypted("card"), note = Encrypted("note");
  server_.Restart();
  EXPECT_EQ(Encrypted("card").size(), card.size());  // loads `card` only
  v1::BatchDecryptResponse response;
  ASSERT_TRUE(BatchDecrypt({card, "garbage", note, card}, &response).ok());
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_EQ(response.failed_count(), 1u);
  EXPECT_EQ(response.results(0).plaintext(), "value");
  EXPECT_EQ(ReasonIn(response.results(1).error()), "DECRYPT_FAILED");
  EXPECT_EQ(response.results(2).plaintext(), "value");
  EXPECT_EQ(response.results(3).plaintext(), "value");
  EXPECT_EQ(server_.audit.Lines().back().failed, 1u);
  EXPECT_THAT(server_.audit.Lines().back().keys, ElementsAre("card", "note"));
}

TEST_F(CryptoMethodsTest, RecordOfABatchNamesItsFirstKeysAndSaysIfThereWereMore) {
  for (const int names : {1, 8, 9}) {
    v1::BatchEncryptRequest request;
    request.set_tenant("acme");
    request.set_key("card");
    std::vector<std::string> expected;
    for (int i = 0; i < 2 * names; ++i) {
      // The one that exists, and others that are asked for all the same.
      const std::string name = i % names == 0 ? "note" : "no-such-" + std::to_string(i % names);
      request.add_items()->set_key(name);
      if (i < std::min(names, 8)) expected.push_back(name);
    }
    grpc::ClientContext client;
    v1::BatchEncryptResponse response;
    ASSERT_TRUE(server_.crypto->BatchEncrypt(&client, request, &response).ok());
    const AuditedLine line = server_.audit.Lines().back();
    EXPECT_EQ(line.keys, expected);
    EXPECT_EQ(line.more_keys, names > 8);
    EXPECT_EQ(line.failed, static_cast<uint32_t>(2 * names - 2));
  }
}

TEST_F(CryptoMethodsTest, LoadedKeysServeWhileTheRootIsDown) {
  const std::string card = Encrypted("card"), note = Encrypted("note");
  server_.Restart();
  EXPECT_EQ(Encrypted("card").size(), card.size());
  server_.root->down = true;
  v1::BatchDecryptResponse response;
  ASSERT_TRUE(BatchDecrypt({card}, &response).ok());
  EXPECT_EQ(response.results(0).plaintext(), "value");
}

TEST_F(CryptoMethodsTest, WithoutTheRootWhatIsNotLoadedIsUnavailable) {
  const std::string card = Encrypted("card");
  server_.Restart();
  server_.root->down = true;
  v1::EncryptResponse encrypted;
  const grpc::Status status = server_.Encrypt(server_.EncryptRequest(), &encrypted);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonIn(status), "ROOT_UNAVAILABLE");
  v1::BatchDecryptResponse response;
  EXPECT_EQ(ReasonIn(BatchDecrypt({card, card}, &response)), "ROOT_UNAVAILABLE");
  server_.root->down = false;
  EXPECT_TRUE(BatchDecrypt({card, card}, &response).ok());
}

TEST_F(CryptoMethodsTest, GoodItemsAreKeptWhereOthersNeedTheRoot) {
  const std::string card = Encrypted("card");
  server_.Make("beta", "card");
  server_.Restart();
  server_.root->down = true;
  v1::BatchDecryptResponse response;
  ASSERT_TRUE(BatchDecrypt({"garbage", card, card}, &response).ok());
  EXPECT_EQ(response.failed_count(), 3u);
  EXPECT_EQ(ReasonIn(response.results(0).error()), "DECRYPT_FAILED");
  EXPECT_EQ(ReasonIn(response.results(1).error()), "ROOT_UNAVAILABLE");
  EXPECT_EQ(ReasonIn(response.results(2).error()), "ROOT_UNAVAILABLE");
}

TEST_F(CryptoMethodsTest, RewrapOfKeysNotLoadedNotesBoth) {
  const std::string card = Encrypted("card");
  server_.Restart();
  grpc::ClientContext client;
  v1::RewrapRequest request;
  v1::RewrapResponse response;
  request.set_tenant("acme");
  request.set_ciphertext(card);
  request.set_destination_key("note");
  ASSERT_TRUE(server_.crypto->Rewrap(&client, request, &response).ok());
  EXPECT_THAT(server_.audit.Lines().back().keys, ElementsAre("card"));
  EXPECT_THAT(server_.audit.Lines().back().destination_keys, ElementsAre("note"));
}

}  // namespace
}  // namespace fieldkms
