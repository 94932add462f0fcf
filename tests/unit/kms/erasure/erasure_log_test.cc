#include "kms/erasure/erasure_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using ::fieldkms::testing::ReadFile;
using ::fieldkms::testing::TempDir;
using ::fieldkms::testing::WriteFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr size_t kHeaderSize = 60;

std::vector<LoggedErasure> Tokens(const std::vector<std::string>& names) {
  std::vector<LoggedErasure> erasures;
  for (const std::string& name : names) {
    erasures.push_back(
        {0, WallTime(std::chrono::seconds(7)), ErasureKind::kToken, "acme", 7, name});
  }
  return erasures;
}

uint64_t CountOf(const std::string& text, const std::string& what) {
  uint64_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

class ErasureLogTest : public ::testing::Test {
 protected:
  void Open() {
    log_.reset();
    auto log = ErasureLog::Open(path_);
    ASSERT_OK(log);
    log_ = *std::move(log);
  }
  uint64_t Begin(const std::vector<std::string>& names) {
    const auto first = log_->Begin(Tokens(names));
    EXPECT_OK(first);
    return first.value_or(0);
  }
  absl::Status End(uint64_t first, const std::vector<ErasureEnd>& ends) {
    return log_->End(first, ends);
  }
  // What is to be done again: "number name", with "!" where holds do not keep it.
  std::vector<std::string> ToDo(uint64_t* last = nullptr) {
    std::vector<std::string> found;
    const auto reader = ErasureLogReader::Open(path_);
    EXPECT_OK(reader);
    if (!reader.ok()) return found;
    const auto read = reader->Read([&](const LoggedErasure& erasure, bool also_held) {
      found.push_back(std::to_string(erasure.number) + " " + erasure.name + (also_held ? "!" : ""));
      return absl::OkStatus();
    });
    EXPECT_OK(read);
    if (last != nullptr) *last = read.value_or(0);
    return found;
  }

  TempDir dir_;
  const std::string path_ = dir_.File("erasures.jsonl");
  std::unique_ptr<ErasureLog> log_;
};

TEST_F(ErasureLogTest, NumbersGoOnAfterItIsOpenedAgain) {
  Open();
  const SubjectStore::LogId id = log_->id();
  EXPECT_EQ(log_->EndedUpTo(), 0u);
  EXPECT_EQ(Begin({"a", "b", "c"}), 1u);
  EXPECT_OK(End(1, {ErasureEnd::kDone, ErasureEnd::kDone, ErasureEnd::kRefused}));
  EXPECT_EQ(log_->EndedUpTo(), 3u);
  Open();
  EXPECT_EQ(log_->id(), id);
  EXPECT_EQ(log_->EndedUpTo(), 3u);
  EXPECT_EQ(Begin({"d"}), 4u);
  EXPECT_EQ(log_->EndedUpTo(), 3u);
  uint64_t last = 0;
  EXPECT_THAT(ToDo(&last), ElementsAre("1 a!", "2 b!", "4 d"));
  EXPECT_EQ(last, 4u);
  EXPECT_THAT(ReadFile(path_), HasSubstr("{\"n\":1,\"to\":2,\"end\":\"done\"}\n"
                                         "{\"n\":3,\"end\":\"refused\"}\n"));
}

TEST_F(ErasureLogTest, ItIsPrivate) {
  WriteFile(path_, "");
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  Open();
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(ReadFile(path_).size(), kHeaderSize);
  EXPECT_THAT(ErasureLog::Open(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kDataDirInUse));
  TempDir other;
  ASSERT_OK_AND_ASSIGN(const auto second, ErasureLog::Open(other.File("log")));
  EXPECT_NE(second->id(), log_->id());
  EXPECT_THAT(ErasureLog::Open(other.path()), StatusIs(Reason::kAuditUnavailable));
  EXPECT_THAT(ErasureLog::Open(other.File("none/log")), StatusIs(Reason::kAuditUnavailable));
}

TEST_F(ErasureLogTest, EndsComeInAnyOrder) {
  Open();
  EXPECT_EQ(Begin({"a", "b"}), 1u);
  EXPECT_EQ(Begin({"c"}), 3u);
  EXPECT_EQ(Begin({"d"}), 4u);
  EXPECT_OK(End(3, {ErasureEnd::kDone}));
  EXPECT_EQ(log_->EndedUpTo(), 0u);
  EXPECT_OK(End(1, {ErasureEnd::kPartly, ErasureEnd::kRefused}));
  EXPECT_EQ(log_->EndedUpTo(), 3u);
  EXPECT_THAT(ToDo(), ElementsAre("3 c!", "1 a", "4 d"));
  log_->Settle(4);  // done again, but in doubt for other stores
  EXPECT_EQ(log_->EndedUpTo(), 4u);
  EXPECT_THAT(ToDo(), ElementsAre("3 c!", "1 a", "4 d"));
  Open();
  EXPECT_EQ(log_->EndedUpTo(), 3u);
}

TEST_F(ErasureLogTest, WhatNoneCanBeIsNotWritten) {
  Open();
  const std::string before = ReadFile(path_);
  EXPECT_THAT(log_->Begin(Tokens({"a", ""})), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(log_->Begin({}), StatusIs(Reason::kInternal));
  EXPECT_OK(End(1, {}));
  EXPECT_EQ(ReadFile(path_), before);
  EXPECT_EQ(Begin({"a"}), 1u);
}

// A crash leaves any beginning of what was written.
TEST_F(ErasureLogTest, ATornLineIsCutOff) {
  Open();
  Begin({"a", "b"});
  EXPECT_OK(End(1, {ErasureEnd::kDone, ErasureEnd::kRefused}));
  Begin({"c"});
  const SubjectStore::LogId id = log_->id();
  log_.reset();
  const std::string whole = ReadFile(path_);
  for (size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    const std::string torn = whole.substr(0, size);
    WriteFile(path_, torn);
    if (size < kHeaderSize) {
      EXPECT_THAT(ErasureLogReader::Open(path_), StatusIs(Reason::kAuditUnavailable));
    } else {
      EXPECT_OK(ErasureLogReader::Open(path_));
    }
    EXPECT_EQ(ReadFile(path_), torn);
    Open();
    EXPECT_EQ(log_->id() == id, size >= kHeaderSize);
    const std::string kept = torn.substr(0, torn.rfind('\n') + 1);
    EXPECT_TRUE(size < kHeaderSize || ReadFile(path_) == kept);
    EXPECT_EQ(Begin({"z"}), CountOf(kept, "\"kind\"") + 1);
    EXPECT_FALSE(ToDo().empty());
  }
}

TEST_F(ErasureLogTest, DamageIsRefusedAndLeftAsItIs) {
  Open();
  Begin({"a", "b"});
  EXPECT_OK(End(1, {ErasureEnd::kDone}));
  log_.reset();
  const std::string whole = ReadFile(path_);
  const std::string end = "{\"n\":1,\"end\":\"done\"}\n";
  const std::string first =
      whole.substr(kHeaderSize, whole.find('\n', kHeaderSize) + 1 - kHeaderSize);
  const std::string header = whole.substr(0, kHeaderSize);
  for (const std::string& damaged :
       {std::string("id,name\n1,ann\n"), std::string("some text"), "x" + whole, "\n" + whole,
        whole + "\n", whole + "{}\n", whole + end, whole + first, header + end, header + header,
        header + "{\"n\":2" + first.substr(6), whole + std::string(2'048, '\0'),
        whole.substr(0, kHeaderSize - 1) + first, std::string(10, '\0')}) {
    SCOPED_TRACE(damaged);
    WriteFile(path_, damaged);
    EXPECT_THAT(ErasureLog::Open(path_),
                StatusIs(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt));
    EXPECT_THAT(ErasureLogReader::Open(path_),
                StatusIs(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt));
    EXPECT_EQ(ReadFile(path_), damaged);
  }
  WriteFile(path_, whole + "{}\n");
  EXPECT_THAT(std::string(MessageOf(ErasureLog::Open(path_).status())),
              ::testing::AllOf(HasSubstr(path_), HasSubstr("line 5")));
  WriteFile(path_, whole);
  Open();
  EXPECT_EQ(Begin({"c"}), 3u);
}

TEST_F(ErasureLogTest, AFailureIsFinal) {
  Open();
  EXPECT_EQ(Begin({"a"}), 1u);
  std::filesystem::rename(path_, path_ + ".moved");
  EXPECT_THAT(log_->Begin(Tokens({"b"})),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable));
  std::filesystem::rename(path_ + ".moved", path_);
  EXPECT_THAT(log_->Begin(Tokens({"c"})), StatusIs(Reason::kAuditUnavailable));
  EXPECT_THAT(End(1, {ErasureEnd::kDone}), StatusIs(Reason::kAuditUnavailable));
  Open();
  EXPECT_THAT(ToDo(), ElementsAre("1 a", "2 b"));
}

TEST_F(ErasureLogTest, AReaderStopsWhereItIsTold) {
  Open();
  Begin({"a", "b"});
  EXPECT_OK(End(1, {ErasureEnd::kDone, ErasureEnd::kDone}));
  ASSERT_OK_AND_ASSIGN(const auto reader, ErasureLogReader::Open(path_));
  int calls = 0;
  EXPECT_EQ(reader
                .Read([&](const LoggedErasure&, bool) {
                  ++calls;
                  return absl::DataLossError("the test");
                })
                .status(),
            absl::DataLossError("the test"));
  EXPECT_EQ(calls, 1);
  log_.reset();
  std::filesystem::remove(path_);
  EXPECT_THAT(reader.Read([](const LoggedErasure&, bool) { return absl::OkStatus(); }),
              StatusIs(Reason::kAuditUnavailable));
  Open();
  EXPECT_THAT(reader.Read([](const LoggedErasure&, bool) { return absl::OkStatus(); }),
              StatusIs(Reason::kAuditUnavailable));
}

// Each thread ends its own in its own order; a reader follows.
TEST_F(ErasureLogTest, ManyAppendAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 25;
  Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int round = 0; round < kRounds; ++round) {
        const std::string name = std::to_string(t) + "-" + std::to_string(round);
        const uint64_t first = Begin({name + "x", name + "y"});
        EXPECT_LT(log_->EndedUpTo(), first);
        EXPECT_OK(End(first, {ErasureEnd::kDone, ErasureEnd::kRefused}));
      }
    });
  }
  for (int i = 0; i < 10; ++i) ToDo();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(log_->EndedUpTo(), 2u * kThreads * kRounds);
  const auto done = ToDo();
  EXPECT_EQ(done.size(), static_cast<size_t>(kThreads * kRounds));
  EXPECT_TRUE(std::all_of(done.begin(), done.end(),
                          [](const std::string& one) { return one.ends_with("x!"); }));
  Open();
  EXPECT_EQ(log_->EndedUpTo(), 2u * kThreads * kRounds);
}

}  // namespace
}  // namespace fieldkms
