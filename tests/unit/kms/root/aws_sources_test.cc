// The sources of credentials other than the shared files, against servers of the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "crypto/bytes.h"
#include "kms/root/aws_credentials_read.h"
#include "kms/root/aws_credentials_sources.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/root/aws_fakes.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using std::chrono::seconds;
using testing::AnsweringServer;
using testing::BodyOf;
using ::testing::ElementsAre;
using testing::EnvironmentOf;
using ::testing::HasSubstr;
using testing::HeaderOf;
using ::testing::Not;
using testing::Response;
using ::testing::SizeIs;
using ::testing::StartsWith;
using testing::TempDir;
using testing::Variables;
using testing::WriteFile;

auto BadSetting() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kConfigInvalid); }
auto Unavailable() { return StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable); }

std::shared_ptr<const HttpClient> Http() { return MakeHttpClient({}).value(); }

using Fetched = absl::StatusOr<std::optional<AwsCredentials>>;

// "ID secret token", and when it expires if it does.
std::string TextOf(const Fetched& fetched) {
  if (!fetched.ok()) return fetched.status().ToString();
  if (!*fetched) return "none";
  const AwsCredentials& c = **fetched;
  std::string text = c.access_key_id + " " + std::string(AsText(c.secret_access_key.Expose())) +
                     " " + std::string(AsText(c.session_token.Expose()));
  if (c.expires) text += " " + std::to_string(c.expires->time_since_epoch() / seconds(1));
  return text;
}

constexpr char kJson[] = R"({"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"s/1",)"
                         R"("Token":"t+2","Expiration":"2015-08-30T12:36:00Z"})";
constexpr char kSession[] = "ASIA s/1 t+2 1440938160";

TEST(EnvironmentSourceTest, ReadsTheVariables) {
  Variables variables;
  const auto fetch = [&] {
    return MakeEnvironmentSource(EnvironmentOf(variables))->Fetch(kNoDeadline);
  };
  EXPECT_EQ(TextOf(fetch()), "none");
  variables = {{"AWS_ACCESS_KEY_ID", "AKIA"}, {"AWS_SECRET_ACCESS_KEY", "s/1"}};
  EXPECT_EQ(TextOf(fetch()), "AKIA s/1 ");
  variables["AWS_SESSION_TOKEN"] = "t+2";
  EXPECT_EQ(TextOf(fetch()), "AKIA s/1 t+2");
}

TEST(EnvironmentSourceTest, HalfAPairIsRefused) {
  const Variables id = {{"AWS_ACCESS_KEY_ID", "AKIA"}};
  EXPECT_THAT(MakeEnvironmentSource(EnvironmentOf(id))->Fetch(kNoDeadline), BadSetting());
  const Variables secret = {{"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_ACCESS_KEY_ID", ""}};
  EXPECT_THAT(MakeEnvironmentSource(EnvironmentOf(secret))->Fetch(kNoDeadline), BadSetting());
  const Variables odd = {{"AWS_ACCESS_KEY_ID", "A\r\nX: y"}, {"AWS_SECRET_ACCESS_KEY", "s"}};
  EXPECT_THAT(MakeEnvironmentSource(EnvironmentOf(odd))->Fetch(kNoDeadline), BadSetting());
}

std::string Xml(const std::string& credentials) {
  return "<R xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Credentials>" + credentials +
         "</Credentials></R>";
}
const std::string kXml =
    Xml("<SessionToken>t+2</SessionToken><SecretAccessKey>s/1</SecretAccessKey>"
        "<Expiration>2015-08-30T12:36:00Z</Expiration><AccessKeyId>ASIA</AccessKeyId>");

