// Stores that were restored from a copy, and what their replicas do again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <vector>

#include "tests/unit/kms/erasure/erasures_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ErasureReplayTest : public ErasuresFixture {
 protected:
  void EraseLookup(std::string_view lookup) {
    ASSERT_OK(erasures_->EraseTokensByLookup(kCards, TokenNames{lookup}, kNoDeadline));
  }
  // What the store says that it has done, whatever it was told.
  void SetMark(int number) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(StorePath().c_str(), &db), SQLITE_OK);
    const std::string sql = "UPDATE erasure_marks SET number = " + std::to_string(number);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_changes(db), 1);
    sqlite3_close(db);
  }
  void SetHold(const std::string& subject) {
    ASSERT_OK(store_->subjects().SetHold("acme", subject, Hold(clock_.Now()), kNoDeadline));
  }
};

TEST_F(ErasureReplayTest, ARestoredStoreForgetsAgain) {
  const SubjectRecord ann = HaveSubject(*store_, "acme", "ann", clock_.Now());
  TokenRecord past = Token("past", clock_.Now());
  past.expire_time = past.create_time + std::chrono::microseconds(1);
  Put({Token("a", clock_.Now()), Convergent("b", "pan", clock_.Now()),
       Of(ann, Token("c", clock_.Now())), SingleUse("once", clock_.Now()), past,
       Token("kept", clock_.Now())});
  Copy();
  ASSERT_THAT(Replay(), IsOk());
  Erase({"a", "once", "none"});
  Erase({"past"});
  EraseLookup("pan");
  ASSERT_OK(erasures_->EraseSubject("acme", "ann", kNoDeadline));
  EXPECT_THAT(Tokens(), ElementsAre("kept"));
  EXPECT_EQ(Marked(), 6u);
  OpenLog();
  EXPECT_THAT(Replay(), Replayed(0, 0, 0));  // all is done
  Restore();
  EXPECT_EQ(Tokens().size(), 6u);
  EXPECT_EQ(Marked(), 0u);
  EXPECT_THAT(Replay(), Replayed(5, 4, 1));
  EXPECT_THAT(Tokens(), ElementsAre("kept"));
  EXPECT_THAT(store_->subjects().FindSubject("acme", "ann", kNoDeadline), NoSubject());
  EXPECT_EQ(Marked(), 6u);
}

TEST_F(ErasureReplayTest, WhatWasMadeAnewStays) {
  Put({Token("a", clock_.Now()), Convergent("b", "pan", clock_.Now())});
  Erase({"a"});
  EraseLookup("pan");
  const SubjectRecord first = HaveSubject(*store_, "acme", "ann", clock_.Now());
  ASSERT_OK(erasures_->EraseSubject("acme", "ann", kNoDeadline));
  HaveSubject(*store_, "acme", "ann", clock_.Now());
  Put({Token("a", clock_.Now()), Convergent("c", "pan", clock_.Now())});
  EXPECT_EQ(Marked(), 0u);  // so all is done again
  EXPECT_THAT(Replay(), Replayed(3, 0, 0));
  EXPECT_THAT(Tokens(), ElementsAre("a", "c"));
  ASSERT_OK_AND_ASSIGN(const auto ann, store_->subjects().FindSubject("acme", "ann", kNoDeadline));
  EXPECT_NE(ann.handle, first.handle);
}

// Of two under one name, each takes what was made before it.
TEST_F(ErasureReplayTest, ANameThatWasErasedTwice) {
  Put({Token("a", clock_.Now())});
  Erase({"a"});
  Put({Token("a", clock_.Now())});
  Copy();
  Erase({"a"});
  Restore();
  EXPECT_THAT(Tokens(), ElementsAre("a"));
  EXPECT_THAT(Replay(), Replayed(2, 1, 0));
  EXPECT_THAT(Tokens(), IsEmpty());
}

TEST_F(ErasureReplayTest, AHoldDoesNotKeepWhatWasErased) {
  const SubjectRecord ann = HaveSubject(*store_, "acme", "ann", clock_.Now());
  const SubjectRecord bob = HaveSubject(*store_, "acme", "bob", clock_.Now());
  SetHold("ann");
  SetHold("bob");
  Put({Of(ann, Token("a", clock_.Now())), Of(bob, Token("b", clock_.Now()))});
  Copy();
  ASSERT_OK(store_->subjects().SetHold("acme", "ann", std::nullopt, kNoDeadline));
  EXPECT_THAT(Erase({"a", "b"}), ElementsAre(EraseResult::kErased, EraseResult::kHeld));
  ASSERT_OK(erasures_->EraseSubject("acme", "ann", kNoDeadline));
  EXPECT_THAT(erasures_->EraseSubject("acme", "bob", kNoDeadline), OnHold());
  Restore();
  EXPECT_THAT(Replay(), Replayed(2, 1, 1));
  EXPECT_THAT(Tokens(), ElementsAre("b"));
  EXPECT_THAT(store_->subjects().FindSubject("acme", "ann", kNoDeadline), NoSubject());
  EXPECT_OK(store_->subjects().FindSubject("acme", "bob", kNoDeadline));
}

