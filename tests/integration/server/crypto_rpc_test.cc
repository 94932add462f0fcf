// Encrypt, Decrypt and Rewrap through a real daemon.
#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

class CryptoRpcTest : public ServerTest {
 protected:
  void SetUp() override {
    StartDev();
    CreateTenant("acme");
    CreateTenant("other");
    CreateKey("acme", "customers.card");
    CreateKey("acme", "customers.note");
    CreateKey("other", "customers.card");
  }

  grpc::Status EncryptStatus(const v1::EncryptRequest& request) {
    v1::EncryptResponse response;
    return Call(*crypto_, &v1::CryptoService::Stub::Encrypt, request, &response);
  }
  grpc::Status Rewrap(const v1::RewrapRequest& request, v1::RewrapResponse* response) {
    return Call(*crypto_, &v1::CryptoService::Stub::Rewrap, request, response);
  }
  static v1::RewrapRequest RewrapRequest(const std::string& ciphertext, const std::string& pk) {
    v1::RewrapRequest request;
    request.set_tenant("acme");
    request.set_ciphertext(ciphertext);
    auto* entry = request.add_context();
    entry->set_name("pk");
    entry->set_value(pk);
    return request;
  }
};

TEST_F(CryptoRpcTest, RoundTripsOfManySizes) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{16}, size_t{100'000}, size_t{4'000'000}}) {
    const std::string value(size, '\x81');
    const std::string ciphertext = Encrypt("acme", "customers.card", value, "1");
    EXPECT_EQ(ciphertext.size(), size + 53);
    std::string opened = "unset";
    EXPECT_EQ(Verdict(Decrypt("acme", ciphertext, "1", &opened)), "OK");
    EXPECT_TRUE(opened == value) << size;
  }
}

TEST_F(CryptoRpcTest, EveryFailureToDecryptGivesTheSameBytes) {
  const std::string good = Encrypt("acme", "customers.card", "4111111111111111", "1");
  std::string flipped = good, unknown_key = good, unknown_version = good, unknown_suite = good;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  unknown_key[5] = static_cast<char>(unknown_key[5] ^ 1);
  unknown_version[12] = 77;
  unknown_suite[0] = static_cast<char>(unknown_suite[0] ^ 0x40);
  const std::vector<std::pair<std::string, grpc::Status>> failures = {
      {"empty", Decrypt("acme", "", "1")},
      {"garbage", Decrypt("acme", "garbage", "1")},
      {"truncated", Decrypt("acme", good.substr(0, 40), "1")},
      {"one byte short", Decrypt("acme", good.substr(0, good.size() - 1), "1")},
      {"flipped", Decrypt("acme", flipped, "1")},
      {"unknown key", Decrypt("acme", unknown_key, "1")},
      {"unknown version", Decrypt("acme", unknown_version, "1")},
      {"unknown suite", Decrypt("acme", unknown_suite, "1")},
      {"other row", Decrypt("acme", good, "2")},
      {"other tenant", Decrypt("other", good, "1")},
      {"no such tenant", Decrypt("nobody", good, "1")},
      {"other key", Decrypt("acme", good, "1", nullptr, "customers.note")},
      {"no such key", Decrypt("acme", good, "1", nullptr, "no.such.key")},
  };
  for (const auto& [name, status] : failures) {
    EXPECT_EQ(Verdict(status), "INVALID_ARGUMENT DECRYPT_FAILED") << name;
    EXPECT_EQ(status.error_message(), failures[0].second.error_message()) << name;
    EXPECT_EQ(status.error_details(), failures[0].second.error_details()) << name;
  }
  // And as items of a batch, but for what is of the whole call.
  v1::BatchDecryptRequest request;
  v1::BatchDecryptResponse response;
  request.set_tenant("acme");
  for (const std::string& ciphertext :
       {std::string("garbage"), flipped, unknown_key, unknown_version, unknown_suite, good}) {
    request.add_items()->set_ciphertext(ciphertext);  // `good` without its context
  }
  EXPECT_EQ(Verdict(Call(*crypto_, &v1::CryptoService::Stub::BatchDecrypt, request, &response)),
            "OK");
  ASSERT_EQ(response.results_size(), 6);
  EXPECT_EQ(response.failed_count(), 6u);
  for (const auto& result : response.results()) {
    EXPECT_EQ(result.error().SerializeAsString(), failures[0].second.error_details());
    EXPECT_TRUE(result.plaintext().empty());
  }
  EXPECT_EQ(Verdict(Decrypt("acme", good, "1", nullptr, "customers.card")), "OK");
}

