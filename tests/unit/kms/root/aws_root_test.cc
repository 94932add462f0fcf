// The AWS root against a server of the test, which answers as AWS KMS is documented to.
#include "kms/root/aws_root.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "crypto/base64.h"
#include "crypto/bytes.h"
#include "kms/root/aws_retry.h"
#include "kms/root/aws_sigv4.h"
#include "kms/root/aws_time.h"
#include "kms/root/aws_wrapped.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/root/aws_fakes.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AnsweringServer;
using testing::BodyOf;
using ::testing::Each;
using testing::EnvironmentOf;
using testing::FakeWallClock;
using ::testing::HasSubstr;
using testing::HeaderOf;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using testing::Response;
using testing::ScriptedServer;
using ::testing::SizeIs;
using testing::TempDir;
using testing::Variables;
using testing::WriteFile;

const std::string kArn = "arn:aws:kms:eu-central-1:123456789012:key/k1";

auto WrongKey() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kRootWrongKey); }
auto Refused() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kRootUnavailable); }
auto Unavailable() { return StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable); }
auto BadOption() { return StatusIs(StatusCode::kInvalidArgument, Reason::kConfigInvalid); }
auto Late() { return StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded); }

std::string Encrypted(const std::string& arn = kArn) {
  return Response("200 OK", R"({"CiphertextBlob":"YmxvYg==","KeyId":")" + arn + R"("})");
}
std::string Decrypted(const std::string& plaintext = "a2V5", const std::string& arn = kArn) {
  return Response("200 OK", R"({"KeyId":")" + arn + R"(","Plaintext":")" + plaintext + R"("})");
}
std::string Failure(const std::string& type, const std::string& status = "400 Bad Request",
                    const std::string& headers = "") {
  std::string answer = Response(status, R"({"__type":")" + type + R"(","message":"S3CRET"})");
  return answer.insert(answer.find("\r\n") + 2, headers);
}

class AwsRootTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<RootKey>> Open(const std::string& url,
                                                const std::string& key = kArn) {
    AwsRootOptions options;
    options.key = key;
    options.region = "eu-central-1";
    options.endpoint = url;
    AwsRootSurroundings surroundings;
    surroundings.clock = &clock_;
    surroundings.environment = EnvironmentOf(variables_);
    surroundings.pause = [this](milliseconds time) { pauses_.push_back(time); };
    return OpenAwsRoot(options, kNoDeadline, surroundings);
  }

  // The status of one Unwrap that is answered so.
  absl::Status Unwrap(AnsweringServer& server, Deadline deadline = kNoDeadline) {
    const auto root = Open(server.url());
    if (!root.ok()) return root.status();
    return (*root)->Unwrap(Wrapped(), "context", deadline).status();
  }

  static std::string Wrapped() { return EncodeAwsWrapped(kArn, "blob").value(); }

  FakeWallClock clock_;
  Variables variables_ = {{"AWS_ACCESS_KEY_ID", "AKIA"}, {"AWS_SECRET_ACCESS_KEY", "s3cret"}};
  std::vector<milliseconds> pauses_;
};

TEST_F(AwsRootTest, WrapSendsWhatIsDocumented) {
  AnsweringServer server({Encrypted()});
  ASSERT_OK_AND_ASSIGN(const auto root, Open(server.url()));
  EXPECT_EQ(root->Describe(), "aws:" + kArn);
  EXPECT_THAT(server.requests(), IsEmpty());  // a key ARN needs no look-up
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::CopyOf(AsBytes("key")));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root->Wrap(key, "a\xff\xfe?", kNoDeadline));
  EXPECT_EQ(wrapped, Wrapped());
  ASSERT_THAT(server.requests(), SizeIs(1));
  const std::string request = server.requests()[0];
  EXPECT_EQ(HeaderOf(request, "X-Amz-Target"), "TrentService.Encrypt");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/x-amz-json-1.1");
  EXPECT_EQ(HeaderOf(request, "X-Amz-Security-Token"), "");
  EXPECT_EQ(nlohmann::json::parse(BodyOf(request)),
            nlohmann::json::parse(R"({"KeyId":")" + kArn +
                                  R"(","EncryptionContext":{"fieldkms":"Yf_-Pw"},)"
                                  R"("Plaintext":"a2V5"})"));
}

