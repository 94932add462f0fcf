// Each way of changing a trail, and what verifying it finds.
#include <algorithm>

#include "kms/audit/trail_verify.h"
#include "tests/unit/kms/audit/trail_fixture.h"

namespace fieldkms {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using testing::ReadFile;
using testing::WriteFile;
using Kind = TrailFinding::Kind;
namespace fs = std::filesystem;

constexpr int kRecords = 99;  // and the start

class TamperTest : public TrailTest {
 protected:
  void SetUp() override {
    options_.exports.directory = dir_.File("anchors");
    Write(kRecords);
    ASSERT_THAT(VerifyWithAnchors().findings, IsEmpty());
    ASSERT_GE(Segments().size(), 3u);
  }
  // The lines of an ended segment, or of the one that is written.
  std::string FileOf(bool ended) { return ended ? SegmentPath(path_, Segments()[1]) : path_; }
  template <class Change>
  void Lines(const std::string& file, Change change) {
    auto lines = LinesOf(ReadFile(file));
    ASSERT_GE(lines.size(), 3u);
    change(lines);
    WriteFile(file, Joined(lines));
  }
  template <class Change>
  std::vector<Kind> After(bool ended, Change change) {
    const std::string file = FileOf(ended);
    const std::string before = ReadFile(file);
    Lines(file, change);
    const auto kinds = Kinds(Verify());
    WriteFile(file, before);
    EXPECT_THAT(Verify().findings, IsEmpty());
    return kinds;
  }
  // A service that goes on from what is there now; it would refuse much of it.
  void CopyTrail(const char* name) {
    fs::remove_all(dir_.File(name));
    fs::copy(dir_.File("trail"), dir_.File(name));
  }
  void RestoreTrail(const char* name) {
    fs::remove_all(dir_.File("trail"));
    fs::copy(dir_.File(name), dir_.File("trail"));
  }
};

TEST_F(TamperTest, EditedRecord) {
  for (const bool ended : {true, false}) {
    EXPECT_THAT(After(ended, [](auto& lines) { lines[1][30] ^= 1; }), Contains(Kind::kChanged));
    EXPECT_THAT(After(ended, [](auto& lines) { lines[1] += ' '; }), Contains(Kind::kChanged));
  }
}

TEST_F(TamperTest, DeletedRecord) {
  EXPECT_THAT(After(true, [](auto& lines) { lines.erase(lines.begin() + 1); }),
              Contains(Kind::kChanged));
  const auto kinds = After(false, [](auto& lines) { lines.erase(lines.begin() + 1); });
  EXPECT_THAT(kinds, Contains(Kind::kNumbers));
  EXPECT_THAT(kinds, Contains(Kind::kCutOff));
}

TEST_F(TamperTest, InsertedRecord) {
  for (const bool ended : {true, false}) {
    EXPECT_THAT(After(ended, [](auto& lines) { lines.insert(lines.begin() + 1, lines[0]); }),
                Contains(Kind::kChanged));
    EXPECT_THAT(After(ended, [](auto& lines) { lines.insert(lines.begin() + 1, ""); }),
                Contains(Kind::kChanged));
  }
}

TEST_F(TamperTest, ReorderedRecords) {
  for (const bool ended : {true, false}) {
    EXPECT_THAT(After(ended, [](auto& lines) { std::swap(lines[0], lines[1]); }),
                Contains(Kind::kChanged));
  }
}

TEST_F(TamperTest, SplitAndJoinedLines) {
  EXPECT_THAT(After(true, [](auto& lines) { lines[0].insert(20, "\n"); }),
              Contains(Kind::kChanged));
  EXPECT_THAT(After(true,
                    [](auto& lines) {
                      lines[0] += lines[1];
                      lines.erase(lines.begin() + 1);
                    }),
              Contains(Kind::kChanged));
}

TEST_F(TamperTest, LastLineBreakOfASegment) {
  const std::string file = FileOf(true);
  const std::string before = ReadFile(file);
  WriteFile(file, before.substr(0, before.size() - 1));
  EXPECT_THAT(Kinds(Verify()), Contains(Kind::kChanged));
}

TEST_F(TamperTest, TruncatedTail) {
  EXPECT_EQ(After(false, [](auto& lines) { lines.pop_back(); }), std::vector{Kind::kCutOff});
  EXPECT_THAT(After(true, [](auto& lines) { lines.pop_back(); }), Contains(Kind::kMissing));
}

TEST_F(TamperTest, MissingSegments) {
  const auto segments = Segments();
  for (const uint64_t first : {segments[0], segments[1], segments.back()}) {
    const std::string file = SegmentPath(path_, first);
    const std::string before = ReadFile(file);
    fs::remove(file);
    const VerifyReport report = Verify();
    if (first == segments[0]) {
      // What retention may do. Its record would tell; and a report says where it begins.
      EXPECT_EQ(report.first_record, segments[1]);
    } else {
      EXPECT_THAT(Kinds(report), Contains(Kind::kMissing));
    }
    WriteFile(file, before);
  }
  fs::remove(path_);
  EXPECT_THAT(Kinds(Verify()), Contains(Kind::kCutOff));
}

// The tail and the checkpoints of it: the trail agrees with itself.
TEST_F(TamperTest, RolledBackWithItsCheckpoints) {
  CopyTrail("before");
  Write(20);
  RestoreTrail("before");
  EXPECT_THAT(Verify().findings, IsEmpty());
  EXPECT_EQ(Kinds(VerifyWithAnchors()), std::vector{Kind::kCutOff});
}

// The verifier's state alone proves it, too, without any anchor.
TEST_F(TamperTest, RolledBackBelowWhatWasVerified) {
  CopyTrail("before");
  Write(60);
  VerifyOptions options;
  options.from = Verify().verified;
  ASSERT_TRUE(options.from);
  EXPECT_THAT(Verify(options).findings, IsEmpty());
  RestoreTrail("before");
  ASSERT_GT(options.from->tree.end(), Segments().back());
  const VerifyReport report = Verify(options);
  EXPECT_EQ(Kinds(report), std::vector{Kind::kCutOff});
  EXPECT_FALSE(report.verified);
  EXPECT_EQ(report.read, 100u) << "all of it, from its beginning";
}

// Rolled back, and then gone on with: another history of as many records, signed by the same key.
TEST_F(TamperTest, Fork) {
  CopyTrail("before");
  Write(20);
  RestoreTrail("before");
  options_.exports.directory.clear();
  Write(30);
  EXPECT_THAT(Verify().findings, IsEmpty());
  EXPECT_THAT(Kinds(VerifyWithAnchors()), Contains(Kind::kForked));
}

TEST_F(TamperTest, ForkIsNotExportedOverItsAnchor) {
  CopyTrail("before");
  Write(20);
  RestoreTrail("before");
  const auto anchors = *ReadAnchors(dir_.File("anchors"), Verifier());
  SignedCheckpoint other = anchors.back();
  other.note[other.note.size() - 10] ^= 1;
  EXPECT_THAT(DirectoryTarget(dir_.File("anchors"))->Export(other),
              StatusIs(Reason::kStoreCorrupt));
  EXPECT_OK(DirectoryTarget(dir_.File("anchors"))->Export(anchors.back()));
}

// A whole trail of another installation, and parts of it.
TEST_F(TamperTest, SwappedBetweenLogs) {
  const std::string verifier = ReadFile(VerifierKeyPath(path_));
  const std::string key_path = options_.key_path;
  CopyTrail("ours");
  fs::remove_all(dir_.File("trail"));
  fs::create_directory(dir_.File("trail"));
  options_.key_path = dir_.File("data/other.key");
  Write(kRecords);
  const uint64_t first = Segments()[1];
  const std::string segment = ReadFile(SegmentPath(path_, first));
  const std::string checkpoints = ReadFile(CheckpointsPath(path_));
  WriteFile(VerifierKeyPath(path_), verifier);  // the auditor's own
  auto kinds = Kinds(Verify());
  EXPECT_THAT(kinds, Contains(Kind::kCheckpoint));
  EXPECT_THAT(kinds, Contains(Kind::kTree));

  RestoreTrail("ours");
  WriteFile(SegmentPath(path_, Segments()[1]), segment);
  EXPECT_THAT(Kinds(Verify()), Contains(Kind::kChanged));
  RestoreTrail("ours");
  WriteFile(CheckpointsPath(path_), checkpoints);
  EXPECT_THAT(Kinds(Verify()), Contains(Kind::kCheckpoint));
  options_.key_path = key_path;
  EXPECT_THAT(Open(), StatusIs(Reason::kStoreCorrupt));
}

TEST_F(TamperTest, CheckpointsAndTrees) {
  const std::string checkpoints = ReadFile(CheckpointsPath(path_));
  std::string changed = checkpoints;
  changed[changed.find('\n') + 1] ^= 1;
  WriteFile(CheckpointsPath(path_), changed);
  EXPECT_THAT(Kinds(Verify()), Contains(Kind::kCheckpoint));
  fs::remove(CheckpointsPath(path_));
  EXPECT_THAT(Kinds(Verify()), Contains(Kind::kCheckpoint));
  std::string_view rest;
  auto notes = SplitCheckpoints(checkpoints, &rest);
  std::swap(notes.front(), notes.back());
  std::string swapped;
  for (const std::string_view note : notes) swapped += std::string(note) + "\n";
  WriteFile(CheckpointsPath(path_), swapped);
  EXPECT_THAT(Kinds(Verify()), Contains(Kind::kCheckpoint));
  WriteFile(CheckpointsPath(path_), checkpoints);

  const std::string tree = TreePath(path_, Segments()[1]);
  const std::string before = ReadFile(tree);
  for (const char* name : {"part ", "whole "}) {
    std::string text = before;
    char& digit = text[text.find('\n', text.find(name)) - 1];
    digit = digit == 'a' ? 'b' : 'a';
    WriteFile(tree, text);
    EXPECT_FALSE(Verify().findings.empty()) << name;
  }
}

// Whoever has the verifier's state sees what came before it, too.
TEST_F(TamperTest, FromWhatWasVerifiedBefore) {
  VerifyOptions options;
  const VerifyReport first = Verify();
  ASSERT_TRUE(first.verified);
  ASSERT_OK_AND_ASSIGN(options.from, ParseVerified(FormatVerified(*first.verified)));
  Write(30);
  const VerifyReport next = Verify(options);
  EXPECT_THAT(next.findings, IsEmpty());
  EXPECT_EQ(next.records, 131u);
  EXPECT_LT(next.read, 131u - 60);
  EXPECT_EQ(next.signed_records, 131u);

  VerifiedUpTo other = *options.from;
  other.origin += "0";
  VerifyOptions of_another_log;
  of_another_log.from = other;
  EXPECT_THAT(VerifyTrail(path_, Verifier(), of_another_log), StatusIs(Reason::kInvalidField));
  std::string changed = FormatVerified(*options.from);
  char& digit = changed[changed.size() - 2];
  digit = digit == 'a' ? 'b' : 'a';
  ASSERT_OK_AND_ASSIGN(options.from, ParseVerified(changed));
  EXPECT_THAT(Kinds(Verify(options)), Contains(Kind::kChanged));
  for (const std::string& text : {std::string(), changed.substr(1), changed + "\n",
                                  changed.substr(0, changed.size() - 1), changed + changed}) {
    EXPECT_THAT(ParseVerified(text), StatusIs(Reason::kInvalidField));
  }
}

// Every byte of a small trail, one bit at a time.
TEST(TamperEveryByteTest, OneBitIsFound) {
  class Small : public TrailTest {
   public:
    void TestBody() override {
      options_.segment_bytes = 400;
      options_.checkpoint_records = 2;
      Write(6);
      std::vector<std::string> files{path_};
      for (const uint64_t first : Segments()) files.push_back(SegmentPath(path_, first));
      ASSERT_GE(files.size(), 2u);
      for (const std::string& file : files) {
        const std::string before = ReadFile(file);
        for (size_t i = 0; i < before.size(); ++i) {
          std::string changed = before;
          changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
          WriteFile(file, changed);
          ASSERT_FALSE(Verify().findings.empty()) << file << " " << i;
        }
        WriteFile(file, before);
      }
      EXPECT_THAT(Verify().findings, IsEmpty());
    }
  };
  Small().TestBody();
}

TEST(TrailVerifyTest, NoTrailIsNotFound) {
  testing::TempDir dir;
  ASSERT_OK_AND_ASSIGN(const NewTrailKey key, MakeTrailKey());
  VerifyOptions options;
  const auto report = VerifyTrail(dir.File("audit.jsonl"), key.signer.verifier(), options);
  EXPECT_THAT(report, StatusIs(absl::StatusCode::kNotFound, Reason::kAuditUnavailable));
}

}  // namespace
}  // namespace fieldkms
