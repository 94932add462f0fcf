#include "kms/identity/signed_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "kms/identity/key_set.h"
#include "tests/support/paths.h"
#include "tests/support/vectors.h"
#include "tests/unit/kms/identity/token_maker.h"

namespace fieldkms {
namespace {

using nlohmann::json;
using testing::Base64Url;
using testing::TokenMaker;

// Whether a token is believed under the one key of a group.
bool IsBelieved(const json& jwk, const std::string& token) {
  const absl::StatusOr<KeySet> keys = KeySet::Parse(json{{"keys", {jwk}}}.dump());
  if (!keys.ok()) return false;
  const std::optional<SignedToken> parsed = ParseSignedToken(token);
  if (!parsed) return false;
  const SignatureKey* const key = keys->Find(parsed->kid);
  return key != nullptr && IsSignedBy(*parsed, *key);
}

// Wycheproof says "valid" of what the JWS standard takes. These we refuse nevertheless.
bool IsRefusedByRule(const json& group, const json& test) {
  const json& jwk = group.contains("public") ? group["public"] : group["private"];
  if (jwk["kty"] == "oct") return true;                      // no symmetric algorithm
  if (jwk.value("alg", "").starts_with("ES5")) return true;  // no P-521
  const std::optional<SignedToken> parsed = ParseSignedToken(test["jws"].get<std::string>());
  if (!parsed) return false;
  // A key has one algorithm (RFC 7520's figure 20 is one of PS384 under a key for PS256).
  if (SignatureAlgorithmName(parsed->algorithm) != jwk.value("alg", "")) return true;
  // A key that has a name is found by that only.
  return jwk.contains("kid") && parsed->kid != jwk["kid"] && !parsed->kid.empty();
}

TEST(SignedTokenTest, WycheproofVectors) {
  const json file = ReadJson(testing::VectorsDir() + "/json_web_signature_test.json");
  int believed = 0, refused = 0;
  for (const json& group : file["testGroups"]) {
    const json& jwk = group.contains("public") ? group["public"] : group["private"];
    for (const json& test : group["tests"]) {
      const bool is = IsBelieved(jwk, test["jws"].get<std::string>());
      const bool should = test["result"] == "valid" && !IsRefusedByRule(group, test);
      EXPECT_EQ(is, should) << test["tcId"] << " " << test["comment"] << " of " << group["comment"];
      (is ? believed : refused) += 1;
    }
  }
  EXPECT_EQ(believed + refused, file["numberOfTests"].get<int>());
  EXPECT_GT(believed, 30);
}

TEST(SignedTokenTest, ReadsItsParts) {
  const TokenMaker maker("one");
  const std::string token = maker.Sign({{"sub", "alice"}});
  const std::optional<SignedToken> parsed = ParseSignedToken(token);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->algorithm, SignatureAlgorithm::kEs256);
  EXPECT_EQ(parsed->kid, "one");
  EXPECT_EQ(parsed->payload, R"({"sub":"alice"})");
  EXPECT_EQ(parsed->signature.size(), 64u);
  EXPECT_EQ(parsed->signed_bytes, token.substr(0, token.rfind('.')));
}

TEST(SignedTokenTest, RefusesHeadersThatSayMoreThanWeKnow) {
  const TokenMaker maker("one");
  const auto parse = [&](const std::string& header) {
    return ParseSignedToken(Base64Url(header) + "." + Base64Url("{}") + "." + Base64Url("x"));
  };
  EXPECT_TRUE(parse(R"({"alg":"ES256"})"));
  EXPECT_FALSE(parse(R"({"alg":"none"})"));
  EXPECT_FALSE(parse(R"({"alg":"HS256"})"));
  EXPECT_FALSE(parse(R"({"alg":"ES256","crit":["b64"],"b64":false})"));
  EXPECT_FALSE(parse(R"({"alg":"ES256","alg":"ES256"})"));
  EXPECT_FALSE(parse(R"({"alg":"ES256","kid":1})"));
  EXPECT_FALSE(parse(R"({"kid":"one"})"));
  EXPECT_FALSE(parse(R"(["ES256"])"));
  EXPECT_FALSE(parse(R"({"alg":"ES256"}x)"));
}

TEST(SignedTokenTest, RefusesWhatIsNotThreePartsOfBase64Url) {
  const TokenMaker maker("one");
  const std::string token = maker.Sign({{"sub", "alice"}});
  EXPECT_TRUE(ParseSignedToken(token));
  for (const std::string& other :
       {std::string(), token + ".", token + "=", " " + token, token + "\n",
        token.substr(0, token.rfind('.')), std::string(kMaxTokenSize + 1, 'a')}) {
    EXPECT_FALSE(ParseSignedToken(other)) << other.size();
  }
}

TEST(SignedTokenTest, AnotherKeyOrAnotherByteIsNotBelieved) {
  const TokenMaker maker("one"), other("one");
  const KeySet keys = *KeySet::Parse(maker.KeySetJson());
  const std::string token = maker.Sign({{"sub", "alice"}});
  EXPECT_TRUE(IsSignedBy(*ParseSignedToken(token), *keys.Find("one")));
  EXPECT_FALSE(IsSignedBy(*ParseSignedToken(other.Sign({{"sub", "alice"}})), *keys.Find("one")));
  int parsed = 0;
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const std::optional<SignedToken> read = ParseSignedToken(changed);
    if (!read) continue;
    ++parsed;
    EXPECT_FALSE(IsSignedBy(*read, *keys.Find("one"))) << i;
  }
  EXPECT_GT(parsed, 50);
}

}  // namespace
}  // namespace fieldkms
