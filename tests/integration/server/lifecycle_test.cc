// Start, refusal to start, and the end of fieldkmsd.
#include <grpcpp/generic/generic_stub.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/integration/server/server_fixture.h"
#include "tests/support/subprocess.h"

namespace fieldkms::testing {
namespace {

// Asks the reflection service for the names of all services, in bytes, since its
// messages are no part of this project: ServerReflectionRequest.list_services = 7.
std::string ReflectedServices(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const grpc::Slice slice("\x3a\x00", 2);
  grpc::ByteBuffer request(&slice, 1), response;
  call->StartCall(nullptr);
  if (!wait()) return "no call";
  call->Write(request, nullptr);
  if (!wait()) return "no write";
  call->Read(&response, nullptr);
  if (!wait()) return "no answer";
  grpc::Slice answer;
  if (!response.TrySingleSlice(&answer).ok() && !response.DumpToSingleSlice(&answer).ok())
    return "";
  context.TryCancel();
  return std::string(reinterpret_cast<const char*>(answer.begin()), answer.size());
}

class LifecycleTest : public ServerTest {
 protected:
  // Expects the next start to be refused, and returns what the log says.
  std::string RefusedStart() {
    const ExitStatus status = daemon_->StartAndWait();
    EXPECT_EQ(status.code, 1);
    const std::string log = daemon_->Log();
    EXPECT_NE(log.find("\"event\":\"cannot_start\""), std::string::npos) << log;
    return log;
  }
  void StartAndStop() {
    StartDev();
    CreateTenant("acme");
    CreateKey("acme", "customers.card");
    ASSERT_EQ(daemon_->Terminate().code, 0);
  }
  std::string Path(const std::string& name) const { return data_dir_ + "/" + name; }
};

TEST_F(LifecycleTest, DevSaysSoAndKeepsEverythingPrivate) {
  StartDev();
  EXPECT_NE(daemon_->Log().find("NOT FOR PRODUCTION"), std::string::npos);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
    if (entry.path() == data_dir_ + ".log") continue;  // the test's own
    EXPECT_EQ(static_cast<int>(entry.status().permissions()) & 077, 0) << entry.path();
  }
}

TEST_F(LifecycleTest, SecondDaemonIsRefusedAndDoesNoHarm) {
  StartDev();
  const int pid = daemon_->pid();
  Daemon second(DaemonOptions{data_dir_, {}, {}, dir_.File("second.log")});
  EXPECT_EQ(second.StartAndWait().code, 1);
  EXPECT_NE(second.Log().find("in use by process " + std::to_string(pid)), std::string::npos)
      << second.Log();
  CreateTenant("acme");  // the first still serves, on the same socket
}

TEST_F(LifecycleTest, StaleSocketAndLockOfAKilledDaemonAreNoObstacle) {
  StartDev();
  daemon_->Kill();
  ASSERT_TRUE(std::filesystem::exists(Path("fieldkmsd.sock")));
  ASSERT_TRUE(daemon_->Start().ok());
  Connect();
  CreateTenant("acme");
}

TEST_F(LifecycleTest, WrongRootKeyIsRefusedWithWhatToDo) {
  StartAndStop();
  std::filesystem::rename(Path("root.key"), Path("root.key.good"));
  const std::string log = RefusedStart();  // not made anew: the store is there
  EXPECT_NE(log.find("restore"), std::string::npos) << log;

  Daemon other(DaemonOptions{dir_.File("other"), {}, {}, dir_.File("other.log")});
  ASSERT_TRUE(other.Start().ok());
  other.Terminate();
  std::filesystem::copy(dir_.File("other") + "/root.key", Path("root.key"));
  EXPECT_NE(RefusedStart().find("ROOT_WRONG_KEY"), std::string::npos);

  std::filesystem::rename(Path("root.key.good"), Path("root.key"));
  EXPECT_TRUE(daemon_->Start().ok());
}

TEST_F(LifecycleTest, LoosePermissionsAreRefused) {
  StartAndStop();
  ASSERT_EQ(chmod(Path("root.key").c_str(), 0640), 0);
  std::string log = RefusedStart();
  EXPECT_NE(log.find("ROOT_FILE_PERMISSIONS"), std::string::npos);
  EXPECT_NE(log.find("chmod 600"), std::string::npos) << log;
  ASSERT_EQ(chmod(Path("root.key").c_str(), 0600), 0);
  ASSERT_EQ(chmod(data_dir_.c_str(), 0750), 0);
  log = RefusedStart();
  EXPECT_NE(log.find("chmod 700"), std::string::npos) << log;
}

TEST_F(LifecycleTest, DamagedStoreIsRefused) {
  StartAndStop();
  WriteFile(Path("store.db"), std::string(8192, 'x'));
  std::filesystem::remove(Path("store.db-wal"));
  EXPECT_NE(RefusedStart().find("STORE_CORRUPT"), std::string::npos);
}

TEST_F(LifecycleTest, FullDiskOfTheAuditTrailIsRefused) {
  const std::string path = dir_.File("config.yaml");
  WriteFile(path, "data_dir: " + data_dir_ + "\nlisten: {unix: " + Path("fieldkmsd.sock") +
                      "}\nroot: {local: {create_if_missing: true}}\naudit: {file: /dev/full}\n");
  daemon_ = std::make_unique<Daemon>(DaemonOptions{data_dir_, {"--config", path}});
  EXPECT_NE(RefusedStart().find("AUDIT_UNAVAILABLE"), std::string::npos);
}

TEST_F(LifecycleTest, RootKeyIsMadeOnlyWhereTheConfigurationSaysSo) {
  const std::string path = dir_.File("config.yaml");
  WriteFile(path, "data_dir: " + data_dir_ + "\nlisten: {unix: " + Path("fieldkmsd.sock") + "}\n");
  daemon_ = std::make_unique<Daemon>(DaemonOptions{data_dir_, {"--config", path}});
  EXPECT_NE(RefusedStart().find("create_if_missing"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(Path("root.key")));
}

// Whatever a caller was told is true, whatever was accepted is finished.
TEST_F(LifecycleTest, TermDrainsUnderLoad) {
  StartDev();
  CreateTenant("acme");
  CreateKey("acme", "customers.card");
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      v1::BatchEncryptRequest request;
      request.set_tenant("acme");
      request.set_key("customers.card");
      for (int i = 0; i < 2000; ++i) request.add_items()->set_plaintext("value");
      while (!stop) {
        v1::BatchEncryptResponse response;
        const grpc::Status status =
            Call(*crypto_, &v1::CryptoService::Stub::BatchEncrypt, request, &response);
        if (status.ok()) {
          EXPECT_EQ(response.results_size(), 2000);
          EXPECT_EQ(response.failed_count(), 0u);
          ++answered;
        } else {
          EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
        }
      }
    });
  }
  while (answered < 8) std::this_thread::yield();
  EXPECT_EQ(daemon_->Terminate().code, 0);
  stop = true;
  for (auto& thread : threads) thread.join();
  int audited = 0;
  for (const auto& line : AuditLines()) audited += line.value("items", 0) == 2000;
  EXPECT_GE(audited, answered);
  EXPECT_EQ(AuditLines().back()["kind"], "stop");
  EXPECT_FALSE(std::filesystem::exists(Path("fieldkmsd.sock")));
}

