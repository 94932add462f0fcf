#include "kms/audit/sealed_trail.h"

#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "tests/unit/kms/audit/trail_fixture.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ReadFile;
using testing::WriteFile;
namespace fs = std::filesystem;

class SealedTrailTest : public TrailTest {
 protected:
  // All lines, of all segments.
  std::vector<std::string> Lines() {
    std::string text;
    for (const uint64_t first : Segments()) text += ReadFile(SegmentPath(path_, first));
    return LinesOf(text + ReadFile(path_));
  }
  void ExpectRefused(const std::string& why) {
    const auto trail = Open();
    EXPECT_THAT(trail, StatusIs(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt));
    EXPECT_THAT(std::string(trail.status().message()), HasSubstr(why));
    EXPECT_THAT(std::string(trail.status().message()), HasSubstr("begin-anew"));
  }
};

TEST_F(SealedTrailTest, NumbersAndSegmentsGoOnOverRestarts) {
  for (int i = 0; i < 4; ++i) Write(25);
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 4u * 26);
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(nlohmann::json::parse(lines[i])["seq"], i + 1);
  }
  EXPECT_GT(Segments().size(), 3u);
  const VerifyReport report = Verify();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.records, lines.size());
  EXPECT_EQ(report.signed_records, lines.size()) << "all is signed at the end";
  EXPECT_GE(report.checkpoints, 10u);
}

TEST_F(SealedTrailTest, FilesAreForTheirUserOnly) {
  Write(60);
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(dir_.File("trail"))) {
    struct stat info {};
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 7u);
  struct stat info {};
  ASSERT_EQ(stat(options_.key_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SealedTrailTest, TrailOfBeforeIsTakenOverAsTheFirstSegment) {
  std::string old;
  for (int i = 1; i <= 50; ++i) {
    old += "{\"seq\":" + std::to_string(i) + ",\"time\":\"2026-01-02T03:04:05.678901Z\"}\n";
  }
  WriteFile(path_, old);
  Write(5);
  EXPECT_TRUE(ReadFile(SegmentPath(path_, 0)).starts_with(old));
  EXPECT_EQ(nlohmann::json::parse(Lines()[50])["seq"], 51);
  EXPECT_THAT(Verify().findings, IsEmpty());
}

TEST_F(SealedTrailTest, ACheckpointComesWithoutMoreRecords) {
  options_.checkpoint_age = std::chrono::milliseconds(1);
  options_.checkpoint_records = 1'000'000;
  ASSERT_OK_AND_ASSIGN(const auto trail, Open());
  while (trail->View().checkpoint.checkpoint.size != 1) std::this_thread::yield();
  Append(*trail, 1);
  while (trail->View().checkpoint.checkpoint.size != 2) std::this_thread::yield();
}

TEST_F(SealedTrailTest, ManyThreadsAppendWhileSegmentsEnd) {
  {
    ASSERT_OK_AND_ASSIGN(const auto trail, Open());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) threads.emplace_back([&] { Append(*trail, 200); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(trail->View().size, 801u);
  }
  const VerifyReport report = Verify();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.records, 801u);
}

TEST_F(SealedTrailTest, TornLineIsEndedAndSigned) {
  Write(3);
  WriteFile(path_, ReadFile(path_) + "{\"seq\":5,\"ki");
  EXPECT_THAT(Verify().findings, IsEmpty()) << "an unfinished line is no record yet";
  Write(1);
  const auto lines = Lines();
  EXPECT_EQ(nlohmann::json::parse(lines[5])["reason"], "TORN_LINE_ENDED");
  const VerifyReport report = Verify();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.records, lines.size());
}

TEST_F(SealedTrailTest, RecordsBehindTheLastCheckpointAreTakenAfterACrash) {
  Write(3);
  WriteFile(path_, ReadFile(path_) + "{\"seq\":5,\"kind\":\"outcome\"}\n");
  const VerifyReport before = Verify();
  EXPECT_EQ(before.records, 5u);
  EXPECT_EQ(before.signed_records, 4u);
  Write(0);
  EXPECT_EQ(nlohmann::json::parse(Lines().back())["seq"], 6);
  EXPECT_EQ(Verify().signed_records, 6u);
}

// Where a crash came between the steps of ending a segment.
TEST_F(SealedTrailTest, SegmentsWithoutTreesAndWithoutSuccessorsAreFinished) {
  Write(60);
  const auto segments = Segments();
  ASSERT_GE(segments.size(), 3u);
  fs::remove(TreePath(path_, segments.back()));
  fs::remove(TreePath(path_, segments[segments.size() - 2]));
  Write(0);
  EXPECT_TRUE(fs::exists(TreePath(path_, segments.back())));
  EXPECT_THAT(Verify().findings, IsEmpty());

  const uint64_t next = Verify().records - LinesOf(ReadFile(path_)).size();
  fs::rename(path_, SegmentPath(path_, next));
  Write(1);
  EXPECT_TRUE(fs::exists(TreePath(path_, next)));
  EXPECT_THAT(Verify().findings, IsEmpty());
}

