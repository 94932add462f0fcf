#include "kms/audit/jsonl_audit.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "crypto/status.h"
#include "kms/audit/audit_wait.h"

namespace fieldkms {
namespace {

absl::Status Broken() {
  return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable, "broken by the test");
}

// What the test does to the file, shared with it.
struct Disk {
  std::mutex mutex;
  std::condition_variable changed;
  std::string written, synced;
  int syncs = 0;
  bool hold_syncs = false;  // Sync blocks while set
  bool syncing = false;
  bool fail_write = false, fail_sync = false, deleted = false;

  void HoldSyncs(bool hold) {
    std::lock_guard lock(mutex);
    hold_syncs = hold;
    changed.notify_all();
  }
  void WaitForSync() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return syncing; });
  }
};

class FakeFile final : public AuditFile {
 public:
  explicit FakeFile(Disk& disk) : disk_(disk) {}
  absl::Status Write(std::string_view bytes) override {
    std::lock_guard lock(disk_.mutex);
    if (disk_.fail_write) return Broken();
    disk_.written += bytes;
    return absl::OkStatus();
  }
  absl::Status Sync() override {
    std::unique_lock lock(disk_.mutex);
    ++disk_.syncs;
    disk_.syncing = true;
    disk_.changed.notify_all();
    disk_.changed.wait(lock, [this] { return !disk_.hold_syncs; });
    disk_.syncing = false;
    if (disk_.fail_sync) return Broken();
    disk_.synced = disk_.written;
    return absl::OkStatus();
  }
  absl::Status CheckInPlace() override {
    std::lock_guard lock(disk_.mutex);
    return disk_.deleted ? Broken() : absl::OkStatus();
  }

 private:
  Disk& disk_;
};

// Remembers what it was told, and whether its record was durable at that moment.
struct Waiter final : AuditWaiter {
  explicit Waiter(Disk* of = nullptr) : disk(of) {}
  void OnAudited(const absl::Status& told) override {
    if (disk != nullptr) {
      std::lock_guard lock(disk->mutex);
      durable = disk->synced.find("\"" + key + "\"") != std::string::npos;
    }
    status = told;
    done.store(true);
    done.notify_all();
  }
  absl::Status Wait() {
    done.wait(false);
    return status;
  }
  Disk* disk;
  std::string key;
  absl::Status status;
  bool durable = false;
  std::atomic<bool> done{false};
};

AuditRecord Keyed(std::string_view key) {
  AuditRecord record;
  record.keys = AuditKeys(key);
  return record;
}

class JsonlAuditTest : public ::testing::Test {
 protected:
  std::unique_ptr<JsonlAudit> Make(AuditDurability durability = AuditDurability::kFsync) {
    JsonlAuditOptions options;
    options.durability = durability;
    options.on_failure = [this](const absl::Status&) { ++failures_; };
    return JsonlAudit::Over(std::make_unique<FakeFile>(disk_), 1, SystemClock(), options);
  }
  Disk disk_;
  std::atomic<int> failures_{0};
};

TEST_F(JsonlAuditTest, WaiterIsToldWhenItsRecordIsDurable) {
  auto audit = Make();
  for (int i = 0; i < 100; ++i) {
    Waiter waiter(&disk_);
    waiter.key = "key-" + std::to_string(i);
    audit->Append(Keyed(waiter.key), &waiter);
    EXPECT_TRUE(waiter.Wait().ok());
    EXPECT_TRUE(waiter.durable) << i;
  }
}

TEST_F(JsonlAuditTest, RecordsThatArriveDuringASyncShareTheNext) {
  auto audit = Make();
  disk_.HoldSyncs(true);
  Waiter first;
  audit->Append(Keyed("first"), &first);
  disk_.WaitForSync();
  std::vector<std::unique_ptr<Waiter>> others;
  for (int i = 0; i < 50; ++i) {
    others.push_back(std::make_unique<Waiter>());
    audit->Append(Keyed("other"), others.back().get());
  }
  EXPECT_FALSE(first.done);
  disk_.HoldSyncs(false);
  EXPECT_TRUE(first.Wait().ok());
  for (auto& other : others) EXPECT_TRUE(other->Wait().ok());
  EXPECT_EQ(disk_.syncs, 2);
}

