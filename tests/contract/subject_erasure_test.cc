// The ends of data subjects: erased with their tokens, kept by legal holds, erased again in a store
// that was restored.
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/contract/store_contract.h"
#include "tests/contract/subject_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;

constexpr TokenDomain kMail{"acme", 7};

auto Counted(uint64_t erased, uint64_t held) {
  return ::testing::AllOf(::testing::Field("erased", &ErasedCount::erased, erased),
                          ::testing::Field("held", &ErasedCount::held, held));
}

TEST_P(StoreContract, AnErasedSubjectIsGoneWithItsTokens) {
  HaveTenant("acme");
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now(), UINT64_MAX);
  HaveSubject(store(), "acme", "ann", Now(), 5);
  const SubjectRecord bob = HaveSubject(store(), "acme", "bob", Now());
  TokenRecord past = Of(ann, Token("past", Now()));
  past.expire_time = Now() - hours(1);
  const std::vector<TokenRecord> records = {
      Of(ann, Convergent("a", "pan", Now())), Of(bob, Token("b", Now())),
      Of(ann, SingleUse("c", Now())), Token("d", Now()), past};
  ASSERT_OK(store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
  ASSERT_OK(store().tokens().PutTokens(kMail, std::vector{records[0]}, Now(), kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto erased,
                       store().subjects().EraseSubject("acme", "ann", ann.handle, kNoDeadline));
  EXPECT_THAT(erased.subject, IsRecord(WithoutSecret(ann)));
  EXPECT_EQ(erased.tokens, 4u);
  EXPECT_THAT(erased.field_ids, ElementsAre(5, UINT64_MAX));
  Reopen();
  EXPECT_THAT(store().subjects().FindSubject("acme", "ann", kNoDeadline), NoSubject());
  ASSERT_OK_AND_ASSIGN(const auto left,
                       store().tokens().ListTokens(kCards, "", 9, Now() - hours(2), kNoDeadline));
  EXPECT_THAT(NamesOf(left), ElementsAre("b", "d"));
  ASSERT_OK_AND_ASSIGN(const uint64_t mails,
                       store().tokens().CountTokens(kMail, Now(), kNoDeadline));
  EXPECT_EQ(mails, 0u);
  EXPECT_THAT(store().tokens().PutTokens(kCards, std::vector{records[0]}, Now(), kNoDeadline),
              NoSubject());
}

TEST_P(StoreContract, ASubjectThatIsMadeAgainIsAnother) {
  HaveTenant("acme");
  SubjectStore& subjects = store().subjects();
  const SubjectRecord first = HaveSubject(store(), "acme", "ann", Now(), 5);
  ASSERT_OK(subjects.EraseSubject("acme", "ann", first.handle, kNoDeadline));
  const SubjectRecord second = HaveSubject(store(), "acme", "ann", Now(), 6);
  EXPECT_NE(second.handle, first.handle);
  EXPECT_THAT(subjects.EraseSubject("acme", "ann", first.handle, kNoDeadline), NoSubject());
  EXPECT_THAT(subjects.EraseSubject("acme", "bob", second.handle, kNoDeadline), NoSubject());
  ASSERT_OK_AND_ASSIGN(const auto fields,
                       subjects.ListSubjectFields("acme", second.handle, kNoDeadline));
  EXPECT_THAT(fields, ElementsAre(6));
  ASSERT_OK_AND_ASSIGN(const auto erased,
                       subjects.EraseSubject("acme", "ann", second.handle, kNoDeadline));
  EXPECT_EQ(erased.tokens, 0u);
  ASSERT_OK_AND_ASSIGN(const bool has, subjects.HasSubjects(kNoDeadline));
  EXPECT_FALSE(has);
}

TEST_P(StoreContract, AHoldKeepsASubjectAndItsTokens) {
  HaveTenant("acme");
  SubjectStore& subjects = store().subjects();
  TokenStore& tokens = store().tokens();
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now());
  ASSERT_OK_AND_ASSIGN(const auto held, subjects.SetHold("acme", "ann", Hold(Now()), kNoDeadline));
  SubjectRecord expected = WithoutSecret(ann);
  expected.hold = Hold(Now());
  EXPECT_THAT(held, IsRecord(expected));
  std::vector<TokenRecord> records = {Of(ann, Convergent("a", "pan", Now())),
                                      Of(ann, Token("b", Now())), Token("c", Now()),
                                      Token("d", Now())};
  records[1].lookup = records[2].lookup = "pan";
  ASSERT_OK(tokens.PutTokens(kCards, records, Now(), kNoDeadline));
  EXPECT_THAT(subjects.EraseSubject("acme", "ann", ann.handle, kNoDeadline), OnHold());
  const TokenNames names = {"a", "d", "none", "d", "a"};
  ASSERT_OK_AND_ASSIGN(const auto erased, tokens.EraseTokens(kCards, names, {}, kNoDeadline));
  EXPECT_THAT(erased, ElementsAre(EraseResult::kHeld, EraseResult::kErased, EraseResult::kNotThere,
                                  EraseResult::kNotThere, EraseResult::kHeld));
  ASSERT_OK_AND_ASSIGN(
      const auto counts,
      tokens.EraseTokensByLookup(kCards, TokenNames{"pan", "x", "pan"}, {}, kNoDeadline));
  EXPECT_THAT(counts, ElementsAre(Counted(1, 2), Counted(0, 0), Counted(0, 0)));
  ASSERT_OK_AND_ASSIGN(const uint64_t field, tokens.EraseField(kCards, 9, kNoDeadline));
  EXPECT_EQ(field, 0u);
  ASSERT_OK_AND_ASSIGN(const auto left, tokens.ListTokens(kCards, "", 9, Now(), kNoDeadline));
  EXPECT_THAT(NamesOf(left), ElementsAre("a", "b"));
  // Until it is taken away.
  ASSERT_OK_AND_ASSIGN(const auto free, subjects.SetHold("acme", "ann", std::nullopt, kNoDeadline));
  EXPECT_THAT(free, IsRecord(WithoutSecret(ann)));
  ASSERT_OK_AND_ASSIGN(const auto one,
                       tokens.EraseTokens(kCards, TokenNames{"a"}, {}, kNoDeadline));
  EXPECT_THAT(one, ElementsAre(EraseResult::kErased));
  ASSERT_OK_AND_ASSIGN(const auto gone,
                       subjects.EraseSubject("acme", "ann", ann.handle, kNoDeadline));
  EXPECT_EQ(gone.tokens, 1u);
}

