// LocalCrypto over a real daemon: what one seals the other opens.
#include <array>
#include <memory>
#include <string>

#include "clients/cpp/local_crypto.h"
#include "clients/cpp/local_rewrap.h"
#include "clients/cpp/rpc_status.h"
#include "tests/integration/server/server_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using Keys = v1::KeyService::Stub;
using std::chrono::seconds;
const std::array<ContextEntry, 1> kRow = {ContextEntry{"pk", "1"}};

class LocalCryptoRpcTest : public ServerTest {
 protected:
  void SetUp() override {
    StartDev();
    CreateTenant("acme");
    CreateLeased("plain", v1::SUITE_XAES_256_GCM);
    CreateLeased("committing", v1::SUITE_KC_XAES_256_GCM);
    CreateKey("acme", "not.leased");
    Open({});
  }
  void CreateLeased(const std::string& name, v1::Suite suite) {
    v1::CreateKeyRequest request;
    v1::CreateKeyResponse response;
    request.set_tenant("acme");
    request.set_name(name);
    request.set_suite(suite);
    request.mutable_lease()->mutable_longest()->set_seconds(300);
    request.mutable_lease()->set_most_messages(1'000);
    ASSERT_EQ(OfKeys(&Keys::CreateKey, request, &response), "OK");
  }
  void Open(LocalCryptoOptions options) {
    auto client =
        Client::Create({.target = daemon_->target(), .timeout = seconds(5), .max_attempts = 1});
    ASSERT_OK(client);
    auto local = LocalCrypto::Create(std::shared_ptr<Client>(*std::move(client)), options);
    ASSERT_OK(local);
    local_ = *std::move(local);
  }
  LocalKey& Key(const std::string& name) { return **local_->Key("acme", name); }
  std::string Seal(const std::string& name, const std::string& value) {
    std::string sealed;
    EXPECT_OK(Key(name).Encrypt(kRow, value, &sealed));
    return sealed;
  }
  // The value, or why there is none.
  std::string Opened(const std::string& name, const std::string& sealed) {
    std::string value;
    const auto version = Key(name).Decrypt(kRow, sealed, &value);
    return version.ok() ? value : std::string(ReasonName(ReasonOf(version.status())));
  }
  int CountAudited(const std::string& method) const {
    int count = 0;
    for (const auto& line : AuditLines()) {
      count += line["kind"] == "outcome" && line["method"] == method;
    }
    return count;
  }

  std::unique_ptr<LocalCrypto> local_;
};

TEST_F(LocalCryptoRpcTest, WhatOneSealsTheOtherOpens) {
  for (const std::string name : {"plain", "committing"}) {
    std::string value;
    EXPECT_EQ(Verdict(Decrypt("acme", Seal(name, "4111"), "1", &value, name)), "OK");
    EXPECT_EQ(value, "4111");
    EXPECT_EQ(Opened(name, Encrypt("acme", name, "5500", "1")), "5500");
    EXPECT_EQ(Opened(name, Encrypt("acme", name, "5500", "2")), "DECRYPT_FAILED");
    EXPECT_EQ(Verdict(Decrypt("acme", Seal(name, "4111"), "2")), "INVALID_ARGUMENT DECRYPT_FAILED");
  }
  EXPECT_EQ(Opened("plain", Seal("committing", "4111")), "DECRYPT_FAILED");
  EXPECT_EQ(CountAudited("LeaseService.AcquireLease"), 2);
  EXPECT_EQ(CountAudited("CryptoService.Encrypt"), 4) << "of which all were of the test itself";
}

TEST_F(LocalCryptoRpcTest, OldVersionsOpenAfterARotation) {
  const std::string old = Encrypt("acme", "committing", "old", "1");
  ASSERT_EQ(Verdict(RotateKey("acme", "committing")), "OK");
  const std::string fresh = Seal("committing", "new");
  EXPECT_EQ(Opened("committing", old), "old");
  EXPECT_EQ(Opened("committing", fresh), "new");
  std::string value;
  EXPECT_EQ(Verdict(Decrypt("acme", fresh, "1", &value)), "OK");
  EXPECT_EQ(value, "new");
}

TEST_F(LocalCryptoRpcTest, KeysThatAreNotLeasedAreAskedOfTheService) {
  const std::string sealed = Seal("not.leased", "4111");
  EXPECT_EQ(Opened("not.leased", sealed), "4111");
  EXPECT_EQ(CountAudited("CryptoService.Encrypt"), 1);
  EXPECT_EQ(CountAudited("CryptoService.Decrypt"), 1);
  std::string out;
  EXPECT_THAT(Key("nothing").Encrypt(kRow, "v", &out),
              StatusIs(absl::StatusCode::kNotFound, Reason::kKeyNotFound));
  Open({.fallback = false});
  EXPECT_THAT(Key("not.leased").Encrypt(kRow, "v", &out),
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kLeaseDenied));
  EXPECT_EQ(Opened("not.leased", sealed), "LEASE_DENIED");
}

