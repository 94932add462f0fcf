// What copies of a store read and write: tokens and data subjects as they are.
#include <gmock/gmock.h>

#include <chrono>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/vault_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kNegative = uint64_t{1} << 63;  // as a signed number, the least

TEST_P(VaultContract, TokensAreScannedWhole) {
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now());
  TokenRecord full = Of(ann, Convergent("a", std::string("\0l\xff", 3), Now() - hours(1)));
  full.sealed = std::string("\0sealed\xff", 8);
  full.metadata = std::string(4'096, '\0');
  full.expire_time = Now() + hours(1);
  const TokenRecord once = SingleUse("b", Now());
  TokenRecord past = Token("c", Now());
  past.expire_time = Now();
  const std::vector<TokenRecord> records = {full, once, past};
  for (const uint64_t field : {uint64_t{1}, kNegative}) {
    ASSERT_OK(tokens().PutTokens({"acme", field}, records, Now(), kNoDeadline));
  }
  ASSERT_OK(tokens().PutTokens({"globex", 1}, std::vector{Token("g", Now())}, Now(), kNoDeadline));
  for (const size_t page : {size_t{1}, size_t{2}, size_t{100}}) {
    EXPECT_THAT(AllTokens("acme", page),
                ElementsAre(IsPlaced({kNegative, full}), IsPlaced({kNegative, once}),
                            IsPlaced({1, full}), IsPlaced({1, once})));
  }
  EXPECT_THAT(AllTokens("globex"), ElementsAre(::testing::Pair(1, ::testing::_)));
  EXPECT_THAT(AllTokens("nobody"), IsEmpty());
}

TEST_P(VaultContract, TokensAreWrittenAsTheyAre) {
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now());
  PlacedToken full{kNegative, Of(ann, Convergent("a", "pan", Now() - hours(1)))};
  full.second.metadata = std::string("\0m\xff", 3);
  full.second.expire_time = Now() + hours(1);
  const PlacedToken once{1, SingleUse("b", Now())};
  const PlacedToken same{2, Token("b", Now())};
  const uint64_t before = NewestChange();
  ASSERT_OK(CopyTokens({full, same, once}));
  ASSERT_OK(CopyTokens({}));
  EXPECT_EQ(NewestChange(), before);
  Reopen();
  EXPECT_THAT(AllTokens("acme"), ElementsAre(IsPlaced(full), IsPlaced(once), IsPlaced(same)));
  // They are what PutTokens would have made of them.
  const TokenDomain domain{"acme", kNegative};
  ASSERT_OK_AND_ASSIGN(
      const auto put,
      tokens().PutTokens(domain, std::vector{Convergent("z", "pan", Now())}, Now(), kNoDeadline));
  EXPECT_THAT(put, ElementsAre(IsRecord(PutOutcome{PutResult::kExists, "a", std::nullopt})));
  ASSERT_OK_AND_ASSIGN(const auto used,
                       tokens().UseTokens({"acme", 1}, TokenNames{"b"}, Now(), kNoDeadline));
  EXPECT_THAT(used, ElementsAre(IsThere(once.second)));
}

TEST_P(VaultContract, WhatIsInTheWayOfATokenGoes) {
  ASSERT_OK(CopyTokens({{1, Convergent("a", "pan", Now())},
                        {1, Token("b", Now())},
                        {1, Convergent("c", "other", Now())},
                        {2, Convergent("a", "pan", Now())}}));
  // By its token, by its lookup, and where the two are others'.
  const PlacedToken first{1, Convergent("b", "pan", Now())};
  const PlacedToken second{1, Token("c", Now())};
  ASSERT_OK(CopyTokens({first, second}));
  EXPECT_EQ(PlacesOf("acme"), (Places{{1, "b"}, {1, "c"}, {2, "a"}}));
  EXPECT_THAT(AllTokens("acme", 2),
              ElementsAre(IsPlaced(first), IsPlaced(second), ::testing::Pair(2, ::testing::_)));
  ASSERT_OK(CopyTokens({first, second}));  // a repeat
  EXPECT_EQ(PlacesOf("acme").size(), 3u);
}