TEST_P(StoreContract, AHoldIsReplaced) {
  HaveTenant("acme");
  HaveSubject(store(), "acme", "ann", Now());
  SubjectStore& subjects = store().subjects();
  for (const LegalHold& hold :
       {Hold(Now()), LegalHold{std::string(1024, '\0'), Now() + hours(1)}}) {
    ASSERT_OK(subjects.SetHold("acme", "ann", hold, kNoDeadline));
    ASSERT_OK_AND_ASSIGN(const auto found, subjects.FindSubject("acme", "ann", kNoDeadline));
    ASSERT_TRUE(found.hold.has_value());
    EXPECT_EQ(found.hold->reason, hold.reason);
    EXPECT_EQ(found.hold->time, hold.time);
  }
  EXPECT_THAT(subjects.SetHold("acme", "bob", Hold(Now()), kNoDeadline), NoSubject());
  EXPECT_THAT(subjects.SetHold("acme", "bob", std::nullopt, kNoDeadline), NoSubject());
}

TEST_P(StoreContract, HeldTokensAreUsedAndExpire) {
  HaveTenant("acme");
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now());
  ASSERT_OK(store().subjects().SetHold("acme", "ann", Hold(Now()), kNoDeadline));
  TokenRecord past = Of(ann, Convergent("past", "pan", Now()));
  past.expire_time = Now() + hours(1);
  TokenRecord swept = Of(ann, Token("swept", Now()));
  swept.expire_time = Now() + hours(1);
  const std::vector<TokenRecord> records = {Of(ann, SingleUse("once", Now())), past, swept};
  TokenStore& tokens = store().tokens();
  ASSERT_OK(tokens.PutTokens(kCards, records, Now(), kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto used,
                       tokens.UseTokens(kCards, TokenNames{"once"}, Now(), kNoDeadline));
  EXPECT_THAT(used, ElementsAre(IsThere(records[0])));
  const WallTime end = Now() + hours(1);
  const std::vector<TokenRecord> next = {Convergent("next", "pan", end)};
  ASSERT_OK_AND_ASSIGN(const auto put, tokens.PutTokens(kCards, next, end, kNoDeadline));
  EXPECT_THAT(put, ElementsAre(IsStored(next[0])));
  ASSERT_OK_AND_ASSIGN(const uint64_t some, tokens.SweepExpired(end, 9, kNoDeadline));
  EXPECT_EQ(some, 1u);
}

