#include <optional>
#include <string_view>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/root/aws_credentials_read.h"
#include "kms/root/aws_credentials_sources.h"
#include "kms/root/aws_url.h"

namespace fieldkms {
namespace {

// application/x-www-form-urlencoded, with all but the unreserved characters escaped.
void AppendFormValue(std::string_view value, std::string* body) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : value) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      body->push_back(c);
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    body->append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
}

class WebIdentitySource final : public AwsCredentialSource {
 public:
  WebIdentitySource(AwsGetEnvironment environment, std::string region,
                    std::shared_ptr<const HttpClient> http)
      : environment_(std::move(environment)), region_(std::move(region)), http_(std::move(http)) {}

  std::string Name() const override { return "the web identity"; }

  absl::StatusOr<std::optional<AwsCredentials>> Fetch(Deadline deadline) const override {
    const std::string path = AwsVariable(environment_, "AWS_WEB_IDENTITY_TOKEN_FILE");
    const std::string role = AwsVariable(environment_, "AWS_ROLE_ARN");
    if (path.empty()) return std::nullopt;
    if (role.empty()) {
      return BadAwsSetting("AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
    }
    FIELDKMS_ASSIGN_OR_RETURN(const std::optional<WipedBuffer> token, ReadAwsFile(path));
    if (!token) return BadAwsSetting("AWS_WEB_IDENTITY_TOKEN_FILE names a file that is not there");
    return AssumeRole(role, AwsFileText(*token), deadline);
  }

 private:
  // Unsigned: the token is the proof.
  absl::StatusOr<std::optional<AwsCredentials>> AssumeRole(const std::string& role,
                                                           std::string_view token,
                                                           Deadline deadline) const {
    FIELDKMS_ASSIGN_OR_RETURN(
        const AwsUrl endpoint,
        AwsEndpoint(AwsVariable(environment_, "AWS_ENDPOINT_URL_STS"), "sts", region_));
    HttpRequest request{"POST", endpoint.Text(), {}, {}};
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body.reserve(3 * (role.size() + token.size()) + 512);
    request.body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=";
    const std::string session = AwsVariable(environment_, "AWS_ROLE_SESSION_NAME");
    AppendFormValue(session.empty() ? "fieldkms" : session, &request.body);
    request.body += "&RoleArn=";
    AppendFormValue(role, &request.body);
    request.body += "&WebIdentityToken=";
    AppendFormValue(token, &request.body);
    absl::StatusOr<HttpResponse> response = http_->Send(request, deadline);
    WipeString(&request.body);
    if (!response.ok()) return response.status();
    absl::StatusOr<AwsCredentials> credentials = Read(*response);
    WipeString(&response->body);
    if (!credentials.ok()) return credentials.status();
    return std::move(credentials).value();
  }

  static absl::StatusOr<AwsCredentials> Read(const HttpResponse& response) {
    if (response.status == 200) return ReadCredentialsXml(response.body);
    // What a wrong token, or a role that does not trust it, is answered with.
    if (response.status == 400 || response.status == 403) {
      return BadAwsSetting(
          "STS refuses the web identity: check the token's file, and that the trust policy of "
          "AWS_ROLE_ARN allows its issuer, audience and subject");
    }
    return AwsSourceUnavailable("STS answered with status " + std::to_string(response.status));
  }

  const AwsGetEnvironment environment_;
  const std::string region_;
  const std::shared_ptr<const HttpClient> http_;
};

}  // namespace

AwsSource MakeWebIdentitySource(AwsGetEnvironment environment, std::string region,
                                std::shared_ptr<const HttpClient> http) {
  return std::make_unique<WebIdentitySource>(std::move(environment), std::move(region),
                                             std::move(http));
}

}  // namespace fieldkms
