// The ends of tokens: used, expired, erased; and stores that are frozen.
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/contract/store_contract.h"
#include "tests/contract/token_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using std::chrono::microseconds;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;

TokenRecord Until(TokenRecord record, WallTime end) {
  record.expire_time = end;
  return record;
}

TEST_P(StoreContract, ASingleUseTokenIsReadOnce) {
  HaveTenant("acme");
  const TokenRecord once = SingleUse("once", Now());
  const TokenRecord often = Token("often", Now());
  ASSERT_OK(store().tokens().PutTokens(kCards, std::vector{once, often}, Now(), kNoDeadline));
  TokenRecord without = once;
  without.sealed = "";
  const TokenNames names = {"once", "often", "none", "once"};
  ASSERT_OK_AND_ASSIGN(const auto found,
                       store().tokens().GetTokens(kCards, names, Now(), kNoDeadline));
  EXPECT_THAT(found,
              ElementsAre(IsThere(without), IsThere(often), Eq(std::nullopt), IsThere(without)));
  ASSERT_OK_AND_ASSIGN(const auto used,
                       store().tokens().UseTokens(kCards, names, Now(), kNoDeadline));
  EXPECT_THAT(used,
              ElementsAre(IsThere(once), Eq(std::nullopt), Eq(std::nullopt), Eq(std::nullopt)));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto again,
                       store().tokens().UseTokens(kCards, names, Now(), kNoDeadline));
  EXPECT_THAT(again, ::testing::Each(Eq(std::nullopt)));
  ASSERT_OK_AND_ASSIGN(const auto left,
                       store().tokens().ListTokens(kCards, "", 9, Now(), kNoDeadline));
  EXPECT_THAT(NamesOf(left), ElementsAre("often"));
}