TEST_F(AwsRootTest, UnwrapPinsTheKey) {
  AnsweringServer server({Decrypted()});
  ASSERT_OK_AND_ASSIGN(const auto root, Open(server.url()));
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, root->Unwrap(Wrapped(), "context", kNoDeadline));
  EXPECT_EQ(AsText(key.Expose()), "key");
  const std::string request = server.requests()[0];
  EXPECT_EQ(HeaderOf(request, "X-Amz-Target"), "TrentService.Decrypt");
  EXPECT_EQ(nlohmann::json::parse(BodyOf(request)),
            nlohmann::json::parse(R"({"KeyId":")" + kArn +
                                  R"(","EncryptionContext":{"fieldkms":"Y29udGV4dA"},)"
                                  R"("CiphertextBlob":"YmxvYg=="})"));
}

// What arrives is what was signed: a second signature, made of what came over the wire,
// is the same.
TEST_F(AwsRootTest, SignatureHoldsForWhatArrives) {
  variables_["AWS_SESSION_TOKEN"] = "tok/en==";
  AnsweringServer server({Encrypted()});
  ASSERT_OK_AND_ASSIGN(const auto root, Open(server.url()));
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK(root->Wrap(key, "context", kNoDeadline));
  const std::string sent = server.requests()[0];
  EXPECT_EQ(HeaderOf(sent, "X-Amz-Security-Token"), "tok/en==");
  HttpRequest again{"POST", server.url() + "/", {}, BodyOf(sent)};
  for (const char* name : {"Host", "Content-Type", "X-Amz-Target"}) {
    again.headers.emplace_back(name, HeaderOf(sent, name));
  }
  AwsCredentials credentials{"AKIA",
                             SecretBytes::CopyOf(AsBytes("s3cret")).value(),
                             SecretBytes::CopyOf(AsBytes("tok/en==")).value(),
                             {}};
  ASSERT_OK(SignAwsRequest(credentials, {"eu-central-1", "kms"}, clock_.Now(), &again));
  EXPECT_EQ(HeaderOf(sent, "Authorization"), again.headers.back().second);
  EXPECT_THAT(HeaderOf(sent, "Authorization"),
              HasSubstr("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;"
                        "x-amz-target,"));
}

TEST_F(AwsRootTest, AnswerForAnotherKeyIsRefused) {
  const std::string other = "arn:aws:kms:eu-central-1:123456789012:key/k2";
  AnsweringServer server({Encrypted(other), Decrypted("a2V5", other)});
  ASSERT_OK_AND_ASSIGN(const auto root, Open(server.url()));
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  EXPECT_THAT(root->Wrap(key, "context", kNoDeadline), WrongKey());
  EXPECT_THAT(root->Unwrap(Wrapped(), "context", kNoDeadline), WrongKey());
}

