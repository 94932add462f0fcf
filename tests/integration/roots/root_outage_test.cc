// The daemon while its root of trust is away, each root in a way of its own: keys that are
// loaded serve on, others fail with UNAVAILABLE, at once and with the time to try again as
// soon as the root is known to be down, and come back by themselves.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/rpc_status.h"
#include "fieldkms/v1/tenant_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/integration/roots/roots_fixture.h"
#include "tests/support/fake_vault/http_server.h"
#include "tests/support/moto/moto_server.h"
#include "tests/support/soft_token.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

// The least that every UNAVAILABLE carries; what the breaker says is more.
constexpr milliseconds kLeastRetry{100};

class RootOutageTest : public VaultRootsTest {
 protected:
  // What a call comes to that needs the root, with its RetryInfo.
  AttemptResult NeedRoot(int number) {
    const auto stub = v1::TenantService::NewStub(
        grpc::CreateChannel(daemon_->target(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + seconds(20));
    v1::CreateTenantRequest request;
    request.set_tenant("new-" + std::to_string(number));
    request.set_request_id("request-" + std::to_string(number));
    v1::CreateTenantResponse response;
    return FromGrpc(stub->CreateTenant(&context, request, &response));
  }
  // What the standard health service says of a name.
  bool IsServing(const std::string& name) {
    const auto stub = grpc::health::v1::Health::NewStub(
        grpc::CreateChannel(daemon_->target(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(name);
    grpc::health::v1::HealthCheckResponse response;
    EXPECT_TRUE(stub->Check(&context, request, &response).ok());
    return response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
  }
  // Several at a time, as a root that hangs holds each for a while; until one hears
  // when to come again.
  void ExpectRefusalsWithATime() {
    std::atomic<bool> told = false;
    std::atomic<int> number = 0;
    std::vector<std::thread> callers;
    for (int i = 0; i < 6; ++i) {
      callers.emplace_back([&] {
        while (!told) {
          const AttemptResult result = NeedRoot(++number);
          EXPECT_THAT(result.status, StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable));
          ASSERT_TRUE(result.retry_after.has_value());
          if (*result.retry_after > kLeastRetry) told = true;
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
  }
  void ExpectAnOutageIsSurvived(const std::string& root, const std::function<void()>& lose,
                                const std::function<void()>& mend) {
    StartOn(root);
    HaveKey("acme");
    HaveKey("globex");
    const auto sealed = Encrypt("acme");
    ASSERT_OK(sealed);
    const auto other = Encrypt("globex");
    ASSERT_OK(other);
    StartOn(root);
    ASSERT_OK(Decrypt("acme", *sealed));
    EXPECT_TRUE(IsServing("root"));
    lose();
    EXPECT_OK(Decrypt("acme", *sealed));
    EXPECT_OK(Encrypt("acme"));
    EXPECT_THAT(Decrypt("globex", *other),
                StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable));
    ExpectRefusalsWithATime();
    EXPECT_FALSE(IsServing("root"));
    EXPECT_TRUE(IsServing("")) << "what is loaded serves";
    EXPECT_OK(Decrypt("acme", *sealed));
    EXPECT_OK(Encrypt("acme"));
    mend();
    Await([&] { return Decrypt("globex", *other).ok(); });
    EXPECT_OK(CreateTenant("initech"));
    EXPECT_TRUE(IsServing("root"));
  }
};

// What stands before a service of AWS and may refuse to let calls through.
class Throttle {
 public:
  explicit Throttle(std::string url) : url_(std::move(url)) {}
  std::string url() const { return server_.url(); }
  void Close() { closed_ = true; }
  void Open() { closed_ = false; }

 private:
  FakeResponse Handle(const FakeRequest& request) {
    if (closed_) {
      return {400, R"({"__type":"ThrottlingException","message":"Rate exceeded"})"};
    }
    HttpRequest on{request.method, url_ + request.path, {}, request.body};
    for (const auto& [name, value] : request.headers) {
      if (name != "content-length" && name != "host") on.headers.emplace_back(name, value);
    }
    const auto client = MakeHttpClient({});
    if (!client.ok()) return {500};
    const auto answer = (*client)->Send(on, kNoDeadline);
    if (!answer.ok()) return {502};
    return {answer->status, answer->body};
  }

  const std::string url_;
  std::atomic<bool> closed_ = false;
  FakeHttpServer server_{[this](const FakeRequest& request) { return Handle(request); }};
};

TEST_F(RootOutageTest, ASealedVault) {
  ExpectAnOutageIsSurvived(
      Root(), [&] { vault_.SetFaults({.sealed = true}); }, [&] { vault_.SetFaults({}); });
}

TEST_F(RootOutageTest, AHangingVault) {
  ExpectAnOutageIsSurvived(
      Root(), [&] { vault_.SetFaults({.hang = true}); }, [&] { vault_.SetFaults({}); });
}

TEST_F(RootOutageTest, AThrottlingAws) {
  MotoServer& moto = MotoServer::Shared();
  Throttle throttle(moto.url());
  env_ = {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"}, {"AWS_SECRET_ACCESS_KEY", "example"}};
  ExpectAnOutageIsSurvived(
      "{aws: {key: \"" + moto.CreateKey() + "\", endpoint: \"" + throttle.url() + "\"}}",
      [&] { throttle.Close(); }, [&] { throttle.Open(); });
}

TEST_F(RootOutageTest, ATokenThatIsRemoved) {
  SoftTokens tokens;
  tokens.Make("bank");
  ExpectAnOutageIsSurvived(
      "{pkcs11: {module: " + SoftTokens::Module() +
          ", token_label: bank, key_label: fieldkms, create_if_missing: "
          "true, pin_file: " +
          tokens.pin_file() + "}}",
      [&] { tokens.TakeAway(); }, [&] { tokens.BringBack(); });
}

TEST_F(RootOutageTest, AServiceStartsWhileItsVaultIsAway) {
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

}  // namespace
}  // namespace fieldkms::testing