// What was put after the first erasure stays, and a hold that came after it is no reason.
TEST_P(StoreContract, AnErasureIsDoneAgainForWhatWasThereThen) {
  HaveTenant("acme");
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now());
  ASSERT_OK(store().subjects().SetHold("acme", "ann", Hold(Now()), kNoDeadline));
  const WallTime then = Now();
  std::vector<TokenRecord> records = {Of(ann, Token("a", then - microseconds(1))),
                                      Token("b", then - microseconds(1)), Token("c", then),
                                      Of(ann, Token("d", then)),
                                      Of(ann, Convergent("e", "pan", then - hours(1)))};
  for (TokenRecord& record : records) record.lookup = "pan";
  TokenStore& tokens = store().tokens();
  ASSERT_OK(tokens.PutTokens(kCards, records, Now(), kNoDeadline));
  const TokenNames names = {"a", "b", "c", "d"};
  ASSERT_OK_AND_ASSIGN(const auto held, tokens.EraseTokens(kCards, TokenNames{"a", "c", "d"},
                                                           {false, then}, kNoDeadline));
  EXPECT_THAT(held,
              ElementsAre(EraseResult::kHeld, EraseResult::kNotThere, EraseResult::kNotThere));
  ASSERT_OK_AND_ASSIGN(
      const auto counts,
      tokens.EraseTokensByLookup(kCards, TokenNames{"pan"}, {false, then - hours(1)}, kNoDeadline));
  EXPECT_THAT(counts, ElementsAre(Counted(0, 0)));
  ASSERT_OK_AND_ASSIGN(const auto erased,
                       tokens.EraseTokens(kCards, names, {true, then}, kNoDeadline));
  EXPECT_THAT(erased, ElementsAre(EraseResult::kErased, EraseResult::kErased,
                                  EraseResult::kNotThere, EraseResult::kNotThere));
  ASSERT_OK_AND_ASSIGN(const auto by_lookup, tokens.EraseTokensByLookup(kCards, TokenNames{"pan"},
                                                                        {true, then}, kNoDeadline));
  EXPECT_THAT(by_lookup, ElementsAre(Counted(1, 0)));
  ASSERT_OK_AND_ASSIGN(const auto left, tokens.ListTokens(kCards, "", 9, Now(), kNoDeadline));
  EXPECT_THAT(NamesOf(left), ElementsAre("c", "d"));
  ASSERT_OK_AND_ASSIGN(const auto all,
                       tokens.EraseTokens(kCards, TokenNames{"d"}, {true, {}}, kNoDeadline));
  EXPECT_THAT(all, ElementsAre(EraseResult::kErased));
}

