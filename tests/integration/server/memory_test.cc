// Memory under clients that send large requests and never end them.
#include <cstddef>
#include <cstdint>
#include <fstream>
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

// A sanitizer keeps what was freed, so only a build without tells what was held.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIELDKMS_KEEPS_FREED_MEMORY 1
#endif
#endif
#ifdef FIELDKMS_KEEPS_FREED_MEMORY
constexpr size_t kBound = 8192;
#else
constexpr size_t kBound = 256 + 150;
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
  EXPECT_GT(sent, 64u << 20) << "the flood was none";
  EXPECT_LT(PeakMemory(daemon_->pid()), kBound);
  clients.clear();
  CreateTenant("acme");  // serves on
}

}  // namespace
}  // namespace fieldkms::testing