TEST(CredentialsXmlTest, ReadsWhatStsAnswersAndNothingElse) {
  EXPECT_EQ(TextOf(ReadCredentialsXml(kXml).value()), kSession);
  EXPECT_THAT(ReadCredentialsXml(""), Unavailable());
  EXPECT_THAT(ReadCredentialsXml(kXml + kXml), Unavailable());
  for (const char* part : {"t+2", "s/1", "2015-08-30T12:36:00Z", "ASIA", "</SessionToken>"}) {
    std::string missing = kXml;
    missing.erase(missing.find(part), std::string_view(part).size());
    EXPECT_THAT(ReadCredentialsXml(missing), Unavailable()) << part;
  }
  for (const char* odd : {"t&amp;", "<b/>", "<![CDATA[t]]>"}) {
    std::string other = kXml;
    other.replace(other.find("t+2"), 3, odd);
    EXPECT_THAT(ReadCredentialsXml(other), Unavailable()) << odd;
  }
}

TEST(CredentialsJsonTest, AllFourMembersMustBeThere) {
  std::string good = kJson;
  EXPECT_EQ(TextOf(ReadCredentialsJson(&good).value()), kSession);
  for (const char* part : {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "ASIA", "Z"}) {
    std::string bad = kJson;
    bad.replace(bad.find(part), std::string_view(part).size(), "");
    EXPECT_THAT(ReadCredentialsJson(&bad), Unavailable()) << part;
  }
}

class SourceTest : public ::testing::Test {
 protected:
  Fetched Web() { return MakeWebIdentitySource(Env(), "eu-central-1", Http())->Fetch(kNoDeadline); }
  Fetched Container() { return MakeContainerSource(Env(), Http())->Fetch(kNoDeadline); }
  Fetched Instance() { return MakeInstanceSource(Env(), Http())->Fetch(kNoDeadline); }
  AwsGetEnvironment Env() { return EnvironmentOf(variables_); }

  TempDir directory_;
  Variables variables_;
};

