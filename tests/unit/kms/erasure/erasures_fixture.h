// Erasures over a SQLite store that can be put back to what it was, by a clock of the test's.
#ifndef FIELDKMS_TESTS_UNIT_KMS_ERASURE_ERASURES_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_KMS_ERASURE_ERASURES_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kms/erasure/erasures.h"
#include "kms/store/sqlite_store.h"
#include "tests/contract/subject_fixture.h"
#include "tests/contract/token_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

// Each look at it is a microsecond later.
class TickingClock final : public Clock {
 public:
  WallTime Now() const override {
    return WallTime(std::chrono::hours(500'000) + std::chrono::microseconds(++ticks_));
  }
  std::chrono::steady_clock::time_point Steady() const override {
    return std::chrono::steady_clock::now();
  }

 private:
  mutable std::atomic<int64_t> ticks_{0};
};

class ErasuresFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    OpenStore();
    const Mutation mutation{"request-1", std::string(32, 'f')};
    KekRecord kek;
    kek.version = 1;
    kek.wrapped = "wrapped";
    ASSERT_OK(store_->CreateTenant("acme", kek, mutation, kNoDeadline));
    OpenLog();
  }

  std::string StorePath() const { return dir_.File("store.db"); }
  std::string LogPath() const { return dir_.File("erasures.jsonl"); }

  void OpenStore() {
    auto store = OpenSqliteStore(StorePath(), clock_);
    ASSERT_OK(store);
    store_ = *std::move(store);
  }
  // As a start does, but for Replay.
  void OpenLog() {
    Close();
    auto log = ErasureLog::Open(LogPath());
    ASSERT_OK(log);
    log_ = *std::move(log);
    erasures_ = std::make_unique<Erasures>(*store_, *log_, clock_, ErasureOptions());
  }
  void Close() {
    erasures_.reset();
    log_.reset();
  }
  void Copy() {
    store_.reset();
    std::filesystem::copy_file(StorePath(), dir_.File("copy.db"),
                               std::filesystem::copy_options::overwrite_existing);
    OpenStore();
    OpenLog();
  }
  // Puts the store back to what it was at Copy.
  void Restore() {
    Close();
    store_.reset();
    std::filesystem::copy_file(dir_.File("copy.db"), StorePath(),
                               std::filesystem::copy_options::overwrite_existing);
    OpenStore();
    OpenLog();
  }
  absl::StatusOr<ErasureReplay> Replay(const std::string& path) {
    FIELDKMS_ASSIGN_OR_RETURN(const auto reader, ErasureLogReader::Open(path));
    return erasures_->Replay(reader, kNoDeadline);
  }
  absl::StatusOr<ErasureReplay> Replay() { return Replay(LogPath()); }

  void Put(const std::vector<TokenRecord>& records) {
    ASSERT_OK(store_->tokens().PutTokens(kCards, records, clock_.Now(), kNoDeadline));
  }
  std::vector<EraseResult> Erase(const TokenNames& tokens) {
    const auto erased = erasures_->EraseTokens(kCards, tokens, kNoDeadline);
    EXPECT_OK(erased);
    return erased.value_or(std::vector<EraseResult>());
  }
  // Those that are there, whether they have expired or not.
  std::vector<std::string> Tokens() {
    const auto listed = store_->tokens().ListTokens(kCards, "", 1'000, WallTime(), kNoDeadline);
    EXPECT_OK(listed);
    return listed.ok() ? NamesOf(*listed) : std::vector<std::string>{"an error"};
  }
  uint64_t Marked() {
    const auto marked = store_->subjects().ErasedUpTo(log_->id(), kNoDeadline);
    EXPECT_OK(marked);
    return marked.value_or(UINT64_MAX);
  }

  TempDir dir_;
  TickingClock clock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ErasureLog> log_;
  std::unique_ptr<Erasures> erasures_;
};

MATCHER_P3(Replayed, entries, tokens, subjects, "") {
  if (!arg.ok()) {
    *result_listener << MessageOf(arg.status());
    return false;
  }
  *result_listener << arg->entries << ", " << arg->tokens << ", " << arg->subjects;
  return arg->entries == static_cast<uint64_t>(entries) &&
         arg->tokens == static_cast<uint64_t>(tokens) &&
         arg->subjects == static_cast<uint64_t>(subjects);
}

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_ERASURE_ERASURES_FIXTURE_H_
