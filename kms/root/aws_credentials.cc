#include "kms/root/aws_credentials.h"

#include <algorithm>

#include "crypto/bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// SecretBytes holds no more. AWS gives no limit for session tokens; the longest that
// are known have half of this.
constexpr size_t kMaxSecret = 4096;

}  // namespace

absl::Status BadAwsSetting(std::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kConfigInvalid, message);
}

absl::Status AwsSourceUnavailable(std::string_view message) {
  return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, message);
}

absl::StatusOr<SecretBytes> CopyAwsSecret(std::string_view text, std::string_view what) {
  if (text.empty() || text.size() > kMaxSecret) {
    return AwsSourceUnavailable(std::string(what) + " is not 1 to 4096 bytes");
  }
  return SecretBytes::CopyOf(AsBytes(text));
}

bool IsAwsKeyId(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace fieldkms
