// The client over a real gRPC connection to a scripted server.
#include "clients/cpp/client.h"

#include <grpcpp/health_check_service_interface.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "clients/cpp/call_timeout.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/clients/cpp/fake_service.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using testing::FakeService;
using ::testing::Ge;
using ::testing::Le;
using testing::TempDir;
using testing::Unavailable;
using testing::WireStatus;

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() : path_(dir_.File("s")), service_(std::in_place, path_) {}

  std::unique_ptr<Client> MakeClient(milliseconds timeout = milliseconds(10'000)) {
    auto client = Client::Create({.target = "unix:" + path_,
                                  .timeout = timeout,
                                  .max_attempts = 3,
                                  .backoff_base = milliseconds(1),
                                  .backoff_cap = milliseconds(5)});
    EXPECT_OK(client);
    return std::move(client).value();
  }

  static v1::EncryptRequest Hello() {
    v1::EncryptRequest request;
    request.set_tenant("acme");
    request.set_key("customers.email");
    request.set_plaintext("hello");
    return request;
  }

  TempDir dir_;
  std::string path_;
  std::optional<FakeService> service_;
};

TEST_F(ClientTest, RetriesUntilTheServiceIsBack) {
  service_->crypto.encrypt.Push(Unavailable());
  service_->crypto.encrypt.Push(Unavailable());
  const auto response = MakeClient()->Encrypt(Hello());
  ASSERT_OK(response);
  EXPECT_EQ(response->ciphertext(), "sealed:hello");
  EXPECT_EQ(service_->crypto.encrypt.requests().size(), 3u);
}

TEST_F(ClientTest, GivesUpAfterItsAttempts) {
  for (int i = 0; i < 3; ++i) service_->crypto.encrypt.Push(Unavailable());
  EXPECT_THAT(MakeClient()->Encrypt(Hello()),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));
  EXPECT_EQ(service_->crypto.encrypt.requests().size(), 3u);
}

TEST_F(ClientTest, ErrorsKeepReasonAndField) {
  service_->crypto.encrypt.Push(
      WireStatus(Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "no such key", "key")));
  const auto response = MakeClient()->Encrypt(Hello());
  EXPECT_THAT(response, StatusIs(absl::StatusCode::kNotFound, Reason::kKeyNotFound));
  EXPECT_EQ(FieldOf(response.status()), "key");
  EXPECT_EQ(response.status().message(), "no such key");
  EXPECT_EQ(service_->crypto.encrypt.requests().size(), 1u);
}

TEST_F(ClientTest, RetriesARateLimitThatSaysWhen) {
  service_->crypto.encrypt.Push(WireStatus(
      Error(absl::StatusCode::kResourceExhausted, Reason::kRateLimited, "slow down"), 5));
  EXPECT_OK(MakeClient()->Encrypt(Hello()));
  EXPECT_EQ(service_->crypto.encrypt.requests().size(), 2u);
}

TEST_F(ClientTest, MutationsKeepOneRequestIdOverAllAttempts) {
  service_->keys.rotate_key.Push(Unavailable());
  service_->keys.rotate_key.Push(Unavailable());
  v1::RotateKeyRequest request;
  request.set_tenant("acme");
  request.set_name("customers.email");
  const auto client = MakeClient();
  ASSERT_OK_AND_ASSIGN(const v1::Key key, client->RotateKey(request));
  EXPECT_EQ(key.primary_version(), 2u);
  ASSERT_OK(client->RotateKey(request));
  const auto seen = service_->keys.rotate_key.requests();
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[0].request_id().size(), 36u);
  EXPECT_EQ(seen[1].request_id(), seen[0].request_id());
  EXPECT_EQ(seen[2].request_id(), seen[0].request_id());
  EXPECT_NE(seen[3].request_id(), seen[0].request_id());  // another rotation
}

TEST_F(ClientTest, MutationsKeepTheCallersRequestId) {
  v1::RotateKeyRequest request;
  request.set_request_id("from-the-caller");
  ASSERT_OK(MakeClient()->RotateKey(request));
  EXPECT_EQ(service_->keys.rotate_key.requests().at(0).request_id(), "from-the-caller");
}

TEST_F(ClientTest, MutationsThatAnswerNothingOrAnOperationAreRepeatedAlike) {
  service_->keys.delete_alias.Push(Unavailable());
  service_->operations.rotate_root.Push(Unavailable());
  const auto client = MakeClient();
  v1::DeleteAliasRequest request;
  request.set_alias("card");
  ASSERT_OK(client->DeleteAlias(request));
  ASSERT_OK_AND_ASSIGN(const v1::Operation operation, client->RotateRoot(v1::RotateRootRequest()));
  EXPECT_EQ(operation.operation_id(), "0123");
  const auto deletions = service_->keys.delete_alias.requests();
  ASSERT_EQ(deletions.size(), 2u);
  EXPECT_EQ(deletions[0].alias(), "card");
  EXPECT_EQ(deletions[0].request_id().size(), 36u);
  EXPECT_EQ(deletions[1].request_id(), deletions[0].request_id());
  const auto rotations = service_->operations.rotate_root.requests();
  ASSERT_EQ(rotations.size(), 2u);
  EXPECT_EQ(rotations[1].request_id(), rotations[0].request_id());
  EXPECT_NE(rotations[0].request_id(), deletions[0].request_id());
}