TEST_F(LocalCryptoRpcTest, WhatWasUsedIsReported) {
  for (int i = 0; i < 3; ++i) Seal("plain", "v");
  local_->Close();
  const auto line = AuditLines().back();
  EXPECT_EQ(line["method"], "LeaseService.EndLease");
  EXPECT_EQ(line["used_messages"], 3);
  EXPECT_EQ(line["key"], "plain");
}

TEST_F(LocalCryptoRpcTest, TheMessagesOfALeaseAreRenewed) {
  Open({.lease_messages = 10, .fallback = false});
  for (int i = 0; i < 100; ++i) Seal("plain", "v");
  EXPECT_EQ(CountAudited("LeaseService.AcquireLease"), 1);
  EXPECT_GE(CountAudited("LeaseService.RenewLease"), 9);
}

TEST_F(LocalCryptoRpcTest, GoesOnWithoutTheServiceUntilTheLeaseEnds) {
  Open({.lease_time = seconds(2)});
  const std::string sealed = Seal("committing", "4111");
  const auto asked = std::chrono::steady_clock::now();
  daemon_->Kill();
  EXPECT_EQ(Opened("committing", sealed), "4111");
  std::string out;
  absl::Status status;
  do {
    status = Key("committing").Encrypt(kRow, "v", &out).status();
  } while (status.ok());
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, Reason::kUnspecified));
  EXPECT_LE(std::chrono::steady_clock::now() - asked, seconds(30));
  ASSERT_TRUE(daemon_->Start().ok());
  do {
    status = Key("committing").Encrypt(kRow, "v", &out).status();
  } while (status.code() == absl::StatusCode::kUnavailable);
  EXPECT_OK(status);
}

TEST_F(LocalCryptoRpcTest, ADisabledVersionStopsAtTheNextRenewal) {
  Open({.lease_messages = 1, .fallback = false});
  const std::string sealed = Seal("plain", "v");
  v1::DisableKeyVersionRequest request;
  v1::DisableKeyVersionResponse response;
  request.set_tenant("acme");
  request.set_name("plain");
  request.set_version(1);
  ASSERT_EQ(OfKeys(&Keys::DisableKeyVersion, request, &response), "OK");
  std::string out;
  absl::Status status;
  do {  // one message may have been granted before
    status = Key("plain").Encrypt(kRow, "v", &out).status();
  } while (status.ok());
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kKeyState));
  EXPECT_EQ(Opened("plain", sealed), "KEY_STATE");
}

