#include "kms/identity/token_issuer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/identity/token_maker.h"

namespace fieldkms {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using ::testing::HasSubstr;
using testing::TokenMaker;

constexpr int64_t kNow = 1'800'000'000;

class TokenIssuerTest : public ::testing::Test {
 protected:
  static json Claims() {
    return {{"iss", "https://id.example.com"},
            {"aud", "fieldkms"},
            {"sub", "shop"},
            {"exp", kNow + 600},
            {"nbf", kNow},
            {"iat", kNow}};
  }
  absl::StatusOr<TokenClaims> Check(const json& claims, int64_t now = kNow) const {
    return CheckToken(maker_.Sign(claims), options_, keys_, WallTime(seconds(now)));
  }
  absl::StatusOr<TokenClaims> CheckWith(const char* name, const json& value) const {
    json claims = Claims();
    claims[name] = value;
    return Check(claims);
  }
  absl::StatusOr<TokenClaims> CheckWithout(const char* name) const {
    json claims = Claims();
    claims.erase(name);
    return Check(claims);
  }

  const TokenMaker maker_{"one"};
  const KeySet keys_ = *KeySet::Parse(maker_.KeySetJson());
  TokenIssuerOptions options_{
      .name = "corp", .issuer = "https://id.example.com", .audiences = {"fieldkms", "kms"}};
};

TEST_F(TokenIssuerTest, ATokenThatIsRight) {
  ASSERT_OK_AND_ASSIGN(const TokenClaims claims, Check(Claims()));
  EXPECT_EQ(claims.subject, "shop");
  EXPECT_EQ(claims.expires, WallTime(seconds(kNow + 660)));  // the skew with it
  EXPECT_EQ(ClaimedIssuer(maker_.Sign(Claims())), "https://id.example.com");
  EXPECT_TRUE(HasKeyOf(maker_.Sign(Claims()), keys_));
  EXPECT_FALSE(HasKeyOf(TokenMaker("two").Sign(Claims()), keys_));
}

TEST_F(TokenIssuerTest, IssuerAndAudienceMustBeOurs) {
  EXPECT_OK(CheckWith("aud", json{"other", "kms"}));
  EXPECT_THAT(CheckWith("aud", "other"), StatusIs(Reason::kUnauthenticated));
  EXPECT_THAT(CheckWith("aud", json::array()), StatusIs(Reason::kUnauthenticated));
  EXPECT_THAT(CheckWith("aud", 1), StatusIs(Reason::kUnauthenticated));
  EXPECT_THAT(CheckWithout("aud"), StatusIs(Reason::kUnauthenticated));
  EXPECT_THAT(CheckWith("iss", "https://id.example.com/"), StatusIs(Reason::kUnauthenticated));
  EXPECT_THAT(CheckWithout("iss"), StatusIs(Reason::kUnauthenticated));
}

TEST_F(TokenIssuerTest, TimesAreKeptWithTheSkew) {
  EXPECT_OK(Check(Claims(), kNow + 659));
  EXPECT_THAT(Check(Claims(), kNow + 660).status().message(), HasSubstr("expired"));
  EXPECT_OK(Check(Claims(), kNow - 60));
  EXPECT_THAT(Check(Claims(), kNow - 61).status().message(), HasSubstr("not valid"));
  EXPECT_OK(CheckWithout("nbf"));
  EXPECT_OK(CheckWithout("iat"));
  EXPECT_THAT(CheckWithout("exp"), StatusIs(Reason::kUnauthenticated));
  EXPECT_OK(CheckWith("exp", static_cast<double>(kNow) + 0.5));
  for (const json& bad : {json("1900000000"), json(-1), json(1e300), json(nullptr)}) {
    EXPECT_THAT(CheckWith("exp", bad), StatusIs(Reason::kUnauthenticated)) << bad;
    EXPECT_THAT(CheckWith("nbf", bad), StatusIs(Reason::kUnauthenticated)) << bad;
  }
}

TEST_F(TokenIssuerTest, TheSubjectIsATextThatCanBeSeen) {
  for (const json& bad : {json(""), json(7), json("a b"), json("a\nb"), json("ä"),
                          json(std::string(257, 'a')), json(std::string("a\0b", 3))}) {
    EXPECT_THAT(CheckWith("sub", bad), StatusIs(Reason::kUnauthenticated)) << bad;
  }
  options_.subject_claim = "azp";
  EXPECT_THAT(Check(Claims()), StatusIs(Reason::kUnauthenticated));
  ASSERT_OK_AND_ASSIGN(const TokenClaims claims, CheckWith("azp", "batch"));
  EXPECT_EQ(claims.subject, "batch");
}

TEST_F(TokenIssuerTest, NothingElseIsBelieved) {
  const std::string token = maker_.Sign(Claims());
  const WallTime now{seconds(kNow)};
  EXPECT_OK(CheckToken(token, options_, keys_, now));
  EXPECT_FALSE(CheckToken(token + "A", options_, keys_, now).ok());
  EXPECT_FALSE(CheckToken(TokenMaker("one").Sign(Claims()), options_, keys_, now).ok());
  EXPECT_FALSE(CheckToken(token, options_, KeySet(), now).ok());
  const std::string twice =
      R"({"iss":"https://id.example.com","aud":"fieldkms","sub":"shop","sub":"root","exp":1900000000})";
  EXPECT_FALSE(
      CheckToken(maker_.SignWith({{"alg", "ES256"}, {"kid", "one"}}, twice), options_, keys_, now)
          .ok());
  EXPECT_FALSE(CheckToken(maker_.SignWith({{"alg", "ES384"}, {"kid", "one"}}, Claims().dump()),
                          options_, keys_, now)
                   .ok());
}

}  // namespace
}  // namespace fieldkms