TEST_F(JsonlAuditTest, ManyThreadsManyRecordsNumberedInFileOrder) {
  auto audit = Make();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) EXPECT_TRUE(AppendAndWait(*audit, Keyed("k")).ok());
    });
  }
  for (auto& thread : threads) thread.join();
  audit.reset();
  std::istringstream lines(disk_.synced);
  std::string line;
  uint64_t expected = 1;
  while (std::getline(lines, line)) EXPECT_EQ(nlohmann::json::parse(line)["seq"], expected++);
  EXPECT_EQ(expected, 1601u);
}

TEST_F(JsonlAuditTest, FailedSyncIsFinalAndNeverTriedAgain) {
  auto audit = Make();
  disk_.fail_sync = true;
  EXPECT_EQ(ReasonOf(AppendAndWait(*audit, Keyed("a"))), Reason::kAuditUnavailable);
  disk_.fail_sync = false;
  const int syncs = disk_.syncs;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(ReasonOf(AppendAndWait(*audit, Keyed("b"))), Reason::kAuditUnavailable);
  }
  EXPECT_EQ(disk_.syncs, syncs);
  EXPECT_EQ(disk_.written.find("\"b\""), std::string::npos);
  EXPECT_EQ(failures_, 1);
}

TEST_F(JsonlAuditTest, FailureTellsThoseAlreadyWaitingForTheNextGroup) {
  auto audit = Make();
  disk_.HoldSyncs(true);
  Waiter first, second;
  audit->Append(Keyed("a"), &first);
  disk_.WaitForSync();
  audit->Append(Keyed("b"), &second);
  disk_.fail_sync = true;
  disk_.HoldSyncs(false);
  EXPECT_FALSE(first.Wait().ok());
  EXPECT_FALSE(second.Wait().ok());
  EXPECT_EQ(disk_.syncs, 1);
}

TEST_F(JsonlAuditTest, FailedWriteAndDeletedFileAreFinal) {
  for (bool Disk::*fault : {&Disk::fail_write, &Disk::deleted}) {
    auto audit = Make();
    EXPECT_TRUE(AppendAndWait(*audit, Keyed("a")).ok());
    disk_.*fault = true;
    EXPECT_EQ(ReasonOf(AppendAndWait(*audit, Keyed("a"))), Reason::kAuditUnavailable);
    disk_.*fault = false;
    EXPECT_EQ(ReasonOf(AppendAndWait(*audit, Keyed("a"))), Reason::kAuditUnavailable);
  }
}

TEST_F(JsonlAuditTest, EndCommitsWhatIsPending) {
  auto audit = Make();
  for (int i = 0; i < 100; ++i) audit->Append(Keyed("k"), nullptr);
  audit.reset();
  EXPECT_EQ(std::count(disk_.synced.begin(), disk_.synced.end(), '\n'), 100);
}

TEST_F(JsonlAuditTest, WithoutDurabilityWaitersAreToldAtOnceAndRecordsStillFollow) {
  auto audit = Make(AuditDurability::kNone);
  Waiter waiter;
  audit->Append(Keyed("k"), &waiter);
  EXPECT_TRUE(waiter.done);
  audit.reset();
  EXPECT_EQ(disk_.syncs, 0);
  EXPECT_EQ(std::count(disk_.written.begin(), disk_.written.end(), '\n'), 1);
}

class JsonlAuditFileTest : public ::testing::Test {
 protected:
  JsonlAuditFileTest() {
    char dir[] = "/tmp/fieldkms_audit_XXXXXX";
    dir_ = mkdtemp(dir);
    path_ = dir_ + "/audit.jsonl";
  }
  ~JsonlAuditFileTest() override { std::filesystem::remove_all(dir_); }
  std::vector<nlohmann::json> Lines() {
    std::ifstream in(path_);
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(in, line);) {
      lines.push_back(nlohmann::json::parse(line, nullptr, false));
    }
    return lines;
  }
  absl::StatusOr<std::unique_ptr<JsonlAudit>> Open() {
    return JsonlAudit::Open(path_, SystemClock(), {});
  }
  std::string dir_, path_;
};

TEST_F(JsonlAuditFileTest, NewFileIsPrivateAndStartsWithAStart) {
  auto audit = Open();
  ASSERT_TRUE(audit.ok());
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(Lines().size(), 1u);
  EXPECT_EQ(Lines()[0]["kind"], "start");
  EXPECT_EQ(Lines()[0]["seq"], 1);
}

