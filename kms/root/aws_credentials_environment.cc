#include <cstring>
#include <utility>

#include "crypto/status.h"
#include "kms/root/aws_credentials_sources.h"

namespace fieldkms {
namespace {

class EnvironmentSource final : public AwsCredentialSource {
 public:
  explicit EnvironmentSource(AwsGetEnvironment environment)
      : environment_(std::move(environment)) {}

  std::string Name() const override { return "the environment"; }

  absl::StatusOr<std::optional<AwsCredentials>> Fetch(Deadline) const override {
    const std::string id = AwsVariable(environment_, "AWS_ACCESS_KEY_ID");
    // Views: the environment holds the only copies.
    const std::string_view secret = View("AWS_SECRET_ACCESS_KEY");
    const std::string_view token = View("AWS_SESSION_TOKEN");
    if (id.empty() && secret.empty()) return std::nullopt;
    if (id.empty() || secret.empty()) {
      return BadAwsSetting("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set together only");
    }
    if (!IsAwsKeyId(id)) return BadAwsSetting("AWS_ACCESS_KEY_ID is no access key id");
    AwsCredentials credentials{id, {}, {}, {}};
    FIELDKMS_ASSIGN_OR_RETURN(credentials.secret_access_key,
                              CopyAwsSecret(secret, "AWS_SECRET_ACCESS_KEY"));
    if (!token.empty()) {
      FIELDKMS_ASSIGN_OR_RETURN(credentials.session_token,
                                CopyAwsSecret(token, "AWS_SESSION_TOKEN"));
    }
    return credentials;
  }

 private:
  std::string_view View(const char* name) const {
    const char* value = environment_(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
  }

  const AwsGetEnvironment environment_;
};

}  // namespace

AwsSource MakeEnvironmentSource(AwsGetEnvironment environment) {
  return std::make_unique<EnvironmentSource>(std::move(environment));
}

}  // namespace fieldkms
