// Data subjects: made, found, listed.
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/contract/store_contract.h"
#include "tests/contract/subject_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;

TEST_P(StoreContract, SubjectsSurviveReopening) {
  HaveTenant("acme");
  const std::vector<SubjectUse> uses = {Use(std::string("\0\xff{\\", 4), Now() - hours(1)),
                                        Use(std::string(256, 's'), Now())};
  const uint64_t before = NewestChange();
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().subjects().EnsureSubjects("acme", uses, kNoDeadline));
  EXPECT_THAT(made, ElementsAre(IsRecord(uses[0].fresh), IsRecord(uses[1].fresh)));
  EXPECT_EQ(NewestChange(), before);
  ASSERT_OK(store().subjects().SetHold("acme", uses[1].fresh.subject, Hold(Now()), kNoDeadline));
  Reopen();
  SubjectRecord held = uses[1].fresh;
  held.hold = Hold(Now());
  const TokenNames handles = {held.handle, "none", uses[0].fresh.handle, held.handle, ""};
  ASSERT_OK_AND_ASSIGN(const auto found,
                       store().subjects().GetSubjects("acme", handles, kNoDeadline));
  EXPECT_THAT(found, ElementsAre(::testing::Optional(IsRecord(held)), Eq(std::nullopt),
                                 ::testing::Optional(IsRecord(uses[0].fresh)),
                                 ::testing::Optional(IsRecord(held)), Eq(std::nullopt)));
  ASSERT_OK_AND_ASSIGN(const auto by_id,
                       store().subjects().FindSubject("acme", uses[0].fresh.subject, kNoDeadline));
  EXPECT_THAT(by_id, IsRecord(WithoutSecret(uses[0].fresh)));
  ASSERT_OK_AND_ASSIGN(const bool has, store().subjects().HasSubjects(kNoDeadline));
  EXPECT_TRUE(has);
}

TEST_P(StoreContract, ASubjectIsMadeOnce) {
  HaveTenant("acme");
  const std::vector<SubjectUse> uses = {Use("ann", Now(), 3), Use("bob", Now(), 3),
                                        Use("ann", Now(), UINT64_MAX), Use("ann", Now(), 3)};
  ASSERT_OK_AND_ASSIGN(const auto first,
                       store().subjects().EnsureSubjects("acme", uses, kNoDeadline));
  EXPECT_THAT(first, ElementsAre(IsRecord(uses[0].fresh), IsRecord(uses[1].fresh),
                                 IsRecord(uses[0].fresh), IsRecord(uses[0].fresh)));
  const std::vector<SubjectUse> more = {Use("ann", Now() + hours(1), 2), Use("cid", Now(), 2)};
  ASSERT_OK_AND_ASSIGN(const auto second,
                       store().subjects().EnsureSubjects("acme", more, kNoDeadline));
  EXPECT_THAT(second, ElementsAre(IsRecord(uses[0].fresh), IsRecord(more[1].fresh)));
  ASSERT_OK_AND_ASSIGN(const auto fields, store().subjects().ListSubjectFields(
                                              "acme", uses[0].fresh.handle, kNoDeadline));
  EXPECT_THAT(fields, ElementsAre(2, 3, UINT64_MAX));
  ASSERT_OK_AND_ASSIGN(const auto nothing,
                       store().subjects().EnsureSubjects("acme", {}, kNoDeadline));
  EXPECT_THAT(nothing, IsEmpty());
}

