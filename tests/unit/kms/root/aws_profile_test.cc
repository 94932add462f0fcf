#include "kms/root/aws_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "kms/root/aws_credentials_sources.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/root/aws_fakes.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using testing::EnvironmentOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TempDir;
using testing::Variables;
using testing::WriteFile;

auto BadSetting() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kConfigInvalid); }

absl::StatusOr<AwsProfile> Read(std::string_view text, AwsFileKind kind = AwsFileKind::kCredentials,
                                std::string_view name = "shop") {
  return ReadAwsProfile(text, kind, name, "FILE");
}

TEST(AwsProfileTest, ReadsTheProfileAskedFor) {
  ASSERT_OK_AND_ASSIGN(const AwsProfile profile, Read("# a comment\n"
                                                      "[default]\n"
                                                      "aws_access_key_id = OTHER\n"
                                                      "\n"
                                                      "[ shop ] \r\n"
                                                      "; another\n"
                                                      "aws_access_key_id=AKIDSHOP\r\n"
                                                      "aws_secret_access_key = a=b/c+d \n"
                                                      "s3 =\n"
                                                      "  max_queue_size = 1\n"
                                                      "aws_session_token = tok\n"
                                                      "[shop2]\n"
                                                      "aws_access_key_id = THIRD"));
  EXPECT_TRUE(profile.found);
  EXPECT_EQ(profile.access_key_id, "AKIDSHOP");
  EXPECT_EQ(profile.secret_access_key, "a=b/c+d");
  EXPECT_EQ(profile.session_token, "tok");
  EXPECT_EQ(profile.other_way, "");
}

TEST(AwsProfileTest, SectionsOfTheConfigFileSayProfile) {
  const std::string text =
      "[shop]\naws_access_key_id = NO\n[profile shop]\naws_access_key_id = YES\n"
      "[profileshop]\naws_access_key_id = NO\n";
  ASSERT_OK_AND_ASSIGN(const AwsProfile profile, Read(text, AwsFileKind::kConfig));
  EXPECT_EQ(profile.access_key_id, "YES");
  ASSERT_OK_AND_ASSIGN(const AwsProfile by_default,
                       Read("[default]\naws_access_key_id = D\n", AwsFileKind::kConfig, "default"));
  EXPECT_EQ(by_default.access_key_id, "D");
}

TEST(AwsProfileTest, WrongLinesAreNamedByNumberOnly) {
  for (const char* bad : {"[shop]\nS3CRET\n", "[shop]\n=S3CRET\n", "[shop]\n[S3CRET\n",
                          "\na = S3CRET\n", "[other]\nS3CRET\n"}) {
    const absl::Status status = Read(bad).status();
    EXPECT_THAT(status, BadSetting()) << bad;
    EXPECT_THAT(std::string(status.message()), HasSubstr("FILE: line 2"));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("S3CRET")));
  }
}

TEST(AwsProfileTest, AnotherWayToCredentialsIsNoticed) {
  ASSERT_OK_AND_ASSIGN(const AwsProfile profile, Read("[shop]\nrole_arn = arn\n"));
  EXPECT_EQ(profile.other_way, "role_arn");
}

class ProfileSourceTest : public ::testing::Test {
 protected:
  void Credentials(const std::string& text) { WriteFile(directory_.File("credentials"), text); }
  void Config(const std::string& text) { WriteFile(directory_.File("config"), text); }
  absl::StatusOr<std::optional<AwsCredentials>> Fetch(const std::string& profile = "") {
    return MakeProfileSource(EnvironmentOf(variables_), profile)->Fetch(kNoDeadline);
  }
  std::string KeyId(const std::string& profile = "") {
    auto credentials = Fetch(profile);
    if (!credentials.ok()) return credentials.status().ToString();
    return *credentials ? (*credentials)->access_key_id : "none";
  }

  TempDir directory_;
  Variables variables_ = {{"AWS_SHARED_CREDENTIALS_FILE", directory_.File("credentials")},
                          {"AWS_CONFIG_FILE", directory_.File("config")}};
};

constexpr char kDefault[] = "[default]\naws_access_key_id=D\naws_secret_access_key=s\n";
constexpr char kShop[] = "[shop]\naws_access_key_id=S\naws_secret_access_key=s\n";

TEST_F(ProfileSourceTest, ChoosesTheProfile) {
  EXPECT_EQ(KeyId(), "none");
  Credentials(std::string(kDefault) + kShop);
  EXPECT_EQ(KeyId(), "D");
  EXPECT_EQ(KeyId("shop"), "S");
  variables_["AWS_PROFILE"] = "shop";
  EXPECT_EQ(KeyId(), "S");
  EXPECT_EQ(KeyId("default"), "D");
}

TEST_F(ProfileSourceTest, CredentialsFileComesBeforeTheConfigFile) {
  Config("[default]\naws_access_key_id=C\naws_secret_access_key=s\n");
  EXPECT_EQ(KeyId(), "C");
  Credentials(kDefault);
  EXPECT_EQ(KeyId(), "D");
}

TEST_F(ProfileSourceTest, FilesLieInTheHomeDirectory) {
  variables_ = {{"HOME", directory_.path()}};
  EXPECT_EQ(KeyId(), "none");
  ASSERT_EQ(mkdir(directory_.File(".aws").c_str(), 0700), 0);
  WriteFile(directory_.File(".aws/credentials"), kDefault);
  EXPECT_EQ(KeyId(), "D");
}

TEST_F(ProfileSourceTest, NamedProfileMustExistAndHaveKeys) {
  Credentials(std::string(kDefault) + "[empty]\nregion = x\n");
  EXPECT_THAT(Fetch("nobody"), BadSetting());
  EXPECT_THAT(Fetch("empty"), BadSetting());
  variables_["AWS_PROFILE"] = "nobody";
  EXPECT_THAT(Fetch(), BadSetting());
}

TEST_F(ProfileSourceTest, HalfAPairAndOtherWaysAreRefused) {
  for (const char* bad :
       {"[default]\naws_access_key_id=D\n", "[default]\naws_secret_access_key=s\n",
        "[default]\naws_access_key_id=D\naws_secret_access_key=\n",
        "[default]\naws_access_key_id=a b\naws_secret_access_key=s\n",
        "[default]\nrole_arn=r\nsource_profile=b\n", "[default]\ncredential_process=/bin/x\n"}) {
    Credentials(bad);
    EXPECT_THAT(Fetch(), BadSetting()) << bad;
  }
}

TEST_F(ProfileSourceTest, UnreadableFileIsNamed) {
  variables_["AWS_SHARED_CREDENTIALS_FILE"] = directory_.path();
  const absl::Status status = Fetch().status();
  EXPECT_THAT(status, BadSetting());
  EXPECT_THAT(std::string(status.message()), HasSubstr(directory_.path()));
}

TEST_F(ProfileSourceTest, FileIsReadAnewEachTime) {
  Credentials(kDefault);
  EXPECT_EQ(KeyId(), "D");
  Credentials("[default]\naws_access_key_id=E\naws_secret_access_key=s\n");
  EXPECT_EQ(KeyId(), "E");
}

}  // namespace
}  // namespace fieldkms