TEST_P(VaultContract, AllOrNoTokensAreWritten) {
  const PlacedToken good{1, Token("good", Now())};
  const auto invalid = StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField);
  EXPECT_THAT(CopyTokens({good, {0, Token("a", Now())}}), invalid);
  EXPECT_THAT(CopyTokens({good, {1, Token("", Now())}}), invalid);
  TokenRecord orphan = Token("a", Now());
  orphan.subject = std::string(kSubjectHandleSize, 'h');
  EXPECT_THAT(CopyTokens({good, {1, orphan}}), NoSubject());
  EXPECT_THAT(CopyTokens({good, {1, Token("good", Now())}}),
              StatusIs(StatusCode::kInternal, Reason::kInternal));
  EXPECT_THAT(
      CopyTokens({good, {1, Convergent("a", "pan", Now())}, {1, Convergent("b", "pan", Now())}}),
      StatusIs(StatusCode::kInternal, Reason::kInternal));
  EXPECT_THAT(tokens().CopyTokens("nobody", std::vector{good}, kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
  EXPECT_THAT(AllTokens("acme"), IsEmpty());
}

// More than a statement takes.
TEST_P(VaultContract, ManyTokensAreWrittenAndDropped) {
  constexpr size_t kMany = 2'500;
  std::vector<PlacedToken> many;
  for (size_t i = 0; i < kMany; ++i) {
    many.emplace_back(1 + i % 3, Convergent("t" + std::to_string(i), std::to_string(i), Now()));
  }
  ASSERT_OK(CopyTokens(many));
  ASSERT_OK(tokens().CopyTokens("globex", std::vector{many.front()}, kNoDeadline));
  EXPECT_EQ(AllTokens("acme", 1'000).size(), kMany);
  ASSERT_OK_AND_ASSIGN(uint64_t dropped, tokens().DropTokens("acme", 2'000, kNoDeadline));
  EXPECT_EQ(dropped, 2'000u);
  ASSERT_OK_AND_ASSIGN(dropped, tokens().DropTokens("acme", 2'000, kNoDeadline));
  EXPECT_EQ(dropped, kMany - 2'000);
  ASSERT_OK_AND_ASSIGN(dropped, tokens().DropTokens("acme", 2'000, kNoDeadline));
  EXPECT_EQ(dropped, 0u);
  EXPECT_EQ(AllTokens("globex").size(), 1u);
}

TEST_P(VaultContract, SubjectsAreScannedWhole) {
  const std::string any("\0\xff", 2);
  SubjectRecord held = HaveSubject(store(), "acme", any, Now() - hours(1), 9);
  HaveSubject(store(), "acme", any, Now(), UINT64_MAX);
  HaveSubject(store(), "acme", any, Now(), 1);
  held.hold = Hold(Now());
  ASSERT_OK(subjects().SetHold("acme", any, held.hold, kNoDeadline));
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now(), 9);
  const SubjectRecord bob = HaveSubject(store(), "acme", "bob", Now(), 2);
  HaveSubject(store(), "globex", "ann", Now());
  for (const size_t page : {size_t{1}, size_t{2}, size_t{100}}) {
    EXPECT_THAT(AllSubjects("acme", page),
                ElementsAre(IsWhole(Whole(held, {1, 9, UINT64_MAX})), IsWhole(Whole(ann, {9})),
                            IsWhole(Whole(bob, {2}))));
  }
  EXPECT_THAT(AllSubjects("nobody"), IsEmpty());
}

TEST_P(VaultContract, SubjectsAreWrittenAsTheyAre) {
  WholeSubject held = Whole(Use("ann", Now() - hours(1)).fresh, {1, 9, UINT64_MAX});
  held.subject.hold = Hold(Now());
  const WholeSubject bare = Whole(Use(std::string("\0\xff", 2), Now()).fresh, {});
  ASSERT_OK(CopySubjects({held, bare}));
  ASSERT_OK(CopySubjects({}));
  Reopen();
  EXPECT_THAT(AllSubjects("acme"), ElementsAre(IsWhole(bare), IsWhole(held)));
  EXPECT_THAT(subjects().EraseSubject("acme", "ann", held.subject.handle, kNoDeadline), OnHold());
  ASSERT_OK_AND_ASSIGN(const auto fields,
                       subjects().ListSubjectFields("acme", held.subject.handle, kNoDeadline));
  EXPECT_THAT(fields, ElementsAre(1, 9, UINT64_MAX));
}

TEST_P(VaultContract, WhatIsInTheWayOfASubjectGoesWithItsTokens) {
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now());
  const SubjectRecord bob = HaveSubject(store(), "acme", "bob", Now());
  const SubjectRecord cleo = HaveSubject(store(), "acme", "cleo", Now());
  ASSERT_OK(CopyTokens({{1, Of(ann, Token("a", Now()))},
                        {1, Of(bob, Token("b", Now()))},
                        {1, Of(cleo, Token("c", Now()))}}));
  const WholeSubject other_ann = Whole(Use("ann", Now()).fresh, {2});
  WholeSubject renamed = Whole(bob, {3});
  renamed.subject.subject = "robert";
  ASSERT_OK(CopySubjects({other_ann, renamed}));
  ASSERT_OK(CopySubjects({other_ann, renamed}));  // a repeat
  EXPECT_THAT(AllSubjects("acme"),
              ElementsAre(IsWhole(other_ann), IsWhole(Whole(cleo, {7})), IsWhole(renamed)));
  EXPECT_EQ(PlacesOf("acme"), (Places{{1, "c"}}));
}

TEST_P(VaultContract, AllOrNoSubjectsAreWritten) {
  const WholeSubject good = Whole(Use("good", Now()).fresh, {1});
  const auto refused = [&](WholeSubject bad) {
    EXPECT_THAT(CopySubjects({good, bad}),
                StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
  };
  WholeSubject bad = Whole(Use("bad", Now()).fresh, {0});
  refused(bad);
  bad.field_ids = {2, 2};
  refused(bad);
  bad.field_ids = {3, 2};
  refused(bad);
  bad.field_ids = {};
  bad.subject.secret.pop_back();
  refused(bad);
  bad = Whole(Use("", Now()).fresh, {});
  refused(bad);
  bad = Whole(Use("bad", Now()).fresh, {});
  bad.subject.hold = LegalHold{"", Now()};
  refused(bad);
  WholeSubject twin = Whole(Use("twin", Now()).fresh, {});
  twin.subject.handle = good.subject.handle;
  EXPECT_THAT(CopySubjects({good, twin}), StatusIs(StatusCode::kInternal, Reason::kInternal));
  EXPECT_THAT(CopySubjects({good, Whole(Use("good", Now()).fresh, {})}),
              StatusIs(StatusCode::kInternal, Reason::kInternal));
  EXPECT_THAT(subjects().CopySubjects("nobody", std::vector{good}, kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
  EXPECT_THAT(AllSubjects("acme"), IsEmpty());
}

// Whether on hold or not.
TEST_P(VaultContract, SubjectsAreDroppedWithTheirTokens) {
  std::vector<WholeSubject> many;
  for (int i = 0; i < 1'500; ++i)
    many.push_back(Whole(Use(std::to_string(i), Now()).fresh, {1, 2}));
  many.front().subject.hold = Hold(Now());
  ASSERT_OK(CopySubjects(many));
  ASSERT_OK(subjects().CopySubjects("globex", std::vector{many.front()}, kNoDeadline));
  ASSERT_OK(CopyTokens({{1, Of(many.front().subject, Token("a", Now()))},
                        {1, Of(many.back().subject, Token("b", Now()))},
                        {1, Token("c", Now())}}));
  ASSERT_OK_AND_ASSIGN(uint64_t dropped, subjects().DropSubjects("acme", 1'000, kNoDeadline));
  EXPECT_EQ(dropped, 1'000u);
  ASSERT_OK_AND_ASSIGN(dropped, subjects().DropSubjects("acme", 1'000, kNoDeadline));
  EXPECT_EQ(dropped, 500u);
  ASSERT_OK_AND_ASSIGN(dropped, subjects().DropSubjects("acme", 1'000, kNoDeadline));
  EXPECT_EQ(dropped, 0u);
  EXPECT_EQ(PlacesOf("acme"), (Places{{1, "c"}}));
  EXPECT_EQ(AllSubjects("globex").size(), 1u);
}

TEST_P(VaultContract, ErasureMarksAreListed) {
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  const SubjectStore::LogId low = {1};
  const SubjectStore::LogId high = {0xff, 2};
  ASSERT_OK(subjects().MarkErased(high, 7, kNoDeadline));
  ASSERT_OK(subjects().MarkErased(low, kMost, kNoDeadline));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto marks, subjects().ErasureMarks(kNoDeadline));
  EXPECT_THAT(marks, ElementsAre(SubjectStore::ErasureMark{low, kMost},
                                 SubjectStore::ErasureMark{high, 7}));
}

TEST_P(VaultContract, AFrozenStoreIsScannedOnly) {
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now());
  const PlacedToken token{1, Of(ann, Token("a", Now()))};
  ASSERT_OK(CopyTokens({token}));
  ASSERT_OK(store().SetFrozen(true, kNoDeadline));
  EXPECT_THAT(AllTokens("acme"), ElementsAre(IsPlaced(token)));
  EXPECT_EQ(AllSubjects("acme").size(), 1u);
  const auto frozen = StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable);
  EXPECT_THAT(CopyTokens({token}), frozen);
  EXPECT_THAT(CopySubjects({Whole(ann, {})}), frozen);
  EXPECT_THAT(tokens().DropTokens("acme", 1, kNoDeadline), frozen);
  EXPECT_THAT(subjects().DropSubjects("acme", 1, kNoDeadline), frozen);
}

}  // namespace
}  // namespace fieldkms::testing
