#include "kms/root/vault_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;

VaultReply Reply(int status, const std::string& error = "") {
  return {status, ParseVaultJson(R"({"errors":[")" + error + R"("]})")};
}

struct Case {
  int status;
  std::string error;
  VaultStep step;
  StatusCode code;
  Reason reason;
};

TEST(VaultErrorTest, Table) {
  const std::vector<Case> cases = {
      {307, "", VaultStep::kDecrypt, StatusCode::kUnavailable, Reason::kRootUnavailable},
      {412, "", VaultStep::kDecrypt, StatusCode::kUnavailable, Reason::kRootUnavailable},
      {429, "", VaultStep::kLogin, StatusCode::kUnavailable, Reason::kRootUnavailable},
      {472, "", VaultStep::kEncrypt, StatusCode::kUnavailable, Reason::kRootUnavailable},
      {473, "", VaultStep::kEncrypt, StatusCode::kUnavailable, Reason::kRootUnavailable},
      {500, "", VaultStep::kDecrypt, StatusCode::kUnavailable, Reason::kRootUnavailable},
      {501, "", VaultStep::kDecrypt, StatusCode::kUnavailable, Reason::kRootUnavailable},
      {502, "", VaultStep::kDecrypt, StatusCode::kUnavailable, Reason::kRootUnavailable},
      {503, "Vault is sealed", VaultStep::kLogin, StatusCode::kUnavailable,
       Reason::kRootUnavailable},
      {400, "invalid ciphertext: no prefix", VaultStep::kDecrypt, StatusCode::kFailedPrecondition,
       Reason::kRootWrongKey},
      {400, "invalid ciphertext: version is too new", VaultStep::kDecrypt,
       StatusCode::kFailedPrecondition, Reason::kRootWrongKey},
      {400, "cipher: message authentication failed", VaultStep::kDecrypt,
       StatusCode::kFailedPrecondition, Reason::kRootWrongKey},
      {400, "ciphertext or signature version is disallowed by policy (too old)",
       VaultStep::kDecrypt, StatusCode::kFailedPrecondition, Reason::kRootWrongKey},
      {400, "encryption key not found", VaultStep::kDecrypt, StatusCode::kFailedPrecondition,
       Reason::kConfigInvalid},
      {400, "missing 'context' for key derivation", VaultStep::kEncrypt,
       StatusCode::kFailedPrecondition, Reason::kConfigInvalid},
      {400, "invalid role or secret ID", VaultStep::kLogin, StatusCode::kFailedPrecondition,
       Reason::kRootDenied},
      {403, "permission denied", VaultStep::kEncrypt, StatusCode::kFailedPrecondition,
       Reason::kRootDenied},
      {403, "permission denied", VaultStep::kLogin, StatusCode::kFailedPrecondition,
       Reason::kRootDenied},
      {404, "no handler for route", VaultStep::kEncrypt, StatusCode::kFailedPrecondition,
       Reason::kConfigInvalid},
      {418, "", VaultStep::kEncrypt, StatusCode::kFailedPrecondition, Reason::kConfigInvalid},
      {302, "", VaultStep::kEncrypt, StatusCode::kFailedPrecondition, Reason::kConfigInvalid},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(VaultError(Reply(c.status, c.error), c.step, "p"), StatusIs(c.code, c.reason))
        << c.status << " " << c.error;
    EXPECT_EQ(IsTransient(c.status), c.code == StatusCode::kUnavailable) << c.status;
  }
}

TEST(VaultErrorTest, ADenialNamesThePathAndNothingOfTheReply) {
  const absl::Status status =
      VaultError(Reply(403, "s3cret"), VaultStep::kEncrypt, "transit/encrypt/k");
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("transit/encrypt/k"));
  EXPECT_THAT(std::string(MessageOf(status)), Not(HasSubstr("s3cret")));
}

TEST(VaultErrorTest, SaysWhatItFindsInErrorsOnly) {
  EXPECT_TRUE(Reply(400, "a too old b").Says("too old"));
  EXPECT_FALSE(Reply(400, "a").Says("too old"));
  for (const char* body : {"", "[]", "{}", "null", R"({"errors":"too old"})",
                           R"({"errors":[1,null]})", R"({"warnings":["too old"]})"}) {
    EXPECT_FALSE((VaultReply{400, ParseVaultJson(body)}.Says("too old"))) << body;
  }
}

}  // namespace
}  // namespace fieldkms