TEST_F(CryptoRpcTest, EveryFlippedBitIsRefused) {
  const std::string good = Encrypt("acme", "customers.card", "v", "1");
  v1::BatchDecryptRequest request;
  v1::BatchDecryptResponse response;
  request.set_tenant("acme");
  auto* entry = request.add_shared_context();
  entry->set_name("pk");
  entry->set_value("1");
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    request.add_items()->set_ciphertext(bad);
  }
  request.add_items()->set_ciphertext(good);
  ASSERT_EQ(Verdict(Call(*crypto_, &v1::CryptoService::Stub::BatchDecrypt, request, &response)),
            "OK");
  EXPECT_EQ(response.failed_count(), good.size() * 8);
  EXPECT_EQ(response.results(static_cast<int>(good.size() * 8)).plaintext(), "v");
}

TEST_F(CryptoRpcTest, BadRequestsNameTheirField) {
  const v1::EncryptRequest good = EncryptRequest("acme", "customers.card", "v", "1");
  const auto refused = [&](auto change) {
    v1::EncryptRequest request = good;
    change(request);
    const grpc::Status status = EncryptStatus(request);
    return Verdict(status) + " " + FieldOfRpc(status);
  };
  EXPECT_EQ(refused([](auto& r) { r.set_tenant(""); }), "INVALID_ARGUMENT INVALID_FIELD tenant");
  EXPECT_EQ(refused([](auto& r) { r.set_tenant("Acme"); }),
            "INVALID_ARGUMENT INVALID_FIELD tenant");
  EXPECT_EQ(refused([](auto& r) { r.set_key(""); }), "INVALID_ARGUMENT INVALID_FIELD key");
  EXPECT_EQ(refused([](auto& r) { r.set_key("a b"); }), "INVALID_ARGUMENT INVALID_FIELD key");
  EXPECT_EQ(refused([](auto& r) { *r.add_context() = r.context(0); }),
            "INVALID_ARGUMENT INVALID_FIELD context");
  EXPECT_EQ(refused([](auto& r) { r.add_context()->set_name("UPPER"); }),
            "INVALID_ARGUMENT INVALID_FIELD context");
  EXPECT_EQ(refused([](auto& r) {
              r.add_context()->set_name("x");
              r.mutable_context(1)->set_value(std::string(5000, 'x'));
            }),
            "INVALID_ARGUMENT INVALID_FIELD context");
}

TEST_F(CryptoRpcTest, UnknownNamesAreNotFoundAndNothingIsMade) {
  EXPECT_EQ(Verdict(EncryptStatus(EncryptRequest("nobody", "customers.card", "v", "1"))),
            "NOT_FOUND TENANT_NOT_FOUND");
  EXPECT_EQ(Verdict(EncryptStatus(EncryptRequest("acme", "typing.eror", "v", "1"))),
            "NOT_FOUND KEY_NOT_FOUND");
  v1::GetKeyRequest get;
  v1::GetKeyResponse got;
  get.set_tenant("acme");
  get.set_name("typing.eror");
  EXPECT_EQ(Verdict(Call(*keys_, &v1::KeyService::Stub::GetKey, get, &got)),
            "NOT_FOUND KEY_NOT_FOUND");
}

