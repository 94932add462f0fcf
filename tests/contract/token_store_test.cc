// What goes into the vault comes out of it; values have one token, and tokens one value.
#include <gmock/gmock.h>

#include <algorithm>
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
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;

TEST_P(StoreContract, TokensSurviveReopening) {
  HaveTenant("acme");
  TokenRecord full = Convergent("tok_1", std::string("\0lookup\xff", 8), Now());
  full.sealed = std::string("\0sealed \xff\\\"", 11);
  full.metadata = std::string(4096, '\0');
  full.create_time = Now() - hours(1);
  full.expire_time = Now() + std::chrono::microseconds(1);
  const TokenRecord plain = Token("tok_2", Now());
  const uint64_t before = NewestChange();
  ASSERT_OK_AND_ASSIGN(const auto put, store().tokens().PutTokens(kCards, std::vector{full, plain},
                                                                  Now(), kNoDeadline));
  EXPECT_THAT(put, ElementsAre(IsStored(full), IsStored(plain)));
  EXPECT_EQ(NewestChange(), before);
  Reopen();
  ASSERT_OK_AND_ASSIGN(
      const auto found,
      store().tokens().GetTokens(kCards, TokenNames{"tok_2", "none", "tok_1", "", "tok_2"}, Now(),
                                 kNoDeadline));
  EXPECT_THAT(found, ElementsAre(IsThere(plain), Eq(std::nullopt), IsThere(full), Eq(std::nullopt),
                                 IsThere(plain)));
  ASSERT_OK_AND_ASSIGN(const auto none,
                       store().tokens().GetTokens(kCards, TokenNames{}, Now(), kNoDeadline));
  EXPECT_THAT(none, IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto nothing,
                       store().tokens().PutTokens(kCards, {}, Now(), kNoDeadline));
  EXPECT_THAT(nothing, IsEmpty());
}

