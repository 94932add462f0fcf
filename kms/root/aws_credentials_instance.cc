#include <strings.h>

#include <algorithm>
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

constexpr std::string_view kRoles = "/latest/meta-data/iam/security-credentials/";
constexpr char kEndpoint[] = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
constexpr char kMode[] = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";

bool IsRoleName(std::string_view text) {
  constexpr std::string_view kMarks = "_+=,.@-";
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool IsOfInstance(const AwsUrl& url) {
  return url.IsLoopback() || url.host == "169.254.169.254" || url.host == "fd00:ec2::254";
}

absl::Status Answered(std::string_view what, int status) {
  return AwsSourceUnavailable("the instance metadata service answered " + std::string(what) +
                              " with status " + std::to_string(status));
}

class InstanceSource final : public AwsCredentialSource {
 public:
  InstanceSource(AwsGetEnvironment environment, std::shared_ptr<const HttpClient> http)
      : environment_(std::move(environment)), http_(std::move(http)) {}

  std::string Name() const override { return "the instance"; }

  absl::StatusOr<std::optional<AwsCredentials>> Fetch(Deadline deadline) const override {
    if (strcasecmp(AwsVariable(environment_, "AWS_EC2_METADATA_DISABLED").c_str(), "true") == 0) {
      return std::nullopt;
    }
    FIELDKMS_ASSIGN_OR_RETURN(const std::string base, Base());
    FIELDKMS_ASSIGN_OR_RETURN(std::string token, Token(base, deadline));
    absl::StatusOr<AwsCredentials> credentials = OfRole(base, token, deadline);
    WipeString(&token);
    if (!credentials.ok()) return credentials.status();
    return std::move(credentials).value();
  }

 private:
  absl::StatusOr<std::string> Base() const {
    std::string endpoint = AwsVariable(environment_, kEndpoint);
    if (endpoint.empty()) {
      const bool v6 = strcasecmp(AwsVariable(environment_, kMode).c_str(), "IPv6") == 0;
      endpoint = v6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    }
    const std::optional<AwsUrl> url = ParseAwsUrl(endpoint);
    if (!url || url->path != "/" || (!url->https && !IsOfInstance(*url))) {
      return BadAwsSetting(
          std::string(kEndpoint) +
          " is not the address of a metadata service (another host than the machine's "
          "own has to be https:)");
    }
    const std::string text = url->Text();
    return text.substr(0, text.size() - 1);
  }

  absl::StatusOr<std::string> Token(const std::string& base, Deadline deadline) const {
    // Used at once: it need not outlive the two calls.
    const HttpRequest request{
        "PUT", base + "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}}, {}};
    FIELDKMS_ASSIGN_OR_RETURN(HttpResponse response, http_->Send(request, deadline));
    if (response.status != 200 || response.body.empty() ||
        response.body.find_first_of("\r\n") != std::string::npos) {
      return Answered("a request for a token", response.status);
    }
    return std::move(response.body);
  }

  absl::StatusOr<HttpResponse> Get(const std::string& url, const std::string& token,
                                   Deadline deadline) const {
    HttpRequest request{"GET", url, {{"X-aws-ec2-metadata-token", token}}, {}};
    absl::StatusOr<HttpResponse> response = http_->Send(request, deadline);
    WipeString(&request.headers.front().second);
    return response;
  }

  absl::StatusOr<AwsCredentials> OfRole(const std::string& base, const std::string& token,
                                        Deadline deadline) const {
    const std::string roles = base + std::string(kRoles);
    FIELDKMS_ASSIGN_OR_RETURN(HttpResponse names, Get(roles, token, deadline));
    if (names.status == 404) {
      return BadAwsSetting("the instance has no role: attach an instance profile to it");
    }
    if (names.status != 200) return Answered("a request for its role", names.status);
    const std::string role = names.body.substr(0, names.body.find('\n'));
    if (!IsRoleName(role)) return Answered("something that is no role's name", names.status);
    FIELDKMS_ASSIGN_OR_RETURN(HttpResponse answer, Get(roles + role, token, deadline));
    if (answer.status != 200) return Answered("a request for credentials", answer.status);
    return ReadCredentialsJson(&answer.body);
  }

  const AwsGetEnvironment environment_;
  const std::shared_ptr<const HttpClient> http_;
};

}  // namespace

AwsSource MakeInstanceSource(AwsGetEnvironment environment,
                             std::shared_ptr<const HttpClient> http) {
  return std::make_unique<InstanceSource>(std::move(environment), std::move(http));
}

}  // namespace fieldkms
