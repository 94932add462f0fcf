#include "kms/root/aws_sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "kms/root/aws_time.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;
using testing::ReadFile;

const std::string kSuite = testing::VectorsDir() + "/aws_sigv4";

// One case of AWS's suite.
struct SignatureCase {
  std::string canonical_request, string_to_sign, signature;
  HttpRequest request;
  AwsCredentials credentials;
  AwsScope scope;
  WallTime time;
};

SecretBytes Secret(const std::string& text) { return SecretBytes::CopyOf(AsBytes(text)).value(); }

// The suite's form: a request line, headers that may be folded, an empty line, a body.
HttpRequest ParseRequest(const std::string& text) {
  HttpRequest request;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  EXPECT_TRUE(line.ends_with(" / HTTP/1.1")) << line;
  request.method = line.substr(0, line.find(' '));
  while (std::getline(lines, line) && !line.empty()) {
    if (line[0] == ' ') {
      request.headers.back().second += line;
      continue;
    }
    const size_t colon = line.find(':');
    request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    if (request.headers.back().first == "Host") {
      request.url = "https://" + request.headers.back().second + "/";
    }
  }
  std::getline(lines, request.body, '\0');
  return request;
}

SignatureCase ReadCase(const std::string& directory) {
  const auto context = nlohmann::json::parse(ReadFile(directory + "/context.json"));
  const auto& keys = context.at("credentials");
  SignatureCase read{ReadFile(directory + "/header-canonical-request.txt"),
                     ReadFile(directory + "/header-string-to-sign.txt"),
                     ReadFile(directory + "/header-signature.txt"),
                     ParseRequest(ReadFile(directory + "/request.txt")),
                     {keys.at("access_key_id"), Secret(keys.at("secret_access_key")), {}, {}},
                     {context.at("region"), context.at("service")},
                     ParseIsoTime(std::string(context.at("timestamp"))).value()};
  if (keys.contains("token")) read.credentials.session_token = Secret(keys.at("token"));
  if (context.at("sign_body")) {
    // The hash of the body is the last line of the canonical request.
    const std::string& canonical = read.canonical_request;
    read.request.headers.emplace_back("x-amz-content-sha256",
                                      canonical.substr(canonical.rfind('\n') + 1));
  }
  return read;
}

std::vector<std::string> AllCases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kSuite)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

class SigV4SuiteTest : public ::testing::TestWithParam<std::string> {};

TEST_P(SigV4SuiteTest, EachStepIsAsPublished) {
  SignatureCase the = ReadCase(kSuite + "/" + GetParam());
  ASSERT_OK(SignAwsRequest(the.credentials, the.scope, the.time, &the.request));
  const auto [name, value] = the.request.headers.back();
  the.request.headers.pop_back();
  ASSERT_OK_AND_ASSIGN(const AwsCanonicalRequest canonical, MakeAwsCanonicalRequest(the.request));
  EXPECT_EQ(canonical.text, the.canonical_request);
  ASSERT_OK_AND_ASSIGN(const std::string to_sign,
                       MakeAwsStringToSign(canonical.text, FormatAwsTime(the.time), the.scope));
  EXPECT_EQ(to_sign, the.string_to_sign);
  EXPECT_EQ(name, "Authorization");
  EXPECT_EQ(value,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=" +
                canonical.signed_headers + ", Signature=" + the.signature);
}

INSTANTIATE_TEST_SUITE_P(Aws, SigV4SuiteTest, ::testing::ValuesIn(AllCases()),
                         [](const auto& the_case) {
                           std::string name = the_case.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(SigV4Test, SuiteIsThere) { EXPECT_EQ(AllCases().size(), 13u); }

TEST(SigV4Test, OnlyTheRootPathIsSigned) {
  for (const std::string url : {"https://h", "https://h/a", "https://h/?a", "https://h/#", "h/"}) {
    const HttpRequest request{"POST", url, {{"Host", "h"}}, ""};
    EXPECT_THAT(MakeAwsCanonicalRequest(request), StatusIs(Reason::kInternal)) << url;
  }
}

TEST(SigV4Test, WipesWhatWasSent) {
  HttpRequest request{"POST", "https://h/", {{"X-Amz-Security-Token", "token"}}, "body"};
  WipeAwsRequest(&request);
  EXPECT_EQ(request.body, std::string(4, '\0'));
  EXPECT_EQ(request.headers[0].second, std::string(5, '\0'));
}

}  // namespace
}  // namespace fieldkms