TEST_F(SealedTrailTest, TornCheckpointIsTakenOff) {
  Write(3);
  const std::string checkpoints = ReadFile(CheckpointsPath(path_));
  for (const size_t cut : {size_t{1}, size_t{40}, size_t{100}}) {
    WriteFile(CheckpointsPath(path_), checkpoints + checkpoints.substr(0, cut));
    Write(1);
    EXPECT_THAT(Verify().findings, IsEmpty()) << cut;
    WriteFile(CheckpointsPath(path_), ReadFile(CheckpointsPath(path_)));
  }
}

// A crash in the middle of the first start leaves one of these.
TEST_F(SealedTrailTest, BeginningThatWasCutShortIsFinished) {
  const std::string first = CheckpointsPath(path_) + ".first";
  Write(0);
  const std::string checkpoints = ReadFile(CheckpointsPath(path_));
  // The key was there, its checkpoint had no name yet, no record was written.
  std::string_view rest;
  WriteFile(first, std::string(SplitCheckpoints(checkpoints, &rest)[0]) + "\n");
  fs::remove(CheckpointsPath(path_));
  fs::remove(path_);
  Write(0);
  EXPECT_THAT(Verify().findings, IsEmpty());
  EXPECT_FALSE(fs::exists(first));
  // There was no key yet.
  for (const std::string& file : {path_, CheckpointsPath(path_), options_.key_path}) {
    fs::remove(file);
  }
  WriteFile(first, "what a crash left");
  Write(0);
  EXPECT_THAT(Verify().findings, IsEmpty());
}

TEST_F(SealedTrailTest, RefusesATrailThatWasCutOff) {
  Write(5);
  auto lines = LinesOf(ReadFile(path_));
  lines.pop_back();
  WriteFile(path_, Joined(lines));
  const std::string left = ReadFile(path_);
  ExpectRefused("it has 5 records where a checkpoint says 6");
  EXPECT_EQ(ReadFile(path_), left) << "and leaves it as it was";
}

TEST_F(SealedTrailTest, RefusesATrailThatIsGone) {
  Write(60);
  fs::remove(path_);
  ExpectRefused("cut off or rolled back");
}

TEST_F(SealedTrailTest, RefusesAnEditedLineOfTheSegmentThatIsWritten) {
  Write(5);
  std::string text = ReadFile(path_);
  text.replace(text.find("key3"), 4, "key4");
  WriteFile(path_, text);
  ExpectRefused("not those of which a checkpoint was signed");
}

TEST_F(SealedTrailTest, RefusesMissingSegmentsTreesCheckpointsAndKeys) {
  Write(80);
  const auto segments = Segments();
  const auto refused_without = [&](const std::string& file, const std::string& why) {
    const std::string bytes = ReadFile(file);
    fs::remove(file);
    ExpectRefused(why);
    WriteFile(file, bytes);
  };
  refused_without(SegmentPath(path_, segments[1]), "is missing");
  refused_without(TreePath(path_, segments[1]), "is missing");
  refused_without(options_.key_path, "is gone");
  fs::rename(CheckpointsPath(path_), dir_.File("away"));
  EXPECT_THAT(Open(), StatusIs(Reason::kStoreCorrupt));
  fs::rename(dir_.File("away"), CheckpointsPath(path_));
  Write(0);
}

// All that would tell of the log is gone but the verifier's key: no other one begins in its place.
TEST_F(SealedTrailTest, RefusesToBeginWhereALogWas) {
  Write(5);
  fs::remove(CheckpointsPath(path_));
  fs::remove(options_.key_path);
  ExpectRefused("is gone");
}

TEST_F(SealedTrailTest, RefusesAChangedTree) {
  Write(60);
  const std::string tree = TreePath(path_, Segments()[0]);
  std::string text = ReadFile(tree);
  const size_t at = text.find("whole ") + 20;
  text[at] = text[at] == 'a' ? 'b' : 'a';
  WriteFile(tree, text);
  ExpectRefused("not the one that was signed");
}

TEST_F(SealedTrailTest, RefusesATrailBehindItsAnchor) {
  options_.exports.directory = dir_.File("anchors");
  Write(5);
  fs::copy(dir_.File("trail"), dir_.File("before"));
  Write(5);
  // The whole of it, checkpoints too, is what it was.
  fs::remove_all(dir_.File("trail"));
  fs::rename(dir_.File("before"), dir_.File("trail"));
  ExpectRefused("it has 6 records where a checkpoint says 12");
}

TEST_F(SealedTrailTest, KeyOpenToOthersIsRefused) {
  Write(1);
  ASSERT_EQ(chmod(options_.key_path.c_str(), 0640), 0);
  const auto trail = Open();
  EXPECT_THAT(trail, StatusIs(Reason::kAuditUnavailable));
  EXPECT_THAT(std::string(trail.status().message()), HasSubstr("chmod 600"));
}