TEST_P(StoreContract, SubjectsOutOfBoundsAreRefusedWithAllOfTheirCall) {
  HaveTenant("acme");
  SubjectStore& subjects = store().subjects();
  const auto refused = StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField);
  std::vector<SubjectUse> wrong(6, Use("wrong", Now()));
  wrong[0].fresh.subject = "";
  wrong[1].fresh.subject = std::string(257, 's');
  wrong[2].fresh.handle.pop_back();
  wrong[3].fresh.secret.push_back('x');
  wrong[4].fresh.hold = Hold(Now());
  wrong[5].field_id = 0;
  for (const SubjectUse& use : wrong) {
    const std::vector<SubjectUse> uses = {Use("good", Now()), use};
    EXPECT_THAT(subjects.EnsureSubjects("acme", uses, kNoDeadline), refused) << &use - &wrong[0];
  }
  ASSERT_OK_AND_ASSIGN(const bool has, subjects.HasSubjects(kNoDeadline));
  EXPECT_FALSE(has);
  const std::vector<SubjectUse> good = {Use("good", Now())};
  EXPECT_THAT(subjects.EnsureSubjects("globex", good, kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
  const SubjectRecord made = HaveSubject(store(), "acme", "good", Now());
  for (const std::string& reason : {std::string(), std::string(1025, 'r')}) {
    EXPECT_THAT(subjects.SetHold("acme", "good", LegalHold{reason, Now()}, kNoDeadline), refused);
  }
  EXPECT_THAT(subjects.MarkErased({}, uint64_t{1} << 63, kNoDeadline), refused);
  // A handle is never another's.
  std::vector<SubjectUse> taken = {Use("other", Now())};
  taken[0].fresh.handle = made.handle;
  EXPECT_THAT(subjects.EnsureSubjects("acme", taken, kNoDeadline),
              StatusIs(StatusCode::kInternal, Reason::kInternal));
}

TEST_P(StoreContract, SubjectsOfTenantsDoNotMix) {
  HaveTenant("acme");
  HaveTenant("globex");
  SubjectStore& subjects = store().subjects();
  const SubjectRecord ours = HaveSubject(store(), "acme", "ann", Now());
  std::vector<SubjectUse> same = {Use("ann", Now())};
  same[0].fresh.handle = ours.handle;
  ASSERT_OK_AND_ASSIGN(const auto theirs, subjects.EnsureSubjects("globex", same, kNoDeadline));
  EXPECT_THAT(theirs, ElementsAre(IsRecord(same[0].fresh)));
  HaveSubject(store(), "acme", "bob", Now());
  const TokenNames handle = {ours.handle};
  for (const std::string_view tenant : {"initech", ""}) {
    EXPECT_THAT(subjects.FindSubject(tenant, "ann", kNoDeadline), NoSubject());
    EXPECT_THAT(subjects.SetHold(tenant, "ann", Hold(Now()), kNoDeadline), NoSubject());
    EXPECT_THAT(subjects.EraseSubject(tenant, "ann", ours.handle, kNoDeadline), NoSubject());
    ASSERT_OK_AND_ASSIGN(const uint64_t again, subjects.EraseAgain(tenant, handle, kNoDeadline));
    EXPECT_EQ(again, 0u);
    ASSERT_OK_AND_ASSIGN(const auto found, subjects.GetSubjects(tenant, handle, kNoDeadline));
    EXPECT_THAT(found, ElementsAre(Eq(std::nullopt)));
    ASSERT_OK_AND_ASSIGN(const auto list, subjects.ListSubjects(tenant, "", 9, kNoDeadline));
    EXPECT_THAT(list, IsEmpty());
  }
  EXPECT_THAT(subjects.FindSubject("globex", "bob", kNoDeadline), NoSubject());
  ASSERT_OK(subjects.EraseSubject("globex", "ann", ours.handle, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto kept, subjects.GetSubjects("acme", handle, kNoDeadline));
  EXPECT_THAT(kept, ElementsAre(::testing::Optional(IsRecord(ours))));
}

TEST_P(StoreContract, PagesOfSubjectsHaveNoSecrets) {
  HaveTenant("acme");
  for (const char* id : {"b", "a_b", "a.b", "\xff", "a", "0"}) {
    HaveSubject(store(), "acme", id, Now());
  }
  ASSERT_OK(store().subjects().SetHold("acme", "a", Hold(Now()), kNoDeadline));
  std::vector<std::string> names;
  for (std::string after; names.size() < 6; after = names.back()) {
    ASSERT_OK_AND_ASSIGN(const auto page,
                         store().subjects().ListSubjects("acme", after, 4, kNoDeadline));
    ASSERT_EQ(page.size(), names.empty() ? 4u : 2u);
    for (const SubjectRecord& subject : page) {
      names.push_back(subject.subject);
      EXPECT_EQ(subject.secret, "");
      EXPECT_EQ(subject.handle.size(), kSubjectHandleSize);
      EXPECT_EQ(subject.hold.has_value(), subject.subject == "a");
    }
  }
  EXPECT_THAT(names, ElementsAre("0", "a", "a.b", "a_b", "b", "\xff"));
}

TEST_P(StoreContract, TenThousandSubjectsAtOnce) {
  HaveTenant("acme");
  constexpr size_t kMany = 10'000;
  std::vector<SubjectUse> uses;
  std::vector<SubjectUse> third;
  for (size_t i = 0; i < kMany; ++i) {
    const std::string id = "person " + std::to_string(i % (kMany - 500));
    uses.push_back(Use(id, Now(), 1 + i % 5));
    if (i % 3 == 0) third.push_back(Use(id, Now(), 9));
  }
  ASSERT_OK_AND_ASSIGN(const auto first,
                       store().subjects().EnsureSubjects("acme", third, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().subjects().EnsureSubjects("acme", uses, kNoDeadline));
  ASSERT_EQ(made.size(), kMany);
  TokenNames handles;
  for (size_t i = 0; i < kMany; ++i) {
    ASSERT_EQ(made[i].subject, uses[i].fresh.subject);
    if (i % 3 == 0) {
      ASSERT_THAT(made[i], IsRecord(first[i / 3]));
    }
    handles.push_back(made[i].handle);
  }
  ASSERT_OK(store().SetFrozen(true, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto again,
                       store().subjects().EnsureSubjects("acme", uses, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto found,
                       store().subjects().GetSubjects("acme", handles, kNoDeadline));
  for (size_t i = 0; i < kMany; ++i) {
    ASSERT_THAT(again[i], IsRecord(made[i]));
    ASSERT_THAT(found[i], ::testing::Optional(IsRecord(made[i])));
  }
}

TEST_P(StoreContract, AFrozenStoreKeepsItsSubjects) {
  HaveTenant("acme");
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now());
  ASSERT_OK(store().SetFrozen(true, kNoDeadline));
  const auto refused = StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable);
  SubjectStore& subjects = store().subjects();
  const std::vector<SubjectUse> there = {Use("ann", Now())};
  ASSERT_OK_AND_ASSIGN(const auto used, subjects.EnsureSubjects("acme", there, kNoDeadline));
  EXPECT_THAT(used, ElementsAre(IsRecord(ann)));
  for (const SubjectUse& use : {Use("bob", Now()), Use("ann", Now(), 8)}) {
    EXPECT_THAT(subjects.EnsureSubjects("acme", std::vector{use}, kNoDeadline), refused);
  }
  const TokenNames handles = {ann.handle};
  EXPECT_THAT(subjects.SetHold("acme", "ann", Hold(Now()), kNoDeadline), refused);
  EXPECT_THAT(subjects.EraseSubject("acme", "ann", ann.handle, kNoDeadline), refused);
  EXPECT_THAT(subjects.EraseAgain("acme", handles, kNoDeadline), refused);
  EXPECT_THAT(subjects.MarkErased({}, 1, kNoDeadline), refused);
  ASSERT_OK_AND_ASSIGN(const uint64_t mark, subjects.ErasedUpTo({}, kNoDeadline));
  EXPECT_EQ(mark, 0u);
  EXPECT_OK(subjects.FindSubject("acme", "ann", kNoDeadline));
  ASSERT_OK(store().SetFrozen(false, kNoDeadline));
  EXPECT_OK(subjects.EraseSubject("acme", "ann", ann.handle, kNoDeadline));
}

TEST_P(StoreContract, PassedDeadlineTouchesNoSubject) {
  HaveTenant("acme");
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now());
  const Deadline passed = clock().Steady() - std::chrono::milliseconds(1);
  SubjectStore& subjects = store().subjects();
  const TokenNames handles = {ann.handle};
  const std::vector<SubjectUse> uses = {Use("bob", Now())};
  const absl::Status calls[] = {
      subjects.EnsureSubjects("acme", uses, passed).status(),
      subjects.GetSubjects("acme", handles, passed).status(),
      subjects.FindSubject("acme", "ann", passed).status(),
      subjects.ListSubjects("acme", "", 9, passed).status(),
      subjects.ListSubjectFields("acme", ann.handle, passed).status(),
      subjects.ListSubjectTokens("acme", ann.handle, {}, 9, Now(), passed).status(),
      subjects.SetHold("acme", "ann", Hold(Now()), passed).status(),
      subjects.EraseSubject("acme", "ann", ann.handle, passed).status(),
      subjects.EraseAgain("acme", handles, passed).status(),
      subjects.ErasedUpTo({}, passed).status(),
      subjects.MarkErased({}, 7, passed),
      subjects.HasSubjects(passed).status(),
  };
  for (const absl::Status& status : calls) {
    EXPECT_THAT(status, StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded))
        << "call " << &status - calls;
  }
  ASSERT_OK_AND_ASSIGN(const auto found, subjects.GetSubjects("acme", handles, kNoDeadline));
  EXPECT_THAT(found, ElementsAre(::testing::Optional(IsRecord(ann))));
}

}  // namespace
}  // namespace fieldkms::testing