TEST_F(JsonlAuditFileTest, LooseModeIsTightened) {
  std::ofstream(path_) << "";
  for (const mode_t loose : {0644u, 0620u, 0700u}) {
    ASSERT_EQ(chmod(path_.c_str(), loose), 0);
    ASSERT_TRUE(Open().ok());
    struct stat info {};
    ASSERT_EQ(stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600u);
  }
}

// Only root can give a file away; for others the file stays theirs, and is taken.
TEST_F(JsonlAuditFileTest, FileOfAnotherUserIsRefused) {
  std::ofstream(path_) << "theirs";
  ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  const bool changed = chown(path_.c_str(), 12345, static_cast<gid_t>(-1)) == 0;
  EXPECT_EQ(changed, geteuid() == 0);
  const absl::Status status = Open().status();
  EXPECT_EQ(status.ok(), !changed);
  if (!changed) return;
  EXPECT_EQ(ReasonOf(status), Reason::kAuditUnavailable);
  EXPECT_NE(std::string(status.message()).find("chown"), std::string::npos) << status;
  EXPECT_EQ(std::filesystem::file_size(path_), 6u) << "and is left as it was";
}

TEST_F(JsonlAuditFileTest, NumbersContinueOverRestarts) {
  ASSERT_TRUE(AppendAndWait(**Open(), Keyed("a")).ok());
  ASSERT_TRUE(AppendAndWait(**Open(), Keyed("b")).ok());
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(lines[i]["seq"], i + 1);
}

// Line 12 is cut off after each of its bytes in turn. Its number is free again only
// where it cannot be read.
TEST_F(JsonlAuditFileTest, TornLineIsEndedAndNotedWhereverItIsCut) {
  const std::string whole = "{\"seq\":11,\"kind\":\"outcome\"}\n";
  const std::string last = "{\"seq\":12,\"kind\":\"outcome\"}";
  const size_t number_ends = last.find(',') + 1;
  for (size_t cut = 1; cut <= last.size(); ++cut) {
    SCOPED_TRACE(last.substr(0, cut));
    std::ofstream(path_, std::ios::trunc) << whole << last.substr(0, cut);
    ASSERT_TRUE(AppendAndWait(**Open(), Keyed("b")).ok());
    const auto lines = Lines();
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_EQ(lines[1].is_discarded(), cut < last.size());
    EXPECT_EQ(lines[2]["kind"], "start");
    EXPECT_EQ(lines[2]["reason"], "TORN_LINE_ENDED");
    EXPECT_EQ(lines[2]["seq"], cut < number_ends ? 12 : 13);
    EXPECT_EQ(lines[3]["key"], "b");
  }
}

TEST_F(JsonlAuditFileTest, CrashRightAfterEndingATornLineLosesNoNumber) {
  std::ofstream(path_) << "{\"seq\":11,\"kind\":\"outcome\"}\n{\"se\n";
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Lines().back()["seq"], 12);
}

TEST_F(JsonlAuditFileTest, DeletedFileFailsTheNextRecord) {
  auto audit = std::move(Open()).value();
  ASSERT_EQ(unlink(path_.c_str()), 0);
  EXPECT_EQ(ReasonOf(AppendAndWait(*audit, Keyed("a"))), Reason::kAuditUnavailable);
}

TEST_F(JsonlAuditFileTest, ReplacedFileFailsTheNextRecord) {
  auto audit = std::move(Open()).value();
  std::filesystem::rename(path_, path_ + ".1");
  std::ofstream(path_) << "";
  EXPECT_EQ(ReasonOf(AppendAndWait(*audit, Keyed("a"))), Reason::kAuditUnavailable);
}

TEST_F(JsonlAuditFileTest, FullDiskRefusesToStart) {
  const auto audit = JsonlAudit::Open("/dev/full", SystemClock(), {});
  EXPECT_EQ(ReasonOf(audit.status()), Reason::kAuditUnavailable);
}

TEST_F(JsonlAuditFileTest, SymbolicLinkIsNotFollowed) {
  ASSERT_EQ(symlink("/tmp/elsewhere", path_.c_str()), 0);
  EXPECT_EQ(ReasonOf(Open().status()), Reason::kAuditUnavailable);
}

}  // namespace
}  // namespace fieldkms
