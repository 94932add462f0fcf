// Reading input and writing output.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "clients/cli/input.h"
#include "clients/cli/line_reader.h"
#include "clients/cli/output.h"
#include "clients/cli/progress.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using testing::ReadFile;
using testing::TempDir;
using testing::WriteFile;

// A pipe whose other end writes `pieces` and closes.
class PipeOf {
 public:
  explicit PipeOf(std::vector<std::string> pieces) {
    EXPECT_EQ(pipe(ends_), 0);
    writer_ = std::jthread([this, pieces = std::move(pieces)] {
      for (const std::string& piece : pieces) EXPECT_OK(WriteAll(ends_[1], AsBytes(piece)));
      close(ends_[1]);
    });
  }
  ~PipeOf() { close(ends_[0]); }
  int fd() const { return ends_[0]; }

 private:
  int ends_[2] = {-1, -1};
  std::jthread writer_;
};

struct Lines {
  std::vector<std::string> found;  // "<too long>" for those
  friend bool operator==(const Lines&, const Lines&) = default;
};

Lines ReadLines(int fd, size_t max_line) {
  LineReader reader(fd, max_line);
  Lines lines;
  while (true) {
    const auto found = reader.Next();
    EXPECT_OK(found);
    if (!found.ok() || *found == LineReader::Found::kEnd) return lines;
    lines.found.push_back(*found == LineReader::Found::kLine ? std::string(AsText(reader.line()))
                                                             : "<too long>");
  }
}

// The same, written as plainly as can be.
Lines PlainLines(const std::string& text, size_t max_line) {
  Lines lines;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    lines.found.push_back(line.size() > max_line ? "<too long>" : line);
    begin = end + 1;
  }
  return lines;
}

RC_GTEST_PROP(LineReaderProperty, CutsLikeThePlainCode, ()) {
  const auto byte = rc::gen::element<char>('a', '\0', '\n', '\r', '\n');
  const auto pieces =
      *rc::gen::container<std::vector<std::string>>(rc::gen::container<std::string>(byte));
  const size_t max_line = *rc::gen::inRange<size_t>(0, 12);
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  const PipeOf pipe(pieces);
  RC_ASSERT(ReadLines(pipe.fd(), max_line) == PlainLines(text, max_line));
}

TEST(LineReaderTest, PassesOverAnEndlessLineInBoundedMemory) {
  std::vector<std::string> pieces(64, std::string(1 << 20, 'x'));
  pieces.push_back("\nafter\n");
  const PipeOf pipe(pieces);
  EXPECT_EQ(ReadLines(pipe.fd(), 1'000), (Lines{{"<too long>", "after"}}));
}

TEST(LineReaderTest, IsNotReadyWhileTheProducerPauses) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_OK(WriteAll(ends[1], AsBytes("one\nhalf")));
  LineReader reader(ends[0], 100);
  EXPECT_TRUE(reader.Ready());
  ASSERT_OK(reader.Next());
  EXPECT_FALSE(reader.Ready());
  close(ends[1]);
  EXPECT_TRUE(reader.Ready());
  ASSERT_OK(reader.Next());
  EXPECT_EQ(AsText(reader.line()), "half");
  close(ends[0]);
}

TEST(ReadAllTest, ReadsUpToItsLimit) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{65'536}, size_t{1} << 20}) {
    const PipeOf exact({std::string(size, 'x')});
    ASSERT_OK_AND_ASSIGN(const WipedBuffer bytes, ReadAll(exact.fd(), size));
    EXPECT_EQ(bytes.size(), size);
    const PipeOf more({std::string(size + 1, 'x')});
    EXPECT_THAT(ReadAll(more.fd(), size), StatusIs(Reason::kRequestTooLarge));
    char rest[16];
    while (read(more.fd(), rest, sizeof(rest)) > 0) continue;
  }
}

TEST(InputFileTest, SaysWhichFileCannotBeRead) {
  const auto input = InputFile::Open("/nonexistent/file");
  EXPECT_THAT(std::string(input.status().message()), ::testing::HasSubstr("/nonexistent/file"));
}

class OutputTest : public ::testing::Test {
 protected:
  size_t FilesInDir() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(dir_.path()), {}));
  }
  TempDir dir_;
  const std::string path_ = dir_.File("out");
};

TEST_F(OutputTest, AppearsWholeWhenCommitted) {
  {
    ASSERT_OK_AND_ASSIGN(Output output, Output::Open(path_, false));
    ASSERT_OK(output.Write(std::string_view("secret")));
    EXPECT_FALSE(std::filesystem::exists(path_));
    ASSERT_OK(output.Commit());
  }
  EXPECT_EQ(ReadFile(path_), "secret");
  struct stat info = {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(FilesInDir(), 1u);
}

TEST_F(OutputTest, UncommittedLeavesNothing) {
  {
    ASSERT_OK_AND_ASSIGN(Output output, Output::Open(path_, false));
    ASSERT_OK(output.Write(std::string_view("half")));
  }
  EXPECT_EQ(FilesInDir(), 0u);
}

TEST_F(OutputTest, ReplacesAFileOnlyByForce) {
  WriteFile(path_, "precious");
  EXPECT_EQ(Output::Open(path_, false).status().code(), absl::StatusCode::kAlreadyExists);
  {
    ASSERT_OK_AND_ASSIGN(Output output, Output::Open(path_, true));
    ASSERT_OK(output.Write(std::string_view("new")));
    EXPECT_EQ(ReadFile(path_), "precious");
    ASSERT_OK(output.Commit());
  }
  EXPECT_EQ(ReadFile(path_), "new");
}

TEST_F(OutputTest, DoesNotReplaceAFileThatCameInTheMeantime) {
  ASSERT_OK_AND_ASSIGN(Output output, Output::Open(path_, false));
  WriteFile(path_, "precious");
  EXPECT_EQ(output.Commit().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadFile(path_), "precious");
}

TEST_F(OutputTest, RefusesDevicesAndDirectoriesEvenByForce) {
  EXPECT_THAT(Output::Open("/dev/null", true), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(Output::Open(dir_.path(), true), StatusIs(Reason::kInvalidField));
  std::filesystem::create_symlink("/dev/null", path_);
  EXPECT_THAT(Output::Open(path_, true), StatusIs(Reason::kInvalidField));
}

TEST(ProgressTextTest, SaysWhatThereIsToSay) {
  const ProgressState half = {
      .lines = 20'000, .failed = 2, .bytes = 50, .total_bytes = 100, .elapsed = milliseconds(500)};
  EXPECT_EQ(ProgressText(half, true),
            "[##########----------]  50%  20000 lines, 2 failed, 40000 lines/s");
  EXPECT_EQ(ProgressText(half, false), "20000 lines, 2 failed, 40000 lines/s");
  EXPECT_EQ(ProgressText({.lines = 3}, true), "3 lines");  // the end is not known
  EXPECT_EQ(ProgressText({.bytes = 300, .total_bytes = 100}, true),
            "[####################] 100%  0 lines");
}

}  // namespace
}  // namespace fieldkms