// Who asks for a token may have written anything there.
TEST_P(StoreContract, TokensAreAnyBytes) {
  HaveTenant("acme");
  std::vector<TokenRecord> records;
  for (const std::string& token :
       {std::string("\0", 1), std::string("a\0b", 3), std::string("a"), std::string("{,}\"\\"),
        std::string("\xff\xfe"), std::string("NULL"), std::string(1024, '\xff')}) {
    records.push_back(Token(token, Now()));
  }
  ASSERT_OK_AND_ASSIGN(const auto put,
                       store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
  const std::string long_name(100'000, 'a');
  TokenNames names = {long_name};
  for (const TokenRecord& record : records) names.push_back(record.token);
  ASSERT_OK_AND_ASSIGN(const auto found,
                       store().tokens().GetTokens(kCards, names, Now(), kNoDeadline));
  EXPECT_EQ(found[0], std::nullopt);
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_THAT(put[i], IsStored(records[i]));
    EXPECT_THAT(found[i + 1], IsThere(records[i])) << i;
  }
}

TEST_P(StoreContract, AValueHasOneConvergentToken) {
  HaveTenant("acme");
  const TokenRecord first = Convergent("tok_1", "pan", Now());
  const TokenRecord second = Convergent("tok_2", "pan", Now());
  const TokenRecord other = Convergent("tok_3", "another", Now());
  ASSERT_OK_AND_ASSIGN(const auto one,
                       store().tokens().PutTokens(kCards, std::vector{first}, Now(), kNoDeadline));
  EXPECT_THAT(one, ElementsAre(IsStored(first)));
  ASSERT_OK_AND_ASSIGN(const auto two, store().tokens().PutTokens(
                                           kCards, std::vector{second, other}, Now(), kNoDeadline));
  EXPECT_THAT(two, ElementsAre(Exists("tok_1"), IsStored(other)));
  // Also within one call: the first of them.
  const std::vector<TokenRecord> twice = {
      Convergent("b", "x", Now()), Convergent("z", "y", Now()), Convergent("a", "x", Now()),
      Convergent("tok_9", "pan", Now()), Convergent("b", "x", Now())};
  ASSERT_OK_AND_ASSIGN(const auto all,
                       store().tokens().PutTokens(kCards, twice, Now(), kNoDeadline));
  EXPECT_THAT(all, ElementsAre(IsStored(twice[0]), IsStored(twice[1]), Exists("b"), Exists("tok_1"),
                               Exists("b")));
  ASSERT_OK_AND_ASSIGN(
      const auto found,
      store().tokens().GetTokens(kCards, TokenNames{"tok_2", "a", "b"}, Now(), kNoDeadline));
  EXPECT_THAT(found, ElementsAre(Eq(std::nullopt), Eq(std::nullopt), IsThere(twice[0])));
}

// It is found by it, and has as many as were asked for.
TEST_P(StoreContract, AValueHasAnyNumberOfOtherTokens) {
  HaveTenant("acme");
  std::vector<TokenRecord> records = {Token("a", Now()), Token("b", Now()), Token("c", Now())};
  for (TokenRecord& record : records) record.lookup = "pan";
  records[2].single_use = true;
  records.push_back(Convergent("d", "pan", Now()));
  ASSERT_OK_AND_ASSIGN(const auto put,
                       store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
  for (size_t i = 0; i < records.size(); ++i) EXPECT_THAT(put[i], IsStored(records[i]));
}

TEST_P(StoreContract, ATokenThatIsTakenIsNotGivenAgain) {
  HaveTenant("acme");
  const TokenRecord first = Token("tok_1", Now());
  ASSERT_OK(store().tokens().PutTokens(kCards, std::vector{first}, Now(), kNoDeadline));
  const std::vector<TokenRecord> others = {
      Token("tok_1", Now()), Convergent("tok_1", "pan", Now()), Token("tok_2", Now()),
      Token("tok_2", Now()), Convergent("tok_3", "v", Now()),   Convergent("tok_3", "u", Now()),
  };
  ASSERT_OK_AND_ASSIGN(const auto put,
                       store().tokens().PutTokens(kCards, others, Now(), kNoDeadline));
  EXPECT_THAT(put[0], IsTaken());
  EXPECT_THAT(put[1], IsTaken());
  EXPECT_THAT(put[2], IsStored(others[2]));
  EXPECT_THAT(put[3], IsTaken());
  // One of the two, and it is the one that is there.
  const size_t stored = put[4].result == PutResult::kStored ? 4 : 5;
  EXPECT_THAT(put[stored], IsStored(others[stored]));
  EXPECT_THAT(put[9 - stored], IsTaken());
  ASSERT_OK_AND_ASSIGN(
      const auto found,
      store().tokens().GetTokens(kCards, TokenNames{"tok_1", "tok_3"}, Now(), kNoDeadline));
  EXPECT_THAT(found, ElementsAre(IsThere(first), IsThere(others[stored])));
}

// As after an answer that was lost.
TEST_P(StoreContract, ARepeatStoresNothingAnew) {
  HaveTenant("acme");
  const std::vector<TokenRecord> records = {Token("a", Now()), Convergent("b", "pan", Now()),
                                            SingleUse("c", Now()), Convergent("d", "pan", Now())};
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK_AND_ASSIGN(const auto put,
                         store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
    EXPECT_THAT(put, ElementsAre(IsStored(records[0]), IsStored(records[1]), IsStored(records[2]),
                                 Exists("b")));
  }
  ASSERT_OK_AND_ASSIGN(const uint64_t count,
                       store().tokens().CountTokens(kCards, Now(), kNoDeadline));
  EXPECT_EQ(count, 3u);
}

TEST_P(StoreContract, TokensOfTenantsAndFieldsDoNotMix) {
  HaveTenant("acme");
  HaveTenant("globex");
  const TokenDomain domains[] = {{"acme", 1}, {"acme", 2}, {"globex", 1}};
  std::vector<TokenRecord> records;
  for (const TokenDomain& domain : domains) {
    records.push_back(Convergent("tok", "pan", Now()));
    ASSERT_OK_AND_ASSIGN(
        const auto put,
        store().tokens().PutTokens(domain, std::vector{records.back()}, Now(), kNoDeadline));
    EXPECT_THAT(put, ElementsAre(IsStored(records.back())));
  }
  const TokenRecord more = SingleUse("more", Now());
  ASSERT_OK(store().tokens().PutTokens(domains[0], std::vector{more}, Now(), kNoDeadline));
  for (size_t i = 0; i < records.size(); ++i) {
    ASSERT_OK_AND_ASSIGN(const auto found, store().tokens().GetTokens(domains[i], TokenNames{"tok"},
                                                                      Now(), kNoDeadline));
    EXPECT_THAT(found, ElementsAre(IsThere(records[i])));
  }
  for (const TokenDomain& other : {domains[1], domains[2], TokenDomain{"initech", 1}}) {
    const TokenNames names = {"more"};
    ASSERT_OK_AND_ASSIGN(const auto used,
                         store().tokens().UseTokens(other, names, Now(), kNoDeadline));
    EXPECT_THAT(used, ElementsAre(Eq(std::nullopt)));
    ASSERT_OK_AND_ASSIGN(const auto erased,
                         store().tokens().EraseTokens(other, names, {}, kNoDeadline));
    EXPECT_THAT(erased, ElementsAre(EraseResult::kNotThere));
    ASSERT_OK(store().tokens().EraseTokensByLookup(other, TokenNames{"pan"}, {}, kNoDeadline));
    ASSERT_OK(store().tokens().EraseField(other, 9, kNoDeadline));
  }
  ASSERT_OK_AND_ASSIGN(const auto left,
                       store().tokens().ListTokens(domains[0], "", 9, Now(), kNoDeadline));
  EXPECT_THAT(NamesOf(left), ElementsAre("more", "tok"));
}

TEST_P(StoreContract, PagesOfTokensHaveNoValues) {
  HaveTenant("acme");
  std::vector<TokenRecord> records;
  for (const char* name : {"b", "a_b", "a.b", "a-b", "a", "0"}) {
    records.push_back(SingleUse(name, Now()));
    records.back().metadata = "m";
  }
  ASSERT_OK(store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
  std::vector<std::string> names;
  for (std::string after; names.size() < 6; after = names.back()) {
    ASSERT_OK_AND_ASSIGN(const auto page,
                         store().tokens().ListTokens(kCards, after, 2, Now(), kNoDeadline));
    ASSERT_EQ(page.size(), 2u);
    for (const TokenRecord& token : page) {
      names.push_back(token.token);
      EXPECT_EQ(token.sealed, "");
      EXPECT_EQ(token.metadata, "m");
      EXPECT_TRUE(token.single_use);
    }
  }
  EXPECT_THAT(names, ElementsAre("0", "a", "a-b", "a.b", "a_b", "b"));
  ASSERT_OK_AND_ASSIGN(const auto end,
                       store().tokens().ListTokens(kCards, "b", SIZE_MAX, Now(), kNoDeadline));
  EXPECT_THAT(end, IsEmpty());
}

TEST_P(StoreContract, WhatIsNoTokenIsRefusedWithAllOfItsCall) {
  HaveTenant("acme");
  const auto refused = StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField);
  std::vector<TokenRecord> wrong(7, Token("wrong", Now()));
  wrong[0].token = "";
  wrong[1].token = std::string(1025, 'x');
  wrong[2].lookup = std::string(65, 'x');
  wrong[3].convergent = true;
  wrong[4] = Convergent("wrong", "pan", Now());
  wrong[4].single_use = true;
  wrong[5].sealed = "";
  wrong[6].metadata = std::string(4097, 'x');
  for (size_t i = 0; i < wrong.size(); ++i) {
    const std::vector<TokenRecord> records = {Token("good", Now()), wrong[i]};
    EXPECT_THAT(store().tokens().PutTokens(kCards, records, Now(), kNoDeadline), refused) << i;
  }
  ASSERT_OK_AND_ASSIGN(const bool has_tokens, store().tokens().HasTokens(kNoDeadline));
  EXPECT_FALSE(has_tokens);
  EXPECT_THAT(
      store().tokens().PutTokens({"globex", 1}, std::vector{Token("t", Now())}, Now(), kNoDeadline),
      StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
}

// As many as a call of the service may hold, of which every third is there.
TEST_P(StoreContract, TenThousandTokensAtOnce) {
  HaveTenant("acme");
  constexpr size_t kMany = 10'000;
  std::vector<TokenRecord> records;
  std::vector<TokenRecord> third;
  for (size_t i = 0; i < kMany; ++i) {
    const std::string number = std::to_string(i);
    records.push_back(Convergent("tok_" + number, "value " + number, Now()));
    if (i % 3 == 0) third.push_back(Convergent("first_" + number, "value " + number, Now()));
  }
  ASSERT_OK(store().tokens().PutTokens(kCards, third, Now(), kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto put,
                       store().tokens().PutTokens(kCards, records, Now(), kNoDeadline));
  ASSERT_EQ(put.size(), kMany);
  TokenNames names;
  for (size_t i = 0; i < kMany; ++i) {
    if (i % 3 == 0) {
      ASSERT_THAT(put[i], Exists(third[i / 3].token));
    } else {
      ASSERT_THAT(put[i], IsStored(records[i]));
    }
    names.push_back(put[i].token);
  }
  ASSERT_OK_AND_ASSIGN(const auto found,
                       store().tokens().GetTokens(kCards, names, Now(), kNoDeadline));
  for (size_t i = 0; i < kMany; ++i) {
    ASSERT_THAT(found[i], IsThere(i % 3 == 0 ? third[i / 3] : records[i]));
  }
  ASSERT_OK_AND_ASSIGN(const auto erased,
                       store().tokens().EraseTokens(kCards, names, {}, kNoDeadline));
  EXPECT_EQ(std::count(erased.begin(), erased.end(), EraseResult::kErased),
            static_cast<ptrdiff_t>(kMany));
}

}  // namespace
}  // namespace fieldkms::testing
