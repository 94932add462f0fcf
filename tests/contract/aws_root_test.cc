#include "kms/root/aws_root.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "crypto/status.h"
#include "kms/root/aws_wrapped.h"
#include "tests/contract/root_contract.h"
#include "tests/support/moto/moto_server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

absl::StatusOr<std::unique_ptr<RootKey>> Open(const std::string& key) {
  return OpenAwsRoot(MotoServer::Shared().Options(key), kNoDeadline, MotoServer::Surroundings());
}

class AwsPlace final : public RootPlace {
 public:
  absl::StatusOr<std::unique_ptr<RootKey>> Open() override { return testing::Open(key_); }

 private:
  const std::string key_ = MotoServer::Shared().CreateKey();
};

std::unique_ptr<RootPlace> MakeAwsPlace() { return std::make_unique<AwsPlace>(); }

INSTANTIATE_TEST_SUITE_P(Aws, RootContract, ::testing::Values(&MakeAwsPlace));

auto WrongKey() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kRootWrongKey); }
auto Refused() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kRootUnavailable); }

class MotoTest : public ::testing::Test {
 protected:
  MotoServer& moto_ = MotoServer::Shared();
  const std::string key_ = moto_.CreateKey();
};

// Whoever alters a wrapped key can make its check anew: then AWS KMS has to refuse it.
TEST_F(MotoTest, ForgedBlobIsRefusedByTheServiceItself) {
  ASSERT_OK_AND_ASSIGN(const auto root, Open(key_));
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root->Wrap(key, "context", kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto blob, DecodeAwsWrapped(key_, wrapped));
  ASSERT_TRUE(blob.has_value());
  // moto's blobs begin with the 36 bytes of the key's id.
  for (size_t i = 36; i < blob->size(); ++i) {
    std::string forged(*blob);
    forged[i] = static_cast<char>(forged[i] ^ 1);
    ASSERT_OK_AND_ASSIGN(const std::string again, EncodeAwsWrapped(key_, forged));
    EXPECT_THAT(root->Unwrap(again, "context", kNoDeadline), WrongKey()) << i;
  }
}

TEST_F(MotoTest, AliasIsLookedUpOnceAndMeansItsKey) {
  const std::string other = moto_.CreateKey();
  const std::string alias = "alias/fieldkms-" + key_.substr(key_.rfind('/') + 1);
  moto_.Call("CreateAlias", R"({"AliasName":")" + alias + R"(","TargetKeyId":")" + key_ + R"("})");
  ASSERT_OK_AND_ASSIGN(const auto by_alias, Open(alias));
  EXPECT_EQ(by_alias->Describe(), "aws:" + key_);
  moto_.Call("UpdateAlias", R"({"AliasName":")" + alias + R"(","TargetKeyId":")" + other + R"("})");
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, by_alias->Wrap(key, "c", kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto by_arn, Open(key_));
  EXPECT_OK(by_arn->Unwrap(wrapped, "c", kNoDeadline));
  // Opened again, the alias means the other key, which did not wrap that.
  ASSERT_OK_AND_ASSIGN(const auto moved, Open(alias));
  EXPECT_EQ(moved->Describe(), "aws:" + other);
  EXPECT_THAT(moved->Unwrap(wrapped, "c", kNoDeadline), WrongKey());
}

TEST_F(MotoTest, KeyIdIsLookedUp) {
  ASSERT_OK_AND_ASSIGN(const auto root, Open(key_.substr(key_.rfind('/') + 1)));
  EXPECT_EQ(root->Describe(), "aws:" + key_);
}

TEST_F(MotoTest, MissingKeyIsRefusedWithAdvice) {
  const absl::Status status = Open("alias/nobody").status();
  EXPECT_THAT(status, Refused());
  EXPECT_THAT(std::string(status.message()), HasSubstr("check the key and the region"));
}

TEST_F(MotoTest, CredentialsOfAWebIdentity) {
  TempDir directory;
  WriteFile(directory.File("token"), "header.payload.signature\n");
  const std::map<std::string, std::string> variables = {
      {"AWS_WEB_IDENTITY_TOKEN_FILE", directory.File("token")},
      {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/fieldkms"},
      {"AWS_ENDPOINT_URL_STS", moto_.url()}};
  AwsRootSurroundings surroundings;
  surroundings.environment = [&variables](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  ASSERT_OK_AND_ASSIGN(const auto root,
                       OpenAwsRoot(moto_.Options(key_), kNoDeadline, surroundings));
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  EXPECT_OK(root->Wrap(key, "c", kNoDeadline));
}

}  // namespace
}  // namespace fieldkms::testing