TEST_F(SourceTest, WebIdentityAsksStsUnsigned) {
  AnsweringServer sts({Response("200 OK", kXml)});
  EXPECT_EQ(TextOf(Web()), "none");
  WriteFile(directory_.File("token"), "a.b+c/d\n");
  variables_ = {{"AWS_WEB_IDENTITY_TOKEN_FILE", directory_.File("token")},
                {"AWS_ENDPOINT_URL_STS", sts.url()}};
  EXPECT_THAT(Web(), BadSetting());  // no role
  variables_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
  EXPECT_EQ(TextOf(Web()), kSession);
  variables_["AWS_ROLE_SESSION_NAME"] = "me & you";
  EXPECT_EQ(TextOf(Web()), kSession);
  ASSERT_THAT(sts.requests(), SizeIs(2));
  const std::string first = sts.requests()[0];
  EXPECT_EQ(BodyOf(first),
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=fieldkms"
            "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&WebIdentityToken=a.b%2Bc%2Fd");
  EXPECT_EQ(HeaderOf(first, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(HeaderOf(first, "Authorization"), "");
  EXPECT_THAT(BodyOf(sts.requests()[1]), HasSubstr("RoleSessionName=me%20%26%20you&"));
}

TEST_F(SourceTest, WebIdentityThatFails) {
  AnsweringServer sts({Response("403 Forbidden", "<Error>S3CRET</Error>"), Response("503 Busy", ""),
                       Response("200 OK", "<html>")});
  WriteFile(directory_.File("token"), "t");
  variables_ = {{"AWS_WEB_IDENTITY_TOKEN_FILE", directory_.File("token")},
                {"AWS_ENDPOINT_URL_STS", sts.url()},
                {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"}};
  const absl::Status refused = Web().status();
  EXPECT_THAT(refused, BadSetting());
  EXPECT_THAT(std::string(refused.message()), HasSubstr("trust policy"));
  EXPECT_THAT(std::string(refused.message()), Not(HasSubstr("S3CRET")));
  EXPECT_THAT(Web(), Unavailable());
  EXPECT_THAT(Web(), Unavailable());
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = directory_.File("none");
  EXPECT_THAT(Web(), BadSetting());
}

TEST_F(SourceTest, ContainerSendsItsToken) {
  AnsweringServer agent({Response("200 OK", kJson)});
  EXPECT_EQ(TextOf(Container()), "none");
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = agent.url() + "/v2/credentials?x=1";
  EXPECT_EQ(TextOf(Container()), kSession);
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "from-variable";
  EXPECT_EQ(TextOf(Container()), kSession);
  WriteFile(directory_.File("token"), "from-file\n");
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = directory_.File("token");
  EXPECT_EQ(TextOf(Container()), kSession);
  const auto requests = agent.requests();
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_THAT(requests[0], StartsWith("GET /v2/credentials?x=1 HTTP/1.1\r\n"));
  EXPECT_EQ(HeaderOf(requests[0], "Authorization"), "");
  EXPECT_EQ(HeaderOf(requests[1], "Authorization"), "from-variable");
  EXPECT_EQ(HeaderOf(requests[2], "Authorization"), "from-file");
}

TEST_F(SourceTest, ContainerAsksNoStrangerWithoutTls) {
  for (const char* bad : {"http://example.com/", "http://10.0.0.1/", "http://169.254.170.3/",
                          "http://169.254.170.2.example/", "http://user@127.0.0.1/", "nonsense"}) {
    variables_ = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", bad}};
    EXPECT_THAT(Container(), BadSetting()) << bad;
  }
  variables_ = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/"}};
  EXPECT_THAT(Container(), BadSetting());
  variables_ = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ".evil.example/"}};
  EXPECT_THAT(Container(), BadSetting());
}

// Keeps the URLs that it is asked for.
class RecordingHttp final : public HttpClient {
 public:
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request, Deadline) const override {
    urls.push_back(request.method + " " + request.url);
    return HttpResponse{500, {}, ""};
  }
  mutable std::vector<std::string> urls;
};

TEST_F(SourceTest, AddressesOfTheMetadataServices) {
  const auto http = std::make_shared<RecordingHttp>();
  const auto ask = [&](AwsSource source) {
    EXPECT_THAT(source->Fetch(kNoDeadline), Unavailable());
  };
  variables_ = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/u"},
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/"}};
  ask(MakeContainerSource(Env(), http));
  for (const char* full :
       {"http://169.254.170.23/v1", "http://[fd00:ec2::23]/v1", "https://example.com/v1"}) {
    variables_ = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", full}};
    ask(MakeContainerSource(Env(), http));
  }
  variables_ = {};
  ask(MakeInstanceSource(Env(), http));
  variables_ = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}};
  ask(MakeInstanceSource(Env(), http));
  EXPECT_THAT(http->urls, ElementsAre("GET http://169.254.170.2/v2/credentials/u",
                                      "GET http://169.254.170.23/v1",
                                      "GET http://[fd00:ec2::23]/v1", "GET https://example.com/v1",
                                      "PUT http://169.254.169.254/latest/api/token",
                                      "PUT http://[fd00:ec2::254]/latest/api/token"));
}

TEST_F(SourceTest, ContainerThatFails) {
  AnsweringServer agent({Response("500 Oops", kJson), Response("200 OK", "{}")});
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = agent.url();
  EXPECT_THAT(Container(), Unavailable());
  EXPECT_THAT(Container(), Unavailable());
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "a\r\nX: y";
  EXPECT_THAT(Container(), BadSetting());
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = directory_.File("none");
  EXPECT_THAT(Container(), BadSetting());
}

TEST_F(SourceTest, InstanceTakesTheThreeStepsOfVersionTwo) {
  AnsweringServer service(
      {Response("200 OK", "t0ken=="), Response("200 OK", "my-role\n"), Response("200 OK", kJson)});
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = service.url();
  EXPECT_EQ(TextOf(Instance()), kSession);
  const auto requests = service.requests();
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_THAT(requests[0], StartsWith("PUT /latest/api/token HTTP/1.1\r\n"));
  EXPECT_EQ(HeaderOf(requests[0], "X-aws-ec2-metadata-token-ttl-seconds"), "60");
  EXPECT_THAT(requests[1],
              StartsWith("GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n"));
  EXPECT_EQ(HeaderOf(requests[1], "X-aws-ec2-metadata-token"), "t0ken==");
  EXPECT_THAT(requests[2],
              StartsWith("GET /latest/meta-data/iam/security-credentials/my-role HTTP/1.1\r\n"));
  EXPECT_EQ(HeaderOf(requests[2], "X-aws-ec2-metadata-token"), "t0ken==");
}