TEST_F(ClientTest, StatusIsAsked) {
  service_->system.get_status.Push(Unavailable());
  ASSERT_OK_AND_ASSIGN(const v1::GetStatusResponse status, MakeClient()->GetStatus());
  EXPECT_EQ(status.version(), "9.9.9");
}

TEST_F(ClientTest, ASlowServiceEndsAtTheDeadline) {
  EXPECT_THAT(MakeClient(milliseconds(60))->Decrypt(v1::DecryptRequest()),
              StatusIs(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
}

TEST_F(ClientTest, ATimeoutOfTheThreadCountsBeforeTheClients) {
  const auto client = MakeClient(std::chrono::hours(1));
  {
    const CallTimeout outer(std::chrono::hours(2));
    const CallTimeout inner(milliseconds(60));
    EXPECT_THAT(client->Decrypt(v1::DecryptRequest()), StatusIs(Reason::kDeadlineExceeded));
    // Another thread has its own.
    std::thread([] { EXPECT_FALSE(CallTimeout::OfThread()); }).join();
  }
  EXPECT_FALSE(CallTimeout::OfThread());
  EXPECT_OK(client->Encrypt(Hello()));
}

TEST_F(ClientTest, RequestsAboveTheLimitAreNotSent) {
  v1::EncryptRequest request = Hello();
  request.set_plaintext(std::string((4 << 20) + 1, 'x'));
  EXPECT_THAT(MakeClient()->Encrypt(request),
              StatusIs(absl::StatusCode::kInvalidArgument, Reason::kRequestTooLarge));
  EXPECT_TRUE(service_->crypto.encrypt.requests().empty());
}

TEST_F(ClientTest, BatchesAreCutAndPutTogether) {
  v1::BatchEncryptRequest request;
  for (int i = 0; i < 25'000; ++i) request.add_items()->set_plaintext(std::to_string(i));
  service_->crypto.batch_encrypt.Push(Unavailable());
  const auto response = MakeClient()->BatchEncrypt(request);
  ASSERT_OK(response);
  ASSERT_EQ(response->results_size(), 25'000);
  EXPECT_EQ(response->failed_count(), 0u);
  for (int i = 0; i < 25'000; ++i) {
    ASSERT_EQ(response->results(i).ciphertext(), "sealed:" + std::to_string(i));
  }
  EXPECT_EQ(service_->crypto.batch_encrypt.requests().size(), 4u);  // 3 and a retry
}

TEST_F(ClientTest, BatchesOfLargeItemsAreCutBySize) {
  v1::BatchEncryptRequest request;
  for (int i = 0; i < 9; ++i) {
    request.add_items()->set_plaintext(std::string(1 << 20, static_cast<char>('a' + i)));
  }
  const auto response = MakeClient()->BatchEncrypt(request);
  ASSERT_OK(response);
  EXPECT_EQ(response->failed_count(), 0u);
  EXPECT_EQ(response->results(8).ciphertext(), "sealed:" + std::string(1 << 20, 'i'));
  for (const auto& part : service_->crypto.batch_encrypt.requests()) {
    EXPECT_THAT(part.ByteSizeLong(), AllOf(Ge(size_t{1} << 20), Le(size_t{4} << 20)));
  }
}

TEST_F(ClientTest, HealthFollowsTheServer) {
  const auto client = MakeClient();
  EXPECT_OK(client->CheckHealth());
  service_->server->GetHealthCheckService()->SetServingStatus(false);
  EXPECT_THAT(client->CheckHealth(),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kUnspecified));
}

TEST_F(ClientTest, FindsARestartedServer) {
  const auto client = MakeClient();
  ASSERT_OK(client->Encrypt(Hello()));
  service_.reset();
  EXPECT_EQ(client->Encrypt(Hello()).status().code(), absl::StatusCode::kUnavailable);
  service_.emplace(path_);
  // As an application would: again, until it is back. Bounded by the test's time.
  absl::Status status;
  do {
    status = client->Encrypt(Hello()).status();
    std::this_thread::sleep_for(milliseconds(10));
  } while (status.code() == absl::StatusCode::kUnavailable);
  EXPECT_OK(status);
}

TEST(ClientCreateTest, RefusesBadOptions) {
  const auto field = [](const ClientOptions& options) {
    const auto client = Client::Create(options);
    EXPECT_THAT(client, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
    return FieldOf(client.status());
  };
  EXPECT_EQ(field({.target = "dns:///localhost:7443"}), "target");
  EXPECT_EQ(field({.target = "localhost:7443"}), "ca_file");
  EXPECT_EQ(field({.target = "unix:/a", .timeout = milliseconds(0)}), "timeout");
  EXPECT_EQ(field({.target = "unix:/a", .max_attempts = 0}), "max_attempts");
}

TEST(ClientCreateTest, ADaemonThatIsNotThereIsUnavailable) {
  const TempDir dir;
  ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = "unix:" + dir.File("s")}));
  EXPECT_THAT(client->CheckHealth(),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kUnspecified));
}

}  // namespace
}  // namespace fieldkms
