// kill -9 under load, at random moments, again and again on one data directory.
//
// After each kill the service is held to the ledger twice: restarted on its own
// directory, whose files have all that reached the page cache, and started on a
// directory of only what it had synced, which is what a power cut leaves.
//
// FIELDKMS_FAULT_ROUNDS: rounds (20, in a soak 200). FIELDKMS_FAULT_SEED: repeats
// the choices of an earlier run.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "tests/fault/checker.h"
#include "tests/fault/ledger.h"
#include "tests/fault/workload.h"
#include "tests/support/daemon.h"
#include "tests/support/seeded_random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/subprocess.h"
#include "tests/support/sync_shadow.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::fault {
namespace {

using ::fieldkms::testing::BinaryPath;
using ::fieldkms::testing::Daemon;
using ::fieldkms::testing::MaterializeShadow;
using ::fieldkms::testing::NumberFromEnvironment;
using ::fieldkms::testing::RunSeed;
using ::fieldkms::testing::SeededRandom;
using ::fieldkms::testing::Subprocess;
using ::fieldkms::testing::SyncShadowEnv;
using ::fieldkms::testing::TempDir;
using ::testing::IsEmpty;
using ::testing::Not;

// Twenty rounds, or two hundred in a soak.
uint64_t Rounds() {
  const uint64_t otherwise = std::getenv("FIELDKMS_SOAK") != nullptr ? 200 : 20;
  return NumberFromEnvironment("FIELDKMS_FAULT_ROUNDS", otherwise);
}

void SleepUpTo(SeededRandom& random, uint64_t milliseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(random.Below(milliseconds * 1000)));
}

class KillTest : public ::testing::Test {
 protected:
  KillTest() : daemon_({.data_dir = data(), .env = SyncShadowEnv(data(), dir_.File("shadow"))}) {
    fmt::print("seed {} (set FIELDKMS_FAULT_SEED to repeat)\n", RunSeed());
  }

  // Starts a daemon on what was synced, calls `check` with it and removes it.
  template <class Check>
  void OnSyncedCopy(Check check) {
    const std::string copy = dir_.File("copy");
    MaterializeShadow(dir_.File("shadow"), copy);
    Daemon on_copy({.data_dir = copy});
    ASSERT_THAT(on_copy.Start(), IsOk());
    check(on_copy);
    on_copy.Kill();
    std::filesystem::remove_all(copy);
    std::filesystem::remove(copy + ".log");
  }

  // Kills a start somewhere in the middle.
  void StartAndKill(SeededRandom& random) {
    const Subprocess starting({.argv = {BinaryPath("fieldkmsd"), "--dev", "--data-dir", data()},
                               .env = SyncShadowEnv(data(), dir_.File("shadow")),
                               .stderr_path = dir_.File("killed.log")});
    SleepUpTo(random, 80);
  }

  std::string data() const { return dir_.File("data"); }
  static std::string AuditOf(const Daemon& daemon) { return daemon.data_dir() + "/audit.jsonl"; }

  TempDir dir_;
  Daemon daemon_;
};

TEST_F(KillTest, NothingAcknowledgedIsLost) {
  const uint64_t rounds = Rounds();
  SeededRandom random(RunSeed());
  Ledger ledger;
  ASSERT_THAT(daemon_.Start(), IsOk());
  ASSERT_THAT(MakeTenants(daemon_.target()), IsOk());
  size_t rows_before = 0;
  for (uint64_t round = 1; round <= rounds; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    Workload load(daemon_.target(), ledger, random.Next());
    SleepUpTo(random, 600);
    daemon_.Kill();
    load.Stop();
    const LedgerState state = ledger.State();
    OnSyncedCopy([&](const Daemon& on_copy) {
      EXPECT_THAT(CheckService(on_copy.target(), AuditOf(on_copy), state, nullptr), IsEmpty())
          << "from the synced prefix of the files";
    });
    if (round % 4 == 0) StartAndKill(random);  // in the middle of its recovery
    ASSERT_THAT(daemon_.Start(), IsOk());
    EXPECT_THAT(CheckService(daemon_.target(), AuditOf(daemon_), state, &ledger), IsEmpty())
        << "restarted";
    fmt::print("round {}: {} rows (+{}), {} keys, errors:", round, state.rows.size(),
               state.rows.size() - rows_before, state.keys.size());
    for (const auto& [error, count] : load.Errors()) fmt::print(" {} x{}", error, count);
    fmt::print("\n");
    rows_before = state.rows.size();
    if (HasFailure()) return;
  }
  EXPECT_GT(rows_before, 0u) << "the load never got anything acknowledged";
}

// The first start makes root key, store and audit trail; killed anywhere in there,
// the next start goes on, from the files as they are and as they were synced.
TEST_F(KillTest, KilledDuringItsFirstStart) {
  SeededRandom random(RunSeed());
  for (int round = 0; round < 15; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    std::filesystem::remove_all(data());
    std::filesystem::remove_all(dir_.File("shadow"));
    std::filesystem::create_directory(dir_.File("shadow"));
    StartAndKill(random);
    OnSyncedCopy([](const Daemon& on_copy) {
      EXPECT_THAT(MakeTenants(on_copy.target()), IsOk()) << "from the synced prefix of the files";
    });
    ASSERT_THAT(daemon_.Start(), IsOk());
    EXPECT_THAT(MakeTenants(daemon_.target()), IsOk()) << "restarted";
    daemon_.Kill();
    if (HasFailure()) return;
  }
}

// The test of the test: a ledger that the service did not live up to is noticed.
TEST_F(KillTest, CheckerNoticesLoss) {
  Ledger ledger;
  ASSERT_THAT(daemon_.Start(), IsOk());
  ASSERT_THAT(MakeTenants(daemon_.target()), IsOk());
  {
    Workload load(daemon_.target(), ledger, RunSeed());
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  const LedgerState state = ledger.State();
  ASSERT_FALSE(state.rows.empty());
  const auto check = [&](const LedgerState& claimed) {
    return CheckService(daemon_.target(), AuditOf(daemon_), claimed, nullptr);
  };
  EXPECT_THAT(check(state), IsEmpty());

  LedgerState lost_key = state;
  lost_key.keys.push_back({"acme", "never.made", 1, std::nullopt, std::nullopt});
  EXPECT_THAT(check(lost_key), Not(IsEmpty()));

  LedgerState lost_version = state;
  ++lost_version.keys[0].primary;
  EXPECT_THAT(check(lost_version), Not(IsEmpty()));

  LedgerState doubled_version = state;
  --doubled_version.keys[0].primary;
  EXPECT_THAT(check(doubled_version), Not(IsEmpty()));

  LedgerState lost_row = state;
  lost_row.rows.back().ciphertext.back() =
      static_cast<char>(lost_row.rows.back().ciphertext.back() ^ 1);
  EXPECT_THAT(check(lost_row), Not(IsEmpty()));

  LedgerState wrong_value = state;
  ++wrong_value.rows.front().id;
  EXPECT_THAT(check(wrong_value), Not(IsEmpty()));

  LedgerState unrecorded = state;
  unrecorded.calls["Encrypt"] += 1'000'000;
  EXPECT_THAT(check(unrecorded), Not(IsEmpty()));
}

}  // namespace
}  // namespace fieldkms::fault