TEST_F(SourceTest, InstanceNeverFallsBackToVersionOne) {
  AnsweringServer service({Response("403 Forbidden", "")});
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = service.url();
  EXPECT_THAT(Instance(), Unavailable());
  EXPECT_THAT(service.requests(), SizeIs(1));
}

TEST_F(SourceTest, InstanceThatFails) {
  variables_["AWS_EC2_METADATA_DISABLED"] = "TRUE";
  EXPECT_EQ(TextOf(Instance()), "none");
  variables_.clear();
  for (const char* bad : {"http://example.com", "nonsense", "http://127.0.0.1/path"}) {
    variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = bad;
    EXPECT_THAT(Instance(), BadSetting()) << bad;
  }
  {
    AnsweringServer service({Response("200 OK", "token"), Response("404 No", "")});
    variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = service.url();
    EXPECT_THAT(Instance(), BadSetting());  // no role
  }
  AnsweringServer service({Response("200 OK", "token"), Response("200 OK", "../../x")});
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = service.url();
  EXPECT_THAT(Instance(), Unavailable());
  EXPECT_THAT(service.requests(), SizeIs(2));
}

class ChainTest : public SourceTest {
 protected:
  Fetched Chain(const std::string& profile = "") {
    return MakeCredentialChain({Env(), "eu-central-1", profile, Http(), Http()})
        ->Fetch(kNoDeadline);
  }
};

TEST_F(ChainTest, FirstSourceThatIsSetWins) {
  AnsweringServer sts({Response("200 OK", kXml)});
  AnsweringServer agent({Response("200 OK", kJson)});
  WriteFile(directory_.File("token"), "t");
  WriteFile(directory_.File("credentials"),
            "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
  variables_ = {{"AWS_ACCESS_KEY_ID", "ENV"},
                {"AWS_SECRET_ACCESS_KEY", "s"},
                {"AWS_WEB_IDENTITY_TOKEN_FILE", directory_.File("token")},
                {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
                {"AWS_ENDPOINT_URL_STS", sts.url()},
                {"AWS_SHARED_CREDENTIALS_FILE", directory_.File("credentials")},
                {"AWS_CONFIG_FILE", directory_.File("config")},
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url()},
                {"AWS_EC2_METADATA_DISABLED", "true"}};
  EXPECT_EQ(TextOf(Chain()), "ENV s ");
  EXPECT_EQ(TextOf(Chain("default")), "FILE s ");
  variables_.erase("AWS_ACCESS_KEY_ID");
  variables_.erase("AWS_SECRET_ACCESS_KEY");
  EXPECT_EQ(TextOf(Chain()), kSession);
  EXPECT_THAT(sts.requests(), SizeIs(1));
  variables_.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
  EXPECT_EQ(TextOf(Chain()), "FILE s ");
  variables_.erase("AWS_SHARED_CREDENTIALS_FILE");
  EXPECT_EQ(TextOf(Chain()), kSession);
  EXPECT_THAT(agent.requests(), SizeIs(1));
  variables_.erase("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  const absl::Status none = Chain().status();
  EXPECT_THAT(none, BadSetting());
  EXPECT_THAT(std::string(none.message()),
              HasSubstr("the environment, the web identity, the profile default, the container, "
                        "the instance"));
}

TEST_F(ChainTest, SourceThatIsSetWronglyIsNotPassedOver) {
  variables_ = {{"AWS_ACCESS_KEY_ID", "ENV"},
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/"}};
  const absl::Status status = Chain().status();
  EXPECT_THAT(status, BadSetting());
  EXPECT_THAT(std::string(status.message()), HasSubstr("from the environment:"));
}

}  // namespace
}  // namespace fieldkms