TEST_F(LifecycleTest, HealthAnswersForEachService) {
  StartDev();
  const auto health = grpc::health::v1::Health::NewStub(NewChannel());
  for (const std::string& service :
       {std::string(), std::string("fieldkms.v1.CryptoService"),
        std::string("fieldkms.v1.KeyService"), std::string("fieldkms.v1.TenantService"),
        std::string("root")}) {
    grpc::health::v1::HealthCheckRequest request;
    grpc::health::v1::HealthCheckResponse response;
    request.set_service(service);
    ASSERT_TRUE(Call(*health, &grpc::health::v1::Health::Stub::Check, request, &response).ok());
    EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING) << service;
  }
}

TEST_F(LifecycleTest, ReflectionNamesEachService) {
  StartDev();
  const std::string services = ReflectedServices(NewChannel());
  for (const char* name : {"fieldkms.v1.CryptoService", "fieldkms.v1.KeyService",
                           "fieldkms.v1.TenantService", "grpc.health.v1.Health"}) {
    EXPECT_NE(services.find(name), std::string::npos) << name;
  }
}

TEST_F(LifecycleTest, CommandLine) {
  const auto run = [](std::vector<std::string> argv) {
    argv.insert(argv.begin(), BinaryPath("fieldkmsd"));
    return RunCommand({argv});
  };
  EXPECT_EQ(run({"--version"}).status.code, 0);
  EXPECT_EQ(run({"--version"}).out.rfind("fieldkmsd ", 0), 0u);
  EXPECT_EQ(run({}).status.code, 2);
  EXPECT_EQ(run({"--dev"}).status.code, 2);
  EXPECT_EQ(run({"--nonsense"}).status.code, 2);

  const std::string path = dir_.File("config.yaml");
  WriteFile(path, "data_dir: /var/lib/fieldkms\n");
  EXPECT_EQ(run({"--check-config", path}).status.code, 0);
  WriteFile(path, "data_dir: /var/lib/fieldkms\nsever: {threads: 2}\n");
  const CommandResult refused = run({"--check-config", path});
  EXPECT_EQ(refused.status.code, 1);
  EXPECT_NE(refused.err.find("line 2: unknown key 'sever'; did you mean 'server'?"),
            std::string::npos)
      << refused.err;
}

}  // namespace
}  // namespace fieldkms::testing
