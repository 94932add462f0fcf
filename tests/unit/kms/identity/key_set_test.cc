#include "kms/identity/key_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/identity/token_maker.h"

namespace fieldkms {
namespace {

using nlohmann::json;
using testing::TokenMaker;

json JwkOf(const TokenMaker& maker) { return json::parse(maker.KeySetJson())["keys"][0]; }

absl::StatusOr<KeySet> Parse(const std::vector<json>& keys) {
  return KeySet::Parse(json{{"keys", keys}}.dump());
}

TEST(KeySetTest, FindsByNameAndWithoutOneTheOnlyKey) {
  const TokenMaker one("one"), two("two");
  ASSERT_OK_AND_ASSIGN(const KeySet keys, Parse({JwkOf(one), JwkOf(two)}));
  EXPECT_EQ(keys.size(), 2u);
  EXPECT_NE(keys.Find("one"), nullptr);
  EXPECT_NE(keys.Find("two"), nullptr);
  EXPECT_EQ(keys.Find("three"), nullptr);
  EXPECT_EQ(keys.Find(""), nullptr);
  ASSERT_OK_AND_ASSIGN(const KeySet single, Parse({JwkOf(one)}));
  EXPECT_NE(single.Find(""), nullptr);
  EXPECT_EQ(KeySet().Find(""), nullptr);
}

TEST(KeySetTest, PassesOverWhatCannotVerifyHere) {
  const TokenMaker one("one");
  json encrypting = JwkOf(TokenMaker("enc"));
  encrypting["use"] = "enc";
  json wrapping = JwkOf(TokenMaker("wrap"));
  wrapping.erase("use");
  wrapping["key_ops"] = {"wrapKey"};
  const json secret = {{"kty", "oct"}, {"kid", "s"}, {"k", "c2VjcmV0"}};
  const json curve = {{"kty", "EC"}, {"crv", "secp256k1"}, {"kid", "c"}, {"x", "AA"}, {"y", "AA"}};
  ASSERT_OK_AND_ASSIGN(const KeySet keys, Parse({encrypting, wrapping, secret, curve, JwkOf(one)}));
  EXPECT_EQ(keys.size(), 1u);
  EXPECT_THAT(Parse({encrypting, secret}), StatusIs(Reason::kInvalidField));
}

TEST(KeySetTest, RefusesWeakAndMalformedKeys) {
  const json good = JwkOf(TokenMaker("one"));
  json off_curve = good;
  off_curve["y"] = off_curve["x"];
  json with_loose_bits = good;
  with_loose_bits["x"] = good["x"].get<std::string>() + "=";
  json short_coordinate = good;
  short_coordinate["x"] = "AAAA";
  const json weak_rsa = {{"kty", "RSA"}, {"kid", "r"}, {"e", "AQAB"}, {"n", std::string(171, 'w')}};
  const json even_exponent = {
      {"kty", "RSA"}, {"kid", "r"}, {"e", "BA"}, {"n", std::string(341, 'w') + "Q"}};
  for (const json& bad : {off_curve, with_loose_bits, short_coordinate, weak_rsa, even_exponent}) {
    EXPECT_THAT(Parse({bad}), StatusIs(Reason::kInvalidField)) << bad;
  }
  EXPECT_THAT(Parse({good, good}), StatusIs(Reason::kInvalidField));
}

TEST(KeySetTest, RefusesWhatIsNoKeySet) {
  for (const char* text : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[1]})", R"({"keys":[]})",
                           "{\"keys\":[", "\xff"}) {
    EXPECT_THAT(KeySet::Parse(text), StatusIs(Reason::kInvalidField)) << text;
  }
  EXPECT_THAT(KeySet::Parse(std::string(kMaxKeySetSize + 1, ' ')), StatusIs(Reason::kInvalidField));
}

}  // namespace
}  // namespace fieldkms
