#include "kms/root/aws_json.h"

#include <gtest/gtest.h>

#include <string>

#include "crypto/bytes.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

auto Unreadable() { return StatusIs(absl::StatusCode::kUnavailable, Reason::kRootUnavailable); }

absl::StatusOr<JsonMembers> Read(std::string body) { return ReadJson(&body, {"Plaintext"}); }

std::string SecretOf(const JsonMembers& members) {
  return std::string(AsText(members.secrets.at("Plaintext").Expose()));
}

TEST(AwsJsonTest, SeparatesTextsAndSecrets) {
  ASSERT_OK_AND_ASSIGN(
      const JsonMembers members,
      Read("{ \"KeyId\" : \"k\\\"1\",\n\"Plaintext\" :\t\"YWJj\\/w==\", \"N\": 1}"));
  EXPECT_EQ(members.Text("KeyId"), "k\"1");
  EXPECT_EQ(members.Text("N"), "");
  EXPECT_EQ(members.Text("Plaintext"), "");
  EXPECT_EQ(SecretOf(members), "YWJj/w==");
}

TEST(AwsJsonTest, WipesTheBody) {
  for (const std::string text : {R"({"Plaintext":"c2VjcmV0"})", R"({"Plaintext":"c2VjcmV0)"}) {
    std::string body = text;
    (void)ReadJson(&body, {"Plaintext"});
    EXPECT_EQ(body, std::string(text.size(), '\0'));
  }
}

TEST(AwsJsonTest, SecretMayBeMissing) {
  ASSERT_OK_AND_ASSIGN(const JsonMembers members, Read(R"({"a":"Plaintext"})"));
  EXPECT_FALSE(members.HasSecret("Plaintext"));
}

TEST(AwsJsonTest, SecretIsTheTopLevelMemberOrNone) {
  for (const char* bad :
       {R"({"a":{"Plaintext":"eA=="}})", R"({"a":{"Plaintext":"eA=="},"Plaintext":"eQ=="})",
        R"({"a":"\"Plaintext\":\"eA==\"","b":{"Plaintext":"eA=="}})", R"({"Plaintext":null})",
        R"({"Plaintext":["eA=="]})", R"({"Plaintext":"e\u0041=="})", R"({"Plaintext":"eA\)"}) {
    EXPECT_THAT(Read(bad), Unreadable()) << bad;
  }
  EXPECT_THAT(Read(R"({"Plaintext":")" + std::string(4097, 'A') + R"("})"), Unreadable());
}

TEST(AwsJsonTest, OnlyObjectsAreRead) {
  for (const char* bad : {"", "[]", "1", "\"a\"", "{", "{} x", "<html>"}) {
    EXPECT_THAT(Read(bad), Unreadable()) << bad;
  }
}

}  // namespace
}  // namespace fieldkms
