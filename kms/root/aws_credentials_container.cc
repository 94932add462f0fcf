#include <algorithm>
#include <array>
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

constexpr char kRelative[] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr char kFull[] = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr char kTokenFile[] = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
constexpr char kToken[] = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

// Addresses of the agents of ECS and EKS, on the link of the machine itself.
bool MayGoWithoutTls(const AwsUrl& url) {
  constexpr std::array<std::string_view, 3> kAgents = {"169.254.170.2", "169.254.170.23",
                                                       "fd00:ec2::23"};
  return url.IsLoopback() || std::find(kAgents.begin(), kAgents.end(), url.host) != kAgents.end();
}

class ContainerSource final : public AwsCredentialSource {
 public:
  ContainerSource(AwsGetEnvironment environment, std::shared_ptr<const HttpClient> http)
      : environment_(std::move(environment)), http_(std::move(http)) {}

  std::string Name() const override { return "the container"; }

  absl::StatusOr<std::optional<AwsCredentials>> Fetch(Deadline deadline) const override {
    FIELDKMS_ASSIGN_OR_RETURN(const std::string url, Url());
    if (url.empty()) return std::nullopt;
    HttpRequest request{"GET", url, {}, {}};
    FIELDKMS_RETURN_IF_ERROR(Authorise(&request));
    absl::StatusOr<HttpResponse> response = http_->Send(request, deadline);
    for (auto& [name, value] : request.headers) WipeString(&value);
    if (!response.ok()) return response.status();
    if (response->status != 200) {
      return AwsSourceUnavailable("the container's credentials were answered with status " +
                                  std::to_string(response->status));
    }
    FIELDKMS_ASSIGN_OR_RETURN(AwsCredentials credentials, ReadCredentialsJson(&response->body));
    return credentials;
  }

 private:
  // "" where neither variable is set.
  absl::StatusOr<std::string> Url() const {
    const std::string relative = AwsVariable(environment_, kRelative);
    const std::string full = AwsVariable(environment_, kFull);
    if (relative.empty() && full.empty()) return std::string();
    const std::optional<AwsUrl> url =
        ParseAwsUrl(relative.empty() ? full : "http://169.254.170.2" + relative);
    if (!url || (!relative.empty() && url->authority != "169.254.170.2")) {
      return BadAwsSetting(std::string(relative.empty() ? kFull : kRelative) + " is no URI");
    }
    if (!url->https && !MayGoWithoutTls(*url)) {
      return BadAwsSetting(std::string(kFull) +
                           " must be https:, or name this machine or an agent of ECS or EKS");
    }
    return url->Text();
  }

  absl::Status Authorise(HttpRequest* request) const {
    std::string token = AwsVariable(environment_, kToken);
    // The file wins: its token changes.
    if (const std::string path = AwsVariable(environment_, kTokenFile); !path.empty()) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::optional<WipedBuffer> file, ReadAwsFile(path));
      if (!file) {
        return BadAwsSetting(std::string(kTokenFile) + " names a file that is not there");
      }
      token = AwsFileText(*file);
    }
    if (token.find_first_of("\r\n") != std::string::npos) {
      WipeString(&token);
      return BadAwsSetting("the container's authorization token has a line break");
    }
    if (!token.empty()) request->headers.emplace_back("Authorization", token);
    WipeString(&token);
    return absl::OkStatus();
  }

  const AwsGetEnvironment environment_;
  const std::shared_ptr<const HttpClient> http_;
};

}  // namespace

AwsSource MakeContainerSource(AwsGetEnvironment environment,
                              std::shared_ptr<const HttpClient> http) {
  return std::make_unique<ContainerSource>(std::move(environment), std::move(http));
}

}  // namespace fieldkms
