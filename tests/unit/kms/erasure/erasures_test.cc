#include "kms/erasure/erasures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/unit/kms/erasure/erasures_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ErasuresTest : public ErasuresFixture {};

TEST_F(ErasuresTest, TokensAreErasedAndLogged) {
  ASSERT_THAT(Replay(), IsOk());
  Put({Token("a", clock_.Now()), Token("b", clock_.Now()), Token("c", clock_.Now())});
  EXPECT_THAT(Erase({"a", "none", "b", "a"}),
              ElementsAre(EraseResult::kErased, EraseResult::kNotThere, EraseResult::kErased,
                          EraseResult::kNotThere));
  EXPECT_THAT(Tokens(), ElementsAre("c"));
  const std::string log = ReadFile(LogPath());
  EXPECT_THAT(log, HasSubstr("{\"n\":1,\"end\":\"done\"}\n{\"n\":2,\"end\":\"refused\"}\n"
                             "{\"n\":3,\"end\":\"done\"}\n{\"n\":4,\"end\":\"refused\"}\n"));
  EXPECT_EQ(Marked(), 4u);
  EXPECT_THAT(Erase({}), IsEmpty());
  EXPECT_EQ(ReadFile(LogPath()), log);
  EXPECT_THAT(erasures_->EraseTokens(kCards, TokenNames{""}, kNoDeadline),
              StatusIs(Reason::kInvalidField));
  EXPECT_EQ(ReadFile(LogPath()), log);
}

TEST_F(ErasuresTest, LookupsEndDonePartlyOrRefused) {
  ASSERT_THAT(Replay(), IsOk());
  const SubjectRecord ann = HaveSubject(*store_, "acme", "ann", clock_.Now());
  ASSERT_OK(store_->subjects().SetHold("acme", "ann", Hold(clock_.Now()), kNoDeadline));
  std::vector<TokenRecord> records = {Convergent("a", "one", clock_.Now()),
                                      Convergent("b", "two", clock_.Now()),
                                      Of(ann, Token("c", clock_.Now()))};
  records[2].lookup = "two";
  Put(records);
  ASSERT_OK_AND_ASSIGN(
      const auto counts,
      erasures_->EraseTokensByLookup(kCards, TokenNames{"one", "two", "none"}, kNoDeadline));
  EXPECT_EQ(counts[0].erased, 1u);
  EXPECT_EQ(counts[1].erased, 1u);
  EXPECT_EQ(counts[1].held, 1u);
  EXPECT_THAT(Tokens(), ElementsAre("c"));
  EXPECT_THAT(ReadFile(LogPath()),
              HasSubstr("{\"n\":1,\"end\":\"done\"}\n{\"n\":2,\"end\":\"partly\"}\n"
                        "{\"n\":3,\"end\":\"refused\"}\n"));
  ASSERT_OK_AND_ASSIGN(const auto none, erasures_->EraseTokensByLookup(kCards, {}, kNoDeadline));
  EXPECT_THAT(none, IsEmpty());
}

TEST_F(ErasuresTest, ASubjectIsErasedWithAProof) {
  ASSERT_THAT(Replay(), IsOk());
  HaveSubject(*store_, "acme", "ann@example.com", clock_.Now(), 5);
  EXPECT_THAT(erasures_->EraseSubject("acme", "bob", kNoDeadline), NoSubject());
  ASSERT_OK(store_->subjects().SetHold("acme", "ann@example.com", Hold(clock_.Now()), kNoDeadline));
  EXPECT_THAT(erasures_->EraseSubject("acme", "ann@example.com", kNoDeadline), OnHold());
  ASSERT_OK(store_->subjects().SetHold("acme", "ann@example.com", std::nullopt, kNoDeadline));
  const WallTime before = clock_.Now();
  ASSERT_OK_AND_ASSIGN(const auto erased,
                       erasures_->EraseSubject("acme", "ann@example.com", kNoDeadline));
  EXPECT_EQ(erased.erased.subject.subject, "ann@example.com");
  EXPECT_THAT(erased.erased.field_ids, ElementsAre(5));
  EXPECT_GT(erased.time, before);
  EXPECT_EQ(erased.effective_at_latest - erased.time, std::chrono::hours(35 * 24));
  EXPECT_EQ(erased.log_number, 2u);
  EXPECT_EQ(Marked(), 2u);
  const std::string log = ReadFile(LogPath());
  EXPECT_THAT(log, HasSubstr("{\"n\":1,\"end\":\"refused\"}\n"));
  EXPECT_THAT(log, HasSubstr("{\"n\":2,\"end\":\"done\"}\n"));
  EXPECT_THAT(log, Not(HasSubstr("ann")));
  EXPECT_THAT(erasures_->EraseSubject("acme", "ann@example.com", kNoDeadline), NoSubject());
}

