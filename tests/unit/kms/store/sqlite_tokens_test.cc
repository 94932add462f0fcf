// Sealed values of tokens that are erased or used leave the store's files; and two stores of
// one file, as of a daemon and an operator's command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "kms/store/sqlite_connection.h"
#include "kms/store/sqlite_store.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/store/store_fixture.h"

namespace fieldkms::testing {
namespace {

constexpr TokenDomain kDomain{"acme", 7};
constexpr WallTime kNow{std::chrono::microseconds(1'700'000'000'000'001)};

class SqliteTokens : public StoreFixture {
 protected:
  void SetUp() override {
    ASSERT_OK(Open());
    ASSERT_OK(CreateTenant());
  }
  TokenStore& tokens() { return store().tokens(); }
  static std::string Sealed(const std::string& token) { return "sealed of " + token + " end"; }
  void Put(const std::string& name, bool single_use = false) {
    TokenRecord record;
    record.token = name;
    record.lookup = "value";
    record.single_use = single_use;
    record.sealed = Sealed(name);
    record.create_time = kNow;
    record.expire_time = kNow + std::chrono::hours(1);
    ASSERT_OK(tokens().PutTokens(kDomain, std::vector{record}, kNow, kNoDeadline));
  }
  bool InFiles(const std::string& bytes) {
    return std::ranges::any_of(
        Files(), [&](const auto& file) { return file.second.find(bytes) != std::string::npos; });
  }
  Deadline Soon() const {
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  }
};

TEST_F(SqliteTokens, WhatIsTakenAwayLeavesNoBytes) {
  const std::vector<std::string_view> name = {"tok"};
  const auto by_token = [&] {
    return tokens().EraseTokens(kDomain, name, {}, kNoDeadline).status();
  };
  const auto by_use = [&] { return tokens().UseTokens(kDomain, name, kNow, kNoDeadline).status(); };
  const auto by_lookup = [&] {
    const std::vector<std::string_view> value = {"value"};
    return tokens().EraseTokensByLookup(kDomain, value, {}, kNoDeadline).status();
  };
  const auto by_field = [&] { return tokens().EraseField(kDomain, 9, kNoDeadline).status(); };
  const auto by_time = [&] {
    return tokens().SweepExpired(kNow + std::chrono::hours(1), 9, kNoDeadline).status();
  };
  const std::function<absl::Status()> ways[] = {by_token, by_use, by_lookup, by_field, by_time};
  for (const auto& way : ways) {
    Put("tok", true);
    ASSERT_TRUE(InFiles(Sealed("tok")));
    ASSERT_OK(way());
    EXPECT_FALSE(InFiles(Sealed("tok"))) << &way - ways;
  }
}

TEST_F(SqliteTokens, AnErasedSubjectLeavesNoBytes) {
  SubjectUse use;
  use.fresh.subject = "ann";
  use.fresh.handle = std::string(kSubjectHandleSize, 'h');
  use.fresh.secret = "the secret of ann, 32 bytes long";
  use.field_id = 7;
  const std::vector<std::string_view> handles = {use.fresh.handle};
  SubjectStore& subjects = store().subjects();
  const auto erase = [&] {
    return subjects.EraseSubject("acme", "ann", handles[0], kNoDeadline).status();
  };
  const auto again = [&] { return subjects.EraseAgain("acme", handles, kNoDeadline).status(); };
  for (const auto& way : std::initializer_list<std::function<absl::Status()>>{erase, again}) {
    ASSERT_OK(subjects.EnsureSubjects("acme", std::vector{use}, kNoDeadline));
    TokenRecord token;
    token.token = "tok";
    token.sealed = Sealed("tok");
    token.subject = use.fresh.handle;
    ASSERT_OK(tokens().PutTokens(kDomain, std::vector{token}, kNow, kNoDeadline));
    ASSERT_TRUE(InFiles(use.fresh.secret));
    ASSERT_TRUE(InFiles(Sealed("tok")));
    ASSERT_OK(way());
    EXPECT_FALSE(InFiles(use.fresh.secret));
    EXPECT_FALSE(InFiles(Sealed("tok")));
  }
}

// A repeat finds nothing, and says so when nothing is left in the log either.
TEST_F(SqliteTokens, AnErasedSubjectIsAskedForAgainWhereAReaderKeptTheLog) {
  SubjectUse use;
  use.fresh.subject = "ann";
  use.fresh.handle = std::string(kSubjectHandleSize, 'h');
  use.fresh.secret = "the secret of ann, 32 bytes long";
  use.field_id = 7;
  SubjectStore& subjects = store().subjects();
  ASSERT_OK(subjects.EnsureSubjects("acme", std::vector{use}, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto reader, SqliteConnection::Open(path()));
  ASSERT_OK(reader->Execute("BEGIN; SELECT count(*) FROM subjects"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(subjects.EraseSubject("acme", "ann", use.fresh.handle, Soon()),
                StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));
  }
  ASSERT_OK(reader->Execute("ROLLBACK"));
  EXPECT_THAT(subjects.EraseSubject("acme", "ann", use.fresh.handle, kNoDeadline),
              StatusIs(absl::StatusCode::kNotFound, Reason::kSubjectNotFound));
  EXPECT_FALSE(InFiles(use.fresh.secret));
}

// Nobody could ask for it again.
TEST_F(SqliteTokens, AUsedTokenIsGivenAlthoughAReaderKeepsTheLog) {
  Put("tok", true);
  ASSERT_OK_AND_ASSIGN(const auto reader, SqliteConnection::Open(path()));
  ASSERT_OK(reader->Execute("BEGIN; SELECT count(*) FROM tokens"));
  const std::vector<std::string_view> name = {"tok"};
  ASSERT_OK_AND_ASSIGN(const auto used, tokens().UseTokens(kDomain, name, kNow, Soon()));
  ASSERT_TRUE(used[0].has_value());
  EXPECT_EQ(used[0]->sealed, Sealed("tok"));
  EXPECT_TRUE(InFiles(Sealed("tok"))) << "the reader kept nothing";
  ASSERT_OK(reader->Execute("ROLLBACK"));
  Put("another");
  EXPECT_FALSE(InFiles(Sealed("tok")));
}

TEST_F(SqliteTokens, AnErasureIsRepeatedWhereAReaderKeptTheLog) {
  Put("tok");
  ASSERT_OK_AND_ASSIGN(const auto reader, SqliteConnection::Open(path()));
  ASSERT_OK(reader->Execute("BEGIN; SELECT count(*) FROM tokens"));
  const std::vector<std::string_view> name = {"tok"};
  EXPECT_THAT(tokens().EraseTokens(kDomain, name, {}, Soon()),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));
  ASSERT_OK(reader->Execute("ROLLBACK"));
  ASSERT_OK(tokens().EraseTokens(kDomain, name, {}, kNoDeadline));
  EXPECT_FALSE(InFiles(Sealed("tok")));
}

TEST_F(SqliteTokens, TwoStoresOfOneFileUseATokenOnce) {
  constexpr int kTokens = 40;
  for (int i = 0; i < kTokens; ++i) Put("tok_" + std::to_string(i), true);
  ASSERT_OK_AND_ASSIGN(const auto other, OpenSqliteStore(path(), SystemClock()));
  std::atomic<int> used = 0;
  {
    std::vector<std::jthread> threads;
    for (Store* one : {&store(), other.get()}) {
      threads.emplace_back([&, one] {
        for (int i = 0; i < kTokens; ++i) {
          const std::string name = "tok_" + std::to_string(i);
          const std::vector<std::string_view> names = {name};
          const auto found = one->tokens().UseTokens(kDomain, names, kNow, kNoDeadline);
          ASSERT_OK(found);
          if (found->at(0)) ++used;
        }
      });
    }
  }
  EXPECT_EQ(used, kTokens);
}

}  // namespace
}  // namespace fieldkms::testing
