// Two daemons over one PostgreSQL: what one changes, the other follows; what is loaded
// serves while the database is away.
#include "tests/support/replicas.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/client.h"
#include "crypto/key_import.h"
#include "crypto/status.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;

class ReplicasTest : public ::testing::Test {
 protected:
  void StartWith(const std::string& more) {
    const std::string conninfo =
        server().Conninfo(server().MakeStore(), PostgresServer::kServiceLogin);
    replicas_ = std::make_unique<Replicas>(std::vector<std::string>{conninfo, conninfo}, more);
    replicas_->Start();
    for (size_t i = 0; i < 2; ++i) {
      auto client = Client::Create({.target = replicas_->at(i).target(), .max_attempts = 1});
      ASSERT_OK(client);
      clients_[i] = *std::move(client);
    }
    v1::CreateTenantRequest request;
    request.set_tenant("acme");
    ASSERT_OK(a().CreateTenant(request));
  }
  void TearDown() override {
    // The server is shared by the tests of this program.
    server().Stop();
    server().Start();
  }
  static PostgresServer& server() { return PostgresServer::Shared(); }

  Client& a() { return *clients_[0]; }
  Client& b() { return *clients_[1]; }

  void HaveKey(const std::string& name) {
    v1::CreateKeyRequest request;
    request.set_tenant("acme");
    request.set_name(name);
    ASSERT_OK(a().CreateKey(request));
  }
  static absl::StatusOr<v1::EncryptResponse> Encrypt(Client& client, const std::string& key = "k") {
    v1::EncryptRequest request;
    request.set_tenant("acme");
    request.set_key(key);
    request.set_plaintext("4111111111111111");
    return client.Encrypt(request);
  }
  static absl::Status Decrypt(Client& client, const std::string& ciphertext) {
    v1::DecryptRequest request;
    request.set_tenant("acme");
    request.set_ciphertext(ciphertext);
    return client.Decrypt(request).status();
  }
  absl::StatusOr<v1::Key> Rotate(Client& client) {
    v1::RotateKeyRequest request;
    request.set_tenant("acme");
    request.set_name("k");
    return client.RotateKey(request);
  }
  // Waits for what must come by itself; the test's own time-out is the limit.
  static void Await(const std::function<bool()>& true_now) {
    while (!true_now()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }

  std::unique_ptr<Replicas> replicas_;
  std::unique_ptr<Client> clients_[2];
};

TEST_F(ReplicasTest, ANewKeyWorksOnTheOtherAtOnce) {
  StartWith("");
  HaveKey("k");
  const auto sealed = Encrypt(b());
  ASSERT_OK(sealed);
  EXPECT_OK(Decrypt(a(), sealed->ciphertext()));
}

TEST_F(ReplicasTest, ARotationReachesTheOther) {
  StartWith("");
  HaveKey("k");
  ASSERT_OK(Encrypt(b()));  // loaded there
  ASSERT_OK(Rotate(a()));
  Await([this] {
    const auto sealed = Encrypt(b());
    return sealed.ok() && sealed->key_version() == 2;
  });
}

TEST_F(ReplicasTest, ADisabledVersionStopsEverywhere) {
  StartWith("");
  HaveKey("k");
  const auto sealed = Encrypt(b());
  ASSERT_OK(sealed);
  v1::DisableKeyVersionRequest disable;
  disable.set_tenant("acme");
  disable.set_name("k");
  disable.set_version(1);
  ASSERT_OK(a().DisableKeyVersion(disable));
  const auto refused = StatusIs(StatusCode::kFailedPrecondition, Reason::kKeyState);
  EXPECT_THAT(Decrypt(a(), sealed->ciphertext()), refused);
  EXPECT_THAT(Encrypt(a()), refused);
  Await([&] { return ReasonOf(Decrypt(b(), sealed->ciphertext())) == Reason::kKeyState; });
  EXPECT_THAT(Encrypt(b()), refused);
}

// Neither replica keeps anything of an import: the token says all.
TEST_F(ReplicasTest, AnImportBegunOnOneEndsOnTheOther) {
  StartWith("");
  const auto patient =
      Client::Create({.target = replicas_->at(0).target(), .timeout = std::chrono::minutes(5)});
  ASSERT_OK(patient);
  v1::GetImportParametersRequest wanted;
  wanted.set_tenant("acme");
  const auto parameters = (*patient)->GetImportParameters(wanted);
  ASSERT_OK(parameters);
  replicas_->at(0).Kill();
  v1::ImportKeyRequest request;
  request.set_tenant("acme");
  request.set_name("k");
  request.set_import_token(parameters->import_token());
  const auto wrapped = WrapForImport(parameters->public_key(), SecretBytes::Random(32).value());
  ASSERT_OK(wrapped);
  request.set_wrapped_key(*wrapped);
  ASSERT_OK(b().ImportKey(request));
  EXPECT_OK(Encrypt(b()));
}

TEST_F(ReplicasTest, TwoWhoRotateAtOnceBothSucceedOnce) {
  StartWith("");
  HaveKey("k");
  constexpr int kEach = 10;
  const auto rotate = [&](Client& client) {
    for (int i = 0; i < kEach; ++i) EXPECT_OK(Rotate(client));
  };
  {
    std::jthread one([&] { rotate(a()); });
    std::jthread two([&] { rotate(b()); });
  }
  v1::GetKeyRequest get;
  get.set_tenant("acme");
  get.set_name("k");
  const auto key = b().GetKey(get);
  ASSERT_OK(key);
  EXPECT_EQ(key->primary_version(), 1u + 2 * kEach);
  // With the version that they expect, one wins and the other is told.
  v1::RotateKeyRequest request;
  request.set_tenant("acme");
  request.set_name("k");
  request.set_expected_primary(key->primary_version());
  absl::Status first, second;
  {
    std::jthread one([&] { first = a().RotateKey(request).status(); });
    std::jthread two([&] { second = b().RotateKey(request).status(); });
  }
  EXPECT_NE(first.ok(), second.ok());
  EXPECT_EQ(ReasonOf(first.ok() ? second : first), Reason::kPrimaryChanged);
}

TEST_F(ReplicasTest, LoadedKeysServeWhileTheDatabaseIsAway) {
  StartWith("");
  HaveKey("k");
  HaveKey("other");
  ASSERT_OK(Encrypt(a()));
  ASSERT_OK(Encrypt(b()));
  server().Kill();
  const auto sealed = Encrypt(a());
  EXPECT_OK(sealed);
  EXPECT_OK(Decrypt(b(), sealed->ciphertext()));
  const auto down = StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable);
  EXPECT_THAT(Encrypt(a(), "other"), down);
  EXPECT_THAT(Rotate(a()), down);
  server().Start();
  Await([this] { return Rotate(a()).ok(); });
  Await([this] {
    const auto sealed_again = Encrypt(b());
    return sealed_again.ok() && sealed_again->key_version() == 2;
  });
}