// Reading a device may never end.
TEST_F(SealedTrailTest, WhatIsNoFileIsRefused) {
  for (const char* path : {"/dev/full", "/dev/zero", "/dev"}) {
    EXPECT_THAT(SealedTrail::Open(path, SystemClock(), options_),
                StatusIs(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable));
    EXPECT_FALSE(fs::exists(std::string(path) + ".checkpoints.first"));
  }
  EXPECT_FALSE(fs::exists(options_.key_path));
}

TEST_F(SealedTrailTest, ALineWithoutEndIsRefused) {
  WriteFile(path_, std::string(size_t{20} << 20, 'x'));
  EXPECT_THAT(Open(), StatusIs(Reason::kStoreCorrupt));
}

TEST_F(SealedTrailTest, FailsWhenCheckpointsCannotBeWritten) {
  options_.checkpoint_records = 1;
  ASSERT_OK_AND_ASSIGN(const auto trail, Open());
  while (trail->View().checkpoint.checkpoint.size != 1) std::this_thread::yield();
  // No tree can be written where a directory is.
  fs::create_directories(TreePath(path_, 0) + "/in the way");
  absl::Status status;
  for (int i = 0; status.ok(); ++i) {
    AuditRecord record;
    record.method = "CryptoService.Encrypt";
    status = AppendAndWait(*trail, record);
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable));
}

TEST_F(SealedTrailTest, CheckpointsAreExported) {
  options_.exports.directory = dir_.File("anchors");
  Write(40);
  const auto anchors = ReadAnchors(dir_.File("anchors"), Verifier());
  ASSERT_OK(anchors);
  EXPECT_EQ(anchors->back().checkpoint.size, 41u) << "the last one at the end";
  const VerifyReport report = VerifyWithAnchors();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.anchored_records, 41u);
  EXPECT_EQ(report.anchors, anchors->size());
}

// Also where no record comes after it.
TEST_F(SealedTrailTest, WhatEndsASegmentIsExportedAtOnce) {
  options_.exports.directory = dir_.File("anchors");
  options_.checkpoint_records = 1'000;
  ASSERT_OK_AND_ASSIGN(const auto trail, Open());
  while (Segments().empty()) Append(*trail, 1);
  const auto anchored = [&] {
    const auto last = LastAnchor(dir_.File("anchors"), Verifier());
    return last.ok() && last->has_value() && (*last)->checkpoint.size > 1;
  };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!anchored() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(anchored());
}

TEST_F(SealedTrailTest, APlaceThatIsNotThereHoldsUpNobodyAndIsTold) {
  options_.exports.directory = dir_.File("not mounted");
  std::atomic<int> told{0};
  options_.exports.on_change = [&](const absl::Status& status) { told += status.ok() ? 0 : 1; };
  Write(20);
  EXPECT_GE(told.load(), 1);
  EXPECT_THAT(Verify().findings, IsEmpty());
}

TEST_F(SealedTrailTest, RetentionDropsOnlyWhatIsOldAndAnchored) {
  std::string old;
  for (int i = 1; i <= 50; ++i) {
    old += "{\"seq\":" + std::to_string(i) + ",\"time\":\"2020-01-02T03:04:05.678901Z\"}\n";
  }
  WriteFile(path_, old);
  Write(0);  // ends the segment: but its last record is of today
  const auto whole = Segments();
  ASSERT_EQ(whole.size(), 1u);
  options_.retention = std::chrono::hours(24);
  {
    ASSERT_OK_AND_ASSIGN(const auto trail, Open());
    ASSERT_OK(trail->ApplyRetention());
  }
  EXPECT_EQ(Segments(), whole) << "nothing was exported";
  options_.exports.directory = dir_.File("anchors");
  {
    ASSERT_OK_AND_ASSIGN(const auto trail, Open());
    while (trail->Exports().exported_size < 51) std::this_thread::yield();
    ASSERT_OK(trail->ApplyRetention());
  }
  EXPECT_EQ(Segments(), whole) << "it has a record of today";
  options_.retention = std::chrono::seconds(0);
  Write(60);
  options_.retention = std::chrono::seconds(-1);  // all is old
  {
    ASSERT_OK_AND_ASSIGN(const auto trail, Open());
    while (trail->Exports().exported_size < 100) std::this_thread::yield();
    ASSERT_OK(trail->ApplyRetention());
    EXPECT_THAT(trail->View().segments, IsEmpty());
  }
  EXPECT_THAT(Segments(), IsEmpty());
  EXPECT_THAT(ReadFile(path_), HasSubstr("\"kind\":\"dropped\",\"first_record\":0,"));
  const VerifyReport report = VerifyWithAnchors();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_GT(report.first_record, 100u);
  options_.retention = std::chrono::seconds(0);
  Write(60);  // and it goes on
  EXPECT_THAT(VerifyWithAnchors().findings, IsEmpty());
}

}  // namespace
}  // namespace fieldkms
