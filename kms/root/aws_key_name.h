// The names of keys of AWS KMS.
#ifndef FIELDKMS_KMS_ROOT_AWS_KEY_NAME_H_
#define FIELDKMS_KMS_ROOT_AWS_KEY_NAME_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

// A key ARN, a key id, "alias/NAME" or an alias ARN.
struct AwsKeyName {
  std::string text;
  std::string region;       // of an ARN; else ""
  bool is_key_arn = false;  // it names one key for ever; the others are looked up
};

// ParseAwsKeyName checks the form only; what passes needs no escaping in JSON. Error:
// kInvalidArgument, reason kConfigInvalid.
absl::StatusOr<AwsKeyName> ParseAwsKeyName(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_KEY_NAME_H_
