// Ends in good order, and clients that end in none.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <sstream>
#include <thread>

#include "tests/fault/checker.h"
#include "tests/fault/ledger.h"
#include "tests/fault/workload.h"
#include "tests/support/daemon.h"
#include "tests/support/seeded_random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::fault {
namespace {

using ::fieldkms::testing::BinaryPath;
using ::fieldkms::testing::Daemon;
using ::fieldkms::testing::ExitStatus;
using ::fieldkms::testing::ReadFile;
using ::fieldkms::testing::SeededRandom;
using ::fieldkms::testing::Subprocess;
using ::fieldkms::testing::TempDir;
using ::testing::IsEmpty;

class ShutdownTest : public ::testing::Test {
 protected:
  ShutdownTest() : daemon_({.data_dir = dir_.File("data")}) {}
  void SetUp() override {
    ASSERT_THAT(daemon_.Start(), IsOk());
    ASSERT_THAT(MakeTenants(daemon_.target()), IsOk());
  }

  TempDir dir_;
  Daemon daemon_;
};

TEST_F(ShutdownTest, TerminatedUnderLoadLosesNoAcknowledgedReply) {
  Ledger ledger;
  for (int round = 0; round < 3; ++round) {
    Workload load(daemon_.target(), ledger, static_cast<uint64_t>(round));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_EQ(daemon_.Terminate(), (ExitStatus{0, 0})) << daemon_.Log();
    load.Stop();
    for (const auto& [error, count] : load.Errors()) {
      EXPECT_TRUE(error.starts_with("UNAVAILABLE")) << error << " x" << count;
    }
    const LedgerState state = ledger.State();
    ASSERT_THAT(daemon_.Start(), IsOk());
    EXPECT_THAT(CheckService(daemon_.target(), daemon_.data_dir() + "/audit.jsonl", state, &ledger),
                IsEmpty());
  }
  EXPECT_FALSE(ledger.State().rows.empty());
}

size_t OpenFiles(const Daemon& daemon) {
  const std::filesystem::directory_iterator files(fmt::format("/proc/{}/fd", daemon.pid()));
  return static_cast<size_t>(std::distance(begin(files), end(files)));
}

// Resident memory in KiB.
long ResidentMemory(const Daemon& daemon) {
  const std::string status = ReadFile(fmt::format("/proc/{}/status", daemon.pid()));
  return std::stol(status.substr(status.find("VmRSS:") + 6));
}

// Connects and leaves: at once, after half a preface, after nonsense.
void StormWithSockets(const std::string& path, int connections, uint64_t seed) {
  static constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  SeededRandom random(seed);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  for (int i = 0; i < connections; ++i) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      std::string bytes(kPreface.substr(0, random.Below(kPreface.size() + 1)));
      if (bytes.size() == kPreface.size()) {
        for (size_t j = random.Below(200); j > 0; --j) bytes += static_cast<char>(random.Next());
      }
      // MSG_NOSIGNAL: the daemon may have hung up on us first, as it should.
      ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    ::close(fd);
  }
}

// Processes that are killed with some hundred calls in flight.
void StormWithProcesses(const std::string& target, uint64_t seed) {
  SeededRandom random(seed);
  for (int i = 0; i < 4; ++i) {
    const Subprocess client({.argv = {BinaryPath("storm_client"), target}});
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + random.Below(120)));
  }
}

TEST_F(ShutdownTest, ClientsThatVanishLeaveNothingBehind) {
  ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = daemon_.target()}));
  v1::CreateKeyRequest key;
  key.set_tenant("acme");
  key.set_name("storm");
  ASSERT_THAT(client->CreateKey(key), IsOk());

  const auto storm = [this] {
    std::vector<std::jthread> threads;
    for (uint64_t i = 0; i < 3; ++i) {
      threads.emplace_back(StormWithSockets, daemon_.data_dir() + "/fieldkmsd.sock", 150, i);
      threads.emplace_back(StormWithProcesses, daemon_.target(), i);
    }
  };
  storm();  // Pools and caches grow to their size.
  const size_t files = OpenFiles(daemon_);
  const long memory = ResidentMemory(daemon_);
  for (int i = 0; i < 4; ++i) storm();

  // The daemon notices the last ends a moment later.
  size_t files_after = 0;
  for (int i = 0; i < 100; ++i) {
    files_after = OpenFiles(daemon_);
    if (files_after <= files + 5) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_LE(files_after, files + 5);
  EXPECT_LT(ResidentMemory(daemon_), memory * 3 / 2 + 32 * 1024);
  EXPECT_THAT(client->CheckHealth(), IsOk());
  v1::EncryptRequest request;
  request.set_tenant("acme");
  request.set_key("storm");
  EXPECT_THAT(client->Encrypt(request), IsOk());
  EXPECT_EQ(daemon_.Terminate(), (ExitStatus{0, 0})) << daemon_.Log();
}

// Clock ticks of processor time that the daemon has used.
long ProcessorTicks(const Daemon& daemon) {
  const std::string stat = ReadFile(fmt::format("/proc/{}/stat", daemon.pid()));
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;  // to utime, the 14th of all
  long user = 0, system = 0;
  fields >> user >> system;
  return user + system;
}

// gRPC keeps the socket of a caller that has gone while its call waits for the store;
// its hang-up must not be heard again and again.
TEST_F(ShutdownTest, ACallerThatVanishedIsNotWatched) {
  sqlite3* store = nullptr;
  ASSERT_EQ(sqlite3_open((daemon_.data_dir() + "/store.db").c_str(), &store), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(store, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const size_t files = OpenFiles(daemon_);
  {
    const Subprocess client({.argv = {BinaryPath("fieldkms"), "--target", daemon_.target(), "key",
                                      "create", "late", "--tenant", "acme"}});
    while (OpenFiles(daemon_) <= files) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const long before = ProcessorTicks(daemon_);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const long used = ProcessorTicks(daemon_) - before;
  EXPECT_LT(used, sysconf(_SC_CLK_TCK) / 2);
  ASSERT_EQ(sqlite3_exec(store, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(store);
  EXPECT_EQ(daemon_.Terminate(), (ExitStatus{0, 0})) << daemon_.Log();
}

}  // namespace
}  // namespace fieldkms::fault