TEST_F(AwsRootTest, WhatAnotherKeyWrappedIsNotSent) {
  AnsweringServer server({Decrypted()});
  ASSERT_OK_AND_ASSIGN(const auto root, Open(server.url()));
  const std::string other = EncodeAwsWrapped(kArn + "2", "blob").value();
  EXPECT_THAT(root->Unwrap(other, "context", kNoDeadline), WrongKey());
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(AwsRootTest, PlaintextIsOneOfOurs) {
  for (const std::string text : {"", "QQ", "a2V5*"}) {
    AnsweringServer server({Decrypted(text)});
    EXPECT_FALSE(Unwrap(server).ok()) << text;
  }
  const auto base64 = [](size_t size) {
    std::string text(Base64Size(Base64::kPadded, size), '\0');
    EncodeBase64(Base64::kPadded, std::vector<uint8_t>(size), AsMutableBytes(text));
    return text;
  };
  AnsweringServer longest({Decrypted(base64(64))});
  EXPECT_OK(Unwrap(longest));
  AnsweringServer longer({Decrypted(base64(65))});
  EXPECT_THAT(Unwrap(longer), WrongKey());
}

TEST_F(AwsRootTest, AnswersOfAnotherFormAreRefused) {
  for (const char* body : {"", "[]", "{}", "<html>", R"({"KeyId":1})",
                           R"({"KeyId":"arn:aws:kms:eu-central-1:123456789012:key/k1"})"}) {
    AnsweringServer server({Response("200 OK", body)});
    ASSERT_OK_AND_ASSIGN(const auto root, Open(server.url()));
    ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
    EXPECT_FALSE(root->Wrap(key, "c", kNoDeadline).ok()) << body;
    EXPECT_FALSE(root->Unwrap(Wrapped(), "c", kNoDeadline).ok()) << body;
  }
}

TEST_F(AwsRootTest, KeyIsLookedUpWhenOpened) {
  AnsweringServer server({Encrypted()});
  ASSERT_OK_AND_ASSIGN(const auto root, Open(server.url(), "alias/fieldkms"));
  EXPECT_EQ(root->Describe(), "aws:" + kArn);
  EXPECT_THAT(BodyOf(server.requests()[0]), HasSubstr(R"("KeyId":"alias/fieldkms")"));
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK(root->Wrap(key, "c", kNoDeadline));
  EXPECT_THAT(BodyOf(server.requests()[1]), HasSubstr(R"("KeyId":")" + kArn + R"(")"));
  AnsweringServer odd({Encrypted("alias/fieldkms")});
  EXPECT_THAT(Open(odd.url(), "alias/fieldkms"), Unavailable());
}

TEST_F(AwsRootTest, OptionsThatCannotBeRightAreRefused) {
  const auto open = [](AwsRootOptions options) {
    return OpenAwsRoot(options, kNoDeadline).status();
  };
  EXPECT_THAT(open({}), BadOption());
  EXPECT_THAT(open({.key = "alias/a", .region = ""}), BadOption());
  EXPECT_THAT(open({.key = kArn, .region = "eu-west-1"}), BadOption());
  EXPECT_THAT(open({.key = kArn, .endpoint = "http://kms.example"}), BadOption());
  EXPECT_THAT(open({.key = kArn, .ca_file = "/nowhere"}), BadOption());
  EXPECT_OK(open({.key = kArn}));  // the region is the ARN's
}

TEST_F(AwsRootTest, FaultsAreTriedThreeTimesWithPauses) {
  for (const char* type : {"DependencyTimeoutException", "KMSInternalException",
                           "com.amazonaws.kms#KeyUnavailableException"}) {
    pauses_.clear();
    AnsweringServer server({Failure(type, "500 Error"), Failure(type, "500 Error"), Decrypted()});
    EXPECT_OK(Unwrap(server)) << type;
    EXPECT_THAT(server.requests(), SizeIs(3));
    ASSERT_THAT(pauses_, SizeIs(2));
    EXPECT_LE(pauses_[0].count(), 50);
    EXPECT_LE(pauses_[1].count(), 100);
    AnsweringServer down({Failure(type, "500 Error")});
    EXPECT_THAT(Unwrap(down), Unavailable()) << type;
    EXPECT_THAT(down.requests(), SizeIs(3));
  }
}

TEST_F(AwsRootTest, ThrottlingEndsAsUnavailable) {
  AnsweringServer server({Failure("ThrottlingException")});
  EXPECT_THAT(Unwrap(server), Unavailable());
  EXPECT_THAT(server.requests(), SizeIs(3));
  EXPECT_THAT(pauses_, SizeIs(2));
}

TEST_F(AwsRootTest, OtherFailuresOfTheServerAreTriedAgain) {
  AnsweringServer server(
      {Response("502 Bad Gateway", "<html>"), Response("429 Slow", ""), Decrypted()});
  EXPECT_OK(Unwrap(server));
}

TEST_F(AwsRootTest, BrokenConnectionsAreTriedAgain) {
  int port = 0;
  {
    ScriptedServer server([](int) {});  // closes at once
    port = server.port();
    const auto root = Open(server.url());
    ASSERT_OK(root);
    EXPECT_THAT((*root)->Unwrap(Wrapped(), "c", kNoDeadline), Unavailable());
    EXPECT_GE(server.connections(), 3u);
  }
  pauses_.clear();
  ASSERT_OK_AND_ASSIGN(const auto root, Open("http://127.0.0.1:" + std::to_string(port)));
  EXPECT_THAT(root->Unwrap(Wrapped(), "c", kNoDeadline), Unavailable());
  EXPECT_THAT(pauses_, SizeIs(2));
}

TEST_F(AwsRootTest, RefusalsAreNotTriedAgainAndSayWhatToDo) {
  const std::vector<std::pair<std::string, std::string>> refusals = {
      {"NotFoundException", "check the key and the region"},
      {"DisabledException", "kms:EnableKey"},
      {"KMSInvalidStateException", "kms:CancelKeyDeletion"},
      {"InvalidKeyUsageException", "ENCRYPT_DECRYPT"},
      {"InvalidGrantTokenException", "grant token"},
      {"AccessDeniedException", "kms:Encrypt and kms:Decrypt"},
      {"LimitExceededException", "quota"},
      {"ValidationException", "check the key's name"},
      {"SomethingNewException", "SomethingNewException"},
  };
  for (const auto& [type, advice] : refusals) {
    AnsweringServer server({Failure(type)});
    const absl::Status status = Unwrap(server);
    EXPECT_THAT(status, Refused()) << type;
    EXPECT_THAT(std::string(status.message()), HasSubstr(advice));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("S3CRET")));
    EXPECT_THAT(server.requests(), SizeIs(1)) << type;
  }
  EXPECT_THAT(pauses_, IsEmpty());
}

