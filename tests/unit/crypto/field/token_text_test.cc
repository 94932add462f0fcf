#include "crypto/field/token_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>

#include "crypto/field/check_digits.h"
#include "crypto/field/format.h"
#include "crypto/status.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

constexpr char kVisa[] = "4111111111111111";

std::string Draw(const TokenTemplate& text, std::string_view value) {
  std::string token = "what was there";
  const absl::Status drawn = DrawToken(text, value, &token);
  EXPECT_TRUE(drawn.ok()) << drawn;
  return token;
}

bool IsCardNumber(std::string_view text) {
  std::string canonical;
  return CanonicaliseField(*FindFormat(FieldFormat::kPan), text, {}, &canonical) == nullptr;
}

TEST(TokenTextTest, TextIsTokAnd22LettersAndDigits) {
  const std::string token = Draw({}, kVisa);
  EXPECT_THAT(token, ::testing::MatchesRegex("tok_[0-9A-Za-z]{22}"));
  EXPECT_NE(token, Draw({}, kVisa));
  EXPECT_THAT(Draw({.keep_last = 4}, kVisa), ::testing::MatchesRegex("tok_[0-9A-Za-z]{22}1111"));
  EXPECT_THAT(Draw({.same_length = true}, kVisa), ::testing::MatchesRegex("tok_[0-9A-Za-z]{12}"));
  EXPECT_THAT(Draw({.same_length = true, .keep_last = 2}, "GB82WEST12345698765432"),
              ::testing::MatchesRegex("tok_[0-9A-Za-z]{16}32"));
}

TEST(TokenTextTest, NumbersBeginWith9AndAreNoCardNumbers) {
  for (int i = 0; i < 2'000; ++i) {
    for (const TokenTemplate& text :
         {TokenTemplate{TokenForm::kNumeric}, TokenTemplate{TokenForm::kNumeric, true},
          TokenTemplate{TokenForm::kNumeric, true, 4},
          TokenTemplate{TokenForm::kNumeric, false, 1}}) {
      const std::string token = Draw(text, kVisa);
      ASSERT_EQ(token.size(), text.same_length ? 16u : 18u);
      ASSERT_EQ(token[0], '9');
      ASSERT_TRUE(token.ends_with(std::string(text.keep_last, '1')));
      ASSERT_NE(LuhnRemainder(token), 0u) << token;
      ASSERT_FALSE(IsCardNumber(token)) << token;
      ASSERT_TRUE(LooksLikeToken(text, token));
      ASSERT_LE(std::stoull(token), static_cast<unsigned long long>(INT64_MAX));
    }
  }
}

TEST(TokenTextTest, ValuesThatAreTooShortAreRefused) {
  struct Case {
    TokenTemplate text;
    std::string value;
    bool legal;
  };
  const Case cases[] = {
      {{TokenForm::kNumeric, true}, "1234567", true},  // 9 and six
      {{TokenForm::kNumeric, true}, "123456", false},
      {{TokenForm::kNumeric, true, 4}, "12345678901", true},
      {{TokenForm::kNumeric, true, 4}, "1234567890", false},
      {{TokenForm::kText, true}, std::string(15, 'x'), true},
      {{TokenForm::kText, true}, std::string(14, 'x'), false},
      {{TokenForm::kText, true, 1}, std::string(15, 'x'), false},
      {{TokenForm::kText, true}, std::string(kMaxTokenText, 'x'), true},
      {{TokenForm::kText, true}, std::string(kMaxTokenText + 1, 'x'), false},
      {{TokenForm::kText, false, 4}, "1234", false},  // would show all of it
      {{TokenForm::kText, false, 4}, "12345", true},
      {{TokenForm::kText, false, 4}, "abc\xc3\xa9", false},
      {{TokenForm::kText, false, 2}, "a b ", false},
      {{TokenForm::kNumeric, false, 2}, "123a5", false},
      {{TokenForm::kText}, "", true},
  };
  for (const Case& one : cases) {
    std::string token;
    const absl::Status drawn = DrawToken(one.text, one.value, &token);
    EXPECT_EQ(drawn.ok(), one.legal) << one.value.size();
    EXPECT_EQ(ReasonOf(drawn), one.legal ? Reason::kUnspecified : Reason::kFieldPolicy);
  }
}

TEST(TokenTextTest, EachCharacterIsAsLikelyAsTheOthers) {
  std::array<int, 256> seen = {};
  constexpr int kDraws = 20'000;
  for (int i = 0; i < kDraws; ++i) {
    for (const char c : Draw({}, "x").substr(4)) ++seen[static_cast<unsigned char>(c)];
  }
  // 440,000 characters of 62: 7,097 of each, give or take 6 standard deviations of 84.
  int kinds = 0;
  for (const int count : seen) {
    if (count == 0) continue;
    ++kinds;
    EXPECT_GT(count, 7'097 - 504);
    EXPECT_LT(count, 7'097 + 504);
  }
  EXPECT_EQ(kinds, 62);
}

TEST(TokenTextTest, WhatLooksLikeAToken) {
  const TokenTemplate text;
  EXPECT_TRUE(LooksLikeToken(text, Draw(text, kVisa)));
  EXPECT_TRUE(LooksLikeToken(text, "tok_01234567890"));
  for (const std::string& not_one :
       {std::string(kVisa), std::string(), std::string("tok_"), std::string("tok_0123456789"),
        std::string("TOK_01234567890"), std::string("tok_0123456789-"),
        std::string("tok_01234567890\0", 16), "tok_" + std::string(kMaxTokenText, 'x')}) {
    EXPECT_FALSE(LooksLikeToken(text, not_one)) << not_one;
  }
  const TokenTemplate number{TokenForm::kNumeric};
  EXPECT_FALSE(LooksLikeToken(number, kVisa));
  EXPECT_FALSE(LooksLikeToken(number, "9792020000000001"));  // a card of Troy
  EXPECT_FALSE(LooksLikeToken(number, "912345"));
  EXPECT_FALSE(LooksLikeToken(number, "9 123 456 789"));
}

TEST(TokenTextTest, TemplatesOutOfBounds) {
  EXPECT_OK(CheckTokenTemplate({.keep_last = 4}, "token"));
  EXPECT_THAT(CheckTokenTemplate({.keep_last = 5}, "token"), StatusIs(Reason::kInvalidField));
  EXPECT_EQ(FieldOf(CheckTokenTemplate({.keep_last = 5}, "token")), "token.keep_last");
  EXPECT_EQ(FieldOf(CheckTokenTemplate({TokenForm{9}}, "token")), "token.form");
}

}  // namespace
}  // namespace fieldkms
