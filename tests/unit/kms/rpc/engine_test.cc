#include "kms/rpc/engine.h"

#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <map>
#include <mutex>

#include "fieldkms/v1/tenant_service.grpc.pb.h"

namespace fieldkms {
namespace {

using Service = v1::TenantService::WithRawMethod_CreateTenant<
    v1::TenantService::WithRawMethod_ListTenants<v1::TenantService::Service>>;

// What the calls of one server saw and how they are to behave.
struct Script {
  std::mutex mutex;
  std::vector<Peer> peers;
  std::vector<Deadline> deadlines;
  std::shared_future<void> hold;  // if set: answer later, from another thread
  std::vector<std::thread> threads;
  std::atomic<int> recycled{0};
};

class EchoCall : public UnaryCall<v1::CreateTenantRequest, v1::CreateTenantResponse> {
 public:
  explicit EchoCall(Script& script) : script_(script) {}

 private:
  void OnRequest() override {
    EXPECT_EQ(response()->ByteSizeLong(), 0u) << "left over from another call";
    std::lock_guard lock(script_.mutex);
    script_.peers.push_back(caller().peer);
    script_.deadlines.push_back(deadline());
    if (script_.hold.valid()) {
      script_.threads.emplace_back([this, hold = script_.hold] {
        hold.wait();
        Answer();
      });
    } else {
      Answer();
    }
  }
  bool OnRecycle() override {
    ++script_.recycled;
    return request().tenant().size() < 100;
  }
  void Answer() {
    if (request().request_id() == "fail") {
      return Finish(grpc::Status(grpc::StatusCode::ABORTED, "as asked", "details"));
    }
    response()->mutable_tenant()->set_tenant(request().tenant());
    Finish(grpc::Status::OK);
  }
  Script& script_;
};

class ListCall : public UnaryCall<v1::ListTenantsRequest, v1::ListTenantsResponse> {
  void OnRequest() override { Finish(grpc::Status::OK); }
};

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char dir[] = "/tmp/fieldkms_engine_XXXXXX";
    ASSERT_NE(mkdtemp(dir), nullptr);
    dir_ = dir;
    listener_.path = dir_ + "/s";
  }
  ~EngineTest() override {
    engine_.reset();
    for (auto& thread : script_.threads) thread.join();
    rmdir(dir_.c_str());
  }

  void Start() {
    engine_ = std::make_unique<Engine>(EngineOptions{});
    engine_->AddService(service_, "test.Service");
    engine_->AddUnary(
        service_, &Service::RequestCreateTenant,
        [this] { return std::make_unique<EchoCall>(script_); }, PoolSize{2, 64});
    engine_->AddUnary(
        service_, &Service::RequestListTenants, [] { return std::make_unique<ListCall>(); },
        PoolSize{});
    ASSERT_TRUE(engine_->ListenUnix(listener_).ok());
    engine_->ListenTcp("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    ASSERT_TRUE(engine_->Start().ok());
  }

  // Each on a connection of its own.
  std::unique_ptr<v1::TenantService::Stub> Connect(const std::string& target) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return v1::TenantService::NewStub(
        grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments));
  }
  std::unique_ptr<v1::TenantService::Stub> Connect() { return Connect("unix:" + listener_.path); }

  static grpc::Status Call(v1::TenantService::Stub& stub, const std::string& tenant,
                           const std::string& id = "") {
    grpc::ClientContext context;
    v1::CreateTenantRequest request;
    v1::CreateTenantResponse response;
    request.set_tenant(tenant);
    request.set_request_id(id);
    grpc::Status status = stub.CreateTenant(&context, request, &response);
    if (status.ok()) {
      EXPECT_EQ(response.tenant().tenant(), tenant);
    }
    return status;
  }

  std::string dir_;
  int port_ = 0;
  UnixListenerOptions listener_;
  Script script_;
  Service service_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, CallOverUnixSocketHasThePeersCredentials) {
  Start();
  EXPECT_TRUE(Call(*Connect(), "acme").ok());
  ASSERT_EQ(script_.peers.size(), 1u);
  EXPECT_TRUE(script_.peers[0].known);
  EXPECT_EQ(script_.peers[0].uid, getuid());
  EXPECT_EQ(script_.peers[0].pid, getpid());
}

TEST_F(EngineTest, CallOverTcpHasNoPeer) {
  Start();
  EXPECT_TRUE(Call(*Connect("127.0.0.1:" + std::to_string(port_)), "acme").ok());
  ASSERT_EQ(script_.peers.size(), 1u);
  EXPECT_FALSE(script_.peers[0].known);
}

TEST_F(EngineTest, ErrorCarriesDetails) {
  Start();
  const grpc::Status status = Call(*Connect(), "acme", "fail");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(status.error_message(), "as asked");
  EXPECT_EQ(status.error_details(), "details");
}