TEST_F(AwsRootTest, WrongKeysAreToldApart) {
  for (const char* type : {"InvalidCiphertextException", "IncorrectKeyException"}) {
    AnsweringServer server({Failure(type)});
    EXPECT_THAT(Unwrap(server), WrongKey()) << type;
    EXPECT_THAT(server.requests(), SizeIs(1)) << type;
  }
}

TEST_F(AwsRootTest, TypeOfAnErrorMayBeInAHeaderAndIsNotTrusted) {
  AnsweringServer header({[] {
    std::string answer = Response("400 Bad Request", "");
    return answer.insert(answer.find("\r\n") + 2,
                         "x-amzn-ErrorType: DisabledException:http://internal/\r\n");
  }()});
  EXPECT_THAT(std::string(Unwrap(header).message()), HasSubstr("kms:EnableKey"));
  AnsweringServer odd({Failure("S3CRET \\n")});
  EXPECT_THAT(std::string(Unwrap(odd).message()), Not(HasSubstr("S3CRET")));
}

TEST_F(AwsRootTest, ExpiredCredentialsAreRenewedOnce) {
  TempDir directory;
  const auto write = [&](const std::string& id) {
    WriteFile(directory.File("credentials"),
              "[default]\naws_access_key_id=" + id + "\naws_secret_access_key=s\n");
  };
  variables_ = {{"AWS_SHARED_CREDENTIALS_FILE", directory.File("credentials")},
                {"AWS_CONFIG_FILE", directory.File("config")}};
  for (const char* type :
       {"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException"}) {
    write("OLD");
    AnsweringServer server({Decrypted(), Failure(type), Decrypted()});
    ASSERT_OK_AND_ASSIGN(const auto root, Open(server.url()));
    ASSERT_OK(root->Unwrap(Wrapped(), "c", kNoDeadline));
    write("NEW");
    EXPECT_OK(root->Unwrap(Wrapped(), "c", kNoDeadline)) << type;
    const auto requests = server.requests();
    ASSERT_THAT(requests, SizeIs(3));
    EXPECT_THAT(HeaderOf(requests[1], "Authorization"), HasSubstr("Credential=OLD/"));
    EXPECT_THAT(HeaderOf(requests[2], "Authorization"), HasSubstr("Credential=NEW/"));
    AnsweringServer never({Failure(type)});
    EXPECT_THAT(Unwrap(never), Refused()) << type;
    EXPECT_THAT(never.requests(), SizeIs(2)) << type;
  }
  EXPECT_THAT(pauses_, IsEmpty());
}

