#include <utility>
#include <vector>

#include "crypto/status.h"
#include "kms/root/aws_credentials_sources.h"

namespace fieldkms {
namespace {

class CredentialChain final : public AwsCredentialSource {
 public:
  explicit CredentialChain(std::vector<AwsSource> sources) : sources_(std::move(sources)) {}

  std::string Name() const override {
    std::string names;
    for (const AwsSource& source : sources_) {
      names += (names.empty() ? "" : ", ") + source->Name();
    }
    return names;
  }

  absl::StatusOr<std::optional<AwsCredentials>> Fetch(Deadline deadline) const override {
    for (const AwsSource& source : sources_) {
      auto credentials = source->Fetch(deadline);
      if (!credentials.ok()) {
        // Which source spoke is what the operator has to know first.
        return Error(credentials.status().code(), ReasonOf(credentials.status()),
                     "credentials of AWS from " + source->Name() + ": " +
                         std::string(MessageOf(credentials.status())));
      }
      if (*credentials) return credentials;
    }
    return BadAwsSetting("there are no credentials of AWS; looked at: " + Name());
  }

 private:
  const std::vector<AwsSource> sources_;
};

}  // namespace

AwsSource MakeCredentialChain(const AwsChainOptions& options) {
  std::vector<AwsSource> sources;
  if (!options.profile.empty()) {
    sources.push_back(MakeProfileSource(options.environment, options.profile));
    return std::make_unique<CredentialChain>(std::move(sources));
  }
  sources.push_back(MakeEnvironmentSource(options.environment));
  sources.push_back(MakeWebIdentitySource(options.environment, options.region, options.http));
  sources.push_back(MakeProfileSource(options.environment, ""));
  sources.push_back(MakeContainerSource(options.environment, options.metadata_http));
  sources.push_back(MakeInstanceSource(options.environment, options.metadata_http));
  return std::make_unique<CredentialChain>(std::move(sources));
}

}  // namespace fieldkms