TEST_F(CryptoRpcTest, ARequestAboveFourMebibytesIsRefusedByUs) {
  v1::EncryptRequest request = EncryptRequest("acme", "customers.card", "", "1");
  const size_t rest = request.ByteSizeLong() + 5;  // tag and length of the plaintext
  request.set_plaintext(std::string((4 << 20) - rest, 'x'));
  ASSERT_EQ(request.ByteSizeLong(), size_t{4 << 20});
  EXPECT_EQ(Verdict(EncryptStatus(request)), "OK");
  request.mutable_plaintext()->push_back('x');
  EXPECT_EQ(Verdict(EncryptStatus(request)), "INVALID_ARGUMENT REQUEST_TOO_LARGE");
  request.set_plaintext(std::string(5 << 20, 'x'));
  EXPECT_EQ(EncryptStatus(request).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(CryptoRpcTest, RotatedKeyReadsOldAndNew) {
  const std::string old_one = Encrypt("acme", "customers.card", "old", "1");
  ASSERT_EQ(Verdict(RotateKey("acme", "customers.card", 1)), "OK");
  const std::string new_one = Encrypt("acme", "customers.card", "new", "1");
  EXPECT_NE(old_one.substr(9, 4), new_one.substr(9, 4));
  std::string value;
  EXPECT_EQ(Verdict(Decrypt("acme", old_one, "1", &value)), "OK");
  EXPECT_EQ(value, "old");
  EXPECT_EQ(Verdict(Decrypt("acme", new_one, "1", &value)), "OK");
  EXPECT_EQ(value, "new");

  v1::RewrapResponse rewrapped;
  ASSERT_EQ(Verdict(Rewrap(RewrapRequest(old_one, "1"), &rewrapped)), "OK");
  EXPECT_EQ(rewrapped.source_key_version(), 1u);
  EXPECT_EQ(rewrapped.key_version(), 2u);
  EXPECT_EQ(Verdict(Decrypt("acme", rewrapped.ciphertext(), "1", &value)), "OK");
  EXPECT_EQ(value, "old");
}

TEST_F(CryptoRpcTest, RewrapToAnotherKeyAndContext) {
  const std::string source = Encrypt("acme", "customers.card", "value", "1");
  v1::RewrapRequest request = RewrapRequest(source, "1");
  request.set_destination_key("customers.note");
  auto* entry = request.mutable_destination_context()->add_entries();
  entry->set_name("pk");
  entry->set_value("2");
  v1::RewrapResponse response;
  ASSERT_EQ(Verdict(Rewrap(request, &response)), "OK");
  std::string value;
  EXPECT_EQ(Verdict(Decrypt("acme", response.ciphertext(), "2", &value, "customers.note")), "OK");
  EXPECT_EQ(value, "value");
  EXPECT_EQ(Verdict(Decrypt("acme", response.ciphertext(), "1")),
            "INVALID_ARGUMENT DECRYPT_FAILED");

  // Present and empty is the empty context, not the source's.
  request.mutable_destination_context()->clear_entries();
  ASSERT_EQ(Verdict(Rewrap(request, &response)), "OK");
  v1::DecryptRequest open;
  v1::DecryptResponse opened;
  open.set_tenant("acme");
  open.set_ciphertext(response.ciphertext());
  EXPECT_EQ(Verdict(Call(*crypto_, &v1::CryptoService::Stub::Decrypt, open, &opened)), "OK");

  request = RewrapRequest(source, "wrong row");
  EXPECT_EQ(Verdict(Rewrap(request, &response)), "INVALID_ARGUMENT DECRYPT_FAILED");
  request = RewrapRequest(source, "1");
  request.set_destination_key("no.such.key");
  const grpc::Status unknown = Rewrap(request, &response);
  EXPECT_EQ(Verdict(unknown), "NOT_FOUND KEY_NOT_FOUND");
  EXPECT_EQ(FieldOfRpc(unknown), "destination_key");
}

TEST_F(CryptoRpcTest, KeysAreFoundAgainAfterARestart) {
  const std::string card = Encrypt("acme", "customers.card", "v", "1");
  const std::string note = Encrypt("acme", "customers.note", "w", "1");
  EXPECT_EQ(daemon_->Terminate().code, 0);
  ASSERT_TRUE(daemon_->Start().ok());
  Connect();
  // Neither key is loaded: rewrapping from one to the other loads both in one call.
  v1::RewrapRequest request = RewrapRequest(card, "1");
  request.set_destination_key("customers.note");
  v1::RewrapResponse response;
  EXPECT_EQ(Verdict(Rewrap(request, &response)), "OK");
  std::string value;
  EXPECT_EQ(Verdict(Decrypt("acme", note, "1", &value)), "OK");
  EXPECT_EQ(value, "w");
}

TEST_F(CryptoRpcTest, PassedDeadlineIsNotRun) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  v1::EncryptResponse response;
  EXPECT_EQ(
      crypto_->Encrypt(&context, EncryptRequest("acme", "customers.card", "v", "1"), &response)
          .error_code(),
      grpc::StatusCode::DEADLINE_EXCEEDED);
}

}  // namespace
}  // namespace fieldkms::testing