TEST_P(StoreContract, ExpiredTokensAreNotThere) {
  HaveTenant("acme");
  const WallTime end = Now() + hours(1);
  const std::vector<TokenRecord> records = {Until(Token("a", Now()), end),
                                            Until(SingleUse("b", Now()), end),
                                            Until(Token("c", Now()), end + microseconds(1))};
  ASSERT_OK(store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
  const TokenNames names = {"a", "b", "c"};
  ASSERT_OK_AND_ASSIGN(const auto before, store().tokens().GetTokens(
                                              kCards, names, end - microseconds(1), kNoDeadline));
  for (const auto& record : before) EXPECT_NE(record, std::nullopt);
  ASSERT_OK_AND_ASSIGN(const auto after,
                       store().tokens().GetTokens(kCards, names, end, kNoDeadline));
  EXPECT_THAT(after, ElementsAre(Eq(std::nullopt), Eq(std::nullopt), IsThere(records[2])));
  ASSERT_OK_AND_ASSIGN(const auto used,
                       store().tokens().UseTokens(kCards, names, end, kNoDeadline));
  EXPECT_THAT(used, ::testing::Each(Eq(std::nullopt)));
  ASSERT_OK_AND_ASSIGN(const auto list,
                       store().tokens().ListTokens(kCards, "", 9, end, kNoDeadline));
  EXPECT_THAT(NamesOf(list), ElementsAre("c"));
  ASSERT_OK_AND_ASSIGN(const uint64_t count,
                       store().tokens().CountTokens(kCards, end, kNoDeadline));
  EXPECT_EQ(count, 1u);
}

TEST_P(StoreContract, AnExpiredConvergentTokenGivesWay) {
  HaveTenant("acme");
  const TokenRecord old = Until(Convergent("old", "pan", Now()), Now() + hours(1));
  ASSERT_OK(store().tokens().PutTokens(kCards, std::vector{old}, Now(), kNoDeadline));
  clock().Advance(hours(1));
  const TokenRecord next = Convergent("new", "pan", Now());
  const TokenRecord other = Convergent("another", "pan", Now());
  ASSERT_OK_AND_ASSIGN(const auto put, store().tokens().PutTokens(kCards, std::vector{next, other},
                                                                  Now(), kNoDeadline));
  EXPECT_THAT(put, ElementsAre(IsStored(next), Exists("new")));
  ASSERT_OK_AND_ASSIGN(const auto erased,
                       store().tokens().EraseTokens(kCards, TokenNames{"old"}, {}, kNoDeadline));
  EXPECT_THAT(erased, ElementsAre(EraseResult::kNotThere));  // gone with it
}

TEST_P(StoreContract, AConvergentTokenLivesAsLongAsAnyAskedFor) {
  HaveTenant("acme");
  const auto put = [&](std::optional<WallTime> end, std::optional<WallTime> end_2) {
    TokenRecord one = Convergent("tok_1", "pan", Now());
    one.expire_time = end;
    TokenRecord two = Convergent("tok_2", "pan", Now());
    two.expire_time = end_2;
    auto outcomes = store().tokens().PutTokens(kCards, std::vector{one, two}, Now(), kNoDeadline);
    EXPECT_OK(outcomes);
    return outcomes.value_or(std::vector<PutOutcome>{});
  };
  const WallTime hour = Now() + hours(1);
  const WallTime day = Now() + hours(24);
  EXPECT_THAT(put(hour, hour).at(1), Exists("tok_1", hour));
  EXPECT_THAT(put(hour - microseconds(1), hour).at(1), Exists("tok_1", hour));
  const std::vector<PutOutcome> both = put(hour, day);
  EXPECT_THAT(both, ElementsAre(Exists("tok_1", day), Exists("tok_1", day)));
  EXPECT_THAT(put(hour, hour).at(0), Exists("tok_1", day));
  EXPECT_THAT(put(std::nullopt, hour).at(1), Exists("tok_1", std::nullopt));
  EXPECT_THAT(put(hour, hour).at(0), Exists("tok_1", std::nullopt));
  ASSERT_OK_AND_ASSIGN(
      const auto found,
      store().tokens().GetTokens(kCards, TokenNames{"tok_1"}, Now() + hours(9999), kNoDeadline));
  ASSERT_NE(found[0], std::nullopt);
  EXPECT_EQ(found[0]->expire_time, std::nullopt);
}

TEST_P(StoreContract, SweepingTakesWhatHasExpired) {
  HaveTenant("acme");
  HaveTenant("globex");
  const TokenDomain others{"globex", 3};
  for (int i = 0; i < 10; ++i) {
    const std::string name = "t" + std::to_string(i);
    const std::vector<TokenRecord> one = {Until(Token(name, Now()), Now() + hours(10 - i))};
    ASSERT_OK(store().tokens().PutTokens(i % 2 == 0 ? kCards : others, one, Now(), kNoDeadline));
  }
  ASSERT_OK(
      store().tokens().PutTokens(kCards, std::vector{Token("kept", Now())}, Now(), kNoDeadline));
  const auto sweep = [&](WallTime now, size_t limit) {
    const auto swept = store().tokens().SweepExpired(now, limit, kNoDeadline);
    EXPECT_OK(swept);
    return swept.value_or(99);
  };
  EXPECT_EQ(sweep(Now() + hours(1) - microseconds(1), 9), 0u);
  EXPECT_EQ(sweep(Now() + hours(5), 3), 3u);  // t9, t8, t7
  const auto erased = [&](const TokenDomain& domain, std::string_view token) {
    const auto was = store().tokens().EraseTokens(domain, TokenNames{token}, {}, kNoDeadline);
    EXPECT_OK(was);
    return was.ok() && was->at(0) == EraseResult::kErased;
  };
  EXPECT_FALSE(erased(others, "t7"));
  EXPECT_TRUE(erased(kCards, "t6"));
  EXPECT_EQ(sweep(Now() + hours(5), 9), 1u);  // t5
  EXPECT_EQ(sweep(Now() + hours(10), SIZE_MAX), 5u);
  EXPECT_EQ(sweep(Now() + hours(99), 9), 0u);
  ASSERT_OK_AND_ASSIGN(const auto left,
                       store().tokens().ListTokens(kCards, "", 9, Now(), kNoDeadline));
  EXPECT_THAT(NamesOf(left), ElementsAre("kept"));
}

TEST_P(StoreContract, ErasedTokensAreGone) {
  HaveTenant("acme");
  const std::vector<TokenRecord> records = {Token("a", Now()), Convergent("b", "pan", Now()),
                                            Until(SingleUse("c", Now()), Now() - hours(1))};
  ASSERT_OK(store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
  const TokenNames names = {"b", "none", "c", "b"};
  ASSERT_OK_AND_ASSIGN(const auto erased,
                       store().tokens().EraseTokens(kCards, names, {}, kNoDeadline));
  EXPECT_THAT(erased, ElementsAre(EraseResult::kErased, EraseResult::kNotThere,
                                  EraseResult::kErased, EraseResult::kNotThere));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto found, store().tokens().GetTokens(kCards, TokenNames{"a", "b"},
                                                                    Now(), kNoDeadline));
  EXPECT_THAT(found, ElementsAre(IsThere(records[0]), Eq(std::nullopt)));
  // Token and value are free again.
  const TokenRecord again = Convergent("b", "pan", Now());
  ASSERT_OK_AND_ASSIGN(const auto put,
                       store().tokens().PutTokens(kCards, std::vector{again}, Now(), kNoDeadline));
  EXPECT_THAT(put, ElementsAre(IsStored(again)));
}

TEST_P(StoreContract, TokensOfOneValueAreErased) {
  HaveTenant("acme");
  std::vector<TokenRecord> records = {Token("a", Now()), Token("b", Now()),
                                      Convergent("c", "pan", Now()), Convergent("d", "x", Now()),
                                      Token("e", Now())};
  records[0].lookup = records[1].lookup = "pan";
  ASSERT_OK(store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
  const TokenNames lookups = {"none", "pan", "x", "pan", ""};
  ASSERT_OK_AND_ASSIGN(const auto erased,
                       store().tokens().EraseTokensByLookup(kCards, lookups, {}, kNoDeadline));
  std::vector<uint64_t> counts;
  for (const ErasedCount& count : erased) {
    counts.push_back(count.erased);
    EXPECT_EQ(count.held, 0u);
  }
  EXPECT_THAT(counts, ElementsAre(0, 3, 1, 0, 0));
  ASSERT_OK_AND_ASSIGN(const auto left,
                       store().tokens().ListTokens(kCards, "", 9, Now(), kNoDeadline));
  EXPECT_THAT(NamesOf(left), ElementsAre("e"));
}

TEST_P(StoreContract, AFieldIsErasedPieceByPiece) {
  HaveTenant("acme");
  std::vector<TokenRecord> records;
  for (int i = 0; i < 25; ++i) records.push_back(Token("t" + std::to_string(i), Now()));
  records[3].expire_time = Now() - hours(1);
  ASSERT_OK(store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
  const TokenDomain other{"acme", 2};
  ASSERT_OK(store().tokens().PutTokens(other, records, Now(), kNoDeadline));
  std::vector<uint64_t> erased;
  do {
    ASSERT_OK_AND_ASSIGN(const uint64_t some, store().tokens().EraseField(kCards, 10, kNoDeadline));
    erased.push_back(some);
  } while (erased.back() > 0);
  EXPECT_THAT(erased, ElementsAre(10, 10, 5, 0));
  ASSERT_OK_AND_ASSIGN(const bool has_others, store().tokens().HasTokens(kNoDeadline));
  EXPECT_TRUE(has_others);
  ASSERT_OK_AND_ASSIGN(const uint64_t rest,
                       store().tokens().EraseField(other, SIZE_MAX, kNoDeadline));
  EXPECT_EQ(rest, 25u);
  ASSERT_OK_AND_ASSIGN(const bool has_tokens, store().tokens().HasTokens(kNoDeadline));
  EXPECT_FALSE(has_tokens);
}

TEST_P(StoreContract, AFrozenStoreKeepsItsTokens) {
  HaveTenant("acme");
  const TokenRecord expired = Until(Token("expired", Now()), Now() + hours(1));
  const std::vector<TokenRecord> records = {SingleUse("once", Now()), Token("often", Now()),
                                            expired};
  ASSERT_OK(store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
  ASSERT_OK(store().SetFrozen(true, kNoDeadline));
  const auto refused = StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable);
  const TokenNames names = {"once", "often"};
  TokenStore& tokens = store().tokens();
  EXPECT_THAT(tokens.PutTokens(kCards, std::vector{Token("x", Now())}, Now(), kNoDeadline),
              refused);
  EXPECT_THAT(tokens.UseTokens(kCards, names, Now(), kNoDeadline), refused);
  EXPECT_THAT(tokens.EraseTokens(kCards, names, {}, kNoDeadline), refused);
  EXPECT_THAT(tokens.EraseTokensByLookup(kCards, names, {}, kNoDeadline), refused);
  EXPECT_THAT(tokens.EraseField(kCards, 9, kNoDeadline), refused);
  EXPECT_THAT(tokens.SweepExpired(Now() + hours(2), 9, kNoDeadline), refused);
  ASSERT_OK_AND_ASSIGN(const auto found, tokens.GetTokens(kCards, names, Now(), kNoDeadline));
  EXPECT_THAT(found[1], IsThere(records[1]));
  ASSERT_OK_AND_ASSIGN(const uint64_t count, tokens.CountTokens(kCards, Now(), kNoDeadline));
  EXPECT_EQ(count, 3u);
  ASSERT_OK(store().SetFrozen(false, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto used, tokens.UseTokens(kCards, names, Now(), kNoDeadline));
  EXPECT_THAT(used[0], IsThere(records[0]));
}

TEST_P(StoreContract, PassedDeadlineTouchesNoToken) {
  HaveTenant("acme");
  const TokenRecord once = SingleUse("once", Now());
  ASSERT_OK(store().tokens().PutTokens(kCards, std::vector{once}, Now(), kNoDeadline));
  const Deadline passed = clock().Steady() - std::chrono::milliseconds(1);
  const auto exceeded = StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded);
  const TokenNames names = {"once"};
  TokenStore& tokens = store().tokens();
  EXPECT_THAT(tokens.PutTokens(kCards, std::vector{Token("x", Now())}, Now(), passed), exceeded);
  EXPECT_THAT(tokens.UseTokens(kCards, names, Now(), passed), exceeded);
  EXPECT_THAT(tokens.EraseTokens(kCards, names, {}, passed), exceeded);
  EXPECT_THAT(tokens.EraseTokensByLookup(kCards, names, {}, passed), exceeded);
  EXPECT_THAT(tokens.EraseField(kCards, 9, passed), exceeded);
  EXPECT_THAT(tokens.SweepExpired(Now(), 9, passed), exceeded);
  ASSERT_OK_AND_ASSIGN(const auto list, tokens.ListTokens(kCards, "", 9, Now(), kNoDeadline));
  EXPECT_THAT(NamesOf(list), ElementsAre("once"));
}

}  // namespace
}  // namespace fieldkms::testing