// Tokens of a lookup that a hold kept are kept again.
TEST_F(ErasureReplayTest, WhatWasErasedInPart) {
  const SubjectRecord ann = HaveSubject(*store_, "acme", "ann", clock_.Now());
  SetHold("ann");
  TokenRecord held = Of(ann, Token("held", clock_.Now()));
  held.lookup = "pan";
  Put({Convergent("free", "pan", clock_.Now()), held});
  Copy();
  EraseLookup("pan");
  Restore();
  EXPECT_THAT(Replay(), Replayed(1, 1, 0));
  EXPECT_THAT(Tokens(), ElementsAre("held"));
}

// As after a crash between the log and the store.
TEST_F(ErasureReplayTest, WhatIsInDoubtIsDoneButForHolds) {
  const SubjectRecord ann = HaveSubject(*store_, "acme", "ann", clock_.Now());
  const SubjectRecord bob = HaveSubject(*store_, "acme", "bob", clock_.Now());
  TokenRecord other = Of(ann, Token("c", clock_.Now()));
  other.lookup = "pan";
  Put({Token("a", clock_.Now()), Of(ann, Token("b", clock_.Now())), other});
  SetHold("ann");
  const WallTime now = clock_.Now();
  ASSERT_OK(log_->Begin({{0, now, ErasureKind::kToken, "acme", kCards.field_id, "a"},
                         {0, now, ErasureKind::kToken, "acme", kCards.field_id, "b"},
                         {0, now, ErasureKind::kLookup, "acme", kCards.field_id, "pan"},
                         {0, now, ErasureKind::kSubject, "acme", 0, ann.handle},
                         {0, now, ErasureKind::kSubject, "acme", 0, bob.handle},
                         {0, now, ErasureKind::kSubject, "acme", 0, std::string(16, 'x')},
                         {0, now, ErasureKind::kToken, "nobody", 7, "a"}}));
  OpenLog();
  EXPECT_THAT(Replay(), Replayed(7, 1, 1));
  EXPECT_THAT(Tokens(), ElementsAre("b", "c"));
  EXPECT_OK(store_->subjects().FindSubject("acme", "ann", kNoDeadline));
  EXPECT_THAT(store_->subjects().FindSubject("acme", "bob", kNoDeadline), NoSubject());
  EXPECT_EQ(Marked(), 7u);
}

TEST_F(ErasureReplayTest, LogsOfOtherReplicas) {
  Put({Token("a", clock_.Now()), Token("b", clock_.Now())});
  Copy();
  const std::string other_path = dir_.File("other.jsonl");
  {
    ASSERT_OK_AND_ASSIGN(const auto other_log, ErasureLog::Open(other_path));
    Erasures other(*store_, *other_log, clock_, ErasureOptions());
    ASSERT_OK(other.EraseTokens(kCards, TokenNames{"b"}, kNoDeadline));
  }
  Erase({"a"});
  Restore();
  EXPECT_THAT(Replay(other_path), Replayed(1, 1, 0));
  EXPECT_THAT(Tokens(), ElementsAre("a"));
  EXPECT_EQ(Marked(), 0u);
  EXPECT_THAT(Replay(), Replayed(1, 1, 0));
  EXPECT_THAT(Tokens(), IsEmpty());
  EXPECT_THAT(Replay(other_path), Replayed(0, 0, 0));
}

TEST_F(ErasureReplayTest, MoreThanOneBatch) {
  constexpr int kMany = 2'500;
  std::vector<TokenRecord> records;
  for (int i = 0; i < kMany; ++i) records.push_back(Token("t" + std::to_string(i), clock_.Now()));
  Put(records);
  Copy();
  TokenNames names;
  for (const TokenRecord& record : records) names.push_back(record.token);
  Erase(names);
  Restore();
  EXPECT_THAT(Replay(), Replayed(kMany, kMany, 0));
  EXPECT_THAT(Tokens(), IsEmpty());
}

// A store that was put back while a replica was serving it is told of nothing more, so that the
// next start does all again.
TEST_F(ErasureReplayTest, AStoreThatWasRestoredBeneathIt) {
  Put({Token("a", clock_.Now()), Token("b", clock_.Now())});
  Copy();
  ASSERT_THAT(Replay(), IsOk());
  Erase({"a"});
  EXPECT_EQ(Marked(), 1u);
  SetMark(0);
  Erase({"b"});
  EXPECT_EQ(Marked(), 0u);
  Erase({"x"});
  EXPECT_EQ(Marked(), 0u);
  OpenLog();
  EXPECT_THAT(Replay(), Replayed(2, 0, 0));
  EXPECT_EQ(Marked(), 3u);
}

// Its numbers would be given to other erasures, which the store believes to be done.
TEST_F(ErasureReplayTest, AnOldCopyOfTheOwnLogIsRefused) {
  ASSERT_THAT(Replay(), IsOk());
  Erase({"a"});
  const std::string old = ReadFile(LogPath());
  Erase({"b"});
  EXPECT_EQ(Marked(), 2u);
  Close();
  const std::string whole = ReadFile(LogPath());
  WriteFile(LogPath(), old);
  OpenLog();
  const auto refused = Replay();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt));
  EXPECT_THAT(std::string(MessageOf(refused.status())), HasSubstr("old copy"));
  Close();
  WriteFile(LogPath(), whole);
  WriteFile(dir_.File("old.jsonl"), old);
  OpenLog();
  EXPECT_OK(Replay(dir_.File("old.jsonl")));  // as one of others it does no harm
  EXPECT_OK(Replay());
}

}  // namespace
}  // namespace fieldkms::testing