// Envelopes of `source` are sealed anew under `destination`, by leases where these may be had.
class LocalRewrapTest : public LocalCryptoRpcTest {
 protected:
  void SetUp() override {
    LocalCryptoRpcTest::SetUp();
    auto client = Client::Create({.target = daemon_->target(), .timeout = seconds(5)});
    ASSERT_OK(client);
    client_ = *std::move(client);
  }
  std::string KeyIdOf(const std::string& name) {
    v1::GetKeyRequest request;
    request.set_tenant("acme");
    request.set_name(name);
    const auto key = client_->GetKey(request);
    EXPECT_OK(key);
    return key->key_id();
  }
  std::unique_ptr<LocalRewrap> Between(const std::string& source, const std::string& destination) {
    v1::RotationTarget target;
    target.set_source_key(source);
    target.set_source_key_id(KeyIdOf(source));
    target.set_key(destination);
    target.set_key_id(KeyIdOf(destination));
    auto rewrap = LocalRewrap::Create(client_, "acme", target);
    EXPECT_OK(rewrap);
    return *std::move(rewrap);
  }
  static v1::BatchRewrapRequest RequestOf(const std::vector<std::string>& envelopes,
                                          const std::string& destination) {
    v1::BatchRewrapRequest request;
    request.set_tenant("acme");
    request.set_destination_key(destination);
    for (const std::string& envelope : envelopes) {
      v1::BatchRewrapRequest::Item* const item = request.add_items();
      item->set_ciphertext(envelope);
      item->add_context()->set_name("pk");
      item->mutable_context(0)->set_value("1");
    }
    return request;
  }

  std::shared_ptr<Client> client_;
};

TEST_F(LocalRewrapTest, LeasedKeysServeTheWholeBatch) {
  const std::string first = Encrypt("acme", "plain", "4111", "1");
  ASSERT_EQ(Verdict(RotateKey("acme", "plain")), "OK");
  std::string spoilt = first;
  spoilt.back() ^= 1;
  const auto rewrap = Between("plain", "plain");
  const auto answer = rewrap->BatchRewrap(
      RequestOf({first, spoilt, Encrypt("acme", "plain", "5500", "1"), first}, ""));
  ASSERT_OK(answer);
  ASSERT_EQ(answer->results_size(), 4);
  EXPECT_EQ(answer->failed_count(), 1u);
  EXPECT_EQ(ReasonOf(StatusOfItem(answer->results(1).error())), Reason::kDecryptFailed);
  for (const int i : {0, 2, 3}) {
    EXPECT_EQ(answer->results(i).key_version(), 2u);
    EXPECT_EQ(answer->results(i).source_key_version(), i == 2 ? 2u : 1u);
    std::string value;
    EXPECT_EQ(Verdict(Decrypt("acme", answer->results(i).ciphertext(), "1", &value, "plain")),
              "OK");
    EXPECT_EQ(value, i == 2 ? "5500" : "4111");
  }
  EXPECT_TRUE(rewrap->leases());
  // Of what does not open the service has the last word.
  EXPECT_EQ(CountAudited("CryptoService.BatchRewrap"), 1);
}

TEST_F(LocalRewrapTest, AnotherKeyTakesOverWhatBothAreLeasedFor) {
  const std::string sealed = Encrypt("acme", "plain", "4111", "1");
  const auto answer =
      Between("plain", "committing")->BatchRewrap(RequestOf({sealed}, "committing"));
  ASSERT_OK(answer);
  EXPECT_EQ(Opened("committing", answer->results(0).ciphertext()), "4111");
  EXPECT_EQ(CountAudited("CryptoService.BatchRewrap"), 0);
}

TEST_F(LocalRewrapTest, KeysThatMayNotBeLeasedAndValuesOfOthersGoToTheService) {
  const std::string sealed = Encrypt("acme", "not.leased", "4111", "1");
  const auto refused = Between("not.leased", "not.leased");
  const auto answer = refused->BatchRewrap(RequestOf({sealed, sealed}, ""));
  ASSERT_OK(answer);
  EXPECT_EQ(answer->failed_count(), 0u);
  EXPECT_FALSE(refused->leases());
  EXPECT_EQ(CountAudited("CryptoService.BatchRewrap"), 1);
  // One of a third key among those of the target.
  const auto mixed = Between("plain", "plain")
                         ->BatchRewrap(RequestOf(
                             {Encrypt("acme", "plain", "5500", "1"), sealed, "no envelope"}, ""));
  ASSERT_OK(mixed);
  EXPECT_EQ(CountAudited("CryptoService.BatchRewrap"), 2);
  std::string value;
  EXPECT_EQ(Verdict(Decrypt("acme", mixed->results(1).ciphertext(), "1", &value)), "OK");
  EXPECT_EQ(value, "4111");
  EXPECT_EQ(mixed->failed_count(), 1u);
}

}  // namespace
}  // namespace fieldkms::testing
