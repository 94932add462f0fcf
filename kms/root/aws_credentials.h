// What a call to AWS is signed with, and where it comes from.
#ifndef FIELDKMS_KMS_ROOT_AWS_CREDENTIALS_H_
#define FIELDKMS_KMS_ROOT_AWS_CREDENTIALS_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/clock.h"

namespace fieldkms {

struct AwsCredentials {
  std::string access_key_id;  // not secret: it stands in logs of AWS
  SecretBytes secret_access_key;
  SecretBytes session_token;        // empty: of a user, not of a session
  std::optional<WallTime> expires;  // nothing: not known to expire
};

// AwsGetEnvironment is ::getenv, or what a test has in its place: nullptr where a
// variable is not set. An empty variable counts as not set, as it does in AWS's SDKs.
using AwsGetEnvironment = std::function<const char*(const char* name)>;

// The value of a variable; "" where it is not set.
inline std::string AwsVariable(const AwsGetEnvironment& environment, const char* name) {
  const char* value = environment(name);
  return value == nullptr ? std::string() : std::string(value);
}

// AwsCredentialSource is one place that credentials may come from. Thread-safe.
class AwsCredentialSource {
 public:
  virtual ~AwsCredentialSource() = default;

  // A name for people, such as "the environment".
  virtual std::string Name() const = 0;

  // Fetch reads the credentials anew. nullopt where nothing here says that this source
  // is to be used: the next one is asked. Errors end the search, for a source that is
  // meant and broken must not be replaced by another identity in silence:
  //   kFailedPrecondition, reason kConfigInvalid: what is set here cannot be right
  //   kUnavailable, reason kRootUnavailable: the source does not answer as it should
  //   kDeadlineExceeded
  virtual absl::StatusOr<std::optional<AwsCredentials>> Fetch(Deadline deadline) const = 0;
};

// The two errors of sources.
absl::Status BadAwsSetting(std::string_view message);
absl::Status AwsSourceUnavailable(std::string_view message);

// CopyAwsSecret is SecretBytes::CopyOf for a secret of AWS. Error: AwsSourceUnavailable
// for one that is empty or longer than SecretBytes holds; `what` names it.
absl::StatusOr<SecretBytes> CopyAwsSecret(std::string_view text, std::string_view what);

// IsAwsKeyId: whether `text` can be an access key id. What cannot must not get into a
// header.
bool IsAwsKeyId(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_CREDENTIALS_H_
