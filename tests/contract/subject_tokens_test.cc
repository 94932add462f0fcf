// The tokens of data subjects.
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/store_contract.h"
#include "tests/contract/subject_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using ::testing::ElementsAre;

TEST_P(StoreContract, TokensKnowTheirSubject) {
  HaveTenant("acme");
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now());
  const std::vector<TokenRecord> records = {Of(ann, Convergent("a", "pan", Now())),
                                            Of(ann, SingleUse("b", Now())), Token("c", Now())};
  TokenStore& tokens = store().tokens();
  ASSERT_OK_AND_ASSIGN(const auto put, tokens.PutTokens(kCards, records, Now(), kNoDeadline));
  for (size_t i = 0; i < records.size(); ++i) EXPECT_THAT(put[i], IsStored(records[i]));
  // One that exists is whose it was.
  const SubjectRecord bob = HaveSubject(store(), "acme", "bob", Now());
  ASSERT_OK_AND_ASSIGN(const auto again,
                       tokens.PutTokens(kCards, std::vector{Of(bob, Convergent("z", "pan", Now()))},
                                        Now(), kNoDeadline));
  EXPECT_THAT(again, ElementsAre(Exists("a")));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto found, store().tokens().GetTokens(kCards, TokenNames{"a", "c"},
                                                                    Now(), kNoDeadline));
  EXPECT_THAT(found, ElementsAre(IsThere(records[0]), IsThere(records[2])));
  ASSERT_OK_AND_ASSIGN(const auto list,
                       store().tokens().ListTokens(kCards, "", 9, Now(), kNoDeadline));
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[1].subject, ann.handle);
  EXPECT_EQ(list[2].subject, "");
  ASSERT_OK_AND_ASSIGN(const auto used,
                       store().tokens().UseTokens(kCards, TokenNames{"b"}, Now(), kNoDeadline));
  EXPECT_THAT(used, ElementsAre(IsThere(records[1])));
}

TEST_P(StoreContract, NoTokenIsOfASubjectThatIsNotThere) {
  HaveTenant("acme");
  HaveTenant("globex");
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now());
  const SubjectRecord theirs = HaveSubject(store(), "globex", "ann", Now());
  TokenStore& tokens = store().tokens();
  ASSERT_OK(
      tokens.PutTokens(kCards, std::vector{Convergent("first", "pan", Now())}, Now(), kNoDeadline));
  for (const TokenRecord& wrong :
       {Of(theirs, Token("a", Now())), Of(theirs, Convergent("b", "pan", Now()))}) {
    const std::vector<TokenRecord> records = {Of(ann, Token("good", Now())), wrong};
    EXPECT_THAT(tokens.PutTokens(kCards, records, Now(), kNoDeadline), NoSubject());
  }
  for (const size_t length : {size_t{1}, size_t{15}, size_t{17}}) {
    TokenRecord wrong = Token("a", Now());
    wrong.subject = std::string(length, 'h');
    EXPECT_THAT(tokens.PutTokens(kCards, std::vector{wrong}, Now(), kNoDeadline),
                StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
  }
  ASSERT_OK_AND_ASSIGN(const auto list, tokens.ListTokens(kCards, "", 9, Now(), kNoDeadline));
  EXPECT_THAT(NamesOf(list), ElementsAre("first"));
}

// In the order of fields, whose ids are unsigned, and tokens.
TEST_P(StoreContract, TokensOfASubjectAreListedOverFields) {
  HaveTenant("acme");
  const SubjectRecord ann = HaveSubject(store(), "acme", "ann", Now());
  const SubjectRecord bob = HaveSubject(store(), "acme", "bob", Now());
  std::vector<std::pair<uint64_t, std::string>> expected;
  for (const uint64_t field : {uint64_t{1}, uint64_t{9}, uint64_t{1} << 63, UINT64_MAX}) {
    TokenRecord past = Of(ann, Token("past", Now()));
    past.expire_time = Now() + hours(1);
    const std::vector<TokenRecord> records = {Of(ann, Token("b", Now())),
                                              Of(ann, SingleUse("a", Now())),
                                              Of(bob, Token("c", Now())), Token("d", Now()), past};
    ASSERT_OK(store().tokens().PutTokens({"acme", field}, records, Now(), kNoDeadline));
    expected.emplace_back(field, "a");
    expected.emplace_back(field, "b");
  }
  std::vector<std::pair<uint64_t, std::string>> listed;
  TokenPlace after;
  while (true) {
    ASSERT_OK_AND_ASSIGN(const auto page,
                         store().subjects().ListSubjectTokens("acme", ann.handle, after, 3,
                                                              Now() + hours(1), kNoDeadline));
    if (page.empty()) break;
    for (const auto& [field, token] : page) {
      listed.emplace_back(field, token.token);
      EXPECT_EQ(token.sealed, "");
      EXPECT_EQ(token.subject, ann.handle);
      EXPECT_EQ(token.single_use, token.token == "a");
    }
    after = {listed.back().first, listed.back().second};
  }
  EXPECT_EQ(listed, expected);
}

}  // namespace
}  // namespace fieldkms::testing
