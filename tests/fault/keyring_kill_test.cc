// kill -9 of the key hierarchy by itself: many short rounds on one store, so that
// kills fall into checkpoints of the write-ahead log and into its restarts too.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/support/seeded_random.h"
#include "tests/support/subprocess.h"
#include "tests/support/sync_shadow.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::fault {
namespace {

using namespace fieldkms::testing;  // NOLINT(google-build-using-namespace)

constexpr int kRounds = 25;

std::string Probe() { return BinaryPath("keyring_probe"); }

// Whole lines: the last may have been cut by the kill.
std::string WholeLines(const std::string& text) { return text.substr(0, text.rfind('\n') + 1); }

TEST(KeyringKillTest, NothingAcknowledgedIsLost) {
  const uint64_t seed = RunSeed();
  fmt::print("seed {} (set FIELDKMS_FAULT_SEED to repeat)\n", seed);
  SeededRandom random(seed);
  const TempDir dir;
  const std::string acknowledged_path = dir.File("acknowledged");
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    {
      Subprocess changer({.argv = {Probe(), "change", dir.File("data")},
                          .env = SyncShadowEnv(dir.File("data"), dir.File("shadow")),
                          .stdout_path = acknowledged_path});
      std::this_thread::sleep_for(std::chrono::milliseconds(random.Below(250)));
      changer.Signal(SIGKILL);
      ASSERT_EQ(changer.Wait().signal, SIGKILL) << "it ended by itself";
    }
    const std::string acknowledged = WholeLines(ReadFile(acknowledged_path));
    WriteFile(acknowledged_path, acknowledged);
    std::filesystem::remove_all(dir.File("copy"));
    MaterializeShadow(dir.File("shadow"), dir.File("copy"));
    const CommandResult synced =
        RunCommand({.argv = {Probe(), "check", dir.File("copy")}}, acknowledged);
    ASSERT_EQ(synced.out, "ok\n") << "from the synced prefix of the files";
    const CommandResult restarted =
        RunCommand({.argv = {Probe(), "check", dir.File("data")},
                    .env = SyncShadowEnv(dir.File("data"), dir.File("shadow"))},
                   acknowledged);
    ASSERT_EQ(restarted.out, "ok\n") << "restarted";
  }
  const std::string all = ReadFile(acknowledged_path);
  EXPECT_GT(std::count(all.begin(), all.end(), '\n'), kRounds);
}

}  // namespace
}  // namespace fieldkms::fault
