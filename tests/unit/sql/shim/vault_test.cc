#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "crypto/status.h"
#include "sql/shim/vault_ciphertext.h"
#include "sql/shim/vault_json.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::shim {
namespace {

TEST(VaultTextTest, IsAsVaultWritesIt) {
  EXPECT_EQ(FormatVaultText(12, "hello?>"), "vault:v12:aGVsbG8/Pg==");
  ASSERT_OK_AND_ASSIGN(const VaultText text, ParseVaultText("vault:v12:aGVsbG8/Pg=="));
  EXPECT_EQ(text.version, 12u);
  EXPECT_EQ(text.bytes, "hello?>");
}

TEST(VaultTextTest, ComplainsInVaultsWords) {
  const auto words = [](std::string_view text) {
    return std::string(MessageOf(ParseVaultText(text).status()));
  };
  EXPECT_EQ(words("aGVsbG8="), "invalid ciphertext: no prefix");
  EXPECT_EQ(words("vault:v1"), "invalid ciphertext: wrong number of fields");
  EXPECT_EQ(words("vault:vx:aGVsbG8="), "invalid ciphertext: version number could not be decoded");
  EXPECT_EQ(words("vault:v99999999999:aGVsbG8="),
            "invalid ciphertext: version number could not be decoded");
  EXPECT_EQ(words("vault:v1:aGVsbG8"), "invalid ciphertext: could not decode base64");
}

RC_GTEST_PROP(VaultTextTest, ReadsWhatItWrites, (std::string bytes)) {
  const auto version = *rc::gen::inRange<uint32_t>(1, UINT32_MAX);
  const auto read = ParseVaultText(FormatVaultText(version, bytes));
  RC_ASSERT(read.ok() && read->version == version && read->bytes == bytes);
}

TEST(VaultDurationTest, TakesSecondsAndUnits) {
  int64_t seconds = -1;
  for (const auto& [text, expected] : std::vector<std::pair<std::string_view, int64_t>>{
           {"0", 0}, {"90", 90}, {"90s", 90}, {"15m", 900}, {"24h", 86'400}, {"30d", 2'592'000}}) {
    EXPECT_TRUE(ParseVaultDuration(text, &seconds)) << text;
    EXPECT_EQ(seconds, expected) << text;
  }
  for (const std::string_view bad : {"", "h", "-1", "1.5h", "1w", "1 h"}) {
    EXPECT_FALSE(ParseVaultDuration(bad, &seconds)) << bad;
  }
}

TEST(VaultShapeTest, ASuccessHasAllMembersOfVaultsOwn) {
  const HttpResponse response = VaultData({{"x", 1}});
  EXPECT_EQ(response.status, 200);
  const Json body = Json::parse(response.body);
  for (const char* const name : {"request_id", "lease_id", "renewable", "lease_duration", "data",
                                 "wrap_info", "warnings", "auth"}) {
    EXPECT_TRUE(body.contains(name)) << name;
  }
  EXPECT_EQ(body["data"]["x"], 1);
  EXPECT_EQ(body["request_id"].get<std::string>().size(), 36u);
}

TEST(VaultShapeTest, ErrorsAreAList) {
  EXPECT_EQ(VaultErrors(404).body, R"({"errors":[]})");
  const auto failure = [](absl::StatusCode code, Reason reason) {
    const HttpResponse response = VaultFailure(Error(code, reason, "a rule"));
    return std::to_string(response.status) + " " + response.body;
  };
  EXPECT_EQ(failure(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied),
            R"(403 {"errors":["permission denied"]})");
  EXPECT_EQ(failure(absl::StatusCode::kNotFound, Reason::kKeyNotFound),
            R"(400 {"errors":["encryption key not found"]})");
  EXPECT_EQ(failure(absl::StatusCode::kInvalidArgument, Reason::kTagMismatch),
            R"(400 {"errors":["cipher: message authentication failed"]})");
  EXPECT_EQ(failure(absl::StatusCode::kUnavailable, Reason::kDraining),
            R"(503 {"errors":["a rule"]})");
  EXPECT_EQ(failure(absl::StatusCode::kInternal, Reason::kInternal),
            R"(500 {"errors":["a rule"]})");
}

TEST(VaultShapeTest, SaysNothingOfStatusesOfOtherMaking) {
  EXPECT_THAT(VaultFailure(absl::InternalError("4111111111111111")).body,
              ::testing::Not(::testing::HasSubstr("4111")));
}

TEST(VaultShapeTest, JsonIsWiped) {
  Json json = {{"a", "secret"}, {"b", {"secret", {{"c", "secret"}}}}, {"d", 1}};
  WipeJson(&json);
  EXPECT_EQ(json.dump(), R"({"a":"","b":["",{"c":""}],"d":1})");
}

}  // namespace
}  // namespace fieldkms::shim