// A frozen store says the same as one that cannot be reached.
TEST_F(ErasuresTest, WhatIsInDoubtHasNoEnd) {
  ASSERT_THAT(Replay(), IsOk());
  HaveSubject(*store_, "acme", "ann", clock_.Now());
  Put({Token("a", clock_.Now()), Convergent("b", "pan", clock_.Now()), Token("c", clock_.Now())});
  ASSERT_OK(store_->SetFrozen(true, kNoDeadline));
  EXPECT_THAT(erasures_->EraseTokens(kCards, TokenNames{"a"}, kNoDeadline),
              StatusIs(Reason::kStoreUnavailable));
  EXPECT_THAT(erasures_->EraseTokensByLookup(kCards, TokenNames{"pan"}, kNoDeadline),
              StatusIs(Reason::kStoreUnavailable));
  EXPECT_THAT(erasures_->EraseSubject("acme", "ann", kNoDeadline),
              StatusIs(Reason::kStoreUnavailable));
  EXPECT_THAT(ReadFile(LogPath()), Not(HasSubstr("end")));
  ASSERT_OK(store_->SetFrozen(false, kNoDeadline));
  Erase({"c"});
  EXPECT_EQ(Marked(), 0u);
  EXPECT_THAT(Tokens(), ElementsAre("a", "b"));
  OpenLog();
  ASSERT_OK(store_->SetFrozen(true, kNoDeadline));
  EXPECT_THAT(Replay(), StatusIs(Reason::kStoreUnavailable));
  ASSERT_OK(store_->SetFrozen(false, kNoDeadline));
  EXPECT_THAT(Replay(), Replayed(4, 2, 1));
  EXPECT_THAT(Tokens(), IsEmpty());
  EXPECT_THAT(store_->subjects().FindSubject("acme", "ann", kNoDeadline), NoSubject());
  EXPECT_EQ(Marked(), 4u);
  Erase({"x"});
  EXPECT_EQ(Marked(), 5u);
}

TEST_F(ErasuresTest, AnErrorThatChangedNothingIsARefusal) {
  ASSERT_THAT(Replay(), IsOk());
  Put({Token("a", clock_.Now())});
  EXPECT_THAT(erasures_->EraseTokens(kCards, TokenNames{"a", "b"}, Deadline::min()),
              StatusIs(Reason::kDeadlineExceeded));
  EXPECT_THAT(ReadFile(LogPath()), HasSubstr("{\"n\":1,\"to\":2,\"end\":\"refused\"}\n"));
  OpenLog();
  EXPECT_THAT(Replay(), Replayed(0, 0, 0));
  EXPECT_THAT(Tokens(), ElementsAre("a"));
}

TEST_F(ErasuresTest, NothingIsErasedThatCannotBeLogged) {
  ASSERT_THAT(Replay(), IsOk());
  Put({Token("a", clock_.Now())});
  std::filesystem::remove(LogPath());
  EXPECT_THAT(erasures_->EraseTokens(kCards, TokenNames{"a"}, kNoDeadline),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable));
  EXPECT_THAT(Tokens(), ElementsAre("a"));
}

TEST_F(ErasuresTest, TheStoreIsToldNothingBeforeTheLogWasReplayed) {
  Put({Token("a", clock_.Now()), Token("b", clock_.Now())});
  Erase({"a"});
  EXPECT_EQ(Marked(), 0u);
  EXPECT_THAT(Replay(), Replayed(1, 0, 0));
  EXPECT_EQ(Marked(), 1u);
  Erase({"b"});
  EXPECT_EQ(Marked(), 2u);
}

// Each erases its own, and some of all; what was told last is what all have done.
TEST_F(ErasuresTest, ManyEraseAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 10;
  ASSERT_THAT(Replay(), IsOk());
  std::vector<std::string> names;
  for (int i = 0; i < kThreads * kRounds; ++i) names.push_back("t" + std::to_string(i));
  std::vector<TokenRecord> records = {Token("all", clock_.Now())};
  for (const std::string& name : names) records.push_back(Token(name, clock_.Now()));
  Put(records);
  Copy();
  ASSERT_THAT(Replay(), IsOk());
  std::atomic<int> shared = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < kRounds; ++round) {
        const std::string& own = names[static_cast<size_t>(t * kRounds + round)];
        const auto erased = Erase({own, "all"});
        EXPECT_EQ(erased.at(0), EraseResult::kErased);
        if (erased.at(1) == EraseResult::kErased) ++shared;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shared, 1);
  EXPECT_THAT(Tokens(), IsEmpty());
  Erase({"x"});
  EXPECT_EQ(Marked(), 2u * kThreads * kRounds + 1);
  Restore();
  EXPECT_THAT(Replay(), Replayed(kThreads * kRounds + 1, kThreads * kRounds + 1, 0));
  EXPECT_THAT(Tokens(), IsEmpty());
}

}  // namespace
}  // namespace fieldkms::testing