TEST_F(EngineTest, DeadlineArrives) {
  Start();
  auto stub = Connect();
  grpc::ClientContext context;
  v1::CreateTenantResponse response;
  const auto before = std::chrono::steady_clock::now();
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1));
  ASSERT_TRUE(stub->CreateTenant(&context, {}, &response).ok());
  EXPECT_TRUE(Call(*stub, "acme").ok());
  ASSERT_EQ(script_.deadlines.size(), 2u);
  EXPECT_GT(script_.deadlines[0], before + std::chrono::minutes(59));
  EXPECT_LT(script_.deadlines[0], before + std::chrono::minutes(61));
  EXPECT_EQ(script_.deadlines[1], kNoDeadline);
}

TEST(ToDeadlineTest, AnyTime) {
  EXPECT_EQ(ToDeadline(gpr_inf_future(GPR_CLOCK_REALTIME)), kNoDeadline);
  EXPECT_EQ(ToDeadline(gpr_inf_future(GPR_CLOCK_MONOTONIC)), kNoDeadline);
  const auto now = std::chrono::steady_clock::now();
  EXPECT_LT(ToDeadline(gpr_now(GPR_CLOCK_MONOTONIC)), now + std::chrono::seconds(10));
  const gpr_timespec far =
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_hours(24 * 365 * 90, GPR_TIMESPAN));
  EXPECT_GT(ToDeadline(far), now + std::chrono::hours(24 * 365 * 89));
  EXPECT_LT(ToDeadline(far), kNoDeadline);
  // What "grpc-timeout: 2562048H" comes to, and more: nanoseconds would overflow.
  for (const int64_t hours : {int64_t{2'562'048}, int64_t{99'999'999}}) {
    const gpr_timespec centuries =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_hours(hours, GPR_TIMESPAN));
    EXPECT_EQ(ToDeadline(centuries), kNoDeadline) << hours;
  }
}

size_t Threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

