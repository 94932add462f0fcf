#include "tests/support/sync_shadow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using Files = std::map<std::string, std::string>;

Files FilesIn(const std::string& dir) {
  Files files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file()) continue;
    files[std::filesystem::relative(entry.path(), dir)] = ReadFile(entry.path());
  }
  return files;
}

class SyncShadowTest : public ::testing::Test {
 protected:
  // Runs the probe under the library until it has done its deed, kills it, and
  // materializes the shadow in durable(). Returns what the probe acknowledged.
  std::string RunAndKill(const std::string& deed) {
    std::filesystem::create_directories(watched());
    const std::string out = dir_.File("out");
    Subprocess probe({.argv = {BinaryPath("sync_shadow_probe"), deed, watched()},
                      .env = SyncShadowEnv(watched(), dir_.File("shadow")),
                      .stdout_path = out});
    std::string said;
    while (!said.ends_with("done\n") && !probe.WaitFor(std::chrono::milliseconds(5))) {
      said = ReadFile(out);
    }
    probe.Signal(SIGKILL);
    EXPECT_EQ(probe.Wait().signal, SIGKILL) << deed << " ended by itself: " << said;
    MaterializeShadow(dir_.File("shadow"), durable());
    return said;
  }

  Files Durable(const std::string& deed) {
    RunAndKill(deed);
    return FilesIn(durable());
  }

  // The number of rows that a database holds, by a process of its own.
  static int CountRows(const std::string& path) {
    const CommandResult result =
        RunCommand({.argv = {BinaryPath("sync_shadow_probe"), "count-rows", path}});
    EXPECT_EQ(result.status.code, 0) << result.err;
    return result.out.empty() ? -1 : std::stoi(result.out);
  }

  std::string watched() const { return dir_.File("watched"); }
  std::string durable() const { return dir_.File("durable"); }

 private:
  TempDir dir_;
};

TEST_F(SyncShadowTest, UnsyncedWriteIsLost) {
  EXPECT_THAT(Durable("write-unsynced"), ElementsAre(Pair("f", "old")));
  EXPECT_EQ(ReadFile(watched() + "/f"), "oldnew");
}

TEST_F(SyncShadowTest, SyncedWriteIsKept) {
  EXPECT_THAT(Durable("write-synced"), ElementsAre(Pair("f", "oldnew")));
}

TEST_F(SyncShadowTest, NothingSyncedNothingKept) {
  EXPECT_THAT(Durable("nothing-synced"), IsEmpty());
}

TEST_F(SyncShadowTest, FileWithoutSyncedEntryIsLost) {
  EXPECT_THAT(Durable("entry-unsynced"), IsEmpty());
}

TEST_F(SyncShadowTest, EntryWithoutSyncedContentIsEmpty) {
  EXPECT_THAT(Durable("content-unsynced"), ElementsAre(Pair("f", "")));
}

TEST_F(SyncShadowTest, OverwriteAndTruncate) {
  std::string expected(10'000, 'a');
  expected.replace(5'000, 3, "BBB");
  expected.resize(9'000);
  EXPECT_THAT(Durable("overwrite"), ElementsAre(Pair("f", expected)));
}

TEST_F(SyncShadowTest, TruncationAtOpen) {
  EXPECT_THAT(Durable("reopen-truncate"), ElementsAre(Pair("f", std::string(3, '\0'))));
}

TEST_F(SyncShadowTest, SynchronousDescriptor) {
  EXPECT_THAT(Durable("o-dsync"), ElementsAre(Pair("f", "text")));
}

TEST_F(SyncShadowTest, RenameNeedsItsDirectory) {
  EXPECT_THAT(Durable("rename-unsynced"), ElementsAre(Pair("f", "old"), Pair("g", "new")));
}

TEST_F(SyncShadowTest, RenameWithItsDirectory) {
  EXPECT_THAT(Durable("rename-synced"), ElementsAre(Pair("f", "new")));
}

TEST_F(SyncShadowTest, UnlinkNeedsItsDirectory) {
  EXPECT_THAT(Durable("unlink-unsynced"), ElementsAre(Pair("f", "old")));
}

TEST_F(SyncShadowTest, UnlinkWithItsDirectory) { EXPECT_THAT(Durable("unlink-synced"), IsEmpty()); }

TEST_F(SyncShadowTest, OldContentOfAReusedInodeStaysAway) {
  EXPECT_THAT(Durable("unlink-reuse"), ElementsAre(Pair("f", "")));
}

TEST_F(SyncShadowTest, Subdirectory) {
  EXPECT_THAT(Durable("subdirectory"), ElementsAre(Pair("sub/f", "text")));
}

TEST_F(SyncShadowTest, SecondProcessGoesOn) {
  RunAndKill("write-unsynced");
  std::filesystem::remove_all(durable());
  // The page cache held "oldnew"; the sync of the second process covers it.
  EXPECT_THAT(Durable("resync"), ElementsAre(Pair("f", "oldnew")));
}

TEST_F(SyncShadowTest, EveryAcknowledgedLineOfManyThreadsIsKept) {
  std::istringstream acknowledged(RunAndKill("threads"));
  std::istringstream kept(ReadFile(durable() + "/lines"));
  std::set<std::string> lines;
  for (std::string line; std::getline(kept, line);) lines.insert(line);
  EXPECT_EQ(lines.size(), 8u * 200u);
  for (std::string line; std::getline(acknowledged, line) && line != "done";) {
    EXPECT_TRUE(lines.contains(line)) << line;
  }
}

TEST_F(SyncShadowTest, SqliteThatSyncsLosesNothing) {
  RunAndKill("sqlite-full");
  EXPECT_EQ(CountRows(durable() + "/t.db"), 300);
}

// The test of the test: a store that acknowledges before it syncs passes kill -9,
// and is caught here.
TEST_F(SyncShadowTest, SqliteThatDoesNotSyncIsCaught) {
  RunAndKill("sqlite-off");
  EXPECT_LT(CountRows(durable() + "/t.db"), 300);
  EXPECT_EQ(CountRows(watched() + "/t.db"), 300);
}

}  // namespace
}  // namespace fieldkms::testing
