// The places that credentials of AWS come from, in the form that AWS documents for its
// SDKs ("AWS SDKs and Tools Reference Guide", credential providers).
#ifndef FIELDKMS_KMS_ROOT_AWS_CREDENTIALS_SOURCES_H_
#define FIELDKMS_KMS_ROOT_AWS_CREDENTIALS_SOURCES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kms/root/aws_credentials.h"
#include "kms/root/http_client.h"

namespace fieldkms {

using AwsSource = std::unique_ptr<AwsCredentialSource>;

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, of a session, AWS_SESSION_TOKEN.
AwsSource MakeEnvironmentSource(AwsGetEnvironment environment);

// Keys of a profile in ~/.aws/credentials or, after that, ~/.aws/config
// (AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE). The profile is `profile`, else
// AWS_PROFILE, else "default"; one that is named must exist. Refused are profiles that
// get their credentials in another way (role_arn, credential_process, sso_*).
AwsSource MakeProfileSource(AwsGetEnvironment environment, std::string profile);

// AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN (and AWS_ROLE_SESSION_NAME): a token that
// Kubernetes, or whoever else the account trusts, keeps fresh in a file, and for which
// STS of `region` (AWS_ENDPOINT_URL_STS) gives credentials of the role.
AwsSource MakeWebIdentitySource(AwsGetEnvironment environment, std::string region,
                                std::shared_ptr<const HttpClient> http);

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (at 169.254.170.2) or _FULL_URI, with
// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or _TOKEN: ECS and EKS Pod Identity. The full
// URI is https: or on this machine, 169.254.170.2, 169.254.170.23 or fd00:ec2::23.
AwsSource MakeContainerSource(AwsGetEnvironment environment,
                              std::shared_ptr<const HttpClient> http);

// The instance metadata service of EC2, version 2 only: version 1 answers whoever makes
// a server send a GET. AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT and
// AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE are heeded.
AwsSource MakeInstanceSource(AwsGetEnvironment environment, std::shared_ptr<const HttpClient> http);

struct AwsChainOptions {
  AwsGetEnvironment environment;
  std::string region;   // for STS
  std::string profile;  // if set, the profile's source is the only one
  // For STS, and for the two metadata services, which answer at once or not at all.
  std::shared_ptr<const HttpClient> http;
  std::shared_ptr<const HttpClient> metadata_http;
};

// MakeCredentialChain asks the sources above in this order and takes the first that has
// something to say: environment, web identity, profile, container, instance. Error
// where none has: kFailedPrecondition, reason kConfigInvalid, naming them.
AwsSource MakeCredentialChain(const AwsChainOptions& options);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_CREDENTIALS_SOURCES_H_