TEST_F(AwsRootTest, ClockThatIsWrongIsSetOnce) {
  // The test's clock shows 2026-01-02T03:04:05Z.
  const std::string ahead = "Date: Fri, 02 Jan 2026 05:04:05 GMT\r\n";
  for (const char* type :
       {"InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired"}) {
    AnsweringServer server({Failure(type, "400 Bad Request", ahead), Decrypted()});
    ASSERT_OK_AND_ASSIGN(const auto root, Open(server.url()));
    EXPECT_OK(root->Unwrap(Wrapped(), "c", kNoDeadline)) << type;
    EXPECT_OK(root->Unwrap(Wrapped(), "c", kNoDeadline)) << type;
    const auto requests = server.requests();
    ASSERT_THAT(requests, SizeIs(3));
    EXPECT_EQ(HeaderOf(requests[0], "X-Amz-Date"), "20260102T030405Z");
    EXPECT_EQ(HeaderOf(requests[1], "X-Amz-Date"), "20260102T050405Z");
    EXPECT_EQ(HeaderOf(requests[2], "X-Amz-Date"), "20260102T050405Z");
    AnsweringServer never({Failure(type, "400 Bad Request", ahead)});
    EXPECT_THAT(Unwrap(never), Refused()) << type;
    EXPECT_THAT(never.requests(), SizeIs(2)) << type;
  }
}

TEST_F(AwsRootTest, ClockThatIsRightIsNotBlamed) {
  for (const char* date : {"Date: Fri, 02 Jan 2026 03:07:05 GMT\r\n", "", "Date: today\r\n"}) {
    AnsweringServer server({Failure("InvalidSignatureException", "400 Bad Request", date)});
    EXPECT_THAT(Unwrap(server), Refused()) << date;
    EXPECT_THAT(server.requests(), SizeIs(1)) << date;
  }
}

TEST_F(AwsRootTest, ServerThatHangsHoldsNobodyBeyondTheDeadline) {
  ScriptedServer server([](int connection) { testing::AwaitEnd(connection); });
  ASSERT_OK_AND_ASSIGN(const auto root, Open(server.url()));
  EXPECT_THAT(root->Unwrap(Wrapped(), "c", clock_.Steady() + milliseconds(50)), Late());
}

TEST_F(AwsRootTest, NoPauseGoesBeyondTheDeadline) {
  AnsweringServer server({Failure("ThrottlingException")});
  const absl::Status status = Unwrap(server, clock_.Steady() + seconds(60));
  EXPECT_THAT(status, Unavailable());
  EXPECT_THAT(pauses_, Each(Le(milliseconds(1000))));
  EXPECT_THAT(Unwrap(server, clock_.Steady() - seconds(1)), Late());
}

TEST_F(AwsRootTest, MissingCredentialsAreNamed) {
  variables_ = {{"AWS_EC2_METADATA_DISABLED", "true"}};
  AnsweringServer server({Decrypted()});
  const absl::Status status = Unwrap(server);
  EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition, Reason::kConfigInvalid));
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST(AwsRetryTest, PausesAreRandomPartsOfTheirLimit) {
  milliseconds longest(0);
  for (int i = 0; i < 200; ++i) {
    EXPECT_LE(AwsPause(AwsRemedy::kRetry, 1).count(), 50);
    EXPECT_LE(AwsPause(AwsRemedy::kSlowRetry, 1).count(), 500);
    longest = std::max(longest, AwsPause(AwsRemedy::kSlowRetry, 2));
  }
  EXPECT_GT(longest.count(), 500);
  EXPECT_LE(longest.count(), 1000);
}

TEST(AwsRetryTest, BudgetEndsAndComesBack) {
  AwsRetryBudget budget;
  int retries = 0;
  while (budget.Take()) ++retries;
  EXPECT_EQ(retries, 10);
  for (int i = 0; i < 9; ++i) budget.Refill();
  EXPECT_FALSE(budget.Take());
  budget.Refill();
  EXPECT_TRUE(budget.Take());
  for (int i = 0; i < 1000; ++i) budget.Refill();
  retries = 0;
  while (budget.Take()) ++retries;
  EXPECT_EQ(retries, 10);
}

TEST_F(AwsRootTest, ServiceInTroubleGetsFewerRetries) {
  AnsweringServer server({Failure("KMSInternalException", "500 Error")});
  ASSERT_OK_AND_ASSIGN(const auto root, Open(server.url()));
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(root->Unwrap(Wrapped(), "c", kNoDeadline), Unavailable());
  }
  EXPECT_THAT(server.requests(), SizeIs(20 + 10));
}

}  // namespace
}  // namespace fieldkms