TEST_P(StoreContract, AFieldIsErasedPastHeldTokens) {
  HaveTenant("acme");
  const SubjectRecord held = HaveSubject(store(), "acme", "ann", Now());
  const SubjectRecord free = HaveSubject(store(), "acme", "bob", Now());
  std::vector<TokenRecord> records;
  for (int i = 10; i < 40; ++i) {
    records.push_back(Token("t" + std::to_string(i), Now()));
    if (i < 25) records.back().subject = i % 5 == 4 ? free.handle : held.handle;
  }
  ASSERT_OK(store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
  ASSERT_OK(store().subjects().SetHold("acme", "ann", Hold(Now()), kNoDeadline));
  std::vector<uint64_t> erased;
  do {
    ASSERT_OK_AND_ASSIGN(const uint64_t some, store().tokens().EraseField(kCards, 10, kNoDeadline));
    erased.push_back(some);
  } while (erased.back() > 0);
  EXPECT_THAT(erased, ElementsAre(10, 8, 0));
  ASSERT_OK_AND_ASSIGN(const uint64_t left,
                       store().tokens().CountTokens(kCards, Now(), kNoDeadline));
  EXPECT_EQ(left, 12u);
}

// More than a store looks for one by one.
TEST_P(StoreContract, SubjectsAreErasedAgainWhetherHeldOrNot) {
  HaveTenant("acme");
  std::vector<SubjectRecord> all;
  std::vector<TokenRecord> records;
  for (int i = 0; i < 20; ++i) {
    all.push_back(HaveSubject(store(), "acme", "s" + std::to_string(i), Now()));
    records.push_back(Of(all.back(), Token("t" + std::to_string(i), Now())));
  }
  ASSERT_OK(store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
  ASSERT_OK(store().subjects().SetHold("acme", "s3", Hold(Now()), kNoDeadline));
  const TokenNames few = {all[3].handle, "none", all[3].handle, all[0].handle};
  ASSERT_OK_AND_ASSIGN(const uint64_t two, store().subjects().EraseAgain("acme", few, kNoDeadline));
  EXPECT_EQ(two, 2u);
  TokenNames handles;
  for (const SubjectRecord& subject : all) handles.push_back(subject.handle);
  handles.pop_back();
  ASSERT_OK_AND_ASSIGN(const uint64_t most,
                       store().subjects().EraseAgain("acme", handles, kNoDeadline));
  EXPECT_EQ(most, 17u);
  ASSERT_OK_AND_ASSIGN(const uint64_t none,
                       store().subjects().EraseAgain("acme", handles, kNoDeadline));
  EXPECT_EQ(none, 0u);
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto left,
                       store().subjects().ListSubjects("acme", "", 9, kNoDeadline));
  EXPECT_THAT(NamesOf(left), ElementsAre("s19"));
  ASSERT_OK_AND_ASSIGN(const auto tokens,
                       store().tokens().ListTokens(kCards, "", 9, Now(), kNoDeadline));
  EXPECT_THAT(NamesOf(tokens), ElementsAre("t19"));
}

TEST_P(StoreContract, MarksNeverGoBack) {
  const SubjectStore::LogId one = {1};
  const SubjectStore::LogId other = {0, 0xff};
  const auto mark = [&](const SubjectStore::LogId& log) {
    const auto number = store().subjects().ErasedUpTo(log, kNoDeadline);
    EXPECT_OK(number);
    return number.value_or(99);
  };
  EXPECT_EQ(mark(one), 0u);
  constexpr uint64_t kMost = (uint64_t{1} << 63) - 1;
  for (const auto& [number, then] :
       std::vector<std::pair<uint64_t, uint64_t>>{{0, 0}, {7, 7}, {3, 7}, {8, 8}, {kMost, kMost}}) {
    ASSERT_OK(store().subjects().MarkErased(one, number, kNoDeadline));
    EXPECT_EQ(mark(one), then);
  }
  ASSERT_OK(store().subjects().MarkErased(other, 2, kNoDeadline));
  Reopen();
  EXPECT_EQ(mark(one), kMost);
  EXPECT_EQ(mark(other), 2u);
}

}  // namespace
}  // namespace fieldkms::testing
