// Memory under clients that send large requests and never end them.
#include <grpcpp/generic/generic_stub.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/server/raw_http2.h"
#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

constexpr uint32_t kMessage = 4u << 20;
constexpr int kConnections = 8;
constexpr int kStreams = 20;  // 640 MiB in all

// What a sanitizer keeps of freed memory has no bound, so under it only the rest holds.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIELDKMS_KEEPS_FREED_MEMORY
#endif
#endif

// The most memory that a process ever had, in MiB.
size_t PeakMemory(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) / 1024;
  }
  return 0;
}

class MemoryTest : public ServerTest {};

// 256 MiB of requests are held at most (EngineOptions::max_receive_memory); the rest
// of what the process needs is below 150 MiB.
TEST_F(MemoryTest, UnfinishedRequestsAreBounded) {
  StartDev();
  std::vector<std::unique_ptr<RawHttp2>> clients;
  size_t sent = 0;
  for (int i = 0; i < kConnections; ++i) {
    clients.push_back(std::make_unique<RawHttp2>(data_dir_ + "/fieldkmsd.sock"));
    for (int j = 0; j < kStreams; ++j) {
      clients.back()->BeginCall("/fieldkms.v1.CryptoService/Encrypt", kMessage);
    }
    sent += clients.back()->SendWhatIsGranted();
  }
  RecordProperty("sent_mib", static_cast<int>(sent >> 20));
  RecordProperty("peak_mib", static_cast<int>(PeakMemory(daemon_->pid())));
  EXPECT_GT(sent >> 20, 500u) << "the server took less than it is to be bounded by";
#ifndef FIELDKMS_KEEPS_FREED_MEMORY
  EXPECT_LT(PeakMemory(daemon_->pid()), 256u + 150u);
#endif
  CreateTenant("acme");  // serves on, during the flood and after it
  clients.clear();
  CreateTenant("globex");
}

// Two million empty items are 4 MiB on the wire and would be 260 MiB in memory.
TEST_F(MemoryTest, RequestsOfTinyPartsAreNotRead) {
  StartDev();
  v1::BatchEncryptRequest one;
  one.add_items();
  const std::string item = one.SerializeAsString();
  std::string bytes;
  while (bytes.size() + item.size() <= kMessage) bytes += item;
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(NewChannel());
  const size_t before = PeakMemory(daemon_->pid());
  RecordProperty("before_mib", static_cast<int>(before));
  for (int i = 0; i < 5; ++i) {
    grpc::ClientContext context;
    grpc::ByteBuffer response;
    std::promise<grpc::Status> answer;
    stub.UnaryCall(&context, "/fieldkms.v1.CryptoService/BatchEncrypt", {}, &request, &response,
                   [&](const grpc::Status& status) { answer.set_value(status); });
    EXPECT_EQ(ReasonOfRpc(answer.get_future().get()), "REQUEST_TOO_LARGE");
  }
  RecordProperty("peak_mib", static_cast<int>(PeakMemory(daemon_->pid())));
#ifndef FIELDKMS_KEEPS_FREED_MEMORY
  EXPECT_LT(PeakMemory(daemon_->pid()), before + 60u);
#endif
  EXPECT_EQ(AuditLines().back()["reason"], "REQUEST_TOO_LARGE");
}

}  // namespace
}  // namespace fieldkms::testing