// Each stream of gRPC's own services takes a thread.
TEST_F(EngineTest, StreamsTakeFewThreads) {
  Start();
  EXPECT_TRUE(Call(*Connect(), "acme").ok());
  const size_t before = Threads();
  grpc::GenericStub stub(
      grpc::CreateChannel("unix:" + listener_.path, grpc::InsecureChannelCredentials()));
  grpc::CompletionQueue queue;
  struct Stream {
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call;
  };
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 120; ++i) {
    auto stream = std::make_unique<Stream>();
    stream->call = stub.PrepareCall(
        &stream->context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
    stream->call->StartCall(nullptr);
    streams.push_back(std::move(stream));
  }
  void* tag = nullptr;
  bool ok = false;
  for (size_t i = 0; i < streams.size(); ++i) ASSERT_TRUE(queue.Next(&tag, &ok));
  size_t most = 0;
  for (int i = 0; i < 20; ++i) {
    most = std::max(most, Threads());
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  EXPECT_GT(most, before + 10) << "nothing was tried";
  EXPECT_LE(most, before + static_cast<size_t>(EngineOptions{}.max_stream_threads) + 5);
  EXPECT_TRUE(Call(*Connect(), "acme").ok());
  for (auto& stream : streams) stream->context.TryCancel();
  queue.Shutdown();
}

TEST_F(EngineTest, WhatCannotBeReadIsRefused) {
  Start();
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(
      grpc::CreateChannel("unix:" + listener_.path, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const grpc::Slice slice("\xff\xff");
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> answer;
  stub.UnaryCall(&context, "/fieldkms.v1.TenantService/CreateTenant", {}, &request, &response,
                 [&](const grpc::Status& status) { answer.set_value(status); });
  EXPECT_EQ(answer.get_future().get().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(script_.peers.empty()) << "no handler saw it";
  EXPECT_TRUE(Call(*Connect(), "acme").ok());
}

TEST_F(EngineTest, ServesMoreCallsThanAreArmed) {
  std::promise<void> go;
  script_.hold = go.get_future().share();
  Start();
  auto stub = Connect();
  std::vector<std::thread> clients;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back([&] { EXPECT_TRUE(Call(*stub, "acme").ok()); });
  }
  while (engine_->InFlight() < 40) std::this_thread::yield();
  go.set_value();
  for (auto& client : clients) client.join();
}

TEST_F(EngineTest, LargeMessagesAreNotKept) {
  Start();
  auto stub = Connect();
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(Call(*stub, std::string(1 << 20, 'x')).ok());
    EXPECT_TRUE(Call(*stub, "small").ok());
  }
  while (script_.recycled < 20) std::this_thread::yield();
}

TEST_F(EngineTest, MessageBeyondTheReceiveLimitIsRefused) {
  Start();
  auto stub = Connect();
  EXPECT_EQ(Call(*stub, std::string(kMaxReceiveSize + 1, 'x')).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Call(*stub, "acme").ok());
}

TEST_F(EngineTest, ShutdownLetsCallsInFlightFinish) {
  std::promise<void> go;
  script_.hold = go.get_future().share();
  Start();
  auto stub = Connect();
  auto answer = std::async(std::launch::async, [&] { return Call(*stub, "acme"); });
  while (engine_->InFlight() < 1) std::this_thread::yield();
  auto shutdown =
      std::async(std::launch::async, [&] { engine_->Shutdown(std::chrono::minutes(1)); });
  go.set_value();
  EXPECT_TRUE(answer.get().ok());
  shutdown.get();
  EXPECT_EQ(Call(*stub, "acme").error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(EngineTest, ShutdownBeyondTheGraceCancels) {
  std::promise<void> go;
  script_.hold = go.get_future().share();
  Start();
  auto stub = Connect();
  auto answer = std::async(std::launch::async, [&] { return Call(*stub, "acme"); });
  while (engine_->InFlight() < 1) std::this_thread::yield();
  auto shutdown =
      std::async(std::launch::async, [&] { engine_->Shutdown(std::chrono::milliseconds(1)); });
  EXPECT_FALSE(answer.get().ok());
  go.set_value();  // the handler comes home late, and is waited for
  shutdown.get();
}

TEST_F(EngineTest, ConnectionsAreCappedAndComeBack) {
  listener_.max_connections = 2;
  std::atomic<int> refused{0};
  listener_.on_refused = [&](const Peer& peer) {
    EXPECT_EQ(peer.uid, getuid());
    ++refused;
  };
  Start();
  auto first = Connect();
  auto second = Connect();
  EXPECT_TRUE(Call(*first, "acme").ok());
  EXPECT_TRUE(Call(*second, "acme").ok());
  EXPECT_EQ(Call(*Connect(), "acme").error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_GE(refused.load(), 1);
  second.reset();
  while (!Call(*Connect(), "acme").ok()) std::this_thread::yield();
}

TEST_F(EngineTest, HealthFollowsSetServing) {
  Start();
  const auto health = grpc::health::v1::Health::NewStub(
      grpc::CreateChannel("unix:" + listener_.path, grpc::InsecureChannelCredentials()));
  using Response = grpc::health::v1::HealthCheckResponse;
  const auto check = [&](const std::string& service) {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    Response response;
    request.set_service(service);
    const grpc::Status status = health->Check(&context, request, &response);
    return status.ok() ? Response::ServingStatus_Name(response.status()) : status.error_message();
  };
  EXPECT_EQ(check(""), "NOT_SERVING");

  grpc::ClientContext context;
  const auto watch = health->Watch(&context, {});
  Response seen;
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), Response::NOT_SERVING);

  engine_->SetServing(true);
  EXPECT_EQ(check(""), "SERVING");
  EXPECT_EQ(check("test.Service"), "SERVING");
  EXPECT_EQ(check("other.Service"), "this server has no such service");
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), Response::SERVING);

  engine_->Shutdown(std::chrono::seconds(10));
  EXPECT_FALSE(watch->Read(&seen)) << "a watch does not hold up the shutdown";
}

TEST_F(EngineTest, SocketHasTheModeAskedFor) {
  listener_.mode = 0600;
  Start();
  struct stat info {};
  ASSERT_EQ(stat(listener_.path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(EngineTest, SocketThatIsServedIsNotTaken) {
  Start();
  Engine other{EngineOptions{}};
  EXPECT_EQ(other.ListenUnix(listener_).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Call(*Connect(), "still-here").ok());
}

TEST_F(EngineTest, AnotherFileAtThePathIsLeftAtTheEnd) {
  Start();
  ASSERT_EQ(unlink(listener_.path.c_str()), 0);
  FILE* file = fopen(listener_.path.c_str(), "w");
  fclose(file);
  engine_.reset();
  EXPECT_EQ(unlink(listener_.path.c_str()), 0) << "it was removed";
}

TEST_F(EngineTest, StaleSocketIsReplacedAndAFileIsNot) {
  {
    const int stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    listener_.path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(stale, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    close(stale);  // as a process that was killed leaves it
    Engine after{EngineOptions{}};
    EXPECT_TRUE(after.ListenUnix(listener_).ok());
  }
  listener_.path = dir_ + "/file";
  FILE* file = fopen(listener_.path.c_str(), "w");
  fclose(file);
  Engine engine{EngineOptions{}};
  EXPECT_FALSE(engine.ListenUnix(listener_).ok());
  EXPECT_EQ(unlink(listener_.path.c_str()), 0);
}

TEST_F(EngineTest, PathTooLongIsRefused) {
  listener_.path = "/" + std::string(200, 'x');
  Engine engine{EngineOptions{}};
  EXPECT_EQ(engine.ListenUnix(listener_).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fieldkms