TEST_F(ReplicasTest, AReplicaWithoutItsDatabaseFencesItself) {
  StartWith("cache: {stale_limit: 2s, poll: 100ms}\n");
  HaveKey("k");
  ASSERT_OK(Encrypt(b()));
  server().Kill();
  Await([this] { return ReasonOf(Encrypt(b()).status()) == Reason::kStoreUnavailable; });
  server().Start();
  Await([this] { return Encrypt(b()).ok(); });
}

TEST_F(ReplicasTest, ADaemonThatIsKilledComesBackWithEverything) {
  StartWith("");
  HaveKey("k");
  const auto sealed = Encrypt(a());
  ASSERT_OK(sealed);
  replicas_->at(0).Kill();
  ASSERT_OK(Rotate(b()));
  ASSERT_OK(replicas_->at(0).Start());
  Await([this] {
    const auto sealed_again = Encrypt(a());
    return sealed_again.ok() && sealed_again->key_version() == 2;
  });
  EXPECT_OK(Decrypt(a(), sealed->ciphertext()));
}

TEST_F(ReplicasTest, AKekIsRotatedByWhicheverReplicaComesFirst) {
  StartWith("caretaker: {pause: 50ms}\n");
  HaveKey("k");
  const auto sealed = Encrypt(a());
  ASSERT_OK(sealed);
  v1::RotateTenantKekRequest request;
  request.set_tenant("acme");
  const auto begun = a().RotateTenantKek(request);
  ASSERT_OK(begun);
  v1::GetOperationRequest get;
  get.set_operation_id(begun->operation_id());
  Await([&] {
    const auto operation = b().GetOperation(get);
    return operation.ok() && operation->state() == v1::OPERATION_STATE_DONE;
  });
  EXPECT_OK(Decrypt(b(), sealed->ciphertext()));
  replicas_->at(1).Kill();
  ASSERT_OK(replicas_->at(1).Start());
  Await([&] { return Decrypt(b(), sealed->ciphertext()).ok(); });
}

}  // namespace
}  // namespace fieldkms::testing
